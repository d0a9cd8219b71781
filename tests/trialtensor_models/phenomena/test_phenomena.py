"""The table of phenomena: on the package's networks, on known curves, and as a command."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
from planted import Planted, cast_of_curves, curve

from trialtensor_models.cli import app
from trialtensor_models.network import n_packaged
from trialtensor_models.phenomena import (
    PHENOMENA,
    Networks,
    People,
    Quantity,
    Row,
    Theory,
    cast_of,
    markdown,
    measure_all,
    table,
)
from trialtensor_models.phenomena.exponentials import two_exponential_advantage

BUILT_IN = [
    name
    for name in PHENOMENA
    if name not in ("one-trial rates", "hand path", "nuclei", "generalisation", "many targets",
                    "opposite rotations", "savings after washout")
]  # fmt: skip


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.long)])
def cast(request):
    """All cortices, each with one cerebellum; in the long tests two, as in the published table."""
    return cast_of(Networks(range(n_packaged()), request.param), n_controls=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_built_in_holds(cast, name):
    for row in PHENOMENA[name](cast):
        assert len(row.network.values) == n_packaged()
        assert row.holds is not False, (row.name, row.network.values)
        assert not row.emergent


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hand path", "nuclei", "generalisation", "many targets"])
def test_what_emerges_is_measured(cast, name):
    for row in PHENOMENA[name](cast):
        assert np.isfinite(row.network.values).all() and row.emergent, row.name


@pytest.mark.slow
def test_two_state_column_is_what_is_published(cast):
    rows = [row for name in BUILT_IN for row in PHENOMENA[name](cast)]
    compared = [row for row in rows if row.published is not None and "two-state" in row.theories]
    assert len(compared) > 12
    for row in compared:
        # `until` ends on the trial that shows nothing, one later than the published count.
        assert row.theories["two-state"] == pytest.approx(row.published, abs=0.05), row.name


def test_single_rate_fails_where_it_must():
    cast = cast_of(n_controls=0)
    models = type(cast)(Planted(cast.theories["one-rate"].curves), {}, cast.theories)
    fails = {
        "spontaneous recovery": lambda value: value < 0.02,
        "savings": lambda value: value < 1.3,
        "savings after washout": lambda value: value == pytest.approx(1, abs=0.05),
    }
    for name, fail in fails.items():
        assert fail(PHENOMENA[name](models)[0].theories["one-rate"]), name


def test_any_model_that_simulates_is_a_theory():
    class Copies:
        """Adapts at once, and knows no cerebellum."""

        def simulate(self, schedule):
            assert all(block.cerebellum == 1 for block in schedule.blocks)
            sizes = [block.size for block in schedule.blocks for _ in range(block.n_trials)]
            number = [i for i, b in enumerate(schedule.blocks) for _ in range(b.n_trials)]
            output = np.array(sizes, float)
            return SimpleNamespace(output=output, shown=output, block=np.array(number))

    cast = cast_of(n_controls=0, theories={"copies": Theory(Copies())})
    flat = curve(np.full(182, 0.5), [0] * 160 + [1] * 2 + [2] * 20)
    cast = type(cast)(Planted([flat, flat]), {}, {"copies": cast.theories["copies"]})
    (row,) = PHENOMENA["interference"](cast)
    assert row.theories == {"copies": 1.0} and row.as_dict()["two_state"] is None


def test_numbers_of_a_known_curve():
    learn = np.linspace(0, 0.8, 160)
    known = curve([*learn, 0.8, 0.4, -0.1, 0.0, 0.3, 0.4, 0.2], [0] * 160 + [1] * 3 + [2] * 4)
    cast = cast_of_curves(known, known)
    value = {row.name: row.network.mean for row in PHENOMENA["spontaneous recovery"](cast)[:2]}
    assert value["recovery in the clamp, peak / adapted"] == pytest.approx(0.5)
    assert value["recovery: trial of the peak"] == 2
    assert PHENOMENA["counter-trials"](cast)[0].network.mean == 2
    assert PHENOMENA["slow share"](cast)[0].network.mean == pytest.approx(0.5)


def test_interval_of_a_quantity_is_students():
    quantity = Quantity(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    # t of .975 with 4 degrees of freedom is 2.776.
    half = 2.776 * np.sqrt(2.5 / 5)
    assert quantity.interval == pytest.approx((3 - half, 3 + half), abs=1e-3)
    assert np.isnan(Quantity(np.ones(1)).interval).all()


def row(**more):
    given = {
        "name": "a", "emergent": True, "network": Quantity(np.array([0.1, 0.3])),
        "accepted": (-np.inf, 0.25), "controls": {"untrained": Quantity(np.array([0.2, 0.4]))},
        "theories": {"two-state": 0.2, "other": 0.6},
    }  # fmt: skip
    return Row(**(given | more))


def test_row_for_programs():
    people = People("0.3", "someone 2000")
    found = json.loads(json.dumps(row(people=people, expected=False, remark="why").as_dict()))
    assert found["name"] == "a" and found["emergent"] is True and found["holds"] is True
    assert found["network"]["cortices"] == [0.1, 0.3] and found["accepted"] == [None, 0.25]
    assert found["untrained"] == {"value": pytest.approx(0.3), "passes": False,
                                  "cortices": [0.2, 0.4]}  # fmt: skip
    assert found["non_recurrent"] is None and found["two_state"] == 0.2
    assert found["theories"] == {"two-state": 0.2, "other": 0.6}
    assert found["people"] == {"shown": "0.3", "source": "someone 2000"}
    assert found["required"] is False and found["published"] is None


def test_what_holds():
    assert row().holds and not row(every=True).holds
    assert row(accepted=(-np.inf, np.inf)).holds is None
    assert not row(network=Quantity(np.array([0.1, np.nan]))).holds


def test_table_says_it_all():
    rows = [
        row(people=People("0.3", "someone 2000"), remark="why"),
        row(name="b", emergent=False, controls={}, accepted=(0.5, 1.0)),
        row(name="c", accepted=(-np.inf, np.inf), theories={}),
    ]
    text = table(rows)
    first, second, third = text.splitlines()[2:5]
    assert first.split()[:6] == ["a", "emergent", "0.20", "0.30", "–", "0.20"]
    assert first.endswith("0.3   yes") and "< 0.25" in first
    assert "built in" in second and second.endswith("no") and "0.5, 1" in second
    assert third.endswith("–")
    assert max(map(len, text.splitlines())) <= 120
    assert "a: why." in text and "people: a: someone 2000." in text
    assert "a, by theory: two-state 0.20, other 0.60." in text
    assert "0 of 1 built in rows hold; 1 of 1 emergent rows hold (0 untrained)" in text
    assert "Missed: b." in text
    passing = row(controls={"untrained": Quantity(np.array([0.1, 0.1]))})
    assert "0.10+" in table([passing])


def test_table_for_a_page():
    lines = markdown([row()]).splitlines()
    assert len(lines) == 3 and len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| a | emergent | 0.20 | 0.30 | – | 0.20 |")


def test_number_of_exponentials():
    k, noise = np.arange(160), 0.02 * np.random.default_rng(0).standard_normal(160)
    assert two_exponential_advantage(1 - 0.5 * 0.7**k - 0.5 * 0.98**k + noise) > 10
    assert two_exponential_advantage(1 - 0.95**k + noise) < 0


def test_unknown_phenomenon():
    with pytest.raises(ValueError, match=r"only: expected some of 'reaches', .*got 'magic'"):
        next(measure_all(only=["magic"]))


@pytest.mark.slow
def test_command_writes_table_rows_and_figure(tmp_path):
    rows, figure = tmp_path / "rows.json", tmp_path / "figure.png"
    arguments = ["phenomena", "--cortices", "2", "--repeats", "1", "--controls", "1"]
    arguments += [
        "--only",
        "no cortical plasticity",
        "--only",
        "teachers",
        "--json",
        str(rows),
        "--figure",
        str(figure),
        "--no-curves",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "plateau without cortical plasticity" in result.output
    found = json.loads(rows.read_text())
    assert len(found) == 3
    for row in found:
        assert {"name", "network", "two_state", "published", "holds", "emergent"} <= set(row)
        assert np.isfinite(row["untrained"]["value"]) and row["untrained"]["passes"] in (0, 1)
    assert figure.stat().st_size > 10_000


def test_command_counts_cortices_not_seeds():
    result = CliRunner().invoke(app, ["phenomena", "--cortices", "99"])
    assert result.exit_code == 2
    assert f"cortices: the package has {n_packaged()}, got 99" in result.output


def test_command_names_what_it_does_not_know(tmp_path):
    result = CliRunner().invoke(app, ["phenomena", "--only", "magic"])
    assert result.exit_code == 2
    assert "got 'magic'" in result.output
