"""Spike counts around an event of each trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.notices import warn
from trialtensor.events.given import as_trials, as_units
from trialtensor.events.labelled import labelled
from trialtensor.events.observing import joined_intervals, observed_bins
from trialtensor.events.units import Units
from trialtensor.events.windows import (
    Bins,
    bins_of,
    event_times,
    refuse_elsewhere,
    refuse_many,
)

if TYPE_CHECKING:
    import xarray

# Spikes that a window would be expected to have, if there are none because nothing was recorded.
_EXPECTED = 20
# Windows that reach over more trials than this, in bins of seconds, are hardly meant.
_OVERLAP = 10


def bin_spikes(
    units: Any,
    trials: Any,
    *,
    align_to: str,
    window: tuple[float, float],
    bin_size: float,
    dtype: Any = None,
) -> xarray.DataArray:
    """Count spikes in bins around an event of each trial.

    Bin ``k`` of a trial holds the spikes from ``event + window[0] + k * bin_size`` until just
    before the next edge. Edges are counted in bins, so that they are exact after hours of
    recording, and a spike that was written on an edge belongs to the bin that begins there, even
    if the difference of two rounded numbers falls just short of it (by less than 1e-10 s after
    ten hours).

    Parameters
    ----------
    units : Units, dict or list of arrays, pynapple.TsGroup, neo objects, or pandas.DataFrame
        Spike times in seconds. A table has one row a spike, with columns such as "unit" and
        "time". Units without spikes are kept.
    trials : pandas.DataFrame, dict of columns, pynapple.IntervalSet, neo objects, or array
        One row a trial; the columns hold times of events and anything else that is known of it. An
        array holds the time of one event, named "event".
    align_to : str
        The column with the event. Trials in which it is missing (NaN) become NaN.
    window : (float, float)
        Start and end in seconds, relative to the event. Windows may overlap; a spike then counts
        in each.
    bin_size : float
        In seconds; the length of the window is a multiple of it.
    dtype : dtype, optional
        Of the result. By default int32, and float64 if something is missing.

    Returns
    -------
    xarray.DataArray
        Dimensions "trial", "neuron", "time"; time is the centre of each bin in seconds after the
        event. Every column of both tables is a coordinate (one that both have gets ``trial_`` and
        ``neuron_`` before its name), but those with several values in a cell. Bins that aren't
        wholly inside `Units.observed` are NaN. The attributes say how it was made.

    Raises
    ------
    ValueError
        If the column doesn't exist or holds no times, the window is no multiple of the bin size,
        or no trial lies within the recording.

    Warns
    -----
    UserWarning
        If some trials lie outside of the time of all spikes.

    Examples
    --------
    >>> import trialtensor as tt
    >>> spikes = {"a": [1.0, 1.01, 1.5, 2.3], "b": [1.02]}
    >>> trials = {"go_cue": [1.0, 2.0, float("nan")], "side": ["left", "right", "left"]}
    >>> X = tt.bin_spikes(spikes, trials, align_to="go_cue", window=(0.0, 0.6), bin_size=0.2)
    >>> X.sel(neuron="a").to_numpy()
    array([[ 2.,  0.,  1.],
           [ 0.,  1.,  0.],
           [nan, nan, nan]])
    >>> X["side"].to_numpy().tolist()
    ['left', 'right', 'left']
    """
    bins = bins_of(window, bin_size)
    table, recorded = as_trials(trials), as_units(units)
    events = event_times(table, align_to)
    wanted = None if dtype is None else _check_dtype(dtype)
    if not len(recorded):
        raise ValueError("units: there are none")
    shape = (len(table), len(recorded), bins.n)
    refuse_many(shape, 8 if wanted is None else wanted.itemsize)
    _check_times(recorded, events, bins)
    _warn_of_milliseconds(events, bins)
    missing = _missing(recorded, events, bins)
    counts = _counted(recorded, events, bins, shape, _result_type(wanted, missing is not None))
    if missing is not None:
        np.copyto(counts, np.nan, where=missing)
    attrs = {
        "made_by": "bin_spikes",
        "align_to": align_to,
        "window": [bins.start, bins.stop],
        "bin_size": bins.size,
        "units": "spikes per bin",
        "bins": "half-open, edges in whole bins from the start of the window",
        "source": recorded.source,
    }
    return labelled(counts, table, recorded.table, bins.centres, name="spike_count", attrs=attrs)


def _check_dtype(dtype: Any) -> np.dtype:
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.kind not in "fiu":
        raise ValueError(f"dtype: expected a dtype of integers or floats, got {dtype!r}")
    return found


def _check_times(units: Units, events: np.ndarray, bins: Bins) -> None:
    """Refuse trials that are all elsewhere, and warn of some."""
    window = (bins.start, bins.stop)
    if units.observed is not None:
        ends = np.concatenate([joined_intervals(each) for each in units.observed])
        if len(ends):
            refuse_elsewhere(events, window, ends.min(), ends.max(), "what was observed")
        return
    times = units.times
    if not len(times):
        return
    filled = np.diff(units.bounds) > 0  # sorted within each unit: no need to look at all
    first = float(times[units.bounds[:-1][filled]].min())
    last = float(times[units.bounds[1:][filled] - 1].max())
    many = len(times) >= 10 * _EXPECTED
    # A few spikes don't say when the recording began and ended, unless trials are far from them.
    refuse_elsewhere(events, window, first, last, "spikes", room=0 if many else last - first + 60)
    rate = len(times) / max(last - first, 1e-9)
    if many and rate * (bins.stop - bins.start) >= _EXPECTED:
        outside = (events + bins.stop <= first) | (events + bins.start > last)
        if n := int(outside.sum()):
            warn(
                f"trials: {n} of {len(events)} lie outside of the time of all spikes, {first:g} to "
                f"{last:g} s, so that all their counts are 0; leave them out if nothing was "
                "recorded then"
            )


def _warn_of_milliseconds(events: np.ndarray, bins: Bins) -> None:
    """Warn of long bins in windows that reach over many trials, as of milliseconds."""
    steps = np.diff(np.sort(events[~np.isnan(events)]))
    if not len(steps) or bins.size < 1:
        return
    length, usual = bins.stop - bins.start, float(np.median(steps))
    if length > _OVERLAP * usual:
        warn(
            f"window: {length:g} s long with bins of {bins.size:g} s, but events are {usual:g} s "
            "apart; window and bin_size are in seconds"
        )


def _missing(units: Units, events: np.ndarray, bins: Bins) -> np.ndarray | None:
    """Return which bins weren't recorded, (n_trials, n_neurons, n_times); None if all were."""
    absent = np.isnan(events)
    observed = units.observed
    if observed is None:
        if not absent.any():
            return None
        shape = (len(events), len(units), bins.n)
        return np.broadcast_to(absent[:, None, None], shape)
    missing = ~observed_bins(observed, events, bins)
    return missing if missing.any() else None


def _result_type(wanted: np.dtype | None, gaps: bool) -> np.dtype:
    if wanted is None:
        return np.dtype(np.float64 if gaps else np.int32)
    if gaps and wanted.kind != "f":
        raise ValueError(
            f"dtype: some bins are missing (trials without the event, or not recorded), which "
            f"{wanted} can't say; use a float, or leave it out"
        )
    return wanted


def _counted(
    units: Units, events: np.ndarray, bins: Bins, shape: tuple[int, int, int], dtype: np.dtype
) -> np.ndarray:
    from trialtensor.kernels.spike_counts import count_in_windows

    known = np.flatnonzero(~np.isnan(events))
    known = known[np.argsort(events[known], kind="stable")]
    slack = bins.slack(events[known])
    per_second = bins.n / (bins.stop - bins.start)
    # Kernels don't know float16.
    counts = np.zeros(shape, np.int32 if dtype == np.float16 else dtype)
    most = np.iinfo(dtype).max if dtype.kind in "iu" else 2 ** (np.finfo(dtype).nmant + 1)
    windows = (events[known] + bins.start - slack, events[known] + bins.stop - slack)
    try:
        largest = count_in_windows(units.times, units.bounds, *windows, known, per_second, counts)
    except OverflowError:  # without a compiler, see there
        largest = most + 1
    if largest > most:
        raise ValueError(
            f"dtype: a bin has at least {largest} spikes, of which {dtype} holds up to {most}"
        )
    return counts.astype(dtype, copy=False)
