"""NumPy .npy reader: one unnamed array, which takes the name of the file."""

from pathlib import Path

import numpy as np

from trialtensor.opening.guard import NUMPY
from trialtensor.variables.contents import VariableInfo
from trialtensor.variables.numpy_format import describe_array, read_array

SUFFIXES = (".npy",)
KIND = "a NumPy .npy array"
SIGNATURES = (NUMPY,)


def describe(path: Path) -> list[VariableInfo]:
    """Describe the array from its header.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as file:
        return [describe_array(path.stem, file, path.stat().st_size)]


def read(path: Path, variable: str) -> np.ndarray:
    """Read the array.

    Parameters
    ----------
    path : Path
    variable : str
        Ignored, because a file holds only one array.
    """
    with path.open("rb") as file:
        return read_array(path.stem, file, path.stat().st_size)
