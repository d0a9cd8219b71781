"""What a Zarr folder holds, told from its JSON before anything is decoded."""

from __future__ import annotations

import base64
import json
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.opening.guard import RefusedError, printable
from trialtensor.opening.memory import refuse_too_large, refuse_whole, size

# What a folder of this format holds, of versions 2 and 3.
MARKS = (".zarray", ".zgroup", "zarr.json")
_LONGEST, _DEEPEST, _MOST_FILES = 5_000_000, 100, 2_000_000
# Codecs that turn bytes into numbers or text; others can be anything, "pickle" among them.
_CODECS = frozenset(
    [
        "zlib", "gzip", "bz2", "lzma", "blosc", "zstd", "lz4", "delta", "fixedscaleoffset",
        "shuffle", "quantize", "packbits", "astype", "bitround", "vlen-utf8", "vlen-bytes", "crc32",
        "crc32c", "adler32", "fletcher32", "bytes", "endian", "transpose", "sharding_indexed",
    ]
)  # fmt: skip
# Numbers that are compressed take no less than this share, or are few enough.
_SHRINKS, _FEW = 10_000, 2**26
_TEXT = ("string", "fixed_length_utf32", "variable_length_utf8")


@dataclass(frozen=True)
class Stored:
    """A group or an array of a Zarr folder.

    Attributes
    ----------
    path : str
        Within the folder, with slashes; empty for the root.
    attributes : dict
    shape : tuple of int, or None
        None for a group.
    dtype : numpy.dtype or None
        Text is "U".
    dims : tuple of str, or None
        Names of its axes, if it has some.
    version : int
        Of the format.
    refused : str
        Why it can't be read, in words that follow its name.
    """

    path: str
    attributes: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None
    dtype: np.dtype | None = None
    dims: tuple[str, ...] | None = None
    version: int = 2
    refused: str = ""


def is_zarr(path: Path) -> bool:
    """Tell whether a folder is a Zarr group or array.

    Parameters
    ----------
    path : Path
    """
    return path.is_dir() and any((path / mark).is_file() for mark in MARKS)


def root_attributes(path: Path) -> dict[str, Any]:
    """Read the attributes of a Zarr folder itself.

    Parameters
    ----------
    path : Path
    """
    return _described("", path).attributes


def stored_in(path: Path) -> Iterator[Stored]:
    """List the groups and arrays of a folder, the root first.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RefusedError
        If it holds too much, or metadata that is none.
    """
    n_files = 0
    for folder, below, files in os.walk(path):
        here = Path(folder)
        place = here.relative_to(path).as_posix()
        n_files += len(files) + len(below)
        if n_files > _MOST_FILES or place.count("/") > _DEEPEST:
            raise RefusedError(f"holds more than {_MOST_FILES} files, or is too deep")
        below.sort()
        if not any(mark in files for mark in MARKS):
            below.clear()  # nothing of this format goes on below
            continue
        found = _described("" if place == "." else place, here)
        if found.shape is not None:
            below.clear()
        yield found


def read_stored(path: Path, stored: Stored) -> np.ndarray:
    """Read an array by the package zarr, which is optional.

    Parameters
    ----------
    path : Path
        Of the whole folder.
    stored : Stored

    Raises
    ------
    RefusedError
        If it may not be read, or the package is missing or too old.
    """
    assert stored.shape is not None and stored.dtype is not None
    refuse_whole(stored.path or path.stem, prod(stored.shape) * max(stored.dtype.itemsize, 1))
    values = np.asarray(open_stored(path, stored)[...])
    if values.dtype.kind in "OT":
        return np.array([str(each) for each in values.flat], dtype=str).reshape(values.shape)
    return values


def open_stored(path: Path, stored: Stored) -> Any:
    """Open an array by the package zarr, without reading it.

    Parameters
    ----------
    path, stored : as for `read_stored`
    """
    if stored.refused:
        raise RefusedError(f"{stored.path} {stored.refused}")
    try:
        import zarr
    except ImportError:
        raise RefusedError("needs zarr: pip install trialtensor[zarr]") from None
    if stored.version == 3 and int(zarr.__version__.split(".")[0]) < 3:
        raise RefusedError("is of version 3 of the format, which needs zarr 3: pip install zarr>=3")
    return zarr.open_array(str(path / stored.path), mode="r")


def _described(place: str, folder: Path) -> Stored:
    if (folder / "zarr.json").is_file():
        about = _json(folder / "zarr.json")
        attributes = _dict(about.get("attributes", {}))
        if about.get("node_type") != "array":
            return Stored(place, attributes, version=3)
        names = about.get("dimension_names")
        codecs = [each for each in _list(about.get("codecs", []))]
        return _array(place, folder, about, attributes, names, codecs, 3)
    attributes = _json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {}
    if not (folder / ".zarray").is_file():
        return Stored(place, attributes)
    about = _json(folder / ".zarray")
    codecs = [*_list(about.get("filters") or []), about.get("compressor")]
    return _array(place, folder, about, attributes, attributes.get("_ARRAY_DIMENSIONS"), codecs, 2)


def _array(
    place: str, folder: Path, about: dict[str, Any], attributes: dict[str, Any],
    names: Any, codecs: list[Any], version: int,
) -> Stored:  # fmt: skip
    shape = _whole(about.get("shape"), f"{place} declares the shape")
    chunks = _chunks(about, version)
    dtype, refused = _dtype(about.get("dtype" if version == 2 else "data_type"))
    refused = refused or _refused_codecs(codecs) or _why_refused(folder, shape, chunks, dtype)
    dims = None
    if isinstance(names, list) and [type(each) for each in names] == [str] * len(shape):
        dims = tuple(map(printable, names))
    shown = np.dtype("V1") if dtype is None else dtype
    fill = about.get("fill_value") if version == 2 and dims else None
    attributes = _with_fill(attributes, fill, shown)
    return Stored(place, attributes, shape, shown, dims, version, refused)


def _with_fill(attributes: dict[str, Any], fill: Any, dtype: np.dtype) -> dict[str, Any]:
    """Give the value of missing entries as xarray writes it: of version 2 that of the storage.

    Zero is what software writes that doesn't think of missing ones.
    """
    given = attributes.get("_FillValue")
    if isinstance(given, str) and dtype.kind == "f":  # of version 3: eight bytes as text
        try:
            given = struct.unpack("<d", base64.b64decode(given))[0]
        except (ValueError, struct.error):
            given = None
    elif given is None and isinstance(fill, int | float) and fill != 0 and dtype.kind in "fiu":
        given = fill
    others = {name: value for name, value in attributes.items() if name != "_FillValue"}
    return others if given is None else {**others, "_FillValue": given}


def _chunks(about: dict[str, Any], version: int) -> tuple[int, ...]:
    given = about.get("chunks")
    if version == 3:
        grid = _dict(about.get("chunk_grid", {}))
        given = _dict(grid.get("configuration", {})).get("chunk_shape")
    return _whole(given, "an array declares chunks")


def _dtype(given: Any) -> tuple[np.dtype | None, str]:
    name = given.get("name") if isinstance(given, dict) else given
    if name in _TEXT or name == "|O":
        return np.dtype("U"), ""
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError):
        return None, f"is of a type that is not read ({printable(str(given))[:60]})"
    if dtype.hasobject or dtype.kind not in "fiubUSmM":
        return None, f"is of the type {dtype}, which is not read"
    return dtype, ""


def _refused_codecs(codecs: list[Any]) -> str:
    for codec in codecs:
        if codec is None:
            continue
        about = _dict(codec)
        name = str(about.get("id", about.get("name"))).removeprefix("numcodecs.")
        if name == "pickle":
            return "holds Python objects (a pickle), which are never loaded"
        if name not in _CODECS:
            return f"is coded by {printable(name)[:40]!r}, which is not read"
        inner = _dict(about.get("configuration") or {})
        nested = [*_list(inner.get("codecs") or []), *_list(inner.get("index_codecs") or [])]
        if why := _refused_codecs(nested):
            return why
    return ""


def _why_refused(
    folder: Path, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: np.dtype | None
) -> str:
    """Compare what an array declares with what is there, and with the free memory."""
    held = 0
    for here, below, files in os.walk(folder):
        for name in [*below, *files]:
            about = os.lstat(os.path.join(here, name))
            if stat.S_ISLNK(about.st_mode):
                return "is partly a link, which is not followed"
            if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
                return "is partly a pipe or a device, which is not read"
            held += about.st_size if stat.S_ISREG(about.st_mode) else 0
    itemsize = max(dtype.itemsize if dtype is not None else 1, 1)
    declared = max(prod(shape), prod(chunks)) * itemsize
    if declared > max(held * _SHRINKS, _FEW):
        return f"declares {size(declared)} of values, but holds {size(held)}"
    try:
        refuse_too_large(prod(chunks) * itemsize)
    except RefusedError as error:
        return str(error)
    return ""


def _whole(given: Any, what: str) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) > 32:
        raise RefusedError(f"is damaged: {what} {printable(str(given))[:60]}")
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in given):
        raise RefusedError(f"is damaged: {what} {printable(str(given))[:60]}")
    return tuple(given)


def _json(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _LONGEST:
        raise RefusedError(f"has {size(file.stat().st_size)} of metadata in {file.name}")
    try:
        return _dict(json.loads(file.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"is damaged: {file.parent.name}/{file.name} is no JSON") from error


def _dict(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise RefusedError("is damaged: metadata are not as they should be")
    return given


def _list(given: Any) -> list[Any]:
    if not isinstance(given, list):
        raise RefusedError("is damaged: metadata are not as they should be")
    return given
