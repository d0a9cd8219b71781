"""Structure in residuals: smoothness in time and drift over trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats

from trialtensor.data.shown import OneLine, is_least
from trialtensor.models.base import TrialEstimator
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.selection.white_noise import expected_autocorrelation

# Of the interval, and of each neuron's slope.
ALPHA = 0.05
ROUNDING = 1e-13
_N_ORDERS = 999


@dataclass(frozen=True, repr=False)
class Autocorrelation(OneLine):
    """Correlation of residuals one time bin apart.

    Attributes
    ----------
    value : float
        Average over neurons and trials, each neuron with the same weight. NaN if no two
        neighbouring bins were observed.
    expected : float
        Value for residuals of this model if the noise is white: slightly below zero, since fitted
        parameters absorb smooth parts of the noise. To first order in their number.
    interval : (float, float)
        Range of 95 % of values under white noise, from the variation between trials, so that noise
        shared by neurons doesn't narrow it.
    """

    value: float
    expected: float
    interval: tuple[float, float]

    @property
    def is_white(self) -> bool:
        """True if the value is in the interval."""
        return bool(self.interval[0] <= self.value <= self.interval[1])


@dataclass(frozen=True, eq=False, repr=False)
class TrialTrend(OneLine):
    """Slopes of residuals over trials.

    Attributes
    ----------
    slopes : (n_neurons,) array
        Of each neuron's mean residual, in units of the data per trial; NaN with fewer than
        three trials.
    share : float
        Of neurons whose slope differs from zero at the 5 % level.
    expected : float
        The same share if nothing drifts.
    p_value : float
        How often the share is as high when trials are in a random order, the same for all
        neurons: a binomial test would count what neurons share on a trial as many observations.
        At least 0.001, from 999 orders.
    """

    slopes: np.ndarray
    share: float
    expected: float
    p_value: float

    def at_floor(self, name: str = "p_value") -> bool:
        """Return whether the p value is the smallest possible."""
        return bool(is_least(self.p_value, 1 / (1 + _N_ORDERS)))

    @property
    def is_trend(self) -> bool:
        """True if more neurons drift than by chance, at the 5 % level."""
        return bool(self.p_value < ALPHA)


def autocorrelation(model: TrialEstimator, residuals: Any) -> Autocorrelation:
    """Compute the correlation between residuals of neighbouring time bins.

    Parameters
    ----------
    model : fitted model
    residuals : (n_trials, n_neurons, n_times) array, or Residuals
        NaN where not observed.

    Returns
    -------
    Autocorrelation
        NaN for data without an axis of time.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 25, 2, snr=1.0, random_state=0).X
    >>> model = TCA(2, random_state=0).fit(X)
    >>> autocorrelation(model, X - model.reconstruct()).is_white
    True
    """
    if not isinstance(residuals, Residuals):
        residuals = Residuals.of(np.asarray(residuals))
    if model.fitted_.axes[-1] != "time":
        return Autocorrelation(np.nan, np.nan, (np.nan, np.nan))
    power = residuals.neuron_power()
    products, squares = (np.zeros(residuals.n_trials) for _ in range(2))
    for values, (_, trials, neurons) in zip(residuals.arrays, residuals, strict=True):
        observed = np.isfinite(values)
        z = np.where(observed, values, 0).astype(np.float64)
        # Neurons count the same, whatever their units.
        z /= np.sqrt(np.where(power > 0, power, 1))[neurons].reshape(-1, *(1,) * (z.ndim - 2))
        within = tuple(range(1, z.ndim))
        pairs = observed[..., :-1] & observed[..., 1:]
        products[trials] += np.sum(z[..., :-1] * z[..., 1:], axis=within)
        squares[trials] += np.sum((z[..., :-1] ** 2 + z[..., 1:] ** 2) * pairs, axis=within) / 2
    if squares.sum() == 0:
        return Autocorrelation(np.nan, np.nan, (np.nan, np.nan))
    value = float(products.sum() / squares.sum())
    expected = expected_autocorrelation(model, residuals)
    n_trials = int((squares > 0).sum())
    if n_trials < 2:
        return Autocorrelation(value, expected, (np.nan, np.nan))
    # The error of a ratio of sums, from trials, which are independent of each other.
    scatter = np.square(products - value * squares).sum() * n_trials / (n_trials - 1)
    error = scipy.stats.t.ppf(1 - ALPHA / 2, n_trials - 1) * np.sqrt(scatter) / squares.sum()
    return Autocorrelation(value, expected, (float(expected - error), float(expected + error)))


def trial_trend(residuals: np.ndarray) -> TrialTrend:
    """Regress every neuron's mean residual on the trial number.

    Parameters
    ----------
    residuals : (n_trials, n_neurons, n_times) array
        NaN where not observed.

    Returns
    -------
    TrialTrend

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((50, 20, 10))
    >>> trial_trend(noise).p_value > 0.05
    True
    >>> trial_trend(noise + 0.02 * np.arange(50)[:, None, None]).p_value
    0.001
    """
    counts = np.isfinite(residuals).sum(axis=2)
    sums = np.nansum(residuals, axis=2, dtype=np.float64)
    return trend_of_means(sums / np.maximum(counts, 1), counts > 0)


def trend_of_means(means: np.ndarray, seen: np.ndarray) -> TrialTrend:
    """Regress means over time bins on the trial number.

    Parameters
    ----------
    means : (n_trials, n_neurons) array
    seen : (n_trials, n_neurons) bool array
        False where nothing was observed.

    Returns
    -------
    TrialTrend
    """
    numbers = np.arange(len(means), dtype=np.float64)
    # The same every time: a report must not change when it is made again.
    rng = np.random.default_rng(0)
    orders = np.array([numbers, *(rng.permutation(numbers) for _ in range(_N_ORDERS))])
    slopes, p_values = _regress(orders, means, seen.astype(np.float64))
    tested = np.isfinite(p_values[0])
    if not tested.any():
        return TrialTrend(slopes[0], np.nan, ALPHA, np.nan)
    shares = (p_values[:, tested] < ALPHA).mean(axis=1)
    p_value = float(np.mean(shares >= shares[0] - 1e-12))
    return TrialTrend(slopes[0], float(shares[0]), ALPHA, p_value)


def _regress(x: np.ndarray, y: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slopes and two-sided p-values of every column of ``y`` on every row of ``x``.

    Parameters
    ----------
    x : (n_orders, n_trials) array
    y, seen : (n_trials, n_neurons) arrays
        ``seen`` is 0 where ``y`` is missing, otherwise 1.

    Returns
    -------
    slopes, p_values : (n_orders, n_neurons) arrays
        NaN where three trials or a spread of values are lacking.
    """
    n = seen.sum(axis=0)
    x = x - x.mean(axis=1, keepdims=True)
    size = np.square(y * seen).sum(axis=0)
    y = (y - (y * seen).sum(axis=0) / np.maximum(n, 1)) * seen
    sum_x = x @ seen
    var_x = (x**2) @ seen - sum_x**2 / np.maximum(n, 1)
    var_y = np.square(y).sum(axis=0)
    # The same value on all trials, to rounding, has no slope.
    usable = (n >= 3) & (var_x > 0) & (var_y > ROUNDING**2 * size)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(usable, (x @ y) / var_x, np.nan)
        explained = np.clip(slopes**2 * var_x / var_y, 0, 1)
        t = np.sqrt(explained * (n - 2) / (1 - explained))
    return slopes, np.where(usable, 2 * scipy.stats.t.sf(t, np.maximum(n - 2, 1)), np.nan)
