"""Trials of unequal length: padded to one tensor, and taken apart again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import whole, with_nan
from trialtensor.data.axes import ASSUMED, AXES, ORDER, find_axis
from trialtensor.data.labels import labels_alike
from trialtensor.data.parameters import check_number
from trialtensor.data.time_axis import step_of, times_of
from trialtensor.events.steps import check_last, with_step, without_step

if TYPE_CHECKING:
    import xarray

_STEP = "pad_trials"
# Where a trial begins in the tensor, how many bins it has, and its own time of its first bin.
_FIRST, _LENGTH, _START = "pad_first", "n_times", "pad_start"
# Trials sampled on one grid begin within this share of a bin of it.
_OFF_GRID = 1e-3


def pad_trials(
    trials: Mapping[Any, Any] | Sequence[Any],
    *,
    align: Any = "start",
    bin_size: float | None = None,
) -> xarray.DataArray:
    """Make one tensor of trials of unequal length, with NaN where a trial has no bins.

    Parameters
    ----------
    trials : list or dict of (n_neurons, n_times_i) arrays or DataArrays
        The keys of a dict become labels of the trials. Arrays can be (n_times_i, n_neurons) too:
        the axis along which all are equally long is that of neurons. If both are,
        (n_neurons, n_times) is assumed, and the attribute ``axes_order`` says so. DataArrays have
        dimensions neuron and time (or any accepted name of these, in any order); their coordinates
        without a dimension become coordinates of the trials.
    align : {"start", "end", "time"} or (n_trials,) int array, default "start"
        What comes to lie in one bin, at time 0: the first bin of all trials, the last, or a bin of
        each by its number. "time": trials are placed by their own time coordinates.
    bin_size : float, optional
        Width of a bin in seconds. By default the step of the trials' time coordinates; without
        these, times are numbers of bins.

    Returns
    -------
    xarray.DataArray
        Dimensions trial, neuron, time. Coordinates ``pad_first`` and ``n_times`` of the trials say
        where each is, so that `unpad_trials` gives back every value bit for bit. float32 is
        kept; integers become float64 and are given back as integers.

    Raises
    ------
    ValueError
        For no trials, trials without any bin, and neurons or steps that differ between trials.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import pad_trials
    >>> X = pad_trials([np.array([[1, 2, 3]]), np.array([[4, 5]])], align="end")
    >>> X.to_numpy()[:, 0]
    array([[ 1.,  2.,  3.],
           [nan,  4.,  5.]])
    >>> X["time"].to_numpy()
    array([-2, -1,  0])
    """
    names, arrays, labelled, order = _arrays(trials)
    step, starts = _steps(labelled, bin_size)
    lengths = np.array([each.shape[1] for each in arrays])
    anchors = _anchors(align, lengths, starts, step)
    first, zero = anchors.max() - anchors, int(anchors.max())
    n_times = int((first + lengths).max())
    found = np.full((len(arrays), arrays[0].shape[0], n_times), np.nan, _kind(arrays))
    for row, values, begin in zip(found, arrays, first, strict=True):
        row[:, begin : begin + values.shape[1]] = values
    times: Any = np.arange(n_times) - zero
    if step is not None:
        times = times * step
    if isinstance(align, str) and align == "time" and starts is not None and step is not None:
        # The grid of the trials' own times need not go through 0.
        times = times + (starts[0] - (first[0] - zero) * step)
    coords: dict[str, Any] = {
        **_trial_labels(names, labelled),
        _FIRST: ("trial", first),
        _LENGTH: ("trial", lengths),
        "time": times,
        **_neuron_labels(labelled),
    }
    if starts is not None:
        coords[_START] = ("trial", starts)
    import xarray

    made = xarray.DataArray(found, dims=AXES, coords=coords)
    return with_step(made, _STEP, **_details(align, arrays, labelled, step, order))


def _details(
    align: Any, arrays: list[np.ndarray], labelled: list[Any] | None, step: Any, order: str
) -> dict[str, Any]:
    """Return what `unpad_trials` needs to know besides where each trial is."""
    kinds = {str(each.dtype) for each in arrays}
    found: dict[str, Any] = {
        "pad_align": align if isinstance(align, str) else "bins",
        "pad_dtype": kinds.pop() if len(kinds) == 1 else str(np.dtype(_kind(arrays))),
    }
    if labelled is not None:
        found["pad_labelled"] = int(any("time" in each.coords for each in labelled))
    if order == "turned":
        found["pad_turned"] = 1
    if order == ASSUMED:
        found[ORDER] = ASSUMED
    return found if step is None else {**found, "bin_size": step}


def unpad_trials(X: xarray.DataArray) -> list[Any]:
    """Return the trials that `pad_trials` made a tensor of, each with its own bins.

    Parameters
    ----------
    X : xarray.DataArray
        From `pad_trials`, or some trials of it; not aligned or warped since.

    Returns
    -------
    list of (n_neurons, n_times_i) arrays
        DataArrays if those were given, with their labels and times.

    Raises
    ------
    ValueError
        For a tensor that `pad_trials` didn't make, or that something else changed the time of.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import pad_trials, unpad_trials
    >>> [each.tolist() for each in unpad_trials(pad_trials([np.ones((1, 3)), np.ones((1, 2))]))]
    [[[1.0, 1.0, 1.0]], [[1.0, 1.0]]]
    """
    check_last(X, _STEP)
    kind = np.dtype(str(X.attrs["pad_dtype"]))
    labelled = "pad_labelled" in X.attrs
    step = float(np.asarray(X.attrs.get("bin_size", 1)))
    firsts, lengths = (X.coords[name].to_numpy().astype(int) for name in (_FIRST, _LENGTH))
    own_names = ("align", "dtype", "labelled", "turned")
    names = (_FIRST, _LENGTH, "bin_size", ORDER, *(f"pad_{name}" for name in own_names))
    plain = without_step(X, _STEP, *names)
    found: list[Any] = []
    for k, (first, length) in enumerate(zip(firsts, lengths, strict=True)):
        trial = plain[k, :, first : first + length]
        values = trial.to_numpy()
        values = values.astype(kind) if kind.kind != "f" else values.astype(kind, copy=False)
        if not labelled:
            found.append((values.T if "pad_turned" in X.attrs else values).copy())
            continue
        own = float(X.coords[_START].to_numpy()[k]) + np.arange(length) * step
        trial = trial.copy(data=values).assign_coords(time=own).drop_vars(_START)
        found.append(trial if X.attrs["pad_labelled"] else trial.drop_vars("time"))
    return found


def _arrays(trials: Any) -> tuple[list[Any] | None, list[np.ndarray], list[Any] | None, str]:
    """Return labels of trials, values (n_neurons, n_times_i), DataArrays if given, and the order.

    The order of axes is "given" by names or lengths, "turned" by lengths, or assumed.
    """
    names = list(trials) if isinstance(trials, Mapping) else None
    given = list(trials.values()) if isinstance(trials, Mapping) else trials
    table = isinstance(given, np.ndarray) and given.dtype.kind != "O"
    if table or isinstance(given, str) or not hasattr(given, "__len__"):
        raise ValueError(
            "trials: expected a list of (n_neurons, n_times) arrays, got "
            f"{type(given).__name__} of shape {np.shape(given)}"
        )
    if not len(given):
        raise ValueError("trials: expected at least one trial, got none")
    several = [hasattr(each, "dims") for each in given]
    if any(several) and not all(several):
        raise ValueError("trials: expected arrays or DataArrays, got some of both")
    labelled = [_oriented(each, i) for i, each in enumerate(given)] if several[0] else None
    arrays = [with_nan(each, f"trials[{i}]") for i, each in enumerate(labelled or given)]
    for i, each in enumerate(arrays):
        if each.ndim != 2:
            raise ValueError(f"trials[{i}]: expected (n_neurons, n_times), got shape {each.shape}")
    arrays, order = _neurons_first(arrays)
    if not arrays[0].shape[0] or not any(each.shape[1] for each in arrays):
        raise ValueError("trials: expected at least one neuron and one bin, got none in any trial")
    return names, arrays, labelled, "given" if labelled is not None else order


def _neurons_first(arrays: list[np.ndarray]) -> tuple[list[np.ndarray], str]:
    """Return trials as (n_neurons, n_times_i), and what told: the axis that is alike in all."""
    same = [all(each.shape[axis] == arrays[0].shape[axis] for each in arrays) for axis in (0, 1)]
    if same[0]:
        return arrays, ASSUMED if same[1] else "given"
    if same[1]:
        return [each.T for each in arrays], "turned"
    shapes = ", ".join(str(each.shape) for each in arrays[:3])
    raise ValueError(
        "trials: expected arrays (n_neurons, n_times) with the same neurons, but neither axis is "
        f"equally long in all: {shapes}{', ...' if len(arrays) > 3 else ''}; for sessions with "
        "different neurons there is concat_sessions"
    )


def _oriented(trial: Any, i: int) -> xarray.DataArray:
    """Return a labelled trial as neuron, time."""
    axes = [find_axis(dim) for dim in trial.dims]
    if sorted(map(str, axes)) != ["neuron", "time"]:
        raise ValueError(
            f"trials[{i}]: expected dimensions neuron and time, got {tuple(trial.dims)}"
        )
    names = {dim: axis for dim, axis in zip(trial.dims, axes, strict=True) if dim != axis}
    return trial.rename(names).transpose("neuron", "time")


def _kind(arrays: list[np.ndarray]) -> Any:
    single = all(each.dtype.kind == "f" and each.dtype.itemsize <= 4 for each in arrays)
    return np.float32 if single else np.float64


def _steps(
    labelled: list[Any] | None, bin_size: float | None
) -> tuple[float | None, np.ndarray | None]:
    """Return the width of bins, and the first time of each trial; None where they have none."""
    if bin_size is not None:
        check_number("bin_size", bin_size, above=0)
    if labelled is None or not any("time" in each.coords for each in labelled):
        starts = None if labelled is None else np.zeros(len(labelled))
        return (None if bin_size is None else float(bin_size)), starts
    times = [times_of(each, f"trials[{i}]") for i, each in enumerate(labelled)]
    known = [step_of(each, f"trials[{i}]") for i, each in enumerate(times) if len(each) > 1]
    step = known[0] if known else 1.0
    for each in [*known, *([] if bin_size is None else [float(bin_size)])]:
        if abs(each - step) > _OFF_GRID * step:
            raise ValueError(
                f"trials: expected bins of one width, got steps of {step:g} and {each:g}; resample "
                "them to one"
            )
    return step, np.array([each[0] if len(each) else 0.0 for each in times])


def _anchors(
    align: Any, lengths: np.ndarray, starts: np.ndarray | None, step: float | None
) -> np.ndarray:
    """Return for each trial the number of its bin, in or beyond it, that comes to time 0."""
    if isinstance(align, str):
        if align == "start":
            return np.zeros(len(lengths), int)
        if align == "end":
            return np.maximum(lengths, 1) - 1
        if align == "time":
            return _by_time(starts, step)
        raise ValueError(
            f"align: expected 'start', 'end', 'time' or a bin for each trial, got {align!r}"
        )
    anchors = whole(align, "align")
    if anchors.dtype.kind not in "iu" or anchors.shape != lengths.shape:
        raise ValueError(
            f"align: expected a whole number for each of the {len(lengths)} trials, got "
            f"{anchors.dtype} of shape {anchors.shape}"
        )
    outside = np.flatnonzero((anchors < 0) | (anchors >= np.maximum(lengths, 1)))
    if len(outside):
        k = int(outside[0])
        raise ValueError(f"align: trial {k} has {lengths[k]} bins, and none of number {anchors[k]}")
    return anchors.astype(int)


def _by_time(starts: np.ndarray | None, step: float | None) -> np.ndarray:
    if starts is None or step is None:
        raise ValueError("align: 'time' needs DataArrays with a time coordinate")
    bins = starts / step
    offset = float(bins[0] - np.round(bins[0]))
    bins = bins - offset
    if np.abs(bins - np.round(bins)).max() > _OFF_GRID:
        raise ValueError(
            "align: the trials' times aren't on one grid (they differ by parts of a bin); align "
            "them by their start, or resample them"
        )
    return -np.round(bins).astype(int)


def _trial_labels(names: list[Any] | None, labelled: list[Any] | None) -> dict[str, Any]:
    """Return coordinates of the trials: keys of a dict, and what DataArrays say of themselves."""
    found: dict[str, Any] = {}
    if labelled is not None:
        for name in labelled[0].coords:
            if all(name in each.coords and each.coords[name].ndim == 0 for each in labelled):
                values = np.array([each.coords[name].to_numpy() for each in labelled])
                found[str(name)] = ("trial", values)
    if names is not None:
        found["trial"] = ("trial", np.array(names))
    return found


def _neuron_labels(labelled: list[Any] | None) -> dict[str, Any]:
    if labelled is None:
        return {}
    found = {}
    for name, coord in labelled[0].coords.items():
        if coord.dims != ("neuron",):
            continue
        for i, each in enumerate(labelled):
            same = name in each.coords and labels_alike(each.coords[name], coord).all()
            if not same and name == "neuron":
                raise ValueError(
                    f"trials[{i}]: its neurons aren't those of trials[0]; for sessions with "
                    "different neurons there is concat_sessions"
                )
            if not same:
                break
        else:
            found[str(name)] = ("neuron", coord.to_numpy())
    return found
