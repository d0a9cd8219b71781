"""Labels of trials, neurons and times: the one-dimensional variables stored beside a tensor."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray

from trialtensor.data.axes import AXES, find_axis
from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.data.more_axes import name_axes
from trialtensor.data.notices import warn
from trialtensor.io.label_names import said_axis
from trialtensor.variables.contents import VariableInfo
from trialtensor.variables.readers import Get

BIN_WIDTH = "bin_width_s"


def add_labels(
    tensor: xarray.DataArray,
    chosen: VariableInfo,
    variables: Sequence[VariableInfo],
    get: Get,
    path: Path,
    axes: str | Sequence[str] | None,
) -> xarray.DataArray:
    """Attach the labels in the file to the axes of `tensor`.

    A variable with a named dimension labels the axis of that name, any other the axis that it is
    called after, such as `time` or `trial_type`, if it is as long, or else the first axis of its
    length; it may be a column, ``(n, 1)``. Other words for an axis, such as `t`, become its name.
    In a file with groups, variables of the tensor's own group take precedence, then those of its
    parents up to the root; other groups are ignored. A scalar `bin_width_s` gives times in seconds
    if the file has none.

    Parameters
    ----------
    tensor : xarray.DataArray
    chosen : VariableInfo
        The variable that `tensor` was read from.
    variables : sequence of VariableInfo
        All variables in the file.
    get : callable
        Reads a variable of the file.
    path : Path
    axes : sequence of three names, one text, or None
        As for `trialtensor.io.read`.

    Warns
    -----
    UserWarning
        If a label can't be read, saying why; it is left out.
    """
    axis_of = {}
    if chosen.dims is not None:
        axis_of = dict(zip(chosen.dims, name_axes(axes or chosen.dims), strict=True))
    variables = around(chosen, variables)
    for info in variables:
        axis = _axis(info, tensor, axis_of)
        label = axis_of.get(info.name) or _coordinate(info, variables)
        if axis is not None and label in AXES and label != axis:
            label = f"{axis}_{label}"  # a "time" of each trial, while "time" is an axis
        if axis is None or label in tensor.coords:
            continue  # not a label, or one that came with the tensor or from a nearer group
        if reason := _unreadable(info):
            warn(f"{path}: label {info.name!r} is left out: {reason}")
            continue
        try:
            values = plain_labels(np.asarray(get(info.name)).reshape(-1))
        except (ValueError, TypeError, OSError) as error:
            warn(f"{path}: label {info.name!r} is left out: {error}")
            continue
        tensor = tensor.assign_coords({label: (axis, values)})
    return _add_time(tensor, variables, get, path)


def _coordinate(info: VariableInfo, variables: Sequence[VariableInfo]) -> str:
    """Return the name of a label; another word for an axis, such as "t", is that axis."""
    name = split_name(info)[1]
    axis = find_axis(name) if info.dims is None else None
    taken = {split_name(other)[1] for other in variables}
    return name if axis is None or axis in taken else axis


def known_labels(coord: xarray.DataArray) -> np.ndarray:
    """Return the labels of a coordinate, without the missing ones.

    Parameters
    ----------
    coord : xarray.DataArray
    """
    labels = plain_labels(coord.to_numpy())
    known = labels[~unlabelled(labels)]
    # Text and booleans are objects where some are missing; nothing is missing here.
    return np.array(known.tolist()) if known.dtype.kind == "O" and known.size else known


def around(chosen: VariableInfo, variables: Sequence[VariableInfo]) -> list[VariableInfo]:
    """Keep the variables in the group of `chosen` and in its parents, nearest first.

    Parameters
    ----------
    chosen : VariableInfo
    variables : sequence of VariableInfo
    """
    own = split_name(chosen)[0]
    found = []
    for depth in range(len(own), -1, -1):
        found += [info for info in variables if split_name(info)[0] == own[:depth]]
    return found


def split_name(info: VariableInfo) -> tuple[list[str], str]:
    """Return the groups that a variable is in, and its own name.

    Parameters
    ----------
    info : VariableInfo
    """
    *groups, label = info.name.split("/")
    return groups, label


def long_axis(info: VariableInfo) -> int | None:
    """Return the only axis of a vector, which may be a column, or a row as MATLAB writes them.

    Parameters
    ----------
    info : VariableInfo
    """
    long = [i for i, n in enumerate(info.shape) if n > 1] or [0]
    return long[0] if 1 <= len(info.shape) <= 2 and len(long) == 1 else None


def _axis(info: VariableInfo, tensor: xarray.DataArray, axis_of: dict[str, str]) -> str | None:
    long = long_axis(info)
    if long is None:
        return None
    if info.dims is not None:
        return axis_of.get(info.dims[long])
    n = info.shape[long]
    own = split_name(info)[1]
    named = own if own in tensor.dims else axis_of.get(info.name) or said_axis(own)
    if named is not None and tensor.sizes.get(named) == n:
        return named  # "time" is that of the bins, where there are as many trials
    return next((str(axis) for axis in tensor.dims if tensor.sizes[axis] == n), None)


def _unreadable(info: VariableInfo) -> str:
    """Return why values of this type can't be labels; nothing if they can."""
    if info.is_pickled:
        return (
            "it holds Python objects or references, which are never loaded; save it as text or "
            "numbers"
        )
    if info.dtype.kind not in "fiubUSMmT":
        return f"its values are {info.dtype}, expected text, numbers or dates"
    return ""


def _add_time(
    tensor: xarray.DataArray, variables: Sequence[VariableInfo], get: Get, path: Path
) -> xarray.DataArray:
    widths = [
        info for info in variables if split_name(info)[1] == BIN_WIDTH and np.prod(info.shape) == 1
    ]
    known = "time" in tensor.coords or "time" not in tensor.dims
    if known or not widths or widths[0].dtype.kind not in "fiu":
        return tensor
    width_s = float(np.asarray(get(widths[0].name)).reshape(()))
    if not (np.isfinite(width_s) and width_s > 0):
        raise ValueError(f"{path}: {BIN_WIDTH} is {width_s}, expected a positive number")
    # Rounded to the nanosecond, so that tables show 0.075 rather than 0.07500000000000001.
    centres = np.round((np.arange(tensor.sizes["time"]) + 0.5) * width_s, 9)
    attributes = {"units": "s", "long_name": "time from trial start (bin centre)"}
    return tensor.assign_coords({"time": ("time", centres, attributes)})
