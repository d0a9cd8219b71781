"""Autoregressive noise of trial series.

Trials that follow each other resemble each other, changes or not. Everything that says how sure it
is about trial series must know by how much. Here it is an autoregressive process, whose long-run
variance is what the mean of many trials varies by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.signal

from trialtensor.data.shown import OneLine

MAX_ORDER = 6
# A process nearer to a random walk than this can't be told from one in a session.
MAX_REFLECTION = 0.98


@dataclass(frozen=True, eq=False, repr=False)
class Noise(OneLine):
    """An autoregressive process.

    Attributes
    ----------
    coefficients : (order,) array
    innovation_variance : float
        Of what is new on each trial.
    variance : float
        Of a trial.
    """

    coefficients: np.ndarray
    innovation_variance: float
    variance: float

    @property
    def long_run_variance(self) -> float:
        """``n`` times the variance of the mean of many trials ``n``."""
        return float(self.innovation_variance / (1 - self.coefficients.sum()) ** 2)

    @property
    def inflation(self) -> float:
        """Number of trials that carry the information of one independent trial, for means."""
        return self.long_run_variance / self.variance if self.variance > 0 else 1.0

    def simulate(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Draw normal noise along the last axis."""
        warm = 10 + 50 * bool(len(self.coefficients))
        new = rng.standard_normal((*shape[:-1], shape[-1] + warm))
        new *= np.sqrt(self.innovation_variance)
        if not len(self.coefficients):
            return new[..., warm:]
        # From the stationary distribution, nearly: a start at its size, then the warm-up.
        new[..., 0] *= np.sqrt(self.variance / self.innovation_variance)
        return scipy.signal.lfilter([1.0], [1.0, *-self.coefficients], new)[..., warm:]


def fit_noise(residuals: np.ndarray, max_order: int = MAX_ORDER) -> Noise:
    """Fit an autoregressive process to residuals ``(n_trials,)``, NaN where missing.

    By the Yule-Walker equations; the order, at most a twentieth of the trials, by Akaike's
    criterion.
    """
    n = int(np.isfinite(residuals).sum())
    order = min(max_order, n // 20)
    return _process(autocovariance(residuals, order), n)


def autocovariance(residuals: np.ndarray, order: int) -> np.ndarray:
    """Return lags 0 to ``order``, over observed pairs; shrunk as the usual estimate is."""
    seen = np.isfinite(residuals)
    values = np.where(seen, residuals, 0.0)
    n, seen = len(values), seen.astype(float)
    lags = range(order + 1)
    products = np.array([values[: n - h] @ values[h:] for h in lags])
    pairs = np.array([seen[: n - h] @ seen[h:] for h in lags])
    return products / np.maximum(pairs, 1) * (1 - np.arange(order + 1) / n)


def _process(covariance: np.ndarray, n: int) -> Noise:
    """Run Levinson's recursion over orders; return the one with the lowest criterion."""
    variance = float(covariance[0])
    coefficients, error = np.zeros(0), variance
    if variance <= 0:
        return Noise(coefficients, 0.0, 0.0)
    best, lowest = (coefficients, error), n * np.log(error)
    for p in range(1, len(covariance)):
        reflection = (covariance[p] - coefficients @ covariance[p - 1 : 0 : -1]) / error
        reflection = float(np.clip(reflection, -MAX_REFLECTION, MAX_REFLECTION))
        coefficients = np.append(coefficients - reflection * coefficients[::-1], reflection)
        error *= 1 - reflection**2
        criterion = n * np.log(error) + 2 * p
        if criterion < lowest:
            best, lowest = (coefficients, error), criterion
    return Noise(best[0], best[1], variance)
