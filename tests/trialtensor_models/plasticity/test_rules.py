"""Learning rules against loops over trials, times and cells."""

import numpy as np
import pytest

from trialtensor_models.plasticity.rules import (
    fast_change,
    gate,
    oja,
    saturated,
    shifted,
    slow_change,
)


def test_fast_rule_credits_cells_that_were_active_before():
    rng = np.random.default_rng(0)
    e, g = rng.normal(size=(2, 9, 2)), rng.random((2, 9, 5))
    for s in range(2):
        total, weight, overlap = np.zeros((2, 5)), 0.0, 0.0
        for t in range(3, 9):
            total += np.outer(e[s, t], g[s, t - 3])
            weight += e[s, t] @ e[s, t]
            overlap += e[s, t] @ e[s, t] * (g[s, t - 3] @ g[s, t - 3])
        np.testing.assert_allclose(fast_change(e, g, 3)[s], total / (overlap / weight))


@pytest.mark.parametrize("kept", [0.0, 0.6])
def test_synapses_stay_eligible(kept):
    rng = np.random.default_rng(3)
    e, g = rng.normal(size=(1, 9, 2)), rng.random((1, 9, 5))
    # A trace of each granule cell, that of `lag` steps before, meets the error of the moment.
    total, trace, weight, overlap = np.zeros((2, 5)), np.zeros(5), 0.0, 0.0
    for t in range(2, 9):
        trace = kept * trace + (1 - kept) * g[0, t - 2]
        total += np.outer(e[0, t], trace)
    for t in range(7):
        credit = sum((1 - kept) * kept**k * e[0, t + 2 + k] for k in range(7 - t))
        weight += credit @ credit
        overlap += credit @ credit * (g[0, t] @ g[0, t])
    np.testing.assert_allclose(fast_change(e, g, 2, kept)[0], total / (overlap / weight))


def test_slow_rule_leaves_closed_synapses_alone():
    rng = np.random.default_rng(1)
    c, r = rng.normal(size=(1, 9, 2)), rng.random((1, 9, 4)) + 1
    opened = np.array([[1.0, 0.0, 0.5, 1.0]])
    change = slow_change(c, r, r.mean((0, 1), keepdims=True) * 0.5, opened)
    assert (change[0, :, 1] == 0).all() and (change[0, :, [0, 2, 3]] != 0).all()


def test_no_error_changes_nothing():
    assert (fast_change(np.zeros((1, 9, 2)), np.ones((1, 9, 5)), 2) == 0).all()


def test_gate():
    activity = np.array([[[0.0, 1.0, 2.0], [0.0, 0.5, 4.0]]])
    opened = gate(activity, np.array([[1.0, 2.0, 2.0]]), np.array([1.5]))
    np.testing.assert_array_equal(opened, [[0, 0.75, 1]])


def test_shifted_and_saturated():
    error = np.arange(1.0, 5).reshape(1, 4, 1) * [3.0, 4.0]
    np.testing.assert_array_equal(shifted(error, 1)[0, :, 0], [6, 9, 12, 0])
    kept = saturated(error, 2.0)
    assert np.linalg.norm(kept, axis=-1).max() <= 2
    np.testing.assert_allclose(kept[..., 0] / kept[..., 1], 0.75)
    assert saturated(error, None) is error


def test_oja_finds_the_leading_subspace():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1, 400, 6)) * [5, 4, 0.5, 0.5, 0.5, 0.5]
    P = rng.normal(size=(1, 2, 6))
    for _ in range(300):
        P = oja(P, x, 0.3)
    assert np.abs(P[0, :, 2:]).max() < 0.1 * np.abs(P[0, :, :2]).max()
