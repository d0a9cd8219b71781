"""A smooth curve through a trial series, with an interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.special

from trialtensor.data.shown import OneLine
from trialtensor.kernels.transition_scans import transition_shape
from trialtensor.models.parameters import check_number, check_share, check_whole
from trialtensor.tracking.local_lines import choose_bandwidth, local_lines, local_parabolas
from trialtensor.tracking.noise import Noise, fit_noise
from trialtensor.tracking.series import Unit, check_one_series, in_own_unit
from trialtensor.tracking.transitions import Transitions, transitions

MIN_TRIALS = 20


@dataclass(frozen=True, eq=False, repr=False)
class SmoothCurve(OneLine):
    """A smooth curve over trials.

    Attributes
    ----------
    value : (n_trials,) array
    interval : (2, n_trials) array
        Pointwise.
    slope : (n_trials,) array
        Change of the curve from one trial to the next. Of a course of transitions, that from the
        trial before: 0 on the first.
    slope_interval : (2, n_trials) array
    bandwidth : float
        Trials to each side that count, for local lines; NaN for a course of transitions, whose
        smoothness varies.
    level : float
        Of the intervals.
    noise : Noise
        Of the trials about the curve.
    wanders : bool
        Whether the series has more of a random walk than of such a course, as in `transitions`:
        then the curve leaves out what wanders. False for local lines, which follow it.
    """

    value: np.ndarray
    interval: np.ndarray
    slope: np.ndarray
    slope_interval: np.ndarray
    bandwidth: float
    level: float
    noise: Noise
    wanders: bool = False


def smooth_curve(
    values: Any,
    *,
    bandwidth: float | None = None,
    gap: int | None = None,
    level: float = 0.9,
    max_transitions: int = 4,
    random_state: Any = 0,
) -> SmoothCurve:
    """Return the course of a series without its noise.

    By default it is the posterior mean of `transitions`, with its pointwise interval: as steep as
    learning is at its onset, as flat as its plateau, and closer to the truth the less noise there
    is. Slow noise isn't followed.

    A course that goes up and down more often than ``max_transitions`` allows is beyond it, such as
    several periods of a sinusoid: it is taken for slow noise and the curve is nearly flat, and
    ``wanders`` may say so. For such a series, pass a bandwidth.

    With ``bandwidth`` or ``gap``, it is a weighted linear fit to the neighbours of every trial.
    Weights are Epanechnikov's, ``1 - (distance / bandwidth)²``. Intervals use the long-run variance
    of the noise, and are wider where a parabola through the same neighbours differs: there, lines
    are flatter than the truth.

    Parameters
    ----------
    values : (n_trials,) array
        NaN is missing.
    bandwidth : float, optional
        For local lines, in trials.
    gap : int, optional
        For local lines: without a bandwidth, take the one that predicts each trial best from others
        that are more than so many trials away. Neighbours with the same noise would make any curve
        that follows them look good.
    level : float
        Of the intervals.
    max_transitions : int
        At most 10.
    random_state : int, Generator or None

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
    series = check_one_series(values, "values", MIN_TRIALS)
    check_share("level", level)
    if bandwidth is not None:
        bandwidth = check_number("bandwidth", bandwidth, least=3)
    gap = None if gap is None else check_whole("gap", gap, 0, len(series) - 1)
    y, unit = in_own_unit(series)
    if bandwidth is None and gap is None:
        if not np.nanmax(np.abs(y)) > 0:
            # A constant is its own course, to the last digit.
            return replace(_lines(y, unit, float(len(y)), level), bandwidth=float("nan"))
        found = transitions(
            series, max_transitions=max_transitions, level=level, random_state=random_state
        )
        return _course(series, found)
    if bandwidth is None:
        bandwidth = choose_bandwidth(y, gap or 0)
    return _lines(y, unit, bandwidth, level)


def _course(series: np.ndarray, found: Transitions) -> SmoothCurve:
    slopes = _slopes(found)
    y, unit = in_own_unit(series)
    rest = y - (found.course - unit.middle) / unit.sizes(1.0)
    tails = [(1 - found.level) / 2, (1 + found.level) / 2]
    return SmoothCurve(
        found.course,
        found.band,
        np.diff(found.course, prepend=found.course[0]),
        np.quantile(slopes, tails, axis=0),
        float("nan"),
        found.level,
        _in_unit(fit_noise(rest), unit),
        found.wanders,
    )


def _slopes(found: Transitions) -> np.ndarray:
    """Return draws of the slope, ``(n_draws, n_trials)``; as many without transitions as likely."""
    draws, n_trials = found.draws, len(found.course)
    changing = len(draws.onsets)
    if not len(found.table):
        changing = round(changing * found.probability)
    slopes = np.zeros((len(draws.onsets), n_trials))
    for draw in range(changing):
        for i in range(draws.onsets.shape[1]):
            shape = transition_shape(
                int(draws.onsets[draw, i]), float(draws.time_constants[draw, i]), n_trials
            )
            slopes[draw] += draws.amplitudes[draw, i, 0] * np.diff(shape, prepend=0.0)
    slopes[:, 0] = 0.0
    return slopes


def _in_unit(noise: Noise, unit: Unit) -> Noise:
    return Noise(
        noise.coefficients,
        float(unit.squares(noise.innovation_variance)),
        float(unit.squares(noise.variance)),
    )


def _lines(y: np.ndarray, unit: Unit, bandwidth: float, level: float) -> SmoothCurve:
    fit = local_lines(y, bandwidth)
    rest = y - fit.value
    degrees = np.clip(1 - np.nansum(fit.own_weight) / np.isfinite(y).sum(), 0.1, 1)
    noise = fit_noise(rest / np.sqrt(degrees))
    z = scipy.special.ndtri((1 + level) / 2)
    bias = local_parabolas(y, bandwidth) - fit.value
    half = z * np.sqrt(noise.long_run_variance * fit.error**2 + np.nan_to_num(bias) ** 2)
    half_slope = z * np.sqrt(noise.long_run_variance) * fit.slope_error
    return SmoothCurve(
        unit.levels(fit.value),
        unit.levels(np.array([fit.value - half, fit.value + half])),
        unit.sizes(fit.slope),
        unit.sizes(np.array([fit.slope - half_slope, fit.slope + half_slope])),
        float(bandwidth),
        level,
        _in_unit(noise, unit),
    )
