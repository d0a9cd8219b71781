"""Variables of netCDF-3 files."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray

from trialtensor.opening.guard import in_one_line
from trialtensor.opening.memory import refuse_whole
from trialtensor.variables.contents import (
    Contents,
    InParts,
    Variable,
    VariableInfo,
    nothing_of,
    refused_variable,
    says_main,
    shown_names,
)
from trialtensor.variables.conventions import (
    decoded,
    decoded_like,
    decoded_part,
    dtype_of_parts,
    is_anonymous,
)


def variables_of(dataset: xarray.Dataset) -> Contents:
    """Return what a file holds, by name.

    Parameters
    ----------
    dataset : xarray.Dataset
        Opened without decoding.
    """
    names = shown_names([str(name) for name in dataset.variables])
    return {shown: partial(_variable, shown, name, dataset) for shown, name in names.items()}


def _variable(shown: str, name: str, dataset: xarray.Dataset) -> Variable:
    raw = dataset.variables[name]
    dims = tuple(map(str, raw.dims))
    try:
        like = decoded_like(raw, netcdf=True)
    except (ValueError, TypeError) as error:
        return refused_variable(shown, in_one_line(error), raw.shape)
    own = None if is_anonymous(dims) else tuple(map(str, like.dims))
    dtype = np.dtype("U") if like.dtype.kind == "O" else like.dtype

    def get() -> np.ndarray | xarray.DataArray:
        refuse_whole(shown, raw.size * raw.dtype.itemsize)
        values = _decoded(raw)
        if own is None:
            return values.to_numpy()
        return xarray.DataArray(values, coords=_coordinates(raw, values, dataset), name=name)

    def parts() -> InParts:
        nothing: Any = nothing_of(raw.shape)
        if own is not None:
            empty = xarray.Variable(like.dims, nothing, like.attrs)
            coords = _coordinates(raw, empty, dataset)
            nothing = xarray.DataArray(empty, coords=coords, name=name)
        parts_dtype = dtype_of_parts(raw, netcdf=True)

        def read(where: tuple[Any, ...]) -> np.ndarray:
            return decoded_part(raw, raw[where].to_numpy(), parts_dtype, netcdf=True)

        return InParts(nothing, parts_dtype, read)

    info = VariableInfo(shown, like.shape, dtype, own, is_main=says_main(raw.attrs))
    return Variable(info, get, parts if like.dtype.kind in "fiub" else None)


def _decoded(raw: xarray.Variable) -> xarray.Variable:
    return decoded(raw, lambda: raw.to_numpy(), netcdf=True)


def _coordinates(
    raw: xarray.Variable, values: xarray.Variable, dataset: xarray.Dataset
) -> dict[str, Any]:
    """Read what comes with a variable: its axes, and what it names as coordinates."""
    given = raw.attrs.get("coordinates", "")
    named = given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
    found = {}
    for name in dict.fromkeys([*map(str, values.dims), *named.split()]):
        other = dataset.variables.get(name)
        if other is None or other is raw or (name in values.dims and other.dims != (name,)):
            continue
        read = _decoded(other)
        if set(read.dims) <= set(values.dims):
            found[name] = read
    return found
