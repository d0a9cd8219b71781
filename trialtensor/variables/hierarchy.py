"""Reading HDF5 and netCDF files, whatever their suffix says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray

from trialtensor.opening.guard import HDF5, MATLAB_HDF5, NETCDF3, RefusedError, is_hdf5
from trialtensor.variables import netcdf3
from trialtensor.variables.contents import Contents, Get, VariableInfo, by_name

SIGNATURES = (HDF5, MATLAB_HDF5, NETCDF3)


def describe(path: Path) -> list[VariableInfo]:
    """Describe the variables, including coordinates.

    Parameters
    ----------
    path : Path
    """
    with contents(path) as variables:
        return [describe_one().info for describe_one in variables.values()]


@contextmanager
def opened(path: Path) -> Iterator[Get]:
    """Open the file once for many variables; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    with contents(path) as variables:
        yield by_name(variables)


@contextmanager
def contents(path: Path) -> Iterator[Contents]:
    """Open the file; gives its variables, each described when it is asked for.

    Parameters
    ----------
    path : Path
    """
    if is_hdf5(path):
        from trialtensor.opening.hdf5 import open_hdf5
        from trialtensor.variables.hdf5 import variables_of

        with open_hdf5(path) as file:
            yield variables_of(file)
    else:
        _check_netcdf3(path)
        # Only this engine is in Python: no damaged file can crash it.
        with xarray.open_dataset(path, engine="scipy", decode_cf=False) as dataset:
            yield netcdf3.variables_of(dataset)


def _check_netcdf3(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    if start == NETCDF3 + b"\x05":
        raise RefusedError("is netCDF of the kind CDF-5, which is not read; try nccopy -k nc4")
    if start not in (NETCDF3 + b"\x01", NETCDF3 + b"\x02"):
        raise ValueError("there is neither HDF5 nor netCDF in it")
