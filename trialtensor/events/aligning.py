"""Shifting trials by whole bins so that an event lies in one bin of all, and shifting them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.per_entry import one_each
from trialtensor.data.time_axis import check_window, step_of, times_of
from trialtensor.data.validation import as_trial_tensor
from trialtensor.events.steps import check_last, numbers_of, refuse_twice, with_step, without_step

if TYPE_CHECKING:
    import xarray

_STEP = "align_trials"
_BIN = "align_bin"  # the bin of the event in each trial, with the number of the event
_NO_EVENT = -(2**31)  # which netCDF can store; bins are fewer
_ROUNDING = 1e-6  # of a bin: a limit of a window that lies on a bin, written as a float


def align_trials(X: Any, to: Any, *, window: Any = None) -> xarray.DataArray:
    """Shift each trial by whole bins, so that an event lies in the same bin of all.

    Values are moved, never interpolated. The bin that holds the event gets time 0; where in its bin
    an event was, up to half a bin from the centre, stays as it was.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        With bins of one width. NaN is missing.
    to : {"start", "end"}, str, (n_trials,) array, or list of these names
        The first or last bin of each trial in which anything was observed; a coordinate with the
        time of the event in each trial; or these times themselves, in the units of the time axis (a
        shift for each trial). Several names give a piece of the result for each event.
    window : (start, stop), or dict of these, optional
        Times around the event to keep, ``start <= time < stop``. By default all that was observed.
        Several events need it: one for all, or a dict by name.

    Returns
    -------
    xarray.DataArray
        Dimensions trial, neuron, time; NaN outside a trial, and in a trial without the event. Of
        several events, the pieces follow each other in time; coordinates ``event`` and
        ``event_time`` say which event a bin belongs to and how far it is from it.
        `unalign_trials` undoes it: bit for bit, but for what a window has cut off.

    Raises
    ------
    ValueError
        For an event that can't be found, bins of several widths, and windows without any bin.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import align_trials
    >>> X = np.array([[[0.0, 9.0, 0.0, 0.0]], [[0.0, 0.0, 9.0, 0.0]]])
    >>> aligned = align_trials(X, np.array([1, 2]))
    >>> aligned.sel(time=0).to_numpy().ravel()
    array([9., 9.])
    """
    labelled = as_trial_tensor(X, many=False)
    refuse_twice(labelled, _STEP)
    times = times_of(labelled)
    step = step_of(times)
    names = _names(to)
    windows = _windows(window, names)
    observed = _observed(labelled)
    pieces, details = [], {}
    for name, limits in zip(names, windows, strict=True):
        event = _event_bins(labelled, name, times, step, observed)
        lowest, n_bins = _reach(event, observed, limits, step, times)
        pieces.append((event, lowest, n_bins))
    values = np.concatenate([_moved(labelled.to_numpy(), *each) for each in pieces], axis=2)
    details = {
        "align_events": ", ".join(n if isinstance(n, str) else "given times" for n in names),
        "align_lowest": [low for _, low, _ in pieces],
        "align_bins": [n for _, _, n in pieces],
        "align_times": times.tolist(),
        "align_dtype": str(labelled.dtype),
        "align_labelled": int("time" in labelled.coords),
    }
    made = _with_axis(labelled, values, pieces, names, step)
    return with_step(made, _STEP, **details)


def unalign_trials(X: xarray.DataArray) -> xarray.DataArray:
    """Shift trials back to where they were before `align_trials`.

    Parameters
    ----------
    X : xarray.DataArray
        From `align_trials`, or some trials of it.

    Returns
    -------
    xarray.DataArray
        Every value that wasn't cut off by a window is what it was, bit for bit; the rest is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import align_trials, unalign_trials
    >>> X = np.arange(8.0).reshape(2, 1, 4)
    >>> bool((unalign_trials(align_trials(X, "end")) == X).all())
    True
    """
    check_last(X, _STEP)
    times = numbers_of(X, "align_times").astype(float)
    values = X.to_numpy()
    # Whole numbers have no NaN for the bins that a window has left out.
    wide = values.dtype if values.dtype.kind == "f" else np.float64
    found = np.full((*values.shape[:2], len(times)), np.nan, wide)
    at = 0
    lowest, counts = (numbers_of(X, f"align_{name}").astype(int) for name in ("lowest", "bins"))
    for i, (low, n_bins) in enumerate(zip(lowest, counts, strict=True)):
        source, inside = _places(_event_bins_of(X, i), int(low), int(n_bins), len(times))
        trial, place = np.nonzero(inside)
        found[trial, :, source[trial, place]] = values[trial, :, at + place]
        at += n_bins
    kind = np.dtype(str(X.attrs["align_dtype"]))
    if kind.kind in "iub" and not np.isnan(found).any():
        found = found.astype(kind)
    labels = {"time": times} if X.attrs["align_labelled"] else {}
    own = [f"{_BIN}_{i}" for i in range(len(lowest))]
    names = ("events", "lowest", "bins", "times", "dtype", "labelled")
    plain = without_step(X, _STEP, *own, *(f"align_{name}" for name in names))
    return _on_axis(plain, found, labels)


def _names(to: Any) -> list[Any]:
    """List the events: names, or one array of times."""
    if isinstance(to, str):
        return [to]
    several = isinstance(to, Sequence) and bool(to) and all(isinstance(n, str) for n in to)
    if several and len(set(to)) < len(to):
        raise ValueError(f"to: expected different events, got {list(to)}")
    return list(to) if several else [to]


def _windows(window: Any, names: list[Any]) -> list[tuple[float, float] | None]:
    if isinstance(window, Mapping):
        lost = [name for name in names if not isinstance(name, str) or name not in window]
        if lost:
            raise ValueError(f"window: expected one for each event, got none for {lost[0]!r}")
        return [check_window(window[name]) for name in names]
    if window is None and len(names) > 1:
        raise ValueError("window: several events need one, such as (-0.2, 0.5) s around each")
    return [None if window is None else check_window(window)] * len(names)


def _observed(X: xarray.DataArray) -> np.ndarray:
    """Return the bins in which any neuron was observed, (n_trials, n_times)."""
    values = X.to_numpy()
    if values.dtype.kind != "f":
        return np.ones((values.shape[0], values.shape[2]), bool)
    return np.asarray((~np.isnan(values)).any(axis=1))


def _event_bins(
    X: xarray.DataArray, to: Any, times: np.ndarray, step: float, observed: np.ndarray
) -> np.ndarray:
    """Return the bin of the event in each trial, which may be outside of it."""
    some = observed.any(axis=1)
    if isinstance(to, str) and to == "start":
        return np.where(some, observed.argmax(axis=1), _NO_EVENT)
    if isinstance(to, str) and to == "end":
        last = observed.shape[1] - 1 - observed[:, ::-1].argmax(axis=1)
        return np.where(some, last, _NO_EVENT)
    at = event_times(X, to)
    known = np.isfinite(at)
    if not known.any():
        raise ValueError(
            f"to: no trial has the event {to!r}" if isinstance(to, str) else "to: all NaN"
        )
    bins = np.floor((np.where(known, at, 0) - times[0]) / step + 0.5)
    far = known & (np.abs(bins) > 1e9)
    if far.any():
        k = int(far.argmax())
        raise ValueError(
            f"to: the event of trial {k} is at {at[k]:g}, far from the times of the data, "
            f"{times[0]:g} to {times[-1]:g}; expected times of the same clock and unit"
        )
    return np.where(known, bins, _NO_EVENT).astype(np.int64)


def event_times(X: xarray.DataArray, to: Any, name: str = "to") -> np.ndarray:
    """Return the time of an event in each trial, NaN where it is missing.

    Parameters
    ----------
    X : xarray.DataArray
    to : str or (n_trials,) array
        A coordinate of the trials, or times.
    name : str
        Argument name used in error messages.

    Raises
    ------
    ValueError
        If there is no such coordinate, or it doesn't hold numbers.
    """
    if isinstance(to, str):
        known = [str(key) for key, each in X.coords.items() if each.dims == ("trial",)]
        if to not in known:
            raise ValueError(
                f"{name}: the data has no coordinate {to!r} along its trials; it has "
                f"{known or 'none'}"
            )
        return as_floats(X.coords[to].to_numpy(), f"{name} ({to!r})")
    along = X.coords["trial"].to_numpy() if "trial" in X.coords else None
    each = one_each(to, X.sizes["trial"], name, along=along, expected="a time for each trial")
    return as_floats(each, name)


def _reach(
    event: np.ndarray,
    observed: np.ndarray,
    window: tuple[float, float] | None,
    step: float,
    times: np.ndarray,
) -> tuple[int, int]:
    """Return the first bin relative to the event, and the number of bins."""
    if window is not None:
        low, high = (int(np.ceil(limit / step - _ROUNDING)) for limit in window)
        if high <= low:
            raise ValueError(
                f"window: {window} holds no bin; the bins are {step:g} wide, and one is at 0"
            )
        return low, high - low
    used = (event != _NO_EVENT) & observed.any(axis=1)
    if not used.any():
        raise ValueError("to: no trial has both the event and data")
    n_times = observed.shape[1]
    first, last = observed.argmax(axis=1), n_times - 1 - observed[:, ::-1].argmax(axis=1)
    low, high = int((first - event)[used].min()), int((last - event)[used].max())
    if high - low > 3 * n_times:
        k = int(np.abs(np.where(used, event, 0)).argmax())
        raise ValueError(
            f"to: with the event of trial {k}, {times[0] + event[k] * step:g}, so far from the "
            f"times of the data, {times[0]:g} to {times[-1]:g}, the result would have "
            f"{high - low + 1} bins; give a window"
        )
    return low, high - low + 1


def _places(
    event: np.ndarray, lowest: int, n_bins: int, n_times: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of the data for each bin of the result, and whether there is one."""
    source = np.where(event == _NO_EVENT, -(2**40), event)[:, None] + lowest + np.arange(n_bins)
    inside = (source >= 0) & (source < n_times)
    return np.where(inside, source, 0), inside


def _moved(values: np.ndarray, event: np.ndarray, lowest: int, n_bins: int) -> np.ndarray:
    source, inside = _places(event, lowest, n_bins, values.shape[2])
    found = np.take_along_axis(values, source[:, None, :], axis=2)
    if inside.all():
        return found
    found = found if found.dtype.kind == "f" else found.astype(np.float64)
    return np.where(inside[:, None, :], found, np.nan).astype(found.dtype)


def _with_axis(
    X: xarray.DataArray, values: np.ndarray, pieces: list[Any], names: list[Any], step: float
) -> xarray.DataArray:
    """Label the result: times, events if there are several, and the record of each trial."""
    relative = np.concatenate([low + np.arange(n) for _, low, n in pieces])
    start = relative[0]
    running = start + np.arange(len(relative))
    coords: dict[str, Any] = {
        f"{_BIN}_{i}": ("trial", event) for i, (event, _, _) in enumerate(pieces)
    }
    bare = "time" not in X.coords
    coords["time"] = running if bare else running * step
    if len(pieces) > 1:
        of = np.repeat(names, [n for _, _, n in pieces])
        coords |= {"event": ("time", of), "event_time": ("time", relative * step)}
    return _on_axis(X, values, coords)


def _on_axis(
    X: xarray.DataArray, values: np.ndarray, coords: Mapping[str, Any]
) -> xarray.DataArray:
    """Return values with the labels of trials and neurons, and times of their own."""
    import xarray

    kept = {name: each for name, each in X.coords.items() if "time" not in each.dims}
    dims = ("trial", "neuron", "time")
    found = xarray.DataArray(values, dims=dims, coords=kept, attrs=X.attrs, name=X.name)
    return found.assign_coords(coords)


def _event_bins_of(X: xarray.DataArray, i: int) -> np.ndarray:
    return X.coords[f"{_BIN}_{i}"].to_numpy().astype(np.int64)
