"""Numbers of the two-state model of Smith, Ghazizadeh & Shadmehr (2006).

Parameters A_f .59, B_f .21, A_s .992, B_s .02, a unit perturbation, trials counted from 0; the
numbers were computed elsewhere and are given to two decimals.
"""

import numpy as np
import pytest

from trialtensor_models import TwoStateModel

LEARNING = 160  # trials
COUNTER = 4


def two_decimals(value):
    return pytest.approx(value, abs=0.005)


def output(*blocks):
    schedule = np.concatenate([np.full(n_trials, size) for n_trials, size in blocks])
    return TwoStateModel().simulate(schedule).output


@pytest.mark.parametrize("trial, expected", [(10, 0.43), (40, 0.58), (159, 0.74)])
def test_learning_curve(trial, expected):
    assert output((LEARNING, 1))[trial] == two_decimals(expected)


def test_slow_state_holds_most_of_it_at_the_end():
    trace = TwoStateModel().simulate(np.ones(LEARNING))
    assert trace.slow[-1] / trace.output[-1] == two_decimals(0.82)


def test_four_counter_trials_bring_it_to_zero():
    washout = output((LEARNING, 1), (20, -1))[LEARNING:]
    # washout[n] is what is left after n counter-trials.
    assert np.argmax(washout <= 0) == COUNTER


def test_spontaneous_recovery_in_the_clamp():
    trace = output((LEARNING, 1), (COUNTER, -1), (80, np.nan))
    clamp = trace[LEARNING + COUNTER :]
    assert clamp.argmax() == 8
    assert clamp.max() / trace[LEARNING - 1] == two_decimals(0.60)


def test_savings_after_the_counter_perturbation():
    relearning = output((LEARNING, 1), (COUNTER, -1), (10, 1))[-10:]
    assert relearning.mean() / output((10, 1)).mean() == two_decimals(1.71)


def test_plateau_of_the_fast_state_alone():
    fast = TwoStateModel(A_s=0, B_s=0).simulate(np.ones(200))
    assert fast.output[-1] == pytest.approx(0.21 / (1 - 0.59 + 0.21), rel=1e-9)
