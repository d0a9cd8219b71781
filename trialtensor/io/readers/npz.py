"""NumPy .npz reader: named arrays in a zip archive."""

import zipfile
from pathlib import Path

import numpy as np

from trialtensor.io.contents import ZIP, VariableInfo, describe_npy, reading

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


def read(path: Path, variable: str) -> np.ndarray:
    """Read one array; refuse Python objects.

    Parameters
    ----------
    path : Path
    variable : str
    """
    with reading(path, _KIND, ZIP), np.load(path, allow_pickle=False) as archive:
        return archive[variable]
