"""Schedules from tables: trial by trial, balanced, and back into a table."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from trialtensor_models import (
    CCRNN,
    CenterOut,
    DelayedMatch,
    PointMass,
    Run,
    Schedule,
    TwoStateModel,
    simulate,
)

BLOCKS = (
    Schedule()
    .baseline(3)
    .rotate(30, 6, ramp=3, context="A")
    .rotate(-30, 2, targets=(1,), context=2, cerebellum=0.5)
    .clamp(3, learns=False)
)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained()


def behaviour(model, schedule, **options):
    return simulate(model, CenterOut(), schedule, record="behaviour", **options)


def test_what_a_run_records_is_a_table_of_the_same_run(model):
    run = behaviour(model, BLOCKS, seed=2)
    again = behaviour(model, Schedule.from_table(run.truth.schedule), seed=2)
    xr.testing.assert_identical(run.truth.schedule, again.truth.schedule)
    # Conditions were drawn then and are given now; nothing else is drawn from that stream.
    xr.testing.assert_identical(run.behaviour, again.behaviour)
    by_label = run.truth.schedule.to_dataframe().drop(columns="condition")
    xr.testing.assert_identical(
        behaviour(model, Schedule.from_table(by_label), seed=2).behaviour, run.behaviour
    )


def test_a_schedule_is_what_its_table_says():
    table = BLOCKS.to_table()
    assert table["rotation"].tolist() == [0] * 3 + [10, 20] + [30] * 4 + [-30] * 2 + [0] * 3
    assert table["context"].tolist() == [""] * 3 + ["A"] * 6 + ["2"] * 2 + [""] * 3
    back = Schedule.from_table(table)
    assert [(b.epoch, b.n_trials) for b in back.blocks] == [
        (b.epoch, b.n_trials) for b in BLOCKS.blocks
    ]
    pd.testing.assert_frame_equal(back.to_table(), table)
    with pytest.raises(ValueError, match="until: how many trials"):
        Schedule().rotate(30, until="zero").to_table()


def test_conditions_are_balanced_within_each_kind_of_trial(model):
    contexts = ["A", "B"] * 16
    table = {"context": contexts, "perturbation": np.where(np.array(contexts) == "A", 30, -30)}
    run = behaviour(model, Schedule.from_table(table), seed=1)
    counts = pd.crosstab(run.behaviour["context"].values, run.behaviour["target"].values)
    assert counts.shape == (2, 8) and (counts == 2).all(axis=None)
    assert (run.behaviour["rotation"].values == table["perturbation"]).all()


def test_given_conditions_are_kept_and_missing_ones_drawn(model):
    targets = [90, None, 45.0, np.nan, pd.NA, 0]
    run = behaviour(model, Schedule.from_table(pd.DataFrame({"target": targets})))
    assert run.behaviour["target"].values[[0, 2, 5]].tolist() == [90, 45, 0]
    assert len(set(run.behaviour["target"].values[[1, 3, 4]])) == 3
    match = Schedule.from_table({"target": ["AB", "BB"], "reversed": [0, 1]})
    task = DelayedMatch()
    run = simulate(CCRNN.pretrained(task="match"), task, match, record="behaviour")
    assert run.truth.schedule["side"].values.tolist() == [1, 1]
    assert run.truth.schedule["reversed"].values.tolist() == [False, True]


def test_every_column_does_what_the_option_of_a_block_does(model):
    table = pd.DataFrame(
        {
            "perturbation": [30] * 6 + [0] * 3,
            "curl": [0] * 8 + [13],
            "clamp": [False] * 6 + [True, False, False],
            "cerebellum": [1] * 6 + [0] + [1] * 2,
            "learns": [1] * 6 + [0] * 3,
            "epoch": ["learn"] * 6 + ["probe"] * 3,
        }
    )
    quiet = PointMass(motor_noise=0)
    blocks = (
        Schedule()
        .rotate(30, 6, epoch="learn", targets=(2,))
        .clamp(1, cerebellum=0, learns=False, targets=(2,))
        .baseline(1, learns=False, targets=(2,))
        .curl(13, 1, learns=False, targets=(2,))
    )
    listed = behaviour(model, Schedule.from_table(table.assign(condition=2)), plant=quiet)
    blocked = behaviour(model, blocks, plant=quiet)
    for name in ("angle", "error", "hand", "cursor", "adaptation", "rotation", "curl", "clamp"):
        np.testing.assert_array_equal(listed.behaviour[name], blocked.behaviour[name])
    np.testing.assert_array_equal(listed.truth.C, blocked.truth.C)


def test_rate_models_follow_a_table():
    sizes = [0, 1, 1, -1, 1, 0]
    table = {"perturbation": sizes, "clamp": [0, 0, 0, 0, 0, 1]}
    found = TwoStateModel().simulate(Schedule.from_table(table))
    plain = TwoStateModel().simulate([*sizes[:-1], np.nan])
    np.testing.assert_array_equal(found.output, plain.output)
    held = TwoStateModel().simulate(
        Schedule.from_table({"perturbation": [1, 1, 1], "learns": [1, 0, 1]})
    )
    assert held.output[1] == held.output[2] > 0
    both = Schedule.from_table({"perturbation": [30, 0], "curl": [0, 13]})
    with pytest.raises(ValueError, match="rotations and force fields have different units"):
        TwoStateModel().simulate(both)


def test_contexts_survive_a_file_and_label_the_activity(model, tmp_path):
    table = Schedule.from_table({"perturbation": [30, -30], "context": ["A", None]})
    run = simulate(model, CenterOut(), Schedule().baseline(2) + table)
    assert run.activity["context"].values.tolist() == ["", "", "A", ""]
    run.save(tmp_path / "run.nc")
    back = Run.load(tmp_path / "run.nc")
    assert back.truth.schedule["context"].values.tolist() == ["", "", "A", ""]
    assert back.behaviour["context"].values.tolist() == ["", "", "A", ""]
    plain = simulate(model, CenterOut(), Schedule().baseline(1))
    assert "context" not in plain.activity.coords


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"perturbaton": [1]}, "table: its column 'perturbaton' is not known; known are pert"),
        ({"perturbation": [1, np.nan]}, "perturbation: row 1 is nan, expected a number"),
        ({"perturbation": [1, np.inf]}, "perturbation: row 1 is inf, expected a number"),
        ({"perturbation": ["30"]}, "perturbation: expected numbers, got"),
        ({"perturbation": np.ma.array([1, 2], mask=[0, 1])}, "perturbation: row 1 is None"),
        ({"perturbation": [1], "rotation": [1]}, "table: perturbation and rotation are the same"),
        ({"perturbation": 30}, "table: perturbation needs a value a trial, got 30"),
        ({"perturbation": [1, 2], "clamp": [True]}, "table: expected columns of one length"),
        ({}, "table: it has no trials"),
        ({"perturbation": []}, "table: it has no trials"),
        (pd.DataFrame(), "table: it has no trials"),
        (3, "table: expected a DataFrame, or a mapping of columns, got int"),
        ([1, 2], "table: expected a DataFrame, or a mapping of columns, got list"),
        ({"target": [[1]]}, "table: target needs a value a trial"),
        ({"target": [True]}, "target: row 0 is True, expected a label of the task"),
        ({"clamp": [0, 2]}, "clamp: row 1 is 2, expected True or False"),
        ({"learns": ["yes"]}, "learns: row 0 is 'yes', expected True or False"),
        ({"reversed": [None]}, "reversed: row 0 is None, expected True or False"),
        ({"context": [1.5]}, "context: row 0: expected a label, got 1.5"),
        ({"epoch": [1]}, "epoch: row 0 is 1, expected a label"),
        ({"condition": [0.5]}, "condition: row 0 is 0.5, expected an integer of at least 0"),
        ({"condition": [-1]}, "condition: row 0 is -1, expected an integer of at least 0"),
        ({"cerebellum": [1, -1]}, "cerebellum: row 1 is -1, expected at least 0"),
    ],
)
def test_bad_table(table, message):
    with pytest.raises(ValueError, match=message):
        Schedule.from_table(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"target": [7]}, "target: center_out has the labels 0.0, 45.0, .* got 7.0"),
        ({"target": ["left"]}, "target: center_out has the labels .* got 'left'"),
        ({"condition": [8]}, "condition: expected one from 0 to 7 of center_out, got 8"),
        ({"condition": [1], "target": [0]}, "condition: 0.0 is condition 0 of center_out"),
        ({"reversed": [1]}, "schedule: reverse is for tasks with choices, not center_out"),
    ],
)
def test_table_that_does_not_fit_the_task(model, table, message):
    with pytest.raises(ValueError, match=message):
        behaviour(model, Schedule.from_table(table))
