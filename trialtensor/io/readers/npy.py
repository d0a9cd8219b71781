"""NumPy .npy reader: one unnamed array, which takes the name of the file."""

from pathlib import Path

import numpy as np

from trialtensor.io.contents import NUMPY, VariableInfo, describe_npy, reading

SUFFIXES = (".npy",)
_KIND = "a NumPy .npy array"


def describe(path: Path) -> list[VariableInfo]:
    """Describe the array from its header.

    Parameters
    ----------
    path : Path
    """
    with reading(path, _KIND, NUMPY), path.open("rb") as file:
        return [describe_npy(path.stem, file)]


def read(path: Path, variable: str) -> np.ndarray:
    """Read the array.

    Parameters
    ----------
    path : Path
    variable : str
        Ignored, because a file holds only one array.
    """
    with reading(path, _KIND, NUMPY):
        return np.load(path, allow_pickle=False)
