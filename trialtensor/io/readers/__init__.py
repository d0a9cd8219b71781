"""One reader a file: to add a format, add a module here.

A reader module has

- ``SUFFIXES``, the file name endings it takes, such as ``(".npz",)``;
- ``describe(path) -> list[VariableInfo]``, which reads no values;
- ``read(path, variable) -> ndarray or xarray.DataArray``.

It executes nothing that a file holds, and raises ValueError naming the file if that is not what
its name says (`trialtensor.io.contents.reading` does so).
"""

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray

from trialtensor.io.contents import VariableInfo


class Reader(Protocol):
    """What a reader module offers."""

    SUFFIXES: tuple[str, ...]

    def describe(self, path: Path) -> list[VariableInfo]: ...
    def read(self, path: Path, variable: str) -> np.ndarray | xarray.DataArray: ...


def find_reader(path: Path) -> Reader:
    """Return the reader for the suffix of `path`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a folder, or no reader takes its suffix.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, expected a file")
    readers = {
        suffix: reader
        for module in pkgutil.iter_modules(__path__)
        for reader in [import_module(f"{__name__}.{module.name}")]
        for suffix in reader.SUFFIXES
    }
    if path.suffix.lower() not in readers:
        raise ValueError(
            f"{path}: no reader for {path.suffix or 'a file without a suffix'!r}; "
            f"known are {', '.join(sorted(readers))}"
        )
    return readers[path.suffix.lower()]
