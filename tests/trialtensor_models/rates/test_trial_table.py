"""Trials from arrays, tables and schedules."""

import numpy as np
import pandas as pd
import pytest

from trialtensor_models import OneStateModel, Schedule, TwoStateModel
from trialtensor_models.rates import THEORIES, TrialTable

NAN = float("nan")


def test_three_forms_of_the_same_trials():
    schedule = Schedule().baseline(2).rotate(30, 3, ramp=3).clamp(1)
    sizes = [0, 0, 10, 20, 30, NAN]
    frame = pd.DataFrame({"perturbation": [0, 0, 10, 20, 30, 99], "clamp": [False] * 5 + [True]})
    for each in (schedule, sizes, frame, TrialTable.of(sizes)):
        table = TrialTable.of(each)
        assert np.array_equal(table.perturbation, sizes, equal_nan=True)
        assert table.labels == [] and not table.pause.any()


def test_columns_of_a_table():
    frame = pd.DataFrame(
        {
            "perturbation": [1.0, 1, 1, 1],
            "feedback": ["True", "false", "1", "0"],
            "context": ["left", None, 2, np.nan],
            "pause": [0, 5, 0, 0],
        }
    )
    table = TrialTable.of(frame)
    assert np.isnan(table.perturbation).tolist() == [False, True, False, True]
    assert table.context.tolist() == ["left", "", "2", ""] and table.labels == ["2", "left"]
    assert table.pause.tolist() == [0, 5, 0, 0]


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"size": [1.0]}, "expected a column perturbation, or rotation or curl, got size"),
        ({"perturbation": ["much"]}, "perturbation: "),
        ({"perturbation": [np.inf]}, "trial 0 is infinite"),
        ({"perturbation": [1.0], "clamp": ["perhaps"]}, "clamp: expected true or false"),
        ({"perturbation": [1.0], "pause": [-1]}, "pause: expected whole numbers"),
        ({"perturbation": [1.0], "pause": [1.5]}, "pause: expected whole numbers"),
        ({"rotation": [1.0, 0], "curl": [0, 1.0]}, "different units"),
        ({"rotation": [1.0], "cerebellum": [0.5]}, "cerebellum: expected 1.0 on all trials"),
        ({"rotation": [1.0], "learns": [False]}, "learns: expected True"),
    ],
)
def test_wrong_tables(columns, message):
    with pytest.raises(ValueError, match=message):
        TrialTable.of(pd.DataFrame(columns))


@pytest.mark.parametrize(
    "schedule, message",
    [
        (Schedule(), "expected at least one trial"),
        (Schedule().rotate(30, until="zero"), "depends on behaviour"),
        (Schedule().rotate(30, 5).reverse(5), "choices"),
        (Schedule().rotate(30, 5).curl(3, 5), "different units"),
        (Schedule().rotate(30, 5, cerebellum=0.5), "cerebellum"),
        (Schedule().rotate(30, 5, learns=False), "learning"),
        ([[1.0, 2.0]], "expected \\(n_trials,\\)"),
    ],
)
def test_wrong_schedules(schedule, message):
    with pytest.raises(ValueError, match=message):
        TrialTable.of(schedule)


@pytest.mark.parametrize("name", THEORIES)
def test_every_theory_takes_every_form(name):
    model = THEORIES[name]
    schedule = Schedule().baseline(3).rotate(30, 20).clamp(4)
    by_schedule = model.simulate(schedule)
    sizes = by_schedule.perturbation
    frame = pd.DataFrame({"perturbation": np.nan_to_num(sizes), "clamp": np.isnan(sizes)})
    for form in (sizes, frame, Schedule.from_table(frame)):
        assert np.array_equal(model.simulate(form).output, by_schedule.output)
    noisy = [model.simulate(frame, noise=3.0, random_state=1).shown for _ in range(2)]
    assert np.array_equal(*noisy) and np.std(noisy[0] - by_schedule.output) > 1


@pytest.mark.parametrize("name", THEORIES)
def test_a_pause_is_a_clamp_without_movements(name):
    model = THEORIES[name]
    frame = pd.DataFrame({"perturbation": [1.0] * 30, "pause": [0] * 20 + [6] + [0] * 9})
    clamped = np.insert(np.ones(30), 20, [NAN] * 6)
    expected = np.delete(model.simulate(clamped).output, np.arange(20, 26))
    assert np.allclose(model.simulate(frame).output, expected)


@pytest.mark.parametrize("model", [TwoStateModel(), TwoStateModel(form="serial"), OneStateModel()])
def test_states_fade_in_a_long_pause(model):
    frame = pd.DataFrame({"perturbation": [1.0] * 40, "pause": [0] * 39 + [10_000]})
    assert abs(model.simulate(frame).output[-1]) < 1e-6


@pytest.mark.parametrize("name", THEORIES)
def test_contexts_of_schedules_are_those_of_tables(name):
    model = THEORIES[name]
    schedule = Schedule().rotate(30, 10, context="a").rotate(-30, 10, context="b").clamp(2)
    frame = schedule.to_table()
    expected = model.simulate(schedule).output
    assert np.array_equal(model.simulate(frame).output, expected)
    assert TrialTable.of(schedule).context.tolist() == ["a"] * 10 + ["b"] * 10 + [""] * 2
    with_cues = name in ("gated slow states", "context inference")
    blind = model.simulate(frame.drop(columns="context"))
    assert with_cues != np.array_equal(blind.output, expected)


def test_probes_leave_no_trace():
    schedule = Schedule().rotate(1, 20).rotate(-1, 3, learns=False).rotate(1, 10)
    plain = Schedule().rotate(1, 20).rotate(1, 10)
    for name, model in THEORIES.items():
        trace = model.simulate(schedule)
        assert np.allclose(trace.output[trace.block != 1], model.simulate(plain).output), name
