"""What holds for a two-state model with any parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialtensor_models import OneStateModel, TwoStateModel
from trialtensor_models.sessions import Schedule

RATES = st.floats(0, 1)
SCHEDULES = st.lists(st.floats(-50, 50) | st.just(float("nan")), max_size=30).map(np.array)


@given(RATES, RATES, RATES, RATES, SCHEDULES)
def test_trace_obeys_its_equations(A_f, B_f, A_s, B_s, schedule):
    trace = TwoStateModel(A_f=A_f, B_f=B_f, A_s=A_s, B_s=B_s).simulate(schedule)
    clamped = np.isnan(schedule)
    np.testing.assert_array_equal(trace.output, trace.fast + trace.slow)
    np.testing.assert_array_equal(trace.error[clamped], 0)
    # A difference of numbers that may grow: compared at the scale of the largest.
    scale = 1 + np.abs(trace.output).max(initial=0)
    np.testing.assert_allclose(
        trace.error[~clamped], (schedule - trace.output)[~clamped], atol=1e-12 * scale
    )
    np.testing.assert_allclose(
        trace.fast[1:], (A_f * trace.fast + B_f * trace.error)[:-1], atol=1e-12 * scale
    )
    np.testing.assert_allclose(
        trace.slow[1:], (A_s * trace.slow + B_s * trace.error)[:-1], atol=1e-12 * scale
    )


def test_starts_from_nothing_and_scales_with_the_perturbation():
    schedule = np.r_[np.ones(20), np.full(5, np.nan), -np.ones(5)]
    one, thirty = (TwoStateModel().simulate(size * schedule).output for size in (1, 30))
    assert one[0] == 0
    np.testing.assert_allclose(thirty, 30 * one)


def test_clamp_only_forgets():
    trace = TwoStateModel().simulate(np.r_[np.ones(30), np.full(10, np.nan)])
    np.testing.assert_allclose(trace.slow[31:] / trace.slow[30:-1], 0.992)
    np.testing.assert_allclose(trace.fast[31:] / trace.fast[30:-1], 0.59)


def test_schedule_is_left_alone():
    schedule = np.array([1.0, np.nan, 1.0])
    TwoStateModel().simulate(schedule)
    np.testing.assert_array_equal(schedule, [1.0, np.nan, 1.0])


def test_empty_schedule():
    assert TwoStateModel().simulate([]).output.shape == (0,)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"A_f": 1.2}, r"A_f: expected a number from 0 to 1, got 1\.2"),
        ({"A_s": -0.1}, r"A_s: expected a number from 0 to 1, got -0\.1"),
        ({"B_s": -0.1}, r"B_s: expected a number of at least 0, got -0\.1"),
        ({"B_f": float("inf")}, r"B_f: expected a number of at least 0, got inf"),
        ({"A_f": float("nan")}, r"A_f: expected a number from 0 to 1, got nan"),
        ({"B_f": "fast"}, r"B_f: expected a number of at least 0, got 'fast'"),
    ],
)
def test_bad_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        TwoStateModel(**parameters)


@pytest.mark.parametrize(
    "schedule, message",
    [
        (np.ones((3, 2)), r"perturbation: expected \(n_trials,\), got shape \(3, 2\)"),
        ([1, 1, np.inf], "perturbation: trial 2 is infinite, expected numbers or NaN"),
    ],
)
def test_bad_schedule(schedule, message):
    with pytest.raises(ValueError, match=message):
        TwoStateModel().simulate(schedule)


def test_schedule_is_what_its_array_says():
    schedule = Schedule().baseline(5).rotate(30, 20, ramp=10).clamp(6).washout(4)
    trace = TwoStateModel().simulate(schedule)
    assert trace.perturbation[5:15].tolist() == pytest.approx((3.0 * np.arange(1, 11)).tolist())
    assert list(dict.fromkeys(trace.epoch)) == ["baseline", "rotate", "clamp", "washout"]
    again = TwoStateModel().simulate(trace.perturbation)
    np.testing.assert_array_equal(trace.output, again.output)


def test_until_zero_ends_where_adaptation_has_gone():
    trace = TwoStateModel().simulate(Schedule().rotate(30, 160).rotate(-30, until="zero").clamp(5))
    counter = trace.output[160:-5]
    assert counter[-1] <= 0 < counter[-2]


def test_until_sees_the_history_of_its_block():
    seen = []

    def stop(history):
        seen.append({name: values.copy() for name, values in history.items()})
        return len(history["error"]) == 7

    trace = TwoStateModel().simulate(Schedule().baseline(3).rotate(10, 50, until=stop))
    assert trace.output.size == 3 + 7
    np.testing.assert_array_equal(seen[-1]["adaptation"], trace.output[3:])
    np.testing.assert_array_equal(seen[-1]["angle"], -trace.output[3:])


def test_forms_behave_alike():
    A_f, B_f, A_s, B_s = 0.59, 0.21, 0.992, 0.04
    slow = B_f * B_s / (A_s - A_f)
    schedule = Schedule().rotate(1, 80).rotate(-1, 8).clamp(40)
    serial = TwoStateModel(form="serial", A_f=A_f, B_f=B_f, A_s=A_s, B_s=B_s).simulate(schedule)
    parallel = TwoStateModel(A_f=A_f, B_f=B_f - slow, A_s=A_s, B_s=slow).simulate(schedule)
    np.testing.assert_allclose(serial.output, parallel.output, atol=1e-12)
    # Inside they differ.
    assert np.abs(serial.slow - parallel.slow).max() > 0.01


def test_block_of_the_cerebellum_stops_slow_learning_in_the_serial_form_only():
    blocked = Schedule().rotate(1, 100, cerebellum=0.0)
    serial = TwoStateModel(form="serial", B_s=0.04).simulate(blocked)
    parallel = TwoStateModel().simulate(blocked)
    np.testing.assert_array_equal(serial.slow, 0)
    np.testing.assert_array_equal(serial.output, 0)
    assert parallel.slow[-1] > 0.5
    np.testing.assert_array_equal(parallel.output, parallel.slow)


def test_probes_leave_no_trace():
    schedule = Schedule().rotate(1, 10)
    probed = schedule.rotate(1, 3, learns=False, cerebellum=0.0).rotate(1, 1)
    trace = TwoStateModel().simulate(probed)
    plain = TwoStateModel().simulate(schedule.rotate(1, 1))
    assert trace.output[-1] == plain.output[-1]
    np.testing.assert_array_equal(trace.output[10:13], trace.slow[10])


def test_noise_is_learned_from_and_repeatable():
    runs = [
        TwoStateModel().simulate(np.ones(500), noise=0.1, random_state=seed) for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(runs[0].shown, runs[1].shown)
    assert not np.array_equal(runs[0].shown, runs[2].shown)
    noise = runs[0].shown - runs[0].output
    assert noise.std() == pytest.approx(0.1, rel=0.1)
    np.testing.assert_allclose(runs[0].error, 1 - runs[0].shown)


@pytest.mark.parametrize("form", ["parallel", "serial"])
def test_fit_finds_the_model(form):
    planted = TwoStateModel(A_f=0.7, B_f=0.25, A_s=0.99, B_s=0.05, form=form)
    trace = planted.simulate(Schedule().rotate(20, 100).rotate(-20, until="zero").clamp(40))
    model = TwoStateModel.fit(trace.shown, trace.perturbation, form=form)
    for name in ("A_f", "B_f", "A_s", "B_s"):
        assert getattr(model, name) == pytest.approx(getattr(planted, name), rel=1e-3)
    assert set(model.found.intervals) == {"A_f", "B_f", "A_s", "B_s"}
    assert model.form == form


def test_one_state_is_the_two_state_model_without_a_slow_state():
    schedule = Schedule().rotate(1, 30).rotate(-1, 10).clamp(20)
    one = OneStateModel(A=0.9, B=0.2).simulate(schedule, noise=0.1, random_state=3)
    two = TwoStateModel(A_f=0.9, B_f=0.2, A_s=0, B_s=0)
    np.testing.assert_array_equal(
        one.shown, two.simulate(schedule, noise=0.1, random_state=3).shown
    )


def test_one_state_fits_its_own_behaviour_and_does_not_recover():
    schedule = Schedule().rotate(1, 60).rotate(-1, until="zero").clamp(30)
    trace = TwoStateModel().simulate(schedule)
    control = OneStateModel.fit(trace.shown, trace.perturbation)
    again = control.simulate(schedule)
    adapted = again.output[59]
    assert again.output[again.epoch == "clamp"].max() < 0.02 * adapted
    own = OneStateModel.fit(again.shown, again.perturbation)
    assert pytest.approx((control.A, control.B), rel=1e-3) == (own.A, own.B)


@pytest.mark.parametrize(
    "schedule, message",
    [
        (Schedule(), "schedule: expected at least one trial, got none"),
        (Schedule().rotate(30, 5).curl(13, 5), "rotations and force fields have different units"),
    ],
)
def test_schedules_it_cannot_follow(schedule, message):
    for model in (TwoStateModel(), OneStateModel()):
        with pytest.raises(ValueError, match=message):
            model.simulate(schedule)


def test_bad_form_and_noise():
    with pytest.raises(ValueError, match="form: expected one of 'parallel', 'serial', got 'both'"):
        TwoStateModel(form="both")
    with pytest.raises(ValueError, match="noise: expected a number of at least 0"):
        TwoStateModel().simulate([1], noise=-1)
