"""NumPy .npy reader: one unnamed array, which takes the name of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.opening.guard import NUMPY
from trialtensor.variables.contents import Contents, InParts, Variable, VariableInfo, nothing_of
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


@contextmanager
def contents(path: Path) -> Iterator[Contents]:
    """Describe what is in the file, to be read in parts.

    Parameters
    ----------
    path : Path
    """
    info = describe(path)[0]

    def parts() -> InParts:
        native = info.dtype.newbyteorder("=")

        def read_part(where: tuple[Any, ...]) -> np.ndarray:
            # Mapped anew each time: pages that stay mapped count as memory in use.
            return np.array(_mapped(path)[where], dtype=native)

        in_reverse = not _mapped(path).flags.c_contiguous
        return InParts(nothing_of(info.shape), native, read_part, None, in_reverse)

    yield {info.name: lambda: Variable(info, lambda: read(path, info.name), parts)}


def _mapped(path: Path) -> np.ndarray:
    values: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return values
