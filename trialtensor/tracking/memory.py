"""Noise under the levels of a trial series: how much of it is slow, and how slow.

Levels and slow noise resemble each other, and what is left after levels were taken away looks
less slow than it was. So noise of many kinds is simulated, levels are taken away from it too, and
those kinds count that then look like the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.signal
import scipy.special

from trialtensor.kernels.change_points import split_greedily
from trialtensor.tracking.noise import autocovariance

# A kind of noise is slow (an autoregressive process with this memory) by this share of its
# variance, and white otherwise.
MEMORIES = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
SHARES = (0.25, 0.5, 0.75, 1.0)
KINDS = np.array([(0.0, 0.0), *((memory, share) for memory in MEMORIES for share in SHARES)])
# The noise is estimated from residuals of this many splits, whatever the number of changes.
N_SPLITS = 3
N_SIMULATED = 200
# Longer series lose no more memory to their levels.
LONGEST = 1000


@dataclass(frozen=True, eq=False)
class TrialNoise:
    """Candidate noise models of a trial series, with their weights.

    Attributes
    ----------
    weights : (n_kinds,) array
        Weight of each of `KINDS`, summing to 1.
    variances : (n_kinds,) array
        Variance of a trial, if the noise is of that kind.
    quantiles : (n,) array
        Sorted standardised residuals: outliers are part of the noise.
    """

    weights: np.ndarray
    variances: np.ndarray
    quantiles: np.ndarray

    @property
    def variance(self) -> float:
        """Variance of one trial."""
        return float(self.weights @ self.variances)

    @property
    def long_run_variance(self) -> float:
        """``n`` times the variance of the mean of many trials ``n``."""
        return float(self.weights @ (self.variances * inflations()))

    @property
    def inflation(self) -> float:
        """Number of trials that carry the information of one independent trial, for means."""
        return self.long_run_variance / self.variance if self.variance > 0 else 1.0

    def simulate(self, normal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Make noise from standard normals ``(2, n_draws, n)``, drawing its kind by weight."""
        kinds = rng.choice(len(KINDS), size=normal.shape[1], p=self.weights)
        noise = np.empty(normal.shape[1:])
        for kind in np.unique(kinds):
            rows = kinds == kind
            scale = np.sqrt(self.variances[kind])
            noise[rows] = scale * self._reshaped(filtered(normal[:, rows], kind))
        return noise

    def _reshaped(self, values: np.ndarray) -> np.ndarray:
        """Map normal numbers to the distribution of the residuals."""
        n = len(self.quantiles)
        place = scipy.special.ndtr(values) * n - 0.5
        return np.interp(place, np.arange(n), self.quantiles)


def simulate_together(
    noise: Sequence[TrialNoise],
    mixing: np.ndarray,
    n_draws: int,
    n_trials: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Make noise of several series ``(n_draws, n_trials, n_series)``, correlated by ``mixing``."""
    normal = rng.standard_normal((2, n_draws, n_trials, len(noise))) @ mixing.T
    columns = [each.simulate(normal[..., d], rng) for d, each in enumerate(noise)]
    return np.stack(columns, axis=-1)


def mixing_of(series: np.ndarray, levels: Splits) -> np.ndarray:
    """Return the matrix that gives independent numbers the correlation of the residuals."""
    rest = np.stack([levels.flatten(column) for column in series.T], axis=1)
    whole = rest[np.isfinite(rest).all(axis=1)]
    n_series = series.shape[1]
    if n_series == 1 or len(whole) < 2 * n_series:
        return np.eye(n_series)
    spread = whole.std(axis=0)
    whole = (whole - whole.mean(axis=0)) / np.where(spread > 0, spread, 1)
    correlation = 0.999 * whole.T @ whole / len(whole)
    np.fill_diagonal(correlation, 1)
    return np.linalg.cholesky(correlation)


def inflations() -> np.ndarray:
    """Return the long-run variance of each kind, for unit variance."""
    memory, share = KINDS.T
    return 1 - share + share * (1 + memory) / (1 - memory)


def filtered(normal: np.ndarray, kind: int) -> np.ndarray:
    """Make noise of unit variance from standard normals ``(2, ..., n)``."""
    memory, share = KINDS[kind]
    if share == 0:
        return normal[0].copy()
    new = np.sqrt(1 - memory**2) * normal[1]
    new[..., 0] = normal[1][..., 0]  # stationary from the first trial
    slow = scipy.signal.lfilter([1.0], [1.0, -memory], new)
    return np.sqrt(1 - share) * normal[0] + np.sqrt(share) * slow


@dataclass(frozen=True)
class Splits:
    """Removes the levels of the best few splits from a series; NaN stays."""

    min_size: int
    n_splits: int = N_SPLITS

    def flatten(self, series: np.ndarray) -> np.ndarray:
        """Subtract the levels from the series."""
        seen = np.isfinite(series)
        rest = np.full(len(series), np.nan)
        known = np.ascontiguousarray(series[seen])
        rest[seen] = split_greedily(known, self.n_splits, self.min_size)
        return rest

    def shortened(self, n: int) -> Splits:
        """Return the same for ``n`` trials without gaps."""
        return self


@dataclass(frozen=True)
class Blocks:
    """Removes the means of blocks from a series; -1 is no block."""

    codes: tuple[int, ...]

    def flatten(self, series: np.ndarray) -> np.ndarray:
        """Subtract the means of its blocks from the series."""
        codes = np.where(np.isfinite(series), np.array(self.codes), -1)
        inside = codes >= 0
        counts = np.bincount(codes[inside])
        means = np.bincount(codes[inside], series[inside]) / np.maximum(counts, 1)
        return np.where(inside, series - means[codes], np.nan)

    def shortened(self, n: int) -> Blocks:
        """Return the same for ``n`` trials without gaps, with blocks scaled in proportion."""
        inside = [code for code in self.codes if code >= 0]
        places = np.arange(n) * len(inside) // n
        return Blocks(tuple(inside[place] for place in places))


def trial_noise(series: np.ndarray, levels: Splits | Blocks) -> TrialNoise:
    """Estimate the noise of a series ``(n_trials,)`` with levels in it, NaN where missing.

    Kinds are weighted by a synthetic likelihood: that of the autocorrelations of the residuals,
    taken as normal with the mean and covariance that simulations of that kind have (Wood 2010,
    "Statistical inference for noisy nonlinear ecological dynamic systems").
    """
    rest = levels.flatten(series)
    seen = np.isfinite(rest)
    n = int(seen.sum())
    means, precisions, log_determinants, kept = _expected(
        min(n, LONGEST), levels.shortened(min(n, LONGEST))
    )
    covariance = autocovariance(rest, means.shape[1])
    # Rounding isn't noise.
    if covariance[0] <= 1e-24 * np.nanmean(series**2):
        return TrialNoise(np.eye(len(KINDS))[0], np.zeros(len(KINDS)), np.zeros(1))
    difference = covariance[1:] / covariance[0] - means
    # The covariance of longer series is smaller.
    scale = max(n / LONGEST, 1.0)
    distance = np.einsum("ki,kij,kj->k", difference, precisions, difference) * scale
    score = -0.5 * (distance + log_determinants)
    weights = np.exp(score - score.max())
    values = rest[seen] - rest[seen].mean()
    return TrialNoise(weights / weights.sum(), covariance[0] / kept, np.sort(values / values.std()))


@lru_cache(maxsize=64)
def _expected(
    n: int, levels: Splits | Blocks
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return for each kind, after flattening: autocorrelations, precision, variance kept."""
    rng = np.random.default_rng(n)
    normal = rng.standard_normal((2, N_SIMULATED, n))
    lags = min(10, n // 6)
    means, precisions, determinants, kept = [], [], [], []
    for kind in range(len(KINDS)):
        left = [autocovariance(levels.flatten(draw), lags) for draw in filtered(normal, kind)]
        covariances = np.array(left)
        correlations = covariances[:, 1:] / covariances[:, :1]
        spread = np.cov(correlations, rowvar=False) + 1e-6 * np.eye(lags)
        means.append(correlations.mean(axis=0))
        precisions.append(np.linalg.inv(spread))
        determinants.append(np.linalg.slogdet(spread)[1])
        kept.append(covariances[:, 0].mean())
    return np.array(means), np.array(precisions), np.array(determinants), np.array(kept)
