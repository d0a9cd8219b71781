"""What holds for a two-state model with any parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialtensor_models import TwoStateModel

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
