"""NumPy .npz reader: named arrays in a zip archive."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from trialtensor.opening.guard import ZIP, RefusedError
from trialtensor.opening.memory import refuse_too_large, size
from trialtensor.variables.contents import Get, VariableInfo, shown_names
from trialtensor.variables.numpy_format import describe_array, read_array

SUFFIXES = (".npz",)
KIND = "a NumPy .npz archive"
SIGNATURES = (ZIP,)

_ARRAY = ".npy"
_MOST_MEMBERS = 50_000
_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstandard", 95: "xz", 98: "ppmd"}
_ENCRYPTED = 0x1
# Deflate never shrinks anything further than this.
_DEFLATE_SHRINKS = 1032


def describe(path: Path) -> list[VariableInfo]:
    """Describe the arrays from their headers.

    Parameters
    ----------
    path : Path
    """
    variables = []
    with zipfile.ZipFile(path) as archive:
        for name, member in _members(archive, path).items():
            with archive.open(member) as file:
                variables.append(describe_array(name, file, member.file_size, exactly=True))
    return variables


@contextmanager
def opened(path: Path) -> Iterator[Get]:
    """Open the archive once for many arrays; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, path)

        def get(name: str) -> np.ndarray:
            with archive.open(members[name]) as file:
                return read_array(name, file, members[name].file_size, exactly=True)

        yield get


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the arrays in an archive, by name, if it can be what it says."""
    if len(archive.filelist) > _MOST_MEMBERS:
        raise RefusedError(f"holds more than {_MOST_MEMBERS} arrays")
    if sum(member.compress_size for member in archive.filelist) > path.stat().st_size:
        raise RefusedError("is damaged: its arrays take more space than the file has")
    # Of several members of one name the last is the one that counts.
    last = {member.filename: member for member in archive.filelist}
    names = shown_names([name.removesuffix(_ARRAY) for name in last if name.endswith(_ARRAY)])
    found = {shown: last[name + _ARRAY] for shown, name in names.items()}
    for name, member in found.items():
        _check(name, member)
    return found


def _check(name: str, member: zipfile.ZipInfo) -> None:
    """Refuse what can't be unpacked, or would unpack to more than it can hold."""
    if member.flag_bits & _ENCRYPTED:
        raise RefusedError(f"{name} is encrypted, and there is no way to give a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        method = _METHODS.get(member.compress_type, "an unknown method")
        raise RefusedError(
            f"{name} is compressed by {method} ({member.compress_type}), "
            "expected none or deflate, as numpy.savez and savez_compressed write"
        )
    shrinks = _DEFLATE_SHRINKS if member.compress_type == zipfile.ZIP_DEFLATED else 1
    if member.file_size > max(member.compress_size, 1) * shrinks:
        raise RefusedError(
            f"{name} declares {size(member.file_size)}, more than its "
            f"{size(member.compress_size)} in the file can unpack to"
        )
    try:
        refuse_too_large(member.file_size)
    except RefusedError as error:
        raise RefusedError(f"{name} {error}") from error
