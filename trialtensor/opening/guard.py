"""One guard around everything that reads a file: whatever goes wrong is one line with its name."""

import os
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ZIP, NUMPY, HDF5, NETCDF3 = b"PK\x03\x04", b"\x93NUMPY", b"\x89HDF\r\n\x1a\n", b"CDF"
MATLAB_HDF5 = b"MATLAB 7.3"
# A file of arrays written by MATLAB starts with a block of this size that is not HDF5.
_USER_BLOCK = 512

_SIGNATURES = (
    (ZIP, "a zip archive, as npz files are"),
    (NUMPY, "a NumPy .npy array"),
    (HDF5, "an HDF5 or netCDF-4 file"),
    (MATLAB_HDF5, "a MATLAB file of version 7.3"),
    (NETCDF3, "a netCDF-3 file"),
    (b"MATLAB 5.0", "a MATLAB file of version 5 to 7"),
    (b"\x0e\x03\x13\x01", "an HDF4 file"),
    (b"\x80\x02", "a Python pickle, which is never loaded"),
    (b"\x80\x03", "a Python pickle, which is never loaded"),
    (b"\x80\x04", "a Python pickle, which is never loaded"),
    (b"\x80\x05", "a Python pickle, which is never loaded"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
)
_ODD_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class RefusedError(ValueError):
    """Why a file, or a part of it, isn't read, in words that need no others."""


class UnreadableError(ValueError):
    """A file that can't be read; the message names it."""


@contextmanager
def reading(path: Path, kind: str, *signatures: bytes) -> Iterator[None]:
    """Turn whatever goes wrong while `path` is read as `kind` into one UnreadableError.

    Warnings of the libraries are left out: what matters is in the error or in what was read.

    Parameters
    ----------
    path : Path
    kind : str
        Format as named in the message, such as "an HDF5 file".
    *signatures : bytes
        Possible first bytes of files of this kind; none if they can start in any way.

    Raises
    ------
    UnreadableError
        The original error is its ``__cause__``.
    """
    guard = _one_error(f"{_shown(path)}:", lambda error: _message(path, kind, signatures, error))
    with guard, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def reading_own(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file of our own writers is read into one UnreadableError.

    Parameters
    ----------
    path : Path
    kind : str
        Such as "saved model".

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    UnreadableError
        The original error is its ``__cause__``.
    """
    if not path.is_file():
        if path.exists():
            refuse_odd_files(path)
        raise FileNotFoundError(f"path: there is no file {str(path)!r}")
    name = f"path: {_shown(path)!r}"
    with _one_error(name, lambda error: f"{name} is not a complete {kind} ({_why(path, error)})"):
        yield


def _why(path: Path, error: Exception) -> str:
    """Say what a file that should be HDF5 looks like, if it is something else."""
    with suppress(OSError):
        if not is_hdf5(path):
            return f"seemingly {looks_like(path)}"
    return in_one_line(error)


@contextmanager
def _one_error(name: str, damaged: Callable[[Exception], str]) -> Iterator[None]:
    try:
        yield
    except (UnreadableError, PermissionError, FileNotFoundError):
        raise
    except RefusedError as error:
        raise UnreadableError(f"{name} {error}") from error
    except Exception as error:
        # Not a list of exceptions: damaged bytes have made libraries raise every kind there is.
        raise UnreadableError(damaged(error)) from error


def refuse_odd_files(path: Path) -> None:
    """Refuse what is no file, without opening it: reading a pipe would wait forever.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableError
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        what = next((words for is_kind, words in _ODD_KINDS if is_kind(mode)), "no regular file")
        raise UnreadableError(f"{_shown(path)}: is {what}, expected a file")


def in_one_line(error: BaseException) -> str:
    """Say what an exception says, in one printable line.

    Parameters
    ----------
    error : exception
    """
    text = str(error) or type(error).__name__
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return printable(first)[:300]


def printable(text: str) -> str:
    """Escape what a terminal would act on or can't show.

    Parameters
    ----------
    text : str
    """
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in safe
    )


def is_hdf5(path: Path) -> bool:
    """Tell from its content whether a file is HDF5, also behind the first block of MATLAB.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as file:
        start = file.read(_USER_BLOCK + len(HDF5))
    return start.startswith(HDF5) or start[_USER_BLOCK:] == HDF5


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


def _shown(path: Path) -> str:
    # A name may hold line ends, or bytes that are no text.
    return printable(os.fsencode(path).decode("utf-8", "backslashreplace"))


def _message(path: Path, kind: str, signatures: tuple[bytes, ...], error: Exception) -> str:
    if path.is_dir():
        return f"{_shown(path)}: cannot be read as {kind} ({in_one_line(error)})"
    try:
        with path.open("rb") as file:
            own = not signatures or file.read(16).startswith(signatures)
        # A library's message about a file of another kind only misleads ("load it unsafely").
        what = "cut short or damaged" if own else f"seemingly {looks_like(path)}"
    except OSError:
        own, what = True, "not to be opened"
    said = in_one_line(error)
    detail = f" ({said})" if own and said else ""
    return f"{_shown(path)}: cannot be read as {kind}, it is {what}{detail}"
