"""Tables of trainings fill up and are continued; comparisons are by seed."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from trialtensor_models.experiments import circuit_scaling, circuit_speed, trainings

KEYS = [key for key in circuit_scaling.plan() if key["seed"] < 2 and key["coding_level"] == 0.1][:2]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "trainings.csv"
    told = []
    train = partial(circuit_scaling.train, per_context=1)
    first = trainings.fill(path, KEYS[:1], train, told.append)
    both = trainings.fill(path, KEYS, train, told.append)
    return path, first, both, told


def test_a_table_is_continued_and_what_it_holds_is_not_trained_again(filled):
    path, first, both, told = filled
    assert len(first) == 1 and len(both) == 2 and len(told) == 2
    pd.testing.assert_series_equal(first.iloc[0], both.iloc[0])
    assert "misses" in told[0] and "MB" in told[0]

    def never(**key):
        raise AssertionError(key)

    again = trainings.fill(path, KEYS[::-1], never)
    pd.testing.assert_frame_equal(again, both[::-1].reset_index(drop=True))


def test_rows_hold_what_the_training_measured(filled):
    both = filled[2]
    training = circuit_scaling.train(**KEYS[1], per_context=1)
    course = training.performance()
    row = both.iloc[1]
    assert row["missed"] == pytest.approx(float(course["missed"][-1])) == row["missed_5"]
    assert row["missed_0"] == pytest.approx(float(course["missed"][0]))
    assert row["n_granule"] == round(KEYS[1]["ratio"] * 48)
    assert row["loss"] == pytest.approx(training.losses[-1])


def test_a_training_that_diverges_is_a_row_without_measures(tmp_path):
    def diverge(**key):
        raise FloatingPointError

    found = trainings.fill(tmp_path / "trainings.csv", KEYS[:1], diverge)
    assert found["diverged"].tolist() == [1] and "missed" not in found
    found = found.assign(missed=np.nan)
    assert circuit_scaling.two_way(found).iloc[0, 0] == "nan ± nan (1 diverged)"


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected the columns task, "):
        trainings.fill(path, KEYS, circuit_scaling.train)


def test_differences_are_by_seed():
    # Seeds differ by far more than arms do.
    table = pd.DataFrame(
        {
            "seed": [0, 1, 2, 0, 1, 2, 3],
            "arm": ["a"] * 3 + ["b"] * 4,
            "missed": [1.0, 5.0, 9.0, 1.5, 5.7, 9.3, 2.0],
        }
    )
    mean, half, n = trainings.paired(table, "missed", "arm", "a", "b")
    assert mean == pytest.approx(-0.5) and n == 3
    assert half == pytest.approx(4.302653 * 0.2 / np.sqrt(3))


def test_mean_missed_weighs_by_iterations():
    table = pd.DataFrame({"missed_0": [2.0], "missed_10": [1.0], "missed_110": [1.0]})
    assert trainings.mean_missed(table) == pytest.approx([(15 + 100) / 110])


def test_arms_are_what_their_names_say():
    pytest.importorskip("torch")
    found = {
        arm: circuit_speed.train("sequence drawing", arm, 5, 0, n_iterations=1)
        for arm in circuit_speed.ARMS
    }
    rules = {arm: (t.plan.rules["cortex"], t.plan.rules["cerebellum"]) for arm, t in found.items()}
    assert rules["cerebellum"] == ("bptt", "bptt")
    assert rules["frozen cerebellum"] == rules["cortex alone"] == ("bptt", "none")
    assert rules["fixed cortex"] == ("none", "local")
    assert rules["local cerebellum"] == rules["dense"] == ("bptt", "local")
    alone, matched = (found[arm].plan.anatomy for arm in ("cortex alone", "cortex alone, matched"))
    assert not alone.cerebellum and alone.n_cortex == 48
    assert not matched.cerebellum and matched.n_cortex > 100
    assert {t.plan.cut for t in found.values()} == {5}


@pytest.mark.parametrize("experiment", [circuit_speed, circuit_scaling])
def test_the_shipped_table_has_all_trainings(experiment):
    table = experiment.measure()
    for key in experiment.plan():
        same = [np.asarray(table[name] == value) for name, value in key.items()]
        assert np.logical_and.reduce(same).sum() == 1, key


@pytest.mark.parametrize("experiment", [circuit_speed, circuit_scaling])
def test_the_command_draws_the_shipped_table(experiment, tmp_path):
    app = typer.Typer()
    app.command()(experiment.main)
    done = CliRunner().invoke(app, ["-o", str(tmp_path / "figure.png")])
    assert done.exit_code == 0, done.output
    assert "trainings in" in done.output and "±" in done.output
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_effects_hold_the_other_size():
    rows = [
        {"ratio": ratio, "coding_level": level, "seed": seed, "missed": level - ratio + 0.1 * seed}
        for ratio in (1.0, 2.0)
        for level in (0.1, 0.5)
        for seed in (0, 1)
    ]
    found = circuit_scaling.effects(pd.DataFrame(rows))
    assert found["missed"].round(6).tolist() == [-1, -1, -0.4, -0.4]
    assert (found["n"] == 2).all() and (found["half"] < 1e-9).all()
    table = circuit_scaling.two_way(pd.DataFrame(rows))
    assert table.loc[1.0, 0.5].startswith("-0.45 ± 0.6")
