"""What readers say of a file, and how they say that they cannot read it."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive, as npz files are, that is cut short or damaged"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 or netCDF-4 file, maybe cut short"),
    (b"\x93NUMPY", "a NumPy .npy array, maybe cut short"),
    (b"CDF", "a netCDF-3 file, maybe cut short"),
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
        """Whether this can be a trial tensor."""
        return len(self.shape) == 3 and self.dtype.kind in "fiub"

    @property
    def is_pickled(self) -> bool:
        """Whether the values are Python objects, which are never loaded."""
        return self.dtype.hasobject

    @property
    def kind(self) -> str:
        """The type of the values in plain words."""
        if self.is_pickled:
            return "Python objects (never loaded)"
        return "text" if self.dtype.kind in "US" else str(self.dtype)

    def __str__(self) -> str:
        return f"{self.name} {self.shape} {self.kind}"


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what goes wrong while `path` is read as `kind` into one clear ValueError."""
    try:
        yield
    except PermissionError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{path}: cannot be read as {kind}: it seems to be {looks_like(path)} ({error})"
        ) from error


def looks_like(path: Path) -> str:
    """Say what the first bytes of a file look like."""
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
