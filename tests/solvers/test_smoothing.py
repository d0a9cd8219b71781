"""Smoothing of rows: dense equations by brute force, straight lines, rows without data."""

import numpy as np
import pytest

from trialtensor.solvers.smoothing import differences, roughness, smooth_rows, transposed


def dense(grams, metric):
    n, rank = grams.shape[:2]
    D = np.diff(np.eye(n), n=2, axis=0) if n > 2 else np.zeros((0, n))
    whole = np.kron(D.T @ D, metric)
    for k in range(n):
        whole[k * rank : (k + 1) * rank, k * rank : (k + 1) * rank] += grams[k]
    return whole


def problem(n, rank, seed=0):
    rng = np.random.default_rng(seed)
    grams, metric = rng.standard_normal((n, rank, rank)), rng.standard_normal((rank, rank))
    grams = grams @ grams.swapaxes(1, 2)
    return grams, rng.standard_normal((n, rank)), metric @ metric.T


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 12])
def test_rows_solve_the_dense_equations(n, rank):
    grams, rhs, metric = problem(n, rank)
    if n > 4:
        grams[3], rhs[3] = 0, 0
    found = smooth_rows(grams, rhs, metric, np.zeros((n, rank)))
    expected = np.linalg.solve(dense(grams, metric), rhs.ravel())
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-8, atol=1e-10)
    D = np.diff(found, n=2, axis=0)
    assert roughness(found, metric) == pytest.approx(np.einsum("kr,rs,ks->", D, metric, D))


@pytest.mark.parametrize("n", [2, 3, 7])
def test_differences_and_their_transpose_agree(n):
    rng = np.random.default_rng(1)
    rows, changes = rng.standard_normal((n, 2)), rng.standard_normal((max(n - 2, 0), 2))
    assert np.vdot(differences(rows), changes) == pytest.approx(
        np.vdot(rows, transposed(changes, n)), abs=1e-12
    )


def test_a_very_strong_penalty_gives_the_straight_line_of_least_squares():
    rng = np.random.default_rng(2)
    y = rng.standard_normal((300, 1))
    found = smooth_rows(np.ones((300, 1, 1)), y, np.full((1, 1), 1e11), np.zeros_like(y))
    line = np.polyval(np.polyfit(np.arange(300), y[:, 0], 1), np.arange(300))
    np.testing.assert_allclose(found[:, 0], line, atol=1e-4)


def test_rows_without_data_lie_on_a_line_between_their_neighbours():
    grams, rhs = np.zeros((5, 1, 1)), np.zeros((5, 1))
    grams[[0, 4]], rhs[0], rhs[4] = 1, 2.0, 10.0
    found = smooth_rows(grams, rhs, np.ones((1, 1)), np.zeros((5, 1)))
    np.testing.assert_allclose(found[:, 0], [2, 4, 6, 8, 10], atol=1e-6)


def test_nothing_known_leaves_rows_where_they_are():
    current = np.random.default_rng(0).standard_normal((4, 2))
    found = smooth_rows(np.zeros((4, 2, 2)), np.zeros((4, 2)), np.zeros((2, 2)), current)
    np.testing.assert_allclose(found, current)
