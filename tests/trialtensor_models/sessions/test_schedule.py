"""Blocks, their ends and their labels."""

import numpy as np
import pytest

from trialtensor_models import Schedule


def test_methods_leave_the_schedule_as_it_was():
    short = Schedule().baseline(5)
    short.rotate(30, 10)
    assert short.max_trials == 5


def test_perturbation_grows_over_the_ramp():
    block = Schedule().rotate(30, 10, ramp=3).blocks[0]
    np.testing.assert_allclose([block.at(k).rotation for k in range(5)], [10, 20, 30, 30, 30])


def test_until_zero_stops_where_learning_is_gone():
    block = Schedule().rotate(-30, until="zero").blocks[0]
    assert not block.is_over({"adaptation": np.array([20.0, 3.0])})
    assert block.is_over({"adaptation": np.array([20.0, 3.0, -0.1])})
    washout = Schedule().washout(until="zero").blocks[0]
    assert not washout.is_over({"adaptation": np.array([-20.0, -3.0])})
    assert washout.is_over({"adaptation": np.array([-20.0, -3.0, 0.1])})


def test_until_function_has_its_limit():
    block = Schedule().clamp(3, until=lambda seen: False).blocks[0]
    assert [block.is_over({"adaptation": np.zeros(k)}) for k in range(4)] == [False] * 3 + [True]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda s: s.rotate(30), "n_trials: expected a number of trials, or until="),
        (lambda s: s.rotate(30, 0), "n_trials: expected an integer of at least 1, got 0"),
        (lambda s: s.rotate(np.nan, 5), "degrees: expected a number, got nan"),
        (lambda s: s.clamp(5, until="one"), "until: expected 'zero' or a function, got 'one'"),
        (lambda s: s.clamp(5, cerebellum=-1), "cerebellum: expected a number of at least 0"),
        (lambda s: s.clamp(5, targets=()), "targets: expected at least one condition"),
    ],
)
def test_bad_block(make, message):
    with pytest.raises(ValueError, match=message):
        make(Schedule())
