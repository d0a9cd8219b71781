"""What the references of an HDF5 file lead to, and a short way to the many that lead to numbers."""

from __future__ import annotations

from math import prod
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5o, h5r, h5s, h5t

# Of what is read by the short way.
_DOUBLE, _FEW_BYTES = h5t.IEEE_F64LE, 2**24


def address(item: Any) -> tuple[int, int]:
    """Return what tells an object of a file from others, by whatever name it was found.

    Parameters
    ----------
    item : h5py.File, h5py.Group or h5py.Dataset
    """
    about = h5o.get_info(item.id)
    return about.fileno, about.addr


def referred(item: Any, reference: h5py.Reference) -> h5py.Group | h5py.Dataset | None:
    """Return what a reference in a file leads to; None if to nothing.

    Parameters
    ----------
    item : h5py.Group or h5py.Dataset
        Anything of the file that holds the reference.
    reference : h5py.Reference
    """
    if not reference:
        return None
    try:
        found = item.file[reference]
    except (KeyError, ValueError, RuntimeError, OSError):
        return None  # to something that isn't there
    return found if isinstance(found, h5py.Group | h5py.Dataset) else None


def plain_doubles(found: Any) -> tuple[int, ...] | None:
    """Return the shape of a dataset if it is of doubles that lie in the file as they are.

    Of such datasets, which may be hundreds of thousands, nothing else has to be checked.

    Parameters
    ----------
    found : h5py.h5d.DatasetID

    Returns
    -------
    tuple of int or None
        None for everything else.
    """
    shape: tuple[int, ...] = found.shape
    if not shape or not found.get_type().equal(_DOUBLE):
        return None
    n_bytes = 8 * prod(shape)
    # What is chunked, stored elsewhere, or not stored at all has no place or another size.
    if n_bytes > _FEW_BYTES or found.get_offset() is None or found.get_storage_size() != n_bytes:
        return None
    return shape


def read_doubles(found: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Read a dataset of which `plain_doubles` told the shape.

    Parameters
    ----------
    found : h5py.h5d.DatasetID
    shape : tuple of int
    """
    values = np.empty(shape)
    found.read(h5s.ALL, h5s.ALL, values)
    return values


def referred_doubles(item: Any, reference: h5py.Reference) -> Any:
    """Return the plain doubles that a reference leads to, without looking at anything else.

    Parameters
    ----------
    item : h5py.Group or h5py.Dataset
        Anything of the file that holds the reference.
    reference : h5py.Reference

    Returns
    -------
    (DatasetID, tuple of int) or None
        What `read_doubles` takes; None if it leads to anything else.
    """
    try:
        found = h5r.dereference(reference, item.id) if reference else None
        shape = plain_doubles(found) if isinstance(found, h5d.DatasetID) else None
    except (KeyError, ValueError, RuntimeError, OSError):
        return None  # to something that isn't there
    return None if shape is None else (found, shape)
