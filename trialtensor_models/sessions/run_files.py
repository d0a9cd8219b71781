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
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {str(path.parent)!r} to save into")
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "configuration": json.dumps(configuration),
    }
    partial = path.with_name(path.name + ".part")
    try:
        xr.Dataset(attrs=header).to_netcdf(partial, engine="h5netcdf")
        for name, group in groups.items():
            group.to_netcdf(partial, mode="a", group=name, engine="h5netcdf")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


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
