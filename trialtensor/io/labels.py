"""Labels of trials, neurons and times: the one-dimensional variables beside a tensor."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray

from trialtensor.data.axes import AXES, resolve_axes
from trialtensor.data.notices import warn
from trialtensor.io.contents import VariableInfo
from trialtensor.io.readers import Reader

BIN_WIDTH = "bin_width_s"


def add_labels(
    tensor: xarray.DataArray,
    chosen: VariableInfo,
    variables: Sequence[VariableInfo],
    reader: Reader,
    path: Path,
    axes: Sequence[str] | None,
) -> xarray.DataArray:
    """Attach what labels the axes of `tensor`, which was read from the variable `chosen`.

    A variable with named dimensions belongs to the axis of that name, another one to the first
    axis of its length. In a file with groups, those of the tensor's own group come first, then
    those of its parents up to the root; others are of other data. A scalar `bin_width_s` gives
    times in seconds, where the file has none.

    Warns
    -----
    UserWarning
        If a label cannot be read; it is left out.
    """
    axis_of = {}
    if chosen.dims is not None:
        axis_of = dict(zip(chosen.dims, resolve_axes(axes or chosen.dims), strict=True))
    variables = _around(chosen, variables)
    for info in variables:
        axis = _axis(info, tensor, axis_of)
        label = _split_name(info)[1]
        if axis is not None and label in AXES and label != axis:
            label = f"{axis}_{label}"  # "time" of a trial, while "time" is an axis
        if axis is None or label in tensor.coords or info.name in axis_of:
            continue  # no label, or one that came with the tensor or stands nearer to it
        try:
            values = _as_text(np.asarray(reader.read(path, info.name)))
        except (ValueError, TypeError, OSError) as error:
            warn(f"{path}: label {info.name!r} is left out: {error}")
            continue
        tensor = tensor.assign_coords({label: (axis, values)})
    return _add_time(tensor, variables, reader, path)


def _around(chosen: VariableInfo, variables: Sequence[VariableInfo]) -> list[VariableInfo]:
    """Keep what is in the group of `chosen` and in its parents, the nearest first."""
    own = _split_name(chosen)[0]
    found = []
    for depth in range(len(own), -1, -1):
        found += [info for info in variables if _split_name(info)[0] == own[:depth]]
    return found


def _split_name(info: VariableInfo) -> tuple[list[str], str]:
    *groups, label = info.name.split("/")
    return groups, label


def _axis(info: VariableInfo, tensor: xarray.DataArray, axis_of: dict[str, str]) -> str | None:
    if len(info.shape) != 1 or info.dtype.kind not in "fiubUSMm":
        return None
    if info.dims is not None:
        return axis_of.get(info.dims[0])
    return next((axis for axis in AXES if tensor.sizes[axis] == info.shape[0]), None)


def _as_text(values: np.ndarray) -> np.ndarray:
    return np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values


def _add_time(
    tensor: xarray.DataArray, variables: Sequence[VariableInfo], reader: Reader, path: Path
) -> xarray.DataArray:
    widths = [
        info for info in variables if _split_name(info)[1] == BIN_WIDTH and np.prod(info.shape) == 1
    ]
    if "time" in tensor.coords or not widths or widths[0].dtype.kind not in "fiu":
        return tensor
    width_s = float(np.asarray(reader.read(path, widths[0].name)).reshape(()))
    if not (np.isfinite(width_s) and width_s > 0):
        raise ValueError(f"{path}: {BIN_WIDTH} is {width_s}, expected a positive number")
    # To the nanosecond: 0.075 rather than 0.07500000000000001 in every table and figure.
    centres = np.round((np.arange(tensor.sizes["time"]) + 0.5) * width_s, 9)
    attributes = {"units": "s", "long_name": "time from trial start (bin centre)"}
    return tensor.assign_coords({"time": ("time", centres, attributes)})
