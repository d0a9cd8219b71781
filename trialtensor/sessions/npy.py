"""Arrays of a folder in .npy files: headers first, values later, pickles never."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trialtensor.opening.guard import NUMPY, RefusedError, reading, refuse_odd_files
from trialtensor.variables.contents import VariableInfo
from trialtensor.variables.numpy_format import describe_array, read_array

KIND = "a NumPy .npy array"


def describe_npy(path: Path) -> VariableInfo:
    """Describe the array in a file from its header.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableError
        If it isn't such a file, or declares more than it holds; the message names it.
    """
    refuse_odd_files(path)
    with reading(path, KIND, NUMPY), path.open("rb") as file:
        return describe_array(path.stem, file, path.stat().st_size)


def read_npy(path: Path) -> np.ndarray:
    """Read the array in a file, in the byte order of this machine.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableError
        As for `describe_npy`, and if it holds Python objects, which are never loaded.
    """
    if describe_npy(path).is_pickled:
        with reading(path, KIND, NUMPY):
            raise RefusedError("holds Python objects (a pickle), which are never loaded")
    with reading(path, KIND, NUMPY), path.open("rb") as file:
        values = read_array(path.stem, file, path.stat().st_size)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def read_vector(path: Path) -> np.ndarray:
    """Read an array with one axis; a column or a row, as MATLAB has them, becomes one.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableError
        As for `read_npy`, and for other shapes.
    """
    values = read_npy(path)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim != 1:
        with reading(path, KIND, NUMPY):
            raise RefusedError(f"has the shape {values.shape}, expected one axis")
    return values


def is_npy(path: Path) -> bool:
    """Tell from its first bytes whether a file is a NumPy array.

    Parameters
    ----------
    path : Path
    """
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(NUMPY)) == NUMPY
