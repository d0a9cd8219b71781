"""File readers, one module per format; to add a format, add a module here.

A reader module has

- ``SUFFIXES``, the file name endings it accepts, such as ``(".npz",)``;
- ``describe(path) -> list[VariableInfo]``, which reads no values;
- ``read(path, variable) -> ndarray or xarray.DataArray``, or
- ``opened(path)``, if opening costs something: a context manager that gives a function to read one
  variable after the other;
- ``contents(path)``, if parts of a variable can be read: a context manager that gives what the file
  holds (`trialtensor.variables.contents.Contents`), with ``parts`` of what can;
- ``FOLDERS``, true if what it reads are folders;
- ``KIND`` and ``SIGNATURES``, the words for its format in messages and the possible first bytes of
  such files, if they begin in a known way.

A reader never executes anything in a file. It needs no handling of errors: `find_reader` returns
it inside of the guard that makes one ValueError with the name of the file of whatever it raises.
What a reader refuses in words of its own is a `trialtensor.opening.guard.RefusedError`.
"""

import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import xarray

from trialtensor.opening.guard import RefusedError, reading, refuse_odd_files
from trialtensor.variables.contents import Get, InParts, VariableInfo, listed

__all__ = ["Get", "Reader", "find_reader", "opened", "suffixes"]


class Reader(Protocol):
    """Interface of a reader."""

    SUFFIXES: tuple[str, ...]

    def describe(self, path: Path) -> list[VariableInfo]: ...
    def read(self, path: Path, variable: str) -> np.ndarray | xarray.DataArray: ...


class Guarded:
    """A reader whose every error names the file.

    Parameters
    ----------
    module : module of the reader
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self.SUFFIXES: tuple[str, ...] = module.SUFFIXES

    def describe(self, path: Path) -> list[VariableInfo]:
        """Describe the variables in a file; one in which all tensors are refused is refused."""
        with self._guard(path):
            found: list[VariableInfo] = self._module.describe(path)
            refused = [info for info in found if info.refused]
            if refused and not any(info.is_tensor for info in found):
                raise RefusedError(listed(refused))
        return found

    def read(self, path: Path, variable: str) -> np.ndarray | xarray.DataArray:
        """Read one variable."""
        with self.opened(path) as get:
            return get(variable)

    @contextmanager
    def opened(self, path: Path) -> Iterator[Get]:
        """Open a file for many variables; give a function that reads one by its name."""
        stack = ExitStack()
        with self._guard(path):
            get = stack.enter_context(self._open(path))

        def read_one(variable: str) -> np.ndarray | xarray.DataArray:
            with self._guard(path):
                return _native(get(variable))

        try:
            yield read_one
        finally:
            with self._guard(path):
                stack.close()

    def keep_open(self, path: Path, variable: str) -> tuple[InParts, Callable[[], None]]:
        """Open a file to read a variable a part at a time; also return what closes it again."""
        stack = ExitStack()
        with self._guard(path), ExitStack() as closing:
            closing.enter_context(stack)
            own = getattr(self._module, "contents", None)
            found = None if own is None else stack.enter_context(own(path)).get(variable)
            parts = None if found is None else found().parts
            if parts is None:
                raise RefusedError(
                    f"{variable} can only be read as a whole; store it in an HDF5, netCDF-4, Zarr "
                    "or npy file to have parts of it read"
                )
            held = parts()
            closing.pop_all()

        def read(where: tuple[Any, ...]) -> np.ndarray:
            with self._guard(path):
                return held.read(where)

        return replace(held, read=read), stack.close

    def _open(self, path: Path) -> AbstractContextManager[Get]:
        own: Callable[[Path], AbstractContextManager[Get]] | None
        own = getattr(self._module, "opened", None)
        return nullcontext(partial(self._module.read, path)) if own is None else own(path)

    def _guard(self, path: Path) -> AbstractContextManager[None]:
        kind = getattr(self._module, "KIND", f"a {path.suffix} file")
        return reading(path, kind, *getattr(self._module, "SIGNATURES", ()))


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
        If it is a folder, a pipe or a device, or no reader accepts its suffix.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    refuse_odd_files(path)
    readers = _by_suffix()
    reader = readers.get(path.suffix.lower())
    if path.is_dir() != bool(getattr(reader, "FOLDERS", False)) and (path.is_dir() or reader):
        what, needed = ("folder", "file") if path.is_dir() else ("file", "folder")
        raise ValueError(f"{path}: is a {what}, expected a {needed}")
    if path.suffix.lower() not in readers:
        raise ValueError(
            f"{path}: no reader for {path.suffix or 'a file without a suffix'!r}; "
            f"known are {', '.join(suffixes())}"
        )
    return _guarded(readers[path.suffix.lower()])


def suffixes() -> list[str]:
    """List the suffixes of files that a reader accepts."""
    return sorted(_by_suffix())


def _by_suffix() -> dict[str, ModuleType]:
    return {
        suffix: module
        for found in pkgutil.iter_modules(__path__)
        for module in [import_module(f"{__name__}.{found.name}")]
        for suffix in module.SUFFIXES
    }


@cache
def _guarded(module: ModuleType) -> Reader:
    return Guarded(module)


def _native(values: np.ndarray | xarray.DataArray) -> np.ndarray | xarray.DataArray:
    """Return values in the byte order of this machine."""
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
