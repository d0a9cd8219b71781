"""What residuals still say: whether they are smooth in time, and whether they drift over trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats

from trialtensor.selection.components import axis_matrices, is_sliced

# Of the interval, and of each neuron's slope.
ALPHA = 0.05
_N_ORDERS = 999


@dataclass(frozen=True)
class Autocorrelation:
    """Correlation of residuals one time bin apart.

    Attributes
    ----------
    value : float
        Average over neurons and trials, each neuron with the same weight. NaN if no two
        neighbouring bins were observed.
    expected : float
        What residuals of this model have where noise is white: a little below zero, since
        fitted parameters take something smooth out of the noise. To first order in their number.
    interval : (float, float)
        Where 95 % of values lie with white noise; from how trials differ, so that noise
        that neurons share does not narrow it.
    """

    value: float
    expected: float
    interval: tuple[float, float]

    @property
    def is_white(self) -> bool:
        """Whether the value is in the interval."""
        return bool(self.interval[0] <= self.value <= self.interval[1])


@dataclass(frozen=True, eq=False)
class TrialTrend:
    """Slopes of residuals over trials.

    Attributes
    ----------
    slopes : (n_neurons,) array
        Of each neuron's mean residual, in units of the data per trial; NaN with fewer than
        three trials.
    share : float
        Of neurons whose slope differs from zero at the 5 % level.
    expected : float
        The same share where nothing drifts.
    p_value : float
        How often the share is as high when trials come in a random order, the same for all
        neurons: a binomial test would take what neurons share on a trial for many observations.
    """

    slopes: np.ndarray
    share: float
    expected: float
    p_value: float

    @property
    def is_trend(self) -> bool:
        """Whether more neurons drift than by chance, at the 5 % level."""
        return bool(self.p_value < ALPHA)


def autocorrelation(model: Any, residuals: np.ndarray) -> Autocorrelation:
    """Correlation between neighbouring time bins.

    Parameters
    ----------
    model : fitted TCA or SliceTCA
    residuals : (n_trials, n_neurons, n_times) array
        NaN where not observed.

    Returns
    -------
    Autocorrelation

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 25, 2, snr=1.0, random_state=0).X
    >>> model = TCA(2, random_state=0).fit(X)
    >>> autocorrelation(model, X - model.reconstruct()).is_white
    True
    """
    observed = np.isfinite(residuals)
    z = np.where(observed, residuals, 0).astype(np.float64)
    # Neurons count the same, whatever their units.
    power = np.square(z).sum(axis=(0, 2)) / np.maximum(observed.sum(axis=(0, 2)), 1)
    z /= np.sqrt(np.where(power > 0, power, 1))[:, None]
    pairs = observed[:, :, :-1] & observed[:, :, 1:]
    products = np.sum(z[:, :, :-1] * z[:, :, 1:], axis=(1, 2))
    squares = np.sum((z[:, :, :-1] ** 2 + z[:, :, 1:] ** 2) * pairs, axis=(1, 2)) / 2
    if squares.sum() == 0:
        return Autocorrelation(np.nan, np.nan, (np.nan, np.nan))
    value = float(products.sum() / squares.sum())
    expected = _expected(model, observed)
    n_trials = int((squares > 0).sum())
    if n_trials < 2:
        return Autocorrelation(value, expected, (np.nan, np.nan))
    # The error of a ratio of sums, from trials, which are independent of each other.
    scatter = np.square(products - value * squares).sum() * n_trials / (n_trials - 1)
    error = scipy.stats.t.ppf(1 - ALPHA / 2, n_trials - 1) * np.sqrt(scatter) / squares.sum()
    return Autocorrelation(value, expected, (float(expected - error), float(expected + error)))


def trial_trend(residuals: np.ndarray) -> TrialTrend:
    """Regress every neuron's mean residual on the number of the trial.

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
    means = np.nansum(residuals, axis=2, dtype=np.float64) / np.maximum(counts, 1)
    seen = counts > 0
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
    """Slopes and two-sided p-values of every column of ``y`` on every row of ``x``.

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
    y = (y - (y * seen).sum(axis=0) / np.maximum(n, 1)) * seen
    sum_x = x @ seen
    var_x = (x**2) @ seen - sum_x**2 / np.maximum(n, 1)
    var_y = np.square(y).sum(axis=0)
    usable = (n >= 3) & (var_x > 0) & (var_y > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(usable, (x @ y) / var_x, np.nan)
        explained = np.clip(slopes**2 * var_x / var_y, 0, 1)
        t = np.sqrt(explained * (n - 2) / (1 - explained))
    return slopes, np.where(usable, 2 * scipy.stats.t.sf(t, np.maximum(n - 2, 1)), np.nan)


def _expected(model: Any, observed: np.ndarray) -> float:
    """Lag-one autocorrelation of white noise from which a fit has taken what it could.

    A least-squares fit removes the projection of the noise onto the directions in which its
    parameters move the model. ``_neighbours`` of such a projection is what it takes from products
    of neighbouring bins; all else is counting.
    """
    trial, neuron, time = (np.nan_to_num(matrix) for matrix in axis_matrices(model))
    n_trials, n_neurons, n_times = (
        int(observed.any(axis=others).sum()) for others in ((1, 2), (0, 2), (0, 1))
    )
    size = n_trials * n_neurons * n_times
    # What a parameter takes, it takes from fewer entries where some are missing.
    seen = observed.sum() / size
    if not is_sliced(model):
        n_parameters = trial.shape[1] * (n_trials + n_neurons + n_times - 2)
        taken = n_trials * _neighbours((neuron,), time) + n_neurons * _neighbours((trial,), time)
        taken -= 2 * _neighbours((trial, neuron), time)
        return -taken / max(n_trials * n_neurons * (n_times - 1) * (seen - n_parameters / size), 1)
    u, v, w = (_orthonormal(matrix) for matrix in (trial, neuron, time))
    A = _without(np.nan_to_num(model.trial_slices_), v, w)
    B = _without(np.nan_to_num(model.neuron_slices_), u, w)
    rest = (1 - u.shape[1] / n_trials) * (1 - v.shape[1] / n_neurons)
    slices = (n_trials - u.shape[1]) * _neighbours((), A)
    slices += (n_neurons - v.shape[1]) * _neighbours((), B)
    taken, left = _within_cells(w, observed)
    return -(rest * taken + slices / seen) / max(rest * left, 1)


def _within_cells(w: np.ndarray, observed: np.ndarray) -> tuple[float, float]:
    """What time-slicing components take from products of neighbouring bins, and what they leave.

    They have free weights for every neuron on every trial: what they take from those bins is the
    projection onto the observed rows of ``w``, (n_times, R).
    """
    cells, counts = np.unique(observed.reshape(-1, len(w)), axis=0, return_counts=True)
    pairs = cells[:, :-1] & cells[:, 1:]
    squares = np.einsum("tr,ts->trs", w, w)
    products = np.einsum("tr,ts->trs", w[:-1], w[1:])
    grams = np.tensordot(cells, squares, axes=1)
    inverse = np.linalg.pinv(grams, rcond=1e-10, hermitian=True)
    taken = np.sum(inverse * np.tensordot(pairs, products, axes=1), axis=(1, 2))
    ends = np.tensordot(pairs, (squares[:-1] + squares[1:]) / 2, axes=1)
    left = pairs.sum(axis=1) - np.sum(inverse * ends, axis=(1, 2))
    return float(counts @ taken), float(counts @ left)


def _neighbours(matrices: Sequence[np.ndarray], times: np.ndarray) -> float:
    """Sum of the entries that couple neighbouring bins in a projection.

    Parameters
    ----------
    matrices : (n, R) arrays
        The projection is onto the products of their columns and those of ``times``.
    times : (..., n_times, R) array
    """
    if not times.shape[-1]:
        return 0.0
    C = times.reshape(-1, *times.shape[-2:])
    gram = np.einsum("itr,its->rs", C, C)
    shifted = np.einsum("itr,its->rs", C[:, :-1], C[:, 1:])
    for matrix in matrices:
        product = matrix.T @ matrix
        gram, shifted = gram * product, shifted * product
    return float(np.sum(np.linalg.pinv(gram, rcond=1e-10, hermitian=True) * shifted))


def _orthonormal(matrix: np.ndarray) -> np.ndarray:
    """A basis of the columns."""
    U, s, _ = np.linalg.svd(matrix, full_matrices=False)
    return U[:, s > 1e-6 * s.max(initial=0)]


def _without(slices: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Slices (R, n, n_times) less their parts in the spans of two bases, as (n, n_times, R)."""
    slices = slices - rows @ (rows.T @ slices)
    slices = slices - (slices @ columns) @ columns.T
    return slices.transpose(1, 2, 0)
