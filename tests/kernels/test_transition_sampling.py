"""Draws of transitions against posteriors that are summed up over all there is."""

import numba
import numpy as np
import pytest

from trialtensor.kernels.slow_noise import noise_filter, whiten
from trialtensor.kernels.transition_sampling import sample_coefficients, sample_transitions
from trialtensor.kernels.transition_scans import transition_energies, transition_shape

N, COST, LEAST, MIN_SIZE = 16, 1.3, 1e-4, 3
TAUS = np.array([0.0, 4.0])
KINDS = [(0.0, 0.0, 1.0, 0.0), (0.8, 0.25, 0.3, 0.7)]
# As plain Python, the kernels take the same paths 20 times fewer: shares are known less well.
FEWER = 20 if numba.config.DISABLE_JIT else 1
N_DRAWS, WIDER = 40_000 // FEWER, FEWER**0.5


class Case:
    """Two kinds of noise and a series with a change or two."""

    def __init__(self, course, sd=0.6, seed=0):
        y = course + sd * np.random.default_rng(seed).normal(size=N)
        filters = [noise_filter(*kind, np.ones(N)) for kind in KINDS]
        self.gains = np.stack([gains for gains, _ in filters])
        self.offsets = np.array([-0.5 * determinant for _, determinant in filters])
        self.y = np.stack([whiten(gains, y[None])[0] for gains in self.gains])
        self.base = np.stack([whiten(gains, np.ones((1, N))) for gains in self.gains])
        self.energies = np.stack([transition_energies(gains, TAUS) for gains in self.gains])
        self.log_prior = np.full((2, N), -np.inf)
        self.log_prior[:, 2:-2] = 0.0

    def log_posterior(self, k, transitions):
        shapes = [transition_shape(onset, tau, N) for onset, tau in transitions]
        rows = np.vstack([self.base[k], whiten(self.gains[k], np.array(shapes).reshape(-1, N))])
        fitted = rows.T @ np.linalg.lstsq(rows.T, self.y[k], rcond=None)[0]
        left = np.sum((self.y[k] - fitted) ** 2) + LEAST
        volume = np.log(np.sum(self.base[k] ** 2))
        return self.offsets[k] - 0.5 * volume - 0.5 * (N - 1) * np.log(left)

    def draw(self, start, n_draws, seed=0):
        onsets, which = (np.array(each) for each in zip(*start, strict=True))
        return sample_transitions(
            np.zeros(1, np.int64), self.gains[None], self.offsets[None], self.y[None],
            self.base[None], self.energies[None], np.array([N - 1]), np.array([COST]),
            np.array([LEAST]), TAUS, self.log_prior, np.arange(N), MIN_SIZE,
            onsets.astype(np.int64), which.astype(np.int64),
            np.random.default_rng(seed).random((n_draws, len(start) + 1)),
        )  # fmt: skip


def shares(keys):
    values, counts = np.unique(keys, return_counts=True)
    return dict(zip(values.tolist(), (counts / len(keys)).tolist(), strict=True))


def test_draws_of_one_transition_are_the_whole_posterior():
    case = Case(1.0 * (np.arange(N) >= 8))
    onsets, which, kinds = case.draw([(8, 0)], N_DRAWS)
    found = shares(1000 * kinds[:, 0] + 100 * which[:, 0] + onsets[:, 0])
    grid = [(k, j, t) for k in range(2) for j in range(2) for t in range(2, N - 2)]
    logs = np.array([case.log_posterior(k, [(t, TAUS[j])]) for k, j, t in grid])
    expected = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    for (k, j, t), p in zip(grid, expected, strict=True):
        assert found.get(1000 * k + 100 * j + t, 0.0) == pytest.approx(p, abs=0.012 * WIDER)


def test_draws_of_two_transitions_are_apart_and_the_whole_posterior():
    case = Case(2.0 * (np.arange(N) >= 5) - 1.5 * (np.arange(N) >= 10))
    case.log_prior[1] = -np.inf
    onsets, which, _ = case.draw([(5, 0), (10, 0)], N_DRAWS)
    assert not which.any()
    assert (np.abs(onsets[:, 0] - onsets[:, 1]) >= MIN_SIZE).all()
    found = shares(100 * onsets.min(axis=1) + onsets.max(axis=1))
    pairs = [(a, b) for a in range(2, N - 2) for b in range(a + MIN_SIZE, N - 2)]
    logs = [[case.log_posterior(k, [(a, 0.0), (b, 0.0)]) for k in range(2)] for a, b in pairs]
    weights = np.exp(np.array(logs) - np.max(logs)).sum(axis=1)
    for (a, b), p in zip(pairs, weights / weights.sum(), strict=True):
        assert found.get(100 * a + b, 0.0) == pytest.approx(p, abs=0.02 * WIDER)


def test_coefficients_are_a_multivariate_t_about_least_squares():
    case, n_draws, k = Case(1.0 * (np.arange(N) >= 8)), 30_000, 1
    rng = np.random.default_rng(0)
    found, variance = sample_coefficients(
        case.gains, case.y, case.base, np.full((n_draws, 1), 8), np.full((n_draws, 1), 4.0),
        np.full(n_draws, k), N - 1, LEAST, rng.standard_normal((n_draws, 2)),
        rng.chisquare(N - 1, n_draws),
    )  # fmt: skip
    rows = np.vstack([case.base[k], whiten(case.gains[k], transition_shape(8, 4.0, N)[None])])
    mean = np.linalg.lstsq(rows.T, case.y[k], rcond=None)[0]
    left = np.sum((case.y[k] - mean @ rows) ** 2) + LEAST
    # An inverse gamma variable, and the mean of a normal one times it.
    expected = left / (N - 1 - 2)
    covariance = np.linalg.inv(rows @ rows.T) * expected
    assert variance.mean() == pytest.approx(expected, rel=0.03)
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(found.T), covariance, rtol=0.05, atol=0.003)
