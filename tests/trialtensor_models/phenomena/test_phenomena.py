"""Every row of the table of phenomena, over five networks that share their simulations."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from trialtensor_models.cli import app
from trialtensor_models.phenomena import (
    PHENOMENA,
    Curve,
    Networks,
    Quantity,
    Row,
    cast_of,
    measure_all,
    table,
)
from trialtensor_models.phenomena.exponentials import two_exponential_advantage


@pytest.fixture(scope="session")
def cast():
    return cast_of(Networks(range(5)))


@pytest.mark.slow
@pytest.mark.parametrize("name", PHENOMENA)
def test_network_shows(cast, name):
    for row in PHENOMENA[name](cast):
        assert len(row.network.values) == 5
        assert np.isfinite(row.network.values).all(), row.name
        if row.expected:
            assert row.holds, f"{row.name}: {row.network.mean:.3f}, accepted {row.accepted}"


@pytest.mark.slow
def test_two_state_column_is_what_is_published(cast):
    rows = [row for name in PHENOMENA for row in PHENOMENA[name](cast)]
    compared = [row for row in rows if row.published is not None and row.two_state is not None]
    assert len(compared) > 12
    for row in compared:
        # `until` ends on the trial that shows nothing, one later than the published count.
        assert row.two_state == pytest.approx(row.published, abs=0.05), row.name


@pytest.mark.slow
def test_single_rate_fails_where_it_must(cast):
    fails = {
        "spontaneous recovery": lambda value: value < 0.02,
        "savings": lambda value: value < 1.3,
        "savings after washout": lambda value: value == pytest.approx(1, abs=0.05),
    }
    for name, fail in fails.items():
        assert fail(PHENOMENA[name](cast)[0].one_rate), name
    single = PHENOMENA["spontaneous recovery"](cast)[-1]
    assert "without cortical plasticity" in single.name and single.network.mean < 0.02


class Fixed:
    """Subjects with a curve that is known."""

    def __init__(self, adaptation, block):
        adaptation, block = np.asarray(adaptation, float), np.asarray(block)
        half = adaptation / 2
        self.curve = Curve(adaptation, adaptation, half, half, block, np.zeros(len(block)))

    def curves(self, schedule, setting=None):
        return [self.curve, self.curve]


def cast_with(adaptation, block):
    fixed = Fixed(adaptation, block)
    return type(cast_of())(fixed, fixed, fixed)


def test_numbers_of_a_known_curve():
    learn = np.linspace(0, 0.8, 160)
    counter = [0.8, 0.4, -0.1]
    clamp = [0.0, 0.3, 0.4, 0.2]
    cast = cast_with([*learn, *counter, *clamp], [0] * 160 + [1] * 3 + [2] * 4)
    value = {row.name: row.network.mean for row in PHENOMENA["spontaneous recovery"](cast)[:2]}
    assert value["recovery in the clamp, peak / adapted"] == pytest.approx(0.5)
    assert value["trial of that peak"] == 2
    assert PHENOMENA["counter-trials"](cast)[0].network.mean == 2
    assert PHENOMENA["slow share"](cast)[0].network.mean == pytest.approx(0.5)


def test_interval_of_a_quantity_is_students():
    quantity = Quantity(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    # t of .975 with 4 degrees of freedom is 2.776.
    half = 2.776 * np.sqrt(2.5 / 5)
    assert quantity.interval == pytest.approx((3 - half, 3 + half), abs=1e-3)
    assert np.isnan(Quantity(np.ones(1)).interval).all()


def test_row_for_programs():
    row = Row(
        name="a", network=Quantity(np.array([0.1, 0.3])), two_state=0.2, one_rate=None,
        published=None, accepted=(-np.inf, 0.15), expected=False, remark="why",
    )  # fmt: skip
    found = json.loads(json.dumps(row.as_dict()))
    assert found["name"] == "a" and found["holds"] is False and found["accepted"] == [None, 0.15]
    assert found["network"]["seeds"] == [0.1, 0.3] and found["published"] is None
    text = table([row])
    assert "no *" in text and "* a: why" in text and "below 0.15" in text


def test_number_of_exponentials():
    k, noise = np.arange(160), 0.02 * np.random.default_rng(0).standard_normal(160)
    assert two_exponential_advantage(1 - 0.5 * 0.7**k - 0.5 * 0.98**k + noise) > 10
    assert two_exponential_advantage(1 - 0.95**k + noise) < 0


def test_unknown_phenomenon():
    with pytest.raises(ValueError, match=r"only: expected names of \['learning', .*got 'magic'"):
        next(measure_all(only=["magic"]))


@pytest.mark.slow
def test_command_writes_table_rows_and_figure(tmp_path):
    rows, figure = tmp_path / "rows.json", tmp_path / "figure.png"
    arguments = ["phenomena", "--seeds", "2", "--only", "no cortical plasticity"]
    arguments += ["--only", "teachers", "--json", str(rows), "--figure", str(figure), "--no-curves"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "plateau without cortical plasticity" in result.output
    found = json.loads(rows.read_text())
    assert len(found) == 3
    for row in found:
        assert {"name", "network", "two_state", "published", "holds"} <= set(row)
    assert figure.stat().st_size > 10_000


def test_command_names_what_it_does_not_know(tmp_path):
    result = CliRunner().invoke(app, ["phenomena", "--only", "magic"])
    assert result.exit_code == 2
    assert "got 'magic'" in result.output
