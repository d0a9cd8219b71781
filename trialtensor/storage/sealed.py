"""HDF5 and netCDF files made in memory, with a checksum behind their content.

The HDF5 library can't be relied on where a disk is full: it may fail as late as when the process
ends. In memory it doesn't meet the disk.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from trialtensor.storage.whole import write_whole

if TYPE_CHECKING:
    import xarray

_MARK = b"\ntrialtensor sha256 "
_LENGTH = len(_MARK) + 64 + 1
_AT_ONCE = 1 << 22


def write_hdf5(path: str | os.PathLike[str], fill: Callable[[h5py.File], None]) -> None:
    """Write an HDF5 file with a checksum; it appears whole or not at all.

    Parameters
    ----------
    path : path, replaced if it exists
    fill : callable
        Gets the open file.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        fill(file)
    write_whole(path, _sealed(content))


def write_netcdf(
    path: str | os.PathLike[str],
    groups: Mapping[str, xarray.Dataset],
    *,
    sealed: bool = False,
) -> None:
    """Write netCDF 4; the file appears whole or not at all.

    Parameters
    ----------
    path : path, replaced if it exists
    groups : mapping of str to xarray.Dataset
        By group; "" is the root, which comes first.
    sealed : bool
        Add a checksum, for :func:`is_intact`.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    content = io.BytesIO()
    with h5netcdf.File(content, "w") as file, warnings.catch_warnings():
        # Coordinates with a space in their name become variables, which `tt.read` makes labels of.
        warnings.filterwarnings("ignore", "coordinate .* has a space in its name")
        for name, dataset in groups.items():
            dataset.dump_to_store(H5NetCDFStore(file.create_group(name) if name else file))
    write_whole(path, _sealed(content) if sealed else content.getbuffer())


def _sealed(content: io.BytesIO) -> memoryview:
    """Add the checksum behind the content.

    HDF5 reads a file up to the end that its header gives, and cuts off the rest when it changes
    the file: who edits a file on purpose gets one without a checksum.
    """
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    content.seek(0, io.SEEK_END)
    content.write(_MARK + digest.encode("ascii") + b"\n")
    return content.getbuffer()


def is_intact(path: str | os.PathLike[str]) -> bool | None:
    """Return whether a file is as it was written; None without a checksum, which can't tell.

    Parameters
    ----------
    path : path

    Raises
    ------
    OSError
        If the file can't be read.
    """
    with Path(path).open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        if size < _LENGTH:
            return None
        file.seek(size - _LENGTH)
        seal = file.read(_LENGTH)
        if not seal.startswith(_MARK):
            return None
        file.seek(0)
        found, left = hashlib.sha256(), size - _LENGTH
        while left and (piece := file.read(min(left, _AT_ONCE))):
            found.update(piece)
            left -= len(piece)
    return seal[len(_MARK) : -1] == found.hexdigest().encode("ascii")
