"""NumPy .npy: one array without a name, called after the file."""

from pathlib import Path

import numpy as np

from trialtensor.io.contents import VariableInfo, reading

SUFFIXES = (".npy",)


def describe(path: Path) -> list[VariableInfo]:
    """Describe the array."""
    array = _open(path)
    return [VariableInfo(path.stem, array.shape, array.dtype)]


def read(path: Path, variable: str) -> np.ndarray:
    """Read the array; there is only one `variable`."""
    return np.array(_open(path))


def _open(path: Path) -> np.ndarray:
    with reading(path, "a NumPy .npy array"):
        # A memory map finds a file that is shorter than it says, and reads nothing yet.
        return np.load(path, mmap_mode="r", allow_pickle=False)
