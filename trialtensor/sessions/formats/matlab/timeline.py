"""Spike times that are cut into trials, put back on one line of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SESSION, TRIAL = "session", "trial"


@dataclass(frozen=True, slots=True)
class Line:
    """Spikes of units on one line of time.

    Attributes
    ----------
    times : (n_spikes,) array
        Unit after unit.
    bounds : (n_units + 1,) array
    zero : (n_trials,) array or None
        Where the zero of each trial lies; None if times were those of the session already.
    apart : float
        Seconds between the zeros of trials that were put on a line of our own; 0 if the file says
        when they started.
    span : (float, float)
        First and last spike of all trials, as they came.
    """

    times: np.ndarray
    bounds: np.ndarray
    zero: np.ndarray | None
    apart: float
    span: tuple[float, float]


def on_one_line(
    spikes: list[np.ndarray],
    shape: tuple[int, int],
    times: str | None,
    starts: np.ndarray | None,
) -> Line:
    """Join the trials of each unit.

    Times that go on from trial to trial are those of the session. Others are relative to their
    trial; then trials start when `starts` says, if they don't overlap so, and else far enough apart
    that a window as long as a trial reaches no spike of the next.

    Parameters
    ----------
    spikes : list of arrays
        Of each unit and trial, units first.
    shape : (n_units, n_trials)
    times : "session", "trial" or None
        What the times are relative to; None decides by the times.
    starts : (n_trials,) array or None
        Starts of the trials in the time of the session.
    """
    first, last = _ends(spikes, shape)
    known = np.isfinite(first)
    low = float(first[known].min()) if known.any() else 0.0
    high = float(last[known].max()) if known.any() else 0.0
    zero, apart = None, 0.0
    if times == TRIAL or (times is None and not _goes_on(first, last)):
        if starts is not None and _goes_on(starts + first, starts + last):
            zero = starts
        else:
            apart = float(np.ceil(2 * (high - low) + 1))
            zero = apart * np.arange(shape[1])
    shifts = np.zeros(shape[1]) if zero is None else zero
    moved = [each + shifts[k % shape[1]] for k, each in enumerate(spikes)]
    joined = np.concatenate(moved) if moved else np.zeros(0)
    counts = np.array([len(each) for each in spikes], dtype=np.int64).reshape(shape).sum(axis=1)
    return Line(joined, np.concatenate([[0], np.cumsum(counts)]), zero, apart, (low, high))


def _ends(spikes: list[np.ndarray], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and last spike of each trial, NaN where there is none."""
    first = np.array([np.nanmin(each, initial=np.inf) for each in spikes]).reshape(shape)
    last = np.array([np.nanmax(each, initial=-np.inf) for each in spikes]).reshape(shape)
    low, high = first.min(axis=0, initial=np.inf), last.max(axis=0, initial=-np.inf)
    empty = ~(np.isfinite(low) & np.isfinite(high))
    low[empty], high[empty] = np.nan, np.nan
    return low, high


def _goes_on(first: np.ndarray, last: np.ndarray) -> bool:
    """Whether each trial begins after the one before has ended."""
    known = np.isfinite(first)
    if not np.isfinite(first + last)[known].all() or known.sum() < 2:
        return False
    return bool(np.all(first[known][1:] >= last[known][:-1]))
