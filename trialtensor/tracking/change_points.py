"""Trials at which the level of a series begins to change, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_whole
from trialtensor.tracking.series import check_series
from trialtensor.tracking.transitions import Transitions, transitions


@dataclass(frozen=True, eq=False, repr=False)
class ChangePoints(OneLine):
    """Changes of one or several trial series.

    Attributes
    ----------
    trials : (n_changes,) array of int
        The first trial of each change, sudden or gradual, counted from 0.
    intervals : (n_changes, 2) array of int
        First and last trial at which the change may have begun.
    levels : (n_changes + 1,) or (n_changes + 1, n_series) array
        Of the course before the first change, and at the end of what follows each: on the trial
        before the next, and on the last. For steps, the levels between them.
    p_value : float
        For the null of no change at all, only noise.
    level : float
        Of the intervals.
    noise_sd : (n_series,) array
        Standard deviation of a trial about the course.
    inflation : (n_series,) array
        Number of trials that carry the information of one independent trial, from the correlation
        of their noise.
    fitted : array of the shape of the series
        The course, its posterior mean.
    """

    trials: np.ndarray
    intervals: np.ndarray
    levels: np.ndarray
    p_value: float
    level: float
    noise_sd: np.ndarray
    inflation: np.ndarray
    fitted: np.ndarray

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
    time_constants: Any = None,
    max_transitions: int = 4,
    random_state: Any = 0,
) -> ChangePoints:
    """Find the trials at which a series, or several together, begins to change.

    These are the onsets of `transitions`, which also says how fast and how far a series changes,
    and how much of a random walk it looks like. A gradual change is one change, at its first trial.

    Parameters
    ----------
    values : (n_trials,) or (n_trials, n_series) array
        NaN is missing. Several series are assumed to change together; for separate changes, call
        the function once per series.
    min_size : int
        Fewer trials than this that differ are outliers and no change.
    alpha : float
        Share of series without changes in which some are reported.
    level : float
        Of the intervals.
    time_constants : float or sequence of float, optional
        Those that are possible: 0 for steps only, for a series that is known not to change
        gradually; by default all.
    max_transitions : int
        Changes to look for, at most 10.
    random_state : int, Generator or None

    Returns
    -------
    ChangePoints

    Raises
    ------
    ValueError
        For fewer than ``max(20, 4 * min_size)`` trials with a value, or parameters out of range.

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
    found = transitions(
        values,
        time_constants=time_constants,
        max_transitions=max_transitions,
        min_size=min_size,
        alpha=alpha,
        level=level,
        random_state=random_state,
    )
    trials, intervals = _onsets(found)
    course = found.course.reshape(series.shape)
    levels = levels_between(found, course) if len(trials) else course.mean(axis=0)[None]
    return ChangePoints(
        trials,
        intervals,
        levels[:, 0] if np.ndim(found.course) == 1 else levels,
        found.p_value,
        level,
        found.noise_sd,
        found.inflation,
        found.course,
    )


def _onsets(found: Transitions) -> tuple[np.ndarray, np.ndarray]:
    """Return each trial at which something begins, and its interval.

    A fast and a slow transition from the same trial on are one change.
    """
    by_onset = found.table.groupby("onset", sort=True)
    ends = np.stack([by_onset["onset_low"].min(), by_onset["onset_high"].max()], axis=1)
    return found.onsets, ends.astype(np.int64).reshape(-1, 2)


def levels_between(found: Transitions, course: np.ndarray) -> np.ndarray:
    """Return levels before the first change and at the end of each, ``(n_changes + 1, n_series)``.

    Each draw is read at the ends of its own parts. Between draws that have stepped already and
    those that have not, the mean course is at no level.
    """
    draws, n_trials = found.draws, len(course)
    before = course[0] - np.mean(_reached(found, np.zeros(len(draws.onsets)), n_trials), axis=0)
    rows = found.table["onset"].to_numpy()[:: course.shape[1]]
    first = np.searchsorted(np.sort(rows), found.onsets[1:])
    starts = np.sort(draws.onsets, axis=1)[:, first]
    ends = [*(starts - 1).T, np.full(len(starts), n_trials - 1)]
    after = [np.mean(_reached(found, end, n_trials), axis=0) for end in ends]
    return before + np.stack([np.zeros_like(before), *after])


def _reached(found: Transitions, trial: np.ndarray, n_trials: int) -> np.ndarray:
    """Return how far each draw is from its first level at a trial, ``(n_draws, n_series)``."""
    taus = found.draws.time_constants
    since = np.maximum(trial[:, None] - found.draws.onsets + 1, 0)
    long = np.where((taus > 0) & np.isfinite(taus), taus, 1.0)
    gradual = np.where(np.isfinite(taus), 1 - np.exp(-since / long), since / n_trials)
    share = np.where(taus == 0, since > 0, gradual)
    return np.einsum("di,dis->ds", share, found.draws.amplitudes)
