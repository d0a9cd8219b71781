"""Which bins lie wholly inside the intervals in which a unit was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.events.windows import Bins


def observed_bins(observed: Sequence[Any], events: np.ndarray, bins: Bins) -> np.ndarray:
    """Return which bins were recorded.

    Parameters
    ----------
    observed : sequence of (n_intervals, 2) arrays
        Of each unit; start and end in seconds. Intervals that touch or overlap are one.
    events : (n_trials,) array
        In seconds, with NaN.
    bins : Bins

    Returns
    -------
    (n_trials, n_units, n_bins) bool array
        False if a part of the bin lies outside, and in trials without the event.

    Raises
    ------
    ValueError
        If an interval isn't two numbers, of which the first isn't larger.
    """
    found = np.zeros((len(events), len(observed), bins.n), bool)
    known = ~np.isnan(events)
    slack = bins.slack(events[known])
    edges = events[:, None] + bins.edges
    same: dict[bytes, np.ndarray] = {}  # most units share their intervals
    for u, each in enumerate(observed):
        intervals = joined_intervals(each)
        key = intervals.tobytes()
        if key not in same:
            same[key] = _inside(edges, intervals, slack) & known[:, None]
        found[:, u] = same[key]
    return found


def joined_intervals(intervals: Any, argument: str = "observed") -> np.ndarray:
    """Return sorted intervals, of which those that touch or overlap are one.

    Parameters
    ----------
    intervals : (n_intervals, 2) array-like
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If they aren't such intervals.

    Examples
    --------
    >>> joined_intervals([[5, 6], [0, 2], [2, 3]]).tolist()
    [[0.0, 3.0], [5.0, 6.0]]
    """
    found = as_floats(intervals, argument, expected="intervals (start, end) in seconds")
    if found.size == 0:
        return np.zeros((0, 2))
    found = found.reshape(1, 2) if found.shape == (2,) else found
    if found.ndim != 2 or found.shape[1] != 2 or not (found[:, 0] <= found[:, 1]).all():
        raise ValueError(
            f"{argument}: expected intervals of shape (n_intervals, 2), each with its start and "
            f"a later end in seconds, got shape {found.shape}"
        )
    found = found[np.argsort(found[:, 0], kind="stable")].astype(np.float64)
    reach = np.maximum.accumulate(found[:, 1])
    begins = np.r_[True, found[1:, 0] > reach[:-1]]
    places = np.flatnonzero(begins)
    return np.stack([found[places, 0], np.maximum.reduceat(found[:, 1], places)], axis=1)


def _inside(edges: np.ndarray, intervals: np.ndarray, slack: float) -> np.ndarray:
    if not len(intervals):
        return np.zeros((len(edges), edges.shape[1] - 1), bool)
    place = np.searchsorted(intervals[:, 0], edges[:, :-1] + slack, side="right") - 1
    covered = intervals[np.maximum(place, 0), 1] >= edges[:, 1:] - slack
    return (place >= 0) & covered
