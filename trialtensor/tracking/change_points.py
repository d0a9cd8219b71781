"""Times at which the level of a trial series changes, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.arrays import exponent_of, scaled
from trialtensor.data.shown import OneLine, is_least
from trialtensor.kernels.change_points import (
    best_segmentations,
    penalised_changes,
    split_greedily,
)
from trialtensor.models.parameters import REPEATS, check_share, check_whole, generator
from trialtensor.tracking.memory import (
    Splits,
    TrialNoise,
    mixing_of,
    simulate_together,
    trial_noise,
)
from trialtensor.tracking.series import check_series

# Of a series of unit variance: without noise every rounding would be a change.
LEAST_NOISE = 1e-12
MAX_SHARED = 3  # changes that the test of shared changes looks for


@dataclass(frozen=True, eq=False, repr=False)
class ChangePoints(OneLine):
    """Level changes of one or several trial series.

    Attributes
    ----------
    trials : (n_changes,) array of int
        The first trial of each new level, counted from 0.
    intervals : (n_changes, 2) array of int
        First and last trial at which the new level may have begun.
    levels : (n_changes + 1,) or (n_changes + 1, n_series) array
        Means between the changes.
    p_value : float
        For the null of no change at all, only noise; at least ``least_p``.
    level : float
        Of the intervals.
    noise_sd : (n_series,) array
        Standard deviation of a trial about its level.
    inflation : (n_series,) array
        Number of trials that carry the information of one independent trial, from the correlation
        of their noise.
    fitted : array of the shape of the series
        The level of each trial.
    least_p : float
        Smallest p value that the number of simulated series allows, ``1 / (n_null + 1)``.
    """

    trials: np.ndarray
    intervals: np.ndarray
    levels: np.ndarray
    p_value: float
    level: float
    noise_sd: np.ndarray
    inflation: np.ndarray
    fitted: np.ndarray
    least_p: float = 0.0

    def at_floor(self, name: str = "p_value") -> bool:
        """Return whether the p value is the smallest possible."""
        return bool(is_least(self.p_value, self.least_p))

    @property
    def n_changes(self) -> int:
        """Number of changes found."""
        return len(self.trials)


def change_points(
    values: Any,
    *,
    min_size: int = 5,
    alpha: float = 0.05,
    level: float = 0.9,
    n_null: int = 199,
    n_bootstrap: int = 500,
    random_state: Any = 0,
) -> ChangePoints:
    """Find the trials at which the level of a series, or of several together, changes.

    The segmentation is exact least squares, by dynamic programming. First, a test: does the best
    segmentation explain more of the series than of pure noise? Slow drift looks like changes, so
    the simulated noise is white, slow, or both, each kind in proportion to its likelihood once
    levels are removed, with the outliers of the series. Changes are reported only if ``p_value``
    is at most ``alpha``; Schwarz's criterion with the long-run variance of that noise then gives
    their number: another change must lower ``SSE / variance`` by ``2 log n`` (one log for its
    position, one for each new level).

    Intervals come from a bootstrap: such noise is added to the fitted levels, and each
    change is located again between its neighbours.

    Parameters
    ----------
    values : (n_trials,) or (n_trials, n_series) array
        NaN is missing. Several series are assumed to change together; for separate changes, call
        the function once per series.
    min_size : int
        Minimum number of trials between changes; for a single series, of trials with a value.
    alpha : float
        Share of series without changes in which some are reported.
    level : float
        Of the intervals.
    n_null, n_bootstrap : int
        Simulated series for the test and for the intervals.
    random_state : int, Generator or None

    Returns
    -------
    ChangePoints

    Raises
    ------
    ValueError
        For fewer than ``max(20, 4 * min_size)`` trials with a value, or parameters out of range.

    References
    ----------
    Yao 1988, "Estimating the number of change-points via Schwarz' criterion"; Maidstone et al.
    2017 for the dynamic programming; Lavielle & Moulines 2000 for changes in dependent noise; Wood
    2010 for the likelihood of kinds of noise by simulation.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0.0, 1.5, 0.0], 60) + rng.normal(scale=0.5, size=180)
    >>> found = change_points(y)
    >>> found.trials.tolist(), found.p_value < 0.01
    ([60, 120], True)
    """
    min_size = check_whole("min_size", min_size, 1)
    series = check_series(values, "values", max(20, 4 * min_size))
    check_share("alpha", alpha), check_share("level", level)
    check_whole("n_null", n_null, 19, REPEATS), check_whole("n_bootstrap", n_bootstrap, 20, REPEATS)
    rng = generator(random_state)
    units = np.array([exponent_of(column) for column in series.T])
    series = scaled(series, -units)
    centre, scale = np.nanmean(series, axis=0), np.nanstd(series, axis=0)
    scale = np.where(scale > 0, scale, 1)
    unit = (series - centre) / scale
    noise = [trial_noise(column, Splits(min_size)) for column in unit.T]
    mixing = mixing_of(unit, Splits(min_size))
    p_value = _test(unit, noise, mixing, min_size, n_null, rng)
    trials = np.zeros(0, np.int64)
    if p_value <= alpha:
        trials = _segment(unit, noise, min_size)
    if len(trials):
        # Now that the levels are known, less of the noise is taken for one.
        rest = unit - _levels(unit, trials)[1]
        noise = [trial_noise(column, Splits(min_size, 0)) for column in rest.T]
    intervals = _intervals(unit, trials, noise, mixing, min_size, level, n_bootstrap, rng)
    levels, fitted = _levels(series, trials)
    levels, fitted = scaled(levels, units), scaled(fitted, units)
    noise_sd = scaled(np.sqrt([each.variance for each in noise]) * scale, units)
    inflation = np.array([each.inflation for each in noise])
    if np.ndim(values) == 1:
        levels, fitted = levels[:, 0], fitted[:, 0]
    return ChangePoints(
        trials, intervals, levels, p_value, level, noise_sd, inflation, fitted, 1 / (n_null + 1)
    )


def _test(
    series: np.ndarray,
    noise: list[TrialNoise],
    mixing: np.ndarray,
    min_size: int,
    n_null: int,
    rng: np.random.Generator,
) -> float:
    """Return how often noise alone is explained as well."""
    if not any(each.variance > 0 for each in noise):
        return 1.0 if np.nanvar(series) == 0 else 1 / (n_null + 1)
    slowness = np.array([each.inflation for each in noise])
    observed = _improvement(series, slowness, min_size)
    gone = np.where(np.isfinite(series), 0.0, np.nan)
    reached = 0
    for _ in range(n_null):
        draw = simulate_together(noise, mixing, 1, len(series), rng)[0]
        reached += _improvement(draw + gone, slowness, min_size) >= observed
    return (1 + reached) / (1 + n_null)


def _improvement(series: np.ndarray, slowness: np.ndarray, min_size: int) -> float:
    """Return the gain of the best segmentation, in noise units, less ``log n`` per change."""
    scaled = []
    for y, inflation in zip(series.T, slowness, strict=True):
        unit = np.sqrt(np.nanvar(Splits(min_size).flatten(y)) * inflation)
        scaled.append((y - np.nanmean(y)) / unit if unit > 0 else 0 * y)
    values = np.stack(scaled, axis=1)
    penalty = np.log(len(values)) * values.shape[1]
    if values.shape[1] == 1:
        y = values[np.isfinite(values[:, 0]), 0]
        changes = penalised_changes(y, penalty, min_size)
        return float(np.sum(y**2) - _sum_of_squares(y, changes) - penalty * len(changes))
    costs, _ = _shared(values, MAX_SHARED, min_size)
    return float(np.max(costs[0] - costs - penalty * np.arange(len(costs))))


def _segment(series: np.ndarray, noise: list[TrialNoise], min_size: int) -> np.ndarray:
    """Return the changes by Schwarz's criterion, at least one."""
    units = np.sqrt([max(each.long_run_variance, LEAST_NOISE) for each in noise])
    values = series / units
    n, n_series = values.shape
    penalty = (1 + n_series) * np.log(n)
    if n_series == 1:
        seen = np.flatnonzero(np.isfinite(values[:, 0]))
        y = np.ascontiguousarray(values[seen, 0])
        changes = penalised_changes(y, penalty, min_size)
        if not len(changes):
            changes = _best_split(y, min_size)
        return seen[changes]
    limit = min(10, n // min_size - 1)
    costs, last = _shared(values, limit, min_size)
    m = max(int(np.argmin(costs + penalty * np.arange(limit + 1))), 1)
    found, t = [], n
    for k in range(m, 0, -1):
        t = int(last[k, t])
        found.append(t)
    return np.array(found[::-1])


def _shared(values: np.ndarray, n: int, min_size: int) -> tuple[np.ndarray, np.ndarray]:
    seen = np.isfinite(values)
    return best_segmentations(seen.astype(float), np.where(seen, values, 0.0), n, min_size)


def _sum_of_squares(y: np.ndarray, changes: np.ndarray) -> float:
    return float(sum(np.sum((part - part.mean()) ** 2) for part in np.split(y, changes)))


def _best_split(y: np.ndarray, min_size: int) -> np.ndarray:
    rest = split_greedily(y, 1, min_size)
    return np.flatnonzero(np.abs(np.diff(y - rest)) > 1e-12 * np.abs(y).max())[:1] + 1


def _levels(series: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = np.split(np.arange(len(series)), trials)
    levels = np.array(
        [
            [np.mean(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan
             for column in series[part].T]
            for part in parts
        ]
    )  # fmt: skip
    return levels, np.repeat(levels, [len(part) for part in parts], axis=0)


def _intervals(
    series: np.ndarray,
    trials: np.ndarray,
    noise: list[TrialNoise],
    mixing: np.ndarray,
    min_size: int,
    level: float,
    n_bootstrap: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return where each change reappears, between its neighbours, with other noise."""
    edges = [0, *trials.tolist(), len(series)]
    _, fitted = _levels(series, trials)
    units = np.sqrt([max(each.long_run_variance, LEAST_NOISE) for each in noise])
    ends = []
    for before, change, after in zip(edges, trials, edges[2:], strict=False):
        gone = np.where(np.isfinite(series[before:after]), fitted[before:after], np.nan)
        draws = simulate_together(noise, mixing, n_bootstrap, after - before, rng) + gone
        found = np.array([before + _locate(draw / units, min_size) for draw in draws])
        ends.append(_shortest(found, int(change), level))
    return np.array(ends, dtype=np.int64).reshape(-1, 2)


def _shortest(found: np.ndarray, change: int, level: float) -> tuple[int, int]:
    """Return the shortest range that contains the change and this many of the draws.

    Quantiles would hold more: most draws are on few trials.
    """
    ordered = np.sort(np.append(found, change))
    inside = int(np.ceil(level * len(ordered)))
    low, high = ordered[: len(ordered) - inside + 1], ordered[inside - 1 :]
    holds = (low <= change) & (change <= high)
    best = np.argmin(np.where(holds, high - low, np.inf))
    return int(low[best]), int(high[best])


def _locate(values: np.ndarray, min_size: int) -> int:
    """Return the best single split of several series."""
    seen = np.isfinite(values)
    count = np.cumsum(seen, axis=0)
    total = np.cumsum(np.where(seen, values, 0.0), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = total[:-1] ** 2 / count[:-1]
        right = (total[-1] - total[:-1]) ** 2 / (count[-1] - count[:-1])
    gain = (np.nan_to_num(left) + np.nan_to_num(right)).sum(axis=1)
    margin = min(min_size, len(values) // 2)
    inner = slice(margin - 1, len(gain) - margin + 1)
    return int(np.argmax(gain[inner])) + margin
