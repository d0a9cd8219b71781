"""NumPy .npz reader: named arrays in a zip archive."""

import operator
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np

from trialtensor.io.contents import ZIP, VariableInfo, describe_npy, opened_once, reading

SUFFIXES = (".npz",)
_KIND = "a NumPy .npz archive"


def describe(path: Path) -> list[VariableInfo]:
    """Describe the arrays from their headers.

    Parameters
    ----------
    path : Path
    """
    variables = []
    with reading(path, _KIND, ZIP), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    variables.append(describe_npy(member.removesuffix(".npy"), file))
    return variables


def opened(path: Path) -> AbstractContextManager[Callable[[str], np.ndarray]]:
    """Open the archive once for many arrays; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    load = partial(np.load, allow_pickle=False)
    return opened_once(load, operator.getitem, path, _KIND, ZIP)


def read(path: Path, variable: str) -> np.ndarray:
    """Read one array; refuse Python objects.

    Parameters
    ----------
    path : Path
    variable : str
    """
    with opened(path) as get:
        return get(variable)
