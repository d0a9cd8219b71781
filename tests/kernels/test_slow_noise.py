"""Filters of slow noise against dense covariance matrices."""

import numpy as np
import pytest

from trialtensor.kernels.slow_noise import (
    noise_filter,
    orthonormal,
    precisions,
    whiten,
    whiten_transposed,
)

RHO, WHITE, NEW, START = 0.8, 0.4, 0.25, 0.7
KINDS = {
    "white": (0.0, 0.0, 1.0, 0.0),
    "slow": (0.9, 1 - 0.9**2, 1e-9, 1.0),
    "both": (RHO, NEW, WHITE, START),
    "walk": (1.0, 0.1, 1.0, 0.0),
}
SPREADS = {
    "all seen": np.ones(9),
    "gaps": np.array([0.0, 1, 1, 0, 0, 1, 1, 0, 1]),
    "first only": np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0]),
}


def covariance(rho, new, white, start, seen):
    """Of observed trials; the slow part starts at the first of them."""
    n = len(seen)
    first = int(np.flatnonzero(seen)[0])
    variance = np.zeros(n)
    variance[first] = start
    for t in range(first + 1, n):
        variance[t] = rho**2 * variance[t - 1] + new
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    slow = np.minimum.outer(np.arange(n), np.arange(n))
    full = variance[slow] * rho**lag + white * np.eye(n)
    return full[np.ix_(seen, seen)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", SPREADS)
def test_filters_are_a_square_root_of_the_inverse_covariance(kind, spread):
    seen = SPREADS[spread] > 0
    expected = covariance(*KINDS[kind], seen)
    gains, log_determinant = noise_filter(*KINDS[kind], SPREADS[spread])
    matrix = whiten(gains, np.eye(len(seen))).T
    assert not matrix[~seen].any() and not matrix[:, ~seen].any()
    inner = matrix[np.ix_(seen, seen)]
    np.testing.assert_allclose(inner @ expected @ inner.T, np.eye(seen.sum()), atol=1e-8)
    assert log_determinant == pytest.approx(np.linalg.slogdet(expected)[1], abs=1e-8)
    assert np.allclose(np.triu(matrix, 1), 0), "only trials before say anything"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", SPREADS)
def test_transposes_and_precisions(kind, spread):
    seen = SPREADS[spread] > 0
    gains, _ = noise_filter(*KINDS[kind], SPREADS[spread])
    matrix = whiten(gains, np.eye(len(seen))).T
    rows = np.random.default_rng(0).normal(size=(3, len(seen)))
    np.testing.assert_allclose(whiten(gains, rows), rows @ matrix.T, atol=1e-10)
    np.testing.assert_allclose(whiten_transposed(gains, rows), rows @ matrix, atol=1e-10)
    inverse = np.linalg.inv(covariance(*KINDS[kind], seen))
    np.testing.assert_allclose(precisions(gains)[seen], np.diag(inverse), rtol=1e-6)
    assert not precisions(gains)[~seen].any()


@pytest.mark.parametrize("unit", [1e-3, 1.0, 50.0])
def test_noise_twice_as_large_is_whitened_by_half_as_much(unit):
    spread = np.array([1.0, 1, 0, 1, 1])
    one, determinant = noise_filter(*KINDS["both"], spread)
    other, scaled = noise_filter(*KINDS["both"], unit * spread)
    np.testing.assert_allclose(one[:2], other[:2], rtol=1e-12)
    np.testing.assert_allclose(one[2], unit * other[2], rtol=1e-12)
    assert scaled == pytest.approx(determinant + 4 * 2 * np.log(unit))


def test_white_noise_that_is_larger_later_is_weighted():
    spread = np.array([1.0, 1, 3, 3])
    gains, log_determinant = noise_filter(*KINDS["white"], spread)
    rows = np.random.default_rng(0).normal(size=(2, 4))
    np.testing.assert_allclose(whiten(gains, rows), rows / spread)
    assert log_determinant == pytest.approx(2 * np.log(spread).sum())


def test_a_basis_one_row_after_the_other():
    rows = np.random.default_rng(0).normal(size=(4, 9))
    rows[2] = rows[0] - 2 * rows[1]
    basis, lengths = orthonormal(rows, 1e-9)
    assert not basis[2].any() and lengths[2] == 0
    kept = basis[[0, 1, 3]]
    np.testing.assert_allclose(kept @ kept.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rows @ kept.T @ kept, rows, atol=1e-12)
    r = np.linalg.qr(rows[[0, 1, 3]].T, mode="r")
    np.testing.assert_allclose(lengths[[0, 1, 3]], np.abs(np.diag(r)))
