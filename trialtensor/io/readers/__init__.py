"""File readers, one module per format; to add a format, add a module here.

A reader module has

- ``SUFFIXES``, the file name endings it accepts, such as ``(".npz",)``;
- ``describe(path) -> list[VariableInfo]``, which reads no values;
- ``read(path, variable) -> ndarray or xarray.DataArray``;
- ``opened(path)``, if opening costs something: a context manager that gives a function to read one
  variable after the other.

A reader never executes anything in a file. If the content of a file doesn't match its suffix, it
raises a ValueError that names the file (use `trialtensor.io.contents.reading`).
"""

import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
import xarray

from trialtensor.io.contents import VariableInfo

# Reads a variable of an open file.
Get = Callable[[str], np.ndarray | xarray.DataArray]


class Reader(Protocol):
    """Interface of a reader module."""

    SUFFIXES: tuple[str, ...]

    def describe(self, path: Path) -> list[VariableInfo]: ...
    def read(self, path: Path, variable: str) -> np.ndarray | xarray.DataArray: ...


def opened(reader: Reader, path: Path) -> AbstractContextManager[Get]:
    """Open a file for reading many variables; gives a function that reads one by its name.

    Parameters
    ----------
    reader : Reader
    path : Path
    """
    own = getattr(reader, "opened", None)
    found: AbstractContextManager[Get]
    found = nullcontext(partial(reader.read, path)) if own is None else own(path)
    return found


def find_reader(path: Path) -> Reader:
    """Return the reader for the suffix of `path`.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a folder, or no reader accepts its suffix.
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
