"""Gated states against the recursions of two rates, and against matrices."""

import numpy as np
import pytest

from trialtensor.kernels.gated_states import gated_states
from trialtensor.tracking.rate_models import two_states

RATES = np.array([0.6, 0.2, 0.99, 0.03])
NAMES = ("A_f", "B_f", "A_s", "B_s")


@pytest.mark.parametrize("form", ["parallel", "serial"])
def test_one_cue_is_the_two_state_model(form):
    p = np.r_[np.zeros(5), np.ones(40), -np.ones(6), np.full(10, np.nan)]
    zeros = np.zeros(len(p), int)
    found = gated_states(RATES, p, zeros, zeros, 1, form == "serial")
    parameters = {name: np.asarray(rate) for name, rate in zip(NAMES, RATES, strict=True)}
    assert np.allclose(found, two_states(parameters, p, form).sum(axis=0))


def test_several_cues_are_a_linear_system():
    rng = np.random.default_rng(0)
    p, cues = rng.standard_normal(50), rng.integers(0, 3, 50)
    p[rng.random(50) < 0.2] = np.nan
    pauses = rng.integers(0, 3, 50)
    A_f, B_f, A_s, B_s = RATES
    state, decay, expected = np.zeros(4), np.diag([A_f, A_s, A_s, A_s]), []
    for size, cue, pause in zip(p, cues, pauses, strict=True):
        state = np.linalg.matrix_power(decay, pause) @ state
        seen = np.eye(4)[0] + np.eye(4)[1 + cue]
        expected.append(seen @ state)
        gain = B_f * np.eye(4)[0] + B_s * np.eye(4)[1 + cue]
        error = 0.0 if np.isnan(size) else size - seen @ state
        state = decay @ state + gain * error
    assert np.allclose(gated_states(RATES, p, cues, pauses, 3, False), expected)


def test_the_serial_slow_state_learns_in_a_pause():
    p, zeros = np.ones(30), np.zeros(30, int)
    pauses = zeros.copy()
    pauses[20] = 3
    waited = gated_states(RATES, p, zeros, pauses, 1, True)
    clamped = gated_states(
        RATES, np.insert(p, 20, [np.nan] * 3), np.zeros(33, int), np.zeros(33, int), 1, True
    )
    assert np.allclose(waited, np.delete(clamped, [20, 21, 22]))
