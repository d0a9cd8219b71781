"""Zarr reader: the arrays of a folder, versions 2 and 3, xarray's among them; needs zarr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from trialtensor.opening.guard import RefusedError, in_one_line
from trialtensor.variables.contents import (
    Contents,
    Get,
    InParts,
    Variable,
    VariableInfo,
    by_name,
    nothing_of,
    refused_variable,
    says_main,
)
from trialtensor.variables.conventions import (
    decoded,
    decoded_like,
    decoded_part,
    dtype_of_parts,
)
from trialtensor.variables.zarr_store import (
    Stored,
    is_zarr,
    open_stored,
    read_stored,
    stored_in,
)

SUFFIXES = (".zarr",)
KIND = "a Zarr folder"
FOLDERS = True


def describe(path: Path) -> list[VariableInfo]:
    """Describe the arrays from their metadata.

    Parameters
    ----------
    path : Path
    """
    return [describe_one().info for describe_one in _variables(path).values()]


@contextmanager
def opened(path: Path) -> Iterator[Get]:
    """Give a function that reads one array by its name.

    Parameters
    ----------
    path : Path
    """
    yield by_name(_variables(path))


@contextmanager
def contents(path: Path) -> Iterator[Contents]:
    """Describe what is in the folder, to be read in parts.

    Parameters
    ----------
    path : Path
    """
    yield _variables(path)


def _variables(path: Path) -> Contents:
    if not is_zarr(path):
        raise RefusedError("is no Zarr folder: it has no .zgroup, .zarray or zarr.json")
    arrays = {each.path or path.stem: each for each in stored_in(path) if each.shape is not None}
    return {name: partial(_variable, path, name, each, arrays) for name, each in arrays.items()}


def _variable(path: Path, name: str, stored: Stored, arrays: dict[str, Stored]) -> Variable:
    assert stored.shape is not None
    if stored.refused:
        return refused_variable(name, stored.refused, stored.shape)
    try:
        shown = decoded_like(_raw(stored), netcdf=False)
    except (ValueError, TypeError) as error:
        return refused_variable(name, in_one_line(error), stored.shape)

    def get() -> np.ndarray | xarray.DataArray:
        values = _decoded(path, stored)
        if stored.dims is None:
            return values.to_numpy()
        return _labelled(values)

    def _labelled(values: xarray.Variable) -> xarray.DataArray:
        coords = {
            dim: _decoded(path, arrays[key])
            for dim in map(str, values.dims)
            if (key := _beside(name, dim)) in arrays and key != name and _along(arrays[key], dim)
        }
        return xarray.DataArray(values, coords=coords, name=name.rsplit("/", 1)[-1])

    def parts() -> InParts:
        array, raw = open_stored(path, stored), _raw(stored)
        dtype = dtype_of_parts(raw, netcdf=False)
        like: Any = nothing_of(shown.shape)
        if stored.dims is not None:
            like = _labelled(xarray.Variable(shown.dims, like, shown.attrs))

        def read(where: tuple[Any, ...]) -> np.ndarray:
            return decoded_part(raw, np.asarray(array[where]), dtype, netcdf=False)

        return InParts(like, dtype, read, tuple(array.chunks))

    dims = None if stored.dims is None else tuple(map(str, shown.dims))
    main = says_main(stored.attributes)
    info = VariableInfo(name, shown.shape, shown.dtype, dims, is_main=main)
    return Variable(info, get, parts if shown.dtype.kind in "fiub" else None)


def _beside(name: str, other: str) -> str:
    group = name.rpartition("/")[0]
    return f"{group}/{other}" if group else other


def _along(stored: Stored, dim: str) -> bool:
    return stored.dims == (dim,) and not stored.refused


def _raw(stored: Stored) -> xarray.Variable:
    """Describe an array as it is stored, with values that take no memory."""
    assert stored.shape is not None and stored.dtype is not None
    dims = stored.dims or tuple(f"dim_{k}" for k in range(len(stored.shape)))
    nothing = np.broadcast_to(np.zeros((), stored.dtype), stored.shape)
    return xarray.Variable(dims, nothing, _plain(stored))


def _plain(stored: Stored) -> dict[str, object]:
    """Return the attributes that are numbers or text."""
    return {
        name: value
        for name, value in stored.attributes.items()
        if isinstance(value, str | int | float) and not name.startswith("_ARRAY")
    }


def _decoded(path: Path, stored: Stored) -> xarray.Variable:
    return decoded(_raw(stored), lambda: read_stored(path, stored), netcdf=False)
