"""A smooth curve through a trial series, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.signal
import scipy.special

from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_number, check_share, check_whole
from trialtensor.tracking.noise import Noise, fit_noise
from trialtensor.tracking.series import check_one_series, in_own_unit

N_BANDWIDTHS = 15
MIN_TRIALS = 20


@dataclass(frozen=True, eq=False, repr=False)
class SmoothCurve(OneLine):
    """A local linear regression over trials.

    Attributes
    ----------
    value : (n_trials,) array
    interval : (2, n_trials) array
        Pointwise.
    slope : (n_trials,) array
        Change of the curve from one trial to the next.
    slope_interval : (2, n_trials) array
    bandwidth : float
        Trials to each side that count.
    level : float
        Of the intervals.
    noise : Noise
        Of the trials about the curve.
    """

    value: np.ndarray
    interval: np.ndarray
    slope: np.ndarray
    slope_interval: np.ndarray
    bandwidth: float
    level: float
    noise: Noise


def smooth_curve(
    values: Any, *, bandwidth: float | None = None, gap: int | None = None, level: float = 0.9
) -> SmoothCurve:
    """Smooth a series by a weighted linear fit to the neighbours of every trial.

    Weights are Epanechnikov's, ``1 - (distance / bandwidth)²``. The default bandwidth predicts
    each trial best from others that are more than ``gap`` trials away: neighbours with
    the same noise would make any curve that follows them look good. Intervals use the long-run
    variance of that noise, and are wider where a parabola through the same neighbours differs:
    there, lines are flatter than the truth.

    Parameters
    ----------
    values : (n_trials,) array
        NaN is missing.
    bandwidth : float, optional
        In trials; by cross-validation if not given.
    gap : int, optional
        In trials; by default the range over which the noise of a rough curve is correlated.
    level : float
        Of the intervals.

    Returns
    -------
    SmoothCurve

    Raises
    ------
    ValueError
        For fewer than 20 trials with a value, or a bandwidth of less than 3 trials.

    References
    ----------
    Fan & Gijbels 1996, "Local polynomial modelling and its applications"; Chu & Marron 1991 for
    cross-validation with dependent noise.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = 1 - np.exp(-np.arange(200) / 40)
    >>> curve = smooth_curve(truth + rng.normal(scale=0.2, size=200))
    >>> bool(np.mean(np.abs(curve.value - truth)) < 0.05)
    True
    """
    y, unit = in_own_unit(check_one_series(values, "values", MIN_TRIALS))
    check_share("level", level)
    if bandwidth is not None:
        bandwidth = check_number("bandwidth", bandwidth, least=3)
    gap = None if gap is None else check_whole("gap", gap, 0, len(y) - 1)
    if gap is None:
        gap = _gap(y)
    if bandwidth is None:
        bandwidth = _choose(y, gap)
    fit = _local_lines(y, bandwidth)
    rest = y - fit.value
    degrees = np.clip(1 - np.nansum(fit.own_weight) / np.isfinite(y).sum(), 0.1, 1)
    noise = fit_noise(rest / np.sqrt(degrees))
    z = scipy.special.ndtri((1 + level) / 2)
    bias = _local_parabolas(y, bandwidth) - fit.value
    half = z * np.sqrt(noise.long_run_variance * fit.error**2 + np.nan_to_num(bias) ** 2)
    half_slope = z * np.sqrt(noise.long_run_variance) * fit.slope_error
    return SmoothCurve(
        unit.levels(fit.value),
        unit.levels(np.array([fit.value - half, fit.value + half])),
        unit.sizes(fit.slope),
        unit.sizes(np.array([fit.slope - half_slope, fit.slope + half_slope])),
        float(bandwidth),
        level,
        Noise(
            noise.coefficients,
            float(unit.squares(noise.innovation_variance)),
            float(unit.squares(noise.variance)),
        ),
    )


@dataclass(frozen=True, eq=False)
class _Lines:
    """Lines through neighbours, and their standard errors for noise of unit variance."""

    value: np.ndarray
    slope: np.ndarray
    error: np.ndarray
    slope_error: np.ndarray
    own_weight: np.ndarray


def _local_lines(y: np.ndarray, bandwidth: float, gap: int = -1) -> _Lines:
    """Fit a line for each trial, without the trials that are at most ``gap`` away."""
    (s0, s1, s2), (t0, t1) = _moments(y, bandwidth, 3, 2, gap=gap)
    (q0, q1, q2), _ = _moments(y, bandwidth, 3, 0, gap=gap, squared=True)
    determinant = s0 * s2 - s1**2
    with np.errstate(invalid="ignore", divide="ignore"):
        determinant = np.where(determinant > 1e-9 * np.maximum(s0 * s2, 1e-12), determinant, np.nan)
        value = (s2 * t0 - s1 * t1) / determinant
        slope = (s0 * t1 - s1 * t0) / determinant
        error = np.sqrt(np.maximum(s2**2 * q0 - 2 * s1 * s2 * q1 + s1**2 * q2, 0)) / determinant
        slope_error = np.sqrt(np.maximum(s0**2 * q2 - 2 * s0 * s1 * q1 + s1**2 * q0, 0))
        own = s2 / determinant * np.isfinite(y) * (gap < 0)
    return _Lines(value, slope, error, slope_error / determinant, own)


def _local_parabolas(y: np.ndarray, bandwidth: float) -> np.ndarray:
    """Return values of parabolas through the same neighbours; NaN where too few."""
    s, t = _moments(y, bandwidth, 5, 3)
    scale = np.abs(s[0]).max() * bandwidth ** np.arange(3)
    matrix = np.stack([np.stack([s[i + j] for j in range(3)], -1) for i in range(3)], -2)
    matrix = matrix / scale[0] / bandwidth ** np.add.outer(np.arange(3), np.arange(3))
    right = np.stack([t[i] / scale[i] for i in range(3)], -1)
    usable = np.linalg.det(matrix) > 1e-9
    value = np.full(len(y), np.nan)
    value[usable] = np.linalg.solve(matrix[usable], right[usable][..., None])[:, 0, 0]
    return value


def _moments(
    y: np.ndarray,
    bandwidth: float,
    n_weights: int,
    n_values: int,
    *,
    gap: int = -1,
    squared: bool = False,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Sum weight times powers 0, 1, … of distance over neighbours; the same for values.

    They are convolutions with the weights and their moments.
    """
    reach = int(np.ceil(bandwidth)) - 1
    offset = np.arange(-reach, reach + 1)
    weight = np.where(np.abs(offset) > gap, 1 - (offset / bandwidth) ** 2, 0.0)
    weight = weight**2 if squared else weight
    seen = np.isfinite(y).astype(float)
    values = np.where(np.isfinite(y), y, 0.0)

    def around(series: np.ndarray, power: int) -> np.ndarray:
        # Convolution turns its kernel round.
        kernel = (weight * offset**power)[::-1]
        return scipy.signal.convolve(series, kernel, mode="full")[reach : reach + len(y)]

    return [around(seen, p) for p in range(n_weights)], [around(values, p) for p in range(n_values)]


def _choose(y: np.ndarray, gap: int) -> float:
    """Choose the bandwidth with the smallest prediction error across the gap."""
    n = len(y)
    least = min(max(5.0, 2.0 * gap + 4), n / 2)
    candidates = np.geomspace(least, n, N_BANDWIDTHS)
    errors = []
    for candidate in candidates:
        rest = y - _local_lines(y, candidate, gap).value
        # Leaving out unpredictable trials would favour small bandwidths.
        rest = np.where(np.isnan(rest) & np.isfinite(y), y - np.nanmean(y), rest)
        errors.append(np.nanmean(rest**2))
    return float(candidates[int(np.argmin(errors))])


def _gap(y: np.ndarray) -> int:
    """Return how far noise about a rough curve is correlated by more than 0.1."""
    rough = _local_lines(y, max(len(y) / 5, 10.0))
    noise = fit_noise(y - rough.value)
    impulse = np.zeros(200)
    impulse[0] = 1.0
    response = scipy.signal.lfilter([1.0], [1.0, *-noise.coefficients], impulse)
    correlation = np.array(
        [response[: 200 - h] @ response[h:] for h in range(min(50, len(y) // 8))]
    )
    above = np.flatnonzero(np.abs(correlation) > 0.1 * correlation[0])
    return int(above.max(initial=0))
