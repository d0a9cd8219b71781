"""Labels of trials, neurons and times: the one-dimensional variables beside a tensor."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray

from trialtensor.data.axes import AXES, resolve_axes
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
    axis of its length. A scalar `bin_width_s` gives times in seconds, where the file has none.
    """
    axis_of = {}
    if chosen.dims is not None:
        axis_of = dict(zip(chosen.dims, resolve_axes(axes or chosen.dims), strict=True))
    for info in variables:
        axis = _axis(info, tensor, axis_of)
        label = info.name.rsplit("/", 1)[-1]
        if axis is None or label in tensor.coords or info.name in axis_of:
            continue  # no label, or one that came with the tensor
        if label in AXES and label != axis:
            label = f"{axis}_{label}"  # "time" of a trial, while "time" is an axis
        values = _as_text(np.asarray(reader.read(path, info.name)))
        tensor = tensor.assign_coords({label: (axis, values)})
    return _add_time(tensor, variables, reader, path)


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
        info
        for info in variables
        if info.name.rsplit("/", 1)[-1] == BIN_WIDTH and np.prod(info.shape) == 1
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
