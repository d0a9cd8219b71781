"""Transitions: the span of their states, and least squares for single trials."""

import numpy as np
import pytest

from trialtensor.solvers.transitions import (
    Transitions,
    equations,
    residual_sum_of_squares,
    solve_trials,
    span,
)


def states(sizes, n_states=60, seed=0):
    """Random states of these singular values, in a random basis of as many dimensions and 2 more"""
    rng = np.random.default_rng(seed)
    n = len(sizes) + 2
    left = np.linalg.qr(rng.standard_normal((n, n)))[0][:, : len(sizes)]
    right = np.linalg.qr(rng.standard_normal((n_states, len(sizes))))[0]
    return (left * sizes) @ right.T, left


@pytest.mark.parametrize("smallest", [1.0, 1e-4, 1e-8, 1e-11])
def test_the_span_shows_directions_that_moments_hide(smallest):
    X, left = states([1.0, 1.0, smallest])
    basis, sizes = span(np.array_split(X, 7, axis=1), Transitions(X[None]).nil)
    assert sizes[2] == pytest.approx(smallest, rel=1e-3)
    np.testing.assert_allclose(basis @ basis.T, left @ left.T, atol=1e-3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("smallest", [1e-13, 1e-15, 0.0])
def test_what_rounding_leaves_behind_is_not_part_of_the_span(smallest):
    X, left = states([1.0, 1.0, smallest])
    basis, _ = span(np.array_split(X, 3, axis=1), Transitions(X[None]).nil)
    np.testing.assert_allclose(basis @ basis.T, left[:, :2] @ left[:, :2].T, atol=1e-10)


@pytest.mark.parametrize("n_parts", [1, 2, 60])
def test_the_span_does_not_depend_on_the_stretches(n_parts):
    X, _ = states([3.0, 2.0, 1.0, 0.5])
    _, sizes = span(np.array_split(X, n_parts, axis=1), 1e-12)
    np.testing.assert_allclose(sizes, [3, 2, 1, 0.5])


def test_silent_states_span_one_direction_of_no_size():
    basis, sizes = span([np.zeros((4, 9))], 1e-12)
    assert basis.shape == (4, 1) and sizes.tolist() == [0]


def test_only_pairs_of_complete_bins_are_transitions():
    X = np.arange(24.0).reshape(2, 2, 6)
    observed = np.ones(X.shape, bool)
    observed[0, 1, 2] = False
    observed[1] = False
    steps = Transitions(X, observed)
    assert steps.counts.tolist() == [3, 0]
    (before, after), (none, _) = steps
    assert before[0].tolist() == [0, 3, 4] and after[0].tolist() == [1, 4, 5]
    assert none.shape == (2, 0)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_single_trials_are_regressions_on_their_states(offset):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 4, 20)) + offset
    output, source = rng.standard_normal((2, 4, 3))
    source -= source.mean(axis=0)  # Reads what is beside the offset.
    steps = Transitions(X)
    found = solve_trials(steps, output, source)
    for k, x in enumerate(X):
        columns = [np.outer(output[:, r], source[:, r] @ x[:, :-1]).ravel() for r in range(3)]
        expected = np.linalg.lstsq(np.transpose(columns), x[:, 1:].ravel(), rcond=None)[0]
        np.testing.assert_allclose(found[k], expected, rtol=1e-7)
    grams, rhs = equations(steps, output, source)
    np.testing.assert_allclose(np.einsum("krs,ks->kr", grams, found), rhs, rtol=1e-7, atol=1e-3)
    W = np.einsum("kr,mr,nr->kmn", found, output, source)
    loss, total = residual_sum_of_squares(steps, found, output, source)
    errors = X[:, :, 1:] - np.matmul(W, X[:, :, :-1])
    assert loss == pytest.approx(np.sum(errors**2), rel=1e-6)
    assert total == pytest.approx(np.sum(X[:, :, 1:] ** 2))


def test_a_trial_without_transitions_has_no_strength():
    observed = np.ones((2, 3, 5), bool)
    observed[1, 0] = False
    steps = Transitions(np.ones((2, 3, 5)), observed)
    found = solve_trials(steps, np.ones((3, 1)), np.ones((3, 1)))
    np.testing.assert_allclose(found, [[1 / 3], [0]])


def test_neurons_left_out_are_not_read():
    rng = np.random.default_rng(0)
    X, observed = rng.standard_normal((2, 4, 6)), np.ones((2, 4, 6), bool)
    X[:, 1], observed[:, 1] = np.nan, False
    observed[0, 2, 3] = False
    kept = np.array([True, False, True, True])
    whole, part = Transitions(X, observed, kept), Transitions(X[:, kept], observed[:, kept])
    assert whole.n_neurons == 3 and whole.counts.tolist() == [3, 5]
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one, other)
