"""Pieces of signals around an event of each trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_choice
from trialtensor.events.given import as_traces, as_trials
from trialtensor.events.labelled import labelled
from trialtensor.events.resampling import Weights, apply, at_times, in_bins, nearest
from trialtensor.events.traces import Traces
from trialtensor.events.windows import (
    Bins,
    bins_of,
    check_window,
    event_times,
    refuse_elsewhere,
    refuse_many,
)

if TYPE_CHECKING:
    import xarray

# Trials that are cut at a time, and the values (of 8 bytes) that they may be cut from.
_AT_A_TIME, _MOST = 64, 2**24
# Sample intervals that differ by less than this share are those of a regular clock.
_REGULAR = 0.01
_WORDS = {
    "mean": "means of the samples in each bin",
    "interpolate": "linear interpolation between the two samples next to each time",
    "nearest": "samples as they are, from the one nearest to the event on (half an interval at "
    "most from the times given)",
}


def cut_traces(
    traces: Any,
    trials: Any,
    *,
    align_to: str,
    window: tuple[float, float],
    bin_size: float | None = None,
    how: str | None = None,
) -> xarray.DataArray:
    """Cut signals into pieces around an event of each trial.

    Parameters
    ----------
    traces : Traces, pynapple.TsdFrame, neo.AnalogSignal, or pandas.DataFrame
        A table has one column a cell; its index is the time in seconds.
    trials : pandas.DataFrame, dict of columns, pynapple.IntervalSet, neo objects, or array
        As for `bin_spikes`.
    align_to : str
        The column with the event. Trials in which it is missing (NaN) become NaN.
    window : (float, float)
        Start and end in seconds, relative to the event; the end is not included.
    bin_size : float, optional
        In seconds; the length of the window is a multiple of it. By default the signal keeps its
        own sampling.
    how : {"mean", "interpolate", "nearest"}, optional
        "mean" of all samples in each half-open bin; NaN among them is left out. "interpolate"
        linearly at the centres of bins. "nearest" takes samples as they are, from the one nearest
        to the event on, without `bin_size` only. By default the mean if bins are longer than the
        interval between samples, the nearest samples if there are no bins and sampling is regular,
        else interpolation. The attribute ``how`` says which.

    Returns
    -------
    xarray.DataArray
        Dimensions "trial", "neuron", "time"; time is the centre of each bin in seconds after the
        event, or without `bin_size` that of samples. Columns of both tables are coordinates, as in
        `bin_spikes`. NaN where the signal has no sample: before its start, after its end, and in
        gaps (between samples more than 2.5 usual intervals apart). float32 stays float32.

    Raises
    ------
    ValueError
        If the column doesn't exist or holds no times, the window is no multiple of the bin size,
        a mean is asked for of bins shorter than the interval between samples, or no trial lies
        within the recording.

    Examples
    --------
    >>> import numpy as np
    >>> import trialtensor as tt
    >>> dff = tt.Traces("dff", {"depth": [120]}, lambda: np.arange(100.0), rate=10)
    >>> X = tt.cut_traces(dff, {"cue": [2.0, 5.0]}, align_to="cue", window=(0, 0.6), bin_size=0.3)
    >>> X.sel(neuron=0).to_numpy()
    array([[21., 24.],
           [51., 54.]])
    """
    bins = None if bin_size is None else bins_of(window, bin_size)
    ends = check_window(window)
    table, signal = as_trials(trials), as_traces(traces)
    events = event_times(table, align_to)
    clock = Clock.of(signal)
    how = _choose(how, bins, clock)
    refuse_elsewhere(events, ends, signal.times[0], signal.times[-1] + clock.interval, "samples")
    time = bins.centres if bins is not None else _own_times(ends, clock.interval)
    values = _cut(signal, events, _weigher(how, signal, events, time, bins, clock), len(time))
    attrs = {
        "made_by": "cut_traces",
        "align_to": align_to,
        "window": list(ends),
        "bin_size": clock.interval if bins is None else bins.size,
        "how": _WORDS[how],
        "sample_interval": clock.interval,
        "signal": signal.name,
        "units": signal.unit,
        "source": signal.source,
    }
    return labelled(values, table, signal.table, time, name=_plain(signal.name), attrs=attrs)


@dataclass(frozen=True)
class Clock:
    """Usual interval between samples in seconds, and whether all are like it."""

    interval: float
    regular: bool

    @classmethod
    def of(cls, signal: Traces) -> Clock:
        """Measure the clock of a signal.

        Parameters
        ----------
        signal : Traces

        Raises
        ------
        ValueError
            If it has fewer than two samples, or they are all at one time.
        """
        times = signal.times
        if signal.rate is not None and len(times):
            return cls(1 / signal.rate, True)
        steps = np.diff(times)
        interval = float(np.median(steps)) if len(steps) else 0.0
        if interval <= 0:
            raise ValueError(
                f"traces {signal.name!r}: expected samples at several times, got {len(times)}"
                + (", most of them at the same time" if len(steps) else "")
            )
        # Gaps are no irregularity: what counts is where samples lie between them.
        near = steps[steps < 1.5 * interval]
        return cls(interval, bool((np.abs(near - interval) <= _REGULAR * interval).all()))


def _choose(how: Any, bins: Bins | None, clock: Clock) -> str:
    longer = bins is not None and bins.size > clock.interval * (1 + 1e-6)
    if how is None:
        if longer:
            return "mean"
        return "nearest" if bins is None and clock.regular else "interpolate"
    found = check_choice("how", how, tuple(_WORDS))
    if found == "mean" and bins is None:
        raise ValueError("how: 'mean' needs bin_size, the bins to take means in")
    if found == "mean" and bins is not None and bins.size < clock.interval * (1 - 1e-6):
        raise ValueError(
            f"how: 'mean' of bins of {bins.size:g} s, but samples are {clock.interval:g} s apart; "
            "use longer bins, or how='interpolate'"
        )
    if found == "nearest" and bins is not None:
        raise ValueError("how: 'nearest' keeps the sampling of the signal; leave out bin_size")
    return found


def _own_times(window: tuple[float, float], interval: float) -> np.ndarray:
    """Return the times of samples in the window, if one is at the event."""
    first = math.ceil(window[0] / interval - 1e-6)
    stop = math.ceil(window[1] / interval - 1e-6)
    if stop <= first:
        raise ValueError(
            f"window: no sample lies in {window[0]:g} to {window[1]:g} s: they are {interval:g} s "
            "apart"
        )
    return np.arange(first, stop) * interval


def _weigher(
    how: str,
    signal: Traces,
    events: np.ndarray,
    time: np.ndarray,
    bins: Bins | None,
    clock: Clock,
) -> Callable[[np.ndarray], Weights]:
    """Return what gives the samples that some trials consist of, by their events."""
    slack = 0.0 if bins is None else bins.slack(events[~np.isnan(events)])
    if how == "mean" and bins is not None:
        edges = bins.edges
        return lambda some: in_bins(signal.times, some[:, None] + edges - slack)
    if how == "interpolate":
        return lambda some: at_times(signal.times, some[:, None] + time, clock.interval)
    return lambda some: nearest(signal.times, some, time, clock.interval)


def _cut(
    signal: Traces, events: np.ndarray, weigh: Callable[[np.ndarray], Weights], n_times: int
) -> np.ndarray:
    values = signal.values
    dtype = values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    shape = (len(events), values.shape[1], n_times)
    refuse_many(shape, dtype.itemsize)
    found = np.full(shape, np.nan, dtype)
    known = np.flatnonzero(~np.isnan(events))
    known = known[np.argsort(events[known], kind="stable")]  # so that a part reads a part
    between = len(values) / max(len(known), 1) + n_times  # samples from one trial to the next
    step = int(np.clip(_MOST / (between * max(values.shape[1], 1)), 1, _AT_A_TIME))
    for first in range(0, len(known), step):
        rows = known[first : first + step]
        pieces = apply(weigh(events[rows]), values)
        found[rows] = pieces.reshape(len(rows), n_times, -1).transpose(0, 2, 1)
    return found


def _plain(name: str) -> str:
    return name.replace("/", "_").strip() or "trace"
