"""Descriptions of file contents, and errors for unreadable files."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import numpy as np

ZIP, NUMPY, HDF5, NETCDF3 = b"PK\x03\x04", b"\x93NUMPY", b"\x89HDF\r\n\x1a\n", b"CDF"

File = TypeVar("File")
Values = TypeVar("Values")

_SIGNATURES = (
    (ZIP, "a zip archive, as npz files are"),
    (NUMPY, "a NumPy .npy array"),
    (HDF5, "an HDF5 or netCDF-4 file"),
    (NETCDF3, "a netCDF-3 file"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"\x80\x02", "a Python pickle, which is never loaded"),
    (b"\x80\x03", "a Python pickle, which is never loaded"),
    (b"\x80\x04", "a Python pickle, which is never loaded"),
    (b"\x80\x05", "a Python pickle, which is never loaded"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
)


@dataclass(frozen=True, slots=True)
class VariableInfo:
    """One array in a file, described without reading its values.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : numpy.dtype
    dims : tuple of str, or None
        Names of the dimensions if the file gives them.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    dims: tuple[str, ...] | None = None

    @property
    def is_tensor(self) -> bool:
        """True if this can be a trial tensor."""
        return len(self.shape) == 3 and self.dtype.kind in "fiub"

    @property
    def is_pickled(self) -> bool:
        """True if the values are Python objects, which are never loaded."""
        return self.dtype.hasobject

    @property
    def kind(self) -> str:
        """Type of the values in plain words."""
        if self.is_pickled:
            return "Python objects (never loaded)"
        return "text" if self.dtype.kind in "US" else str(self.dtype)

    def __str__(self) -> str:
        return f"{self.name} {self.shape} {self.kind}"


@contextmanager
def reading(path: Path, kind: str, *signatures: bytes) -> Iterator[None]:
    """Turn errors while reading `path` as `kind` into one clear ValueError.

    Parameters
    ----------
    path : Path
    kind : str
        Format as named in the message, such as "an HDF5 file".
    *signatures : bytes
        Possible first bytes of files of this kind.
    """
    try:
        yield
    except PermissionError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        with path.open("rb") as file:
            own = file.read(16).startswith(signatures)
        # A library's message about a file of another kind only misleads ("load it unsafely").
        what = "cut short or damaged" if own else f"seemingly {looks_like(path)}"
        detail = f" ({str(error).splitlines()[0]})" if own and str(error) else ""
        raise ValueError(f"{path}: cannot be read as {kind}, it is {what}{detail}") from error


@contextmanager
def opened_once(
    opener: Callable[[Path], AbstractContextManager[File]],
    get: Callable[[File, str], Values],
    path: Path,
    kind: str,
    *signatures: bytes,
) -> Iterator[Callable[[str], Values]]:
    """Open `path` once for many variables; give a function that reads one by its name.

    Parameters
    ----------
    opener : callable
        Opens the file; what it returns is closed at the end.
    get : callable
        Reads a variable of the open file.
    path : Path
    kind, *signatures :
        As for `reading`, which guards both.
    """
    with ExitStack() as stack:
        with reading(path, kind, *signatures):
            file = stack.enter_context(opener(path))

        def read_one(variable: str) -> Values:
            with reading(path, kind, *signatures):
                return get(file, variable)

        yield read_one


def looks_like(path: Path) -> str:
    """Describe the format that the first bytes of a file suggest.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "an empty file"
    for signature, meaning in _SIGNATURES:
        if start.startswith(signature):
            return meaning
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page or XML document"
    return "of no known format" if b"\0" in start else "a text file"


def describe_npy(name: str, file: IO[bytes]) -> VariableInfo:
    """Describe an array in NumPy's own format from its header.

    Parameters
    ----------
    name : str
        Name to give to the array.
    file : binary file
        At the start of the array.
    """
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0
    if version > (1, 0):
        header = np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    return VariableInfo(name, shape, dtype)
