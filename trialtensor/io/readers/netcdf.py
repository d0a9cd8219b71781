"""netCDF reader, with dimension names and coordinates."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from trialtensor.io.contents import HDF5, NETCDF3, VariableInfo, reading

SUFFIXES = (".nc", ".nc4", ".netcdf")

_ANONYMOUS = re.compile(r"(phony_)?dim_\d+")


def describe(path: Path) -> list[VariableInfo]:
    """Describe the variables, including coordinates.

    Parameters
    ----------
    path : Path
    """
    with _open(path) as dataset:
        return [
            VariableInfo(str(name), variable.shape, _dtype(variable), _names(variable))
            for name, variable in dataset.variables.items()
        ]


def read(path: Path, variable: str) -> xarray.DataArray | np.ndarray:
    """Read one variable with its coordinates, or a bare array if its dimensions have no names.

    Parameters
    ----------
    path : Path
    variable : str
    """
    with _open(path) as dataset:
        array = dataset[variable].load()
    return array if _names(array) else array.to_numpy()


@contextmanager
def _open(path: Path) -> Iterator[xarray.Dataset]:
    with reading(path, "a netCDF file", HDF5, NETCDF3):
        with path.open("rb") as file:
            is_hdf5 = file.read(len(HDF5)) == HDF5
        # Only this engine reads files whose dimensions have no names, and only with phony_dims.
        options: dict[str, Any] = {"engine": "h5netcdf", "phony_dims": "sort"} if is_hdf5 else {}
        with xarray.open_dataset(path, decode_timedelta=False, **options) as dataset:
            yield dataset


def _dtype(variable: xarray.Variable) -> np.dtype:
    # xarray reports text as objects, but never from a pickle: netCDF has none.
    return np.dtype("U") if variable.dtype.kind == "O" else variable.dtype


def _names(array: xarray.DataArray | xarray.Variable) -> tuple[str, ...] | None:
    dims = tuple(str(dim) for dim in array.dims)
    return None if any(_ANONYMOUS.fullmatch(dim) for dim in dims) else dims
