"""NumPy .npz: named arrays in a zip archive."""

import zipfile
from pathlib import Path

import numpy as np

from trialtensor.io.contents import VariableInfo, reading

SUFFIXES = (".npz",)
_KIND = "a NumPy .npz archive"


def describe(path: Path) -> list[VariableInfo]:
    """Describe the arrays from their headers."""
    with reading(path, _KIND), zipfile.ZipFile(path) as archive:
        return [
            _describe(archive, member) for member in archive.namelist() if member.endswith(".npy")
        ]


def read(path: Path, variable: str) -> np.ndarray:
    """Read one array; Python objects are refused."""
    with reading(path, _KIND), np.load(path, allow_pickle=False) as archive:
        return archive[variable]


def _describe(archive: zipfile.ZipFile, member: str) -> VariableInfo:
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0
        if version > (1, 0):
            header = np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
    return VariableInfo(member.removesuffix(".npy"), shape, dtype)
