"""Runs as netCDF 4 files: a group for each part, arrays and JSON only.

The activity is the tensor of the file (`trialtensor.variables.contents.MAIN`), with its labels in
its group, so `trialtensor` reads it without knowing what a run is.
"""

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
from trialtensor.variables.contents import MAIN
from trialtensor_models.sessions.rounding import rounded

FORMAT = "trialtensor-run"
FORMAT_VERSION = 1
ACTIVITY = "activity"
_COMPRESSED = {"zlib": True, "complevel": 4, "shuffle": True}
# Smaller arrays are stored as they are; of larger ones, about so many bytes together.
_LEAST, _TOGETHER = 10_000, 1 << 20


def write_groups(
    groups: Mapping[str, xr.Dataset],
    configuration: Mapping[str, Any],
    path: str | os.PathLike[str],
    *,
    exact: bool = False,
) -> None:
    """Write the parts of a run; the file appears whole or not at all.

    Parameters
    ----------
    groups : mapping of str to xarray.Dataset
    configuration : mapping
        Anything that JSON can hold.
    path : str or path
    exact : bool
        Whether activity is kept to the last bit; see `trialtensor_models.sessions.rounding`.

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
    parts = {name: _stored(group, exact) for name, group in groups.items()}
    if ACTIVITY in parts:
        parts[ACTIVITY][ACTIVITY].attrs[MAIN] = np.int8(1)
    write_netcdf(path, {"": xr.Dataset(attrs=header), **parts}, sealed=True)


def _stored(group: xr.Dataset, exact: bool) -> xr.Dataset:
    """Compress what is large, and round what has a value for each trial, neuron and time."""
    found = group.copy()
    for name, each in group.data_vars.items():
        if each.dims == ("trial", "neuron", "time") and not exact:
            found[name] = each.copy(data=rounded(each.to_numpy()))
        found[name].encoding = {}
        if each.nbytes >= _LEAST and each.ndim > 1:
            first = max(1, round(_TOGETHER / each.nbytes * each.shape[0]))
            chunks = (min(first, each.shape[0]), *each.shape[1:])
            found[name].encoding = {**_COMPRESSED, "chunksizes": chunks}
    return found


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
    if ACTIVITY in groups:
        groups[ACTIVITY][ACTIVITY].attrs.pop(MAIN, None)
    return groups, configuration


def _check_format(kind: Any, version: Any) -> None:
    if kind != FORMAT:
        raise RefusedError("is HDF5, but not a run of this package")
    if int(np.squeeze(version)) != FORMAT_VERSION:
        raise RefusedError(
            f"is a run of version {int(np.squeeze(version))}, this package reads version "
            f"{FORMAT_VERSION}; simulate it anew"
        )
