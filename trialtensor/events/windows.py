"""Bins of a window around an event, and the event of each trial."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas

from trialtensor.data.parameters import check_number
from trialtensor.events.spike_times import in_seconds
from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large

_MOST = 10**6  # bins of a window
# Units in the last place of the largest time by which a time may miss the edge that it is on: it,
# the event and the edge are each rounded once or twice.
_ROUNDED = 8


@dataclass(frozen=True)
class Bins:
    """Bins of equal size, half-open, relative to an event.

    Attributes
    ----------
    start, stop : float
        Of the window, in seconds.
    size : float
        Of a bin, in seconds.
    n : int
    """

    start: float
    stop: float
    size: float
    n: int

    @property
    def edges(self) -> np.ndarray:
        """Edges in seconds, (n + 1,): the floats next to the decimal numbers that are meant."""
        first, last = _exact(self.start), _exact(self.stop)
        places = range(self.n + 1)
        return np.array([float(first + (last - first) * k / self.n) for k in places])

    @property
    def centres(self) -> np.ndarray:
        """Centres in seconds, (n,)."""
        first, last = _exact(self.start), _exact(self.stop)
        step = (last - first) / (2 * self.n)
        return np.array([float(first + step * (2 * k + 1)) for k in range(self.n)])

    def slack(self, events: np.ndarray) -> float:
        """Return by how many seconds a time may lie before an edge and still be on it.

        Decimal numbers are rounded when they are stored: 36000.3 - 36000 is less than 0.3. What was
        written on an edge belongs to the bin that begins there, so edges are moved back by a few
        units in the last place of the largest time: 6e-11 s after ten hours.

        Parameters
        ----------
        events : (n,) array
            Finite times in seconds.

        Raises
        ------
        ValueError
            If times are so large that bins can't be told apart.
        """
        largest = np.abs(events).max(initial=0) + max(abs(self.start), abs(self.stop))
        slack = _ROUNDED * float(np.spacing(largest))
        if slack > 0.1 * self.size:
            raise ValueError(
                f"bin_size: {self.size:g} s is too short for times of {largest:.3g} s, which are "
                f"stored in steps of {slack / _ROUNDED:.2g} s; count them from the start of the "
                "recording"
            )
        return slack


def bins_of(window: Any, bin_size: Any) -> Bins:
    """Check a window and a bin size, and return the bins.

    Parameters
    ----------
    window : (float, float)
        Start and end in seconds, relative to the event.
    bin_size : float
        In seconds; the length of the window is a multiple of it.

    Returns
    -------
    Bins

    Raises
    ------
    ValueError
        If the window is reversed or isn't two numbers, or its length no multiple of the bin size.

    Examples
    --------
    >>> bins_of((-0.5, 1.0), 0.02).n
    75
    """
    start, stop = check_window(window)
    size = check_number("bin_size", bin_size, above=0)
    exact = (_exact(stop) - _exact(start)) / _exact(size)
    if exact > _MOST:
        shown = "endless" if exact > 10**300 else f"{float(exact):.3g}"
        raise ValueError(
            f"bin_size: {size:g} s makes {shown} bins of a window of "
            f"{stop - start:g} s, expected at most {_MOST:,}; both are in seconds"
        )
    ratio = float(exact)
    n = round(ratio)
    if n < 1 or abs(ratio - n) > 1e-6 * n:
        better = ", ".join(f"{each:.6g}" for each in _near(stop - start, ratio))
        raise ValueError(
            f"window: its length, {_short(stop - start)} s, is no multiple of bin_size, {size:g} "
            f"s ({ratio:.4g} bins); bin_size could be {better} s, or change the window (both are "
            "in seconds)"
        )
    # What is recorded is the size that divides the window: of 0.02 as float32, 0.02.
    return Bins(start, stop, float((_exact(stop) - _exact(start)) / n), n)


def check_window(window: Any) -> tuple[float, float]:
    """Return start and end of a window.

    Parameters
    ----------
    window : (float, float)
        In seconds.

    Raises
    ------
    ValueError
        If it isn't two numbers, the first of which is smaller.
    """
    ends = list(window) if hasattr(window, "__iter__") and not isinstance(window, str) else []
    if len(ends) != 2:
        raise ValueError(
            f"window: expected (start, end) in seconds relative to the event, got {window!r}"
        )
    start, stop = (check_number("window", each) for each in ends)
    if not start < stop:
        raise ValueError(f"window: starts at {start:g} s and ends at {stop:g} s, not later")
    return start, stop


def event_times(trials: pandas.DataFrame, align_to: Any) -> np.ndarray:
    """Return the time of an event in each trial, NaN where it didn't happen.

    Parameters
    ----------
    trials : pandas.DataFrame
    align_to : str
        A column with times in seconds.

    Returns
    -------
    (n_trials,) float64 array

    Raises
    ------
    ValueError
        If there is no such column, it isn't numbers, or no trial has the event.
    """
    if not len(trials):
        raise ValueError("trials: the table has no rows, expected one a trial")
    if not isinstance(align_to, str) or align_to not in trials.columns:
        near = {str(name).lower(): str(name) for name in trials.columns}
        meant = difflib.get_close_matches(str(align_to).lower(), near, 1)
        hint = f"did you mean {near[meant[0]]!r}? " if meant else ""
        raise ValueError(
            f"align_to: the trials have no column {align_to!r}; {hint}times could be in "
            f"{_numeric_columns(trials)}"
        )
    column = trials[align_to]
    if isinstance(column, pandas.DataFrame):
        raise ValueError(f"align_to: the trials have {column.shape[1]} columns {align_to!r}")
    if pandas.api.types.is_timedelta64_dtype(column.dtype):
        times = column.dt.total_seconds().to_numpy(np.float64)
    elif column.dtype.kind in "Mb":
        holds = "dates" if column.dtype.kind == "M" else "True and False"
        raise ValueError(
            f"align_to: column {align_to!r} holds {holds}, expected seconds since the start of the "
            f"recording, such as {_numeric_columns(trials)}"
        )
    else:
        times = in_seconds(column.to_numpy(), argument=f"align_to: column {align_to!r}")
    if np.isinf(times).any():
        raise ValueError(f"align_to: column {align_to!r} has infinite times")
    if np.isnan(times).all():
        raise ValueError(
            f"align_to: column {align_to!r} is missing (NaN) in all {len(times)} trials"
        )
    return times


def refuse_elsewhere(
    events: np.ndarray,
    window: tuple[float, float],
    first: float,
    last: float,
    what: str,
    *,
    room: float = 0.0,
) -> None:
    """Refuse trials all of whose windows lie outside of the recording.

    Parameters
    ----------
    events : (n_trials,) array
        In seconds, with NaN.
    window : (float, float)
    first, last : float
        Of the recording.
    what : str
        Such as "spikes".
    room : float
        Seconds by which the recording may be longer on both sides.

    Raises
    ------
    ValueError
    """
    begin, end = np.nanmin(events) + window[0], np.nanmax(events) + window[1]
    inside = (events + window[1] > first - room) & (events + window[0] <= last + room)
    if not inside.any():
        raise ValueError(
            f"trials: none lies within the recording: windows go from {_short(begin)} to "
            f"{_short(end)} s, {what} from {_short(first)} to {_short(last)} s; are all times in "
            "seconds, on the same clock (samples: rate=)?"
        )


def refuse_many(shape: tuple[int, int, int], item: int) -> None:
    """Refuse a tensor that doesn't fit into memory.

    Parameters
    ----------
    shape : (n_trials, n_neurons, n_times)
    item : int
        Bytes of a value.

    Raises
    ------
    ValueError
    """
    try:
        refuse_too_large(int(np.prod([float(n) for n in shape])) * item)
    except RefusedError as error:
        n_trials, n_neurons, n_times = shape
        raise ValueError(
            f"window and bin_size: a tensor of {n_trials} trials, {n_neurons} neurons and "
            f"{n_times} times {error}"
        ) from None


def _exact(value: float) -> Fraction:
    """Return the decimal number that a float was written as, exactly."""
    return Fraction(repr(float(value)))


def _near(length: float, ratio: float) -> list[float]:
    """Return the sizes next to one that doesn't divide the window, of few digits if possible."""
    fewer, more = max(1, int(ratio)), int(ratio) + 1
    return sorted(
        {
            length / next((n for n in places if _few_digits(length / n)), first)
            for first, places in (
                (fewer, range(fewer, max(0, fewer // 2 - 1), -1)),
                (more, range(more, 2 * more + 1)),
            )
        }
    )


def _few_digits(value: float) -> bool:
    return abs(float(f"{value:.2g}") - value) < 1e-9 * value


def _numeric_columns(trials: pandas.DataFrame) -> str:
    numeric = [
        str(name)
        for name, dtype in zip(trials.columns, trials.dtypes, strict=True)
        if pandas.api.types.is_numeric_dtype(dtype) and dtype.kind != "b"
    ]
    return ", ".join(numeric) if numeric else "none of its columns, which hold no numbers"


def _short(seconds: float) -> str:
    return f"{seconds:.10g}"
