"""netCDF reader, with dimension names and coordinates."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from trialtensor.io.contents import HDF5, NETCDF3, VariableInfo, opened_once, reading

SUFFIXES = (".nc", ".nc4", ".netcdf")

_KIND = "a netCDF file"
_ANONYMOUS = re.compile(r"(phony_)?dim_\d+")


def describe(path: Path) -> list[VariableInfo]:
    """Describe the variables, including coordinates.

    Parameters
    ----------
    path : Path
    """
    with reading(path, _KIND, HDF5, NETCDF3), _dataset(path) as dataset:
        return [
            VariableInfo(str(name), variable.shape, _dtype(variable), _names(variable))
            for name, variable in dataset.variables.items()
        ]


def opened(path: Path) -> AbstractContextManager[Callable[[str], xarray.DataArray | np.ndarray]]:
    """Open the file once for many variables; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    return opened_once(_dataset, _values, path, _KIND, HDF5, NETCDF3)


def read(path: Path, variable: str) -> xarray.DataArray | np.ndarray:
    """Read one variable with its coordinates, or a bare array if its dimensions have no names.

    Parameters
    ----------
    path : Path
    variable : str
    """
    with opened(path) as get:
        return get(variable)


def _dataset(path: Path) -> xarray.Dataset:
    with path.open("rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
    # Only this engine reads files whose dimensions have no names, and only with phony_dims.
    options: dict[str, Any] = {"engine": "h5netcdf", "phony_dims": "sort"} if is_hdf5 else {}
    return xarray.open_dataset(path, decode_timedelta=False, **options)


def _dtype(variable: xarray.Variable) -> np.dtype:
    # xarray reports text as objects, but never from a pickle: netCDF has none.
    return np.dtype("U") if variable.dtype.kind == "O" else variable.dtype


def _names(array: xarray.DataArray | xarray.Variable) -> tuple[str, ...] | None:
    dims = tuple(str(dim) for dim in array.dims)
    return None if any(_ANONYMOUS.fullmatch(dim) for dim in dims) else dims


def _values(dataset: xarray.Dataset, variable: str) -> xarray.DataArray | np.ndarray:
    array = dataset[variable].load()
    return array if _names(array) else array.to_numpy()
