"""Runs as netCDF 4 files: a group for each part, arrays and JSON only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from trialtensor.opening.guard import RefusedError, reading_own
from trialtensor.opening.hdf5 import open_hdf5
from trialtensor.storage import write_netcdf

FORMAT = "trialtensor-run"
FORMAT_VERSION = 1


def write_groups(
    groups: Mapping[str, xr.Dataset],
    configuration: Mapping[str, Any],
    path: str | os.PathLike[str],
) -> None:
    """Write the parts of a run; the file appears whole or not at all.

    Parameters
    ----------
    groups : mapping of str to xarray.Dataset
    configuration : mapping
        Anything that JSON can hold.
    path : str or path

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    """
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "configuration": json.dumps(configuration),
    }
    write_netcdf(path, {"": xr.Dataset(attrs=header), **groups}, sealed=True)


def read_groups(path: str | os.PathLike[str]) -> tuple[dict[str, xr.Dataset], dict[str, Any]]:
    """Read what `write_groups` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    groups : dict of xarray.Dataset
    configuration : dict

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a run, or of another version.
    """
    path = Path(path)
    groups = {}
    with reading_own(path, "run"):
        with open_hdf5(path, own=True) as file:
            _check_format(file.attrs.get("format"), file.attrs.get("format_version"))
            configuration, names = json.loads(file.attrs["configuration"]), list(file)
        for name in names:
            with xr.open_dataset(path, group=name, engine="h5netcdf") as group:
                groups[name] = group.load()
    return groups, configuration


def _check_format(kind: Any, version: Any) -> None:
    if kind != FORMAT:
        raise RefusedError("is HDF5, but not a run of this package")
    if int(np.squeeze(version)) != FORMAT_VERSION:
        raise RefusedError(
            f"is a run of version {int(np.squeeze(version))}, this package reads version "
            f"{FORMAT_VERSION}; simulate it anew"
        )
