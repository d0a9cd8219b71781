"""Tables of trainings fill up and are continued; comparisons are by seed."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from trialtensor_models.experiments import circuit_scaling, circuit_speed, trainings, two_way

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


def two_way_table(noise):
    rng = np.random.default_rng(0)
    rows = [
        {"ratio": ratio, "coding_level": level, "seed": seed, "diverged": 0}
        | {"missed": level - ratio + 10.0 * seed + noise * rng.standard_normal()}
        for ratio in (1.0, 2.0)
        for level in (0.1, 0.3, 0.5)
        for seed in (0, 1, 2)
    ]
    return pd.DataFrame(rows)


def test_effects_hold_the_other_size_and_take_out_what_seeds_share():
    found = two_way.effects(two_way_table(0.0))
    assert found["missed"].round(6).tolist() == [-1, -1, -1, -0.2, 0.2, -0.2, 0.2]
    assert (found["half"] < 1e-6).all()


def test_intervals_of_a_balanced_table_are_those_of_the_textbook():
    table = two_way_table(0.1)
    cells = table.pivot(index=["ratio", "coding_level"], columns="seed", values="missed")
    rest = cells.sub(cells.mean(axis=1), axis=0) - cells.mean(axis=0) + cells.to_numpy().mean()
    error = (rest.to_numpy() ** 2).sum() / (5 * 2)
    found = two_way.TwoWay.of(table)
    np.testing.assert_allclose(found.means, cells.mean(axis=1))
    _, half = found.less((1.0, 0.1), (2.0, 0.5))
    assert half == pytest.approx(2.228139 * np.sqrt(2 * error / 3))


def test_trainings_that_diverged_are_in_no_mean():
    table = two_way_table(0.1)
    lost = (table["ratio"] == 2.0) & (table["coding_level"] == 0.5)
    table.loc[lost, "missed"] = np.nan
    table.loc[lost, "diverged"] = 1
    found = two_way.TwoWay.of(table)
    assert found.as_text().loc[2.0, 0.5] == "none (3 diverged)"
    assert "(" not in found.as_text().loc[1.0, 0.5] and len(two_way.effects(table)) == 5


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="two seeds"):
        two_way.TwoWay.of(two_way_table(0.1).query("seed == 0"))
