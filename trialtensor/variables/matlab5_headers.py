"""What MATLAB files of version 5 to 7 declare, checked before SciPy believes it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from struct import Struct, error

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large, size

VERSION = b"MATLAB"
# Version and byte order at the end of the first block.
_ENDIANS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_BLOCK = 128
_MATRIX, _COMPRESSED = 14, 15
# Bytes of each storage type.
_STORED = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
_CLASSES = {
    1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse", 6: "double", 7: "single",
    8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32", 14: "int64",
    15: "uint64", 16: "function_handle", 17: "opaque",
}  # fmt: skip
_COMPLEX, _LOGICAL = 0x800, 0x200
# Arrays in all, within each other, and axes.
_MOST, _DEEPEST, _MOST_AXES = 3_000_000, 50, 32
# Elements of an array that takes no place in the file, as structs without fields do.
_FREE = 100_000
# The most that deflate shrinks.
_SHRINKS = 1032


@dataclass(frozen=True, slots=True)
class Header:
    """What a variable, or a field of a struct, declares.

    Attributes
    ----------
    name : str
    kind : str
        Class of MATLAB, or "logical", or "complex".
    shape : tuple of int
    fields : tuple of Header
        Of a single struct.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    fields: tuple[Header, ...] = ()


def is_version_5(path: Path) -> bool:
    """Tell by the first block whether a file is of version 5 to 7.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as file:
        start = file.read(_BLOCK)
    return start.startswith(VERSION) and start[124:128] in _ENDIANS


def headers(path: Path) -> list[Header]:
    """Return what the variables of a file declare, and refuse what can't be.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RefusedError
        If an array declares more than the file holds, or there are too many of them.
    """
    data = path.read_bytes()
    order = _ENDIANS[data[124:128]]
    found = []
    walk = _Walk(order)
    place = _BLOCK
    while place + 8 <= len(data):
        kind, n_bytes, start = walk.tag(data, place)
        end = start + n_bytes
        if end > len(data):
            raise RefusedError("is cut short: its last variable is longer than the file")
        if kind == _COMPRESSED:
            inner = _unpacked(data[start:end], walk)
            found.append(walk.matrix(inner, 0, len(inner), "", 0)[0])
        elif kind == _MATRIX:
            found.append(walk.matrix(data, place, end, "", 0)[0])
        place = end
    return [each for each in found if each.name]


class _Walk:
    """Goes through the arrays of a file, each within the bytes of the one that holds it."""

    def __init__(self, order: str) -> None:
        self._two, self._three = Struct(f"{order}II"), Struct(f"{order}HH")
        self._int = order
        self.left = _MOST

    def tag(self, data: bytes, place: int) -> tuple[int, int, int]:
        """Return type, number of bytes and start of the content of an element."""
        try:
            kind, n_bytes = self._two.unpack_from(data, place)
        except error:
            raise RefusedError("is cut short or damaged: an array ends within a number") from None
        if kind >> 16:  # few bytes, in the place of the number of bytes
            return kind & 0xFFFF, kind >> 16, place + 4
        return kind, n_bytes, place + 8

    def matrix(
        self, data: bytes, place: int, end: int, name: str, depth: int
    ) -> tuple[Header, int]:
        """Return what an array declares, and where it ends."""
        self.left -= 1
        if self.left < 0 or depth > _DEEPEST:
            raise RefusedError(f"holds more than {_MOST} arrays, or nests them too deeply")
        kind, n_bytes, start = self.tag(data, place)
        if kind != _MATRIX or start + n_bytes > end:
            raise RefusedError("is damaged: an array reaches beyond what holds it")
        after = start + n_bytes
        if not n_bytes:
            return Header(name, "double", (0, 0)), after
        flags_kind, flags_size, flags = self.tag(data, start)
        if flags_kind != 6 or flags_size != 8 or flags + 8 > after:
            raise RefusedError("is damaged: an array has no class")
        about = self._two.unpack_from(data, flags)[0]
        mx = _CLASSES.get(about & 0xFF, "unknown")
        if mx in ("opaque", "unknown"):
            return Header(name or mx, mx, ()), after
        shape, place = self._shape(data, flags + 8, after)
        own, place = self._text(data, place, after)
        name = name or own.decode("utf-8", "replace")
        fields = self._content(data, place, after, mx, shape, depth)
        if about & _LOGICAL:
            mx = "logical"
        return Header(name, "complex" if about & _COMPLEX else mx, shape, fields), after

    def _shape(self, data: bytes, place: int, end: int) -> tuple[tuple[int, ...], int]:
        kind, n_bytes, start = self.tag(data, place)
        if kind != 5 or n_bytes % 4 or not 4 <= n_bytes <= 4 * _MOST_AXES or start + n_bytes > end:
            raise RefusedError("is damaged: an array has no shape")
        shape = Struct(f"{self._int}{n_bytes // 4}i").unpack_from(data, start)
        if min(shape) < 0:
            raise RefusedError(f"is damaged: it has an array of shape {shape}")
        return shape, _padded(place, start, n_bytes)

    def _text(self, data: bytes, place: int, end: int) -> tuple[bytes, int]:
        _, n_bytes, start = self.tag(data, place)
        if start + n_bytes > end:
            raise RefusedError("is damaged: a name reaches beyond its array")
        return data[start : start + n_bytes], _padded(place, start, n_bytes)

    def _content(
        self, data: bytes, place: int, end: int, mx: str, shape: tuple[int, ...], depth: int
    ) -> tuple[Header, ...]:
        """Check what an array holds; return the fields of a single struct."""
        n = prod(shape)
        if mx == "function_handle":
            return ()
        if mx == "cell":
            self._arrays(data, place, end, [""] * self._fitting(n, 8, end - place), depth)
            return ()
        if mx in ("struct", "object"):
            names, place = self._fields(data, place, end, mx == "object")
            n_arrays = self._fitting(n * len(names), 8, end - place)
            if n > _FREE + (end - place):
                raise RefusedError(f"declares {n} structs without content")
            found = self._arrays(data, place, end, (names * n)[:n_arrays], depth)
            return tuple(found) if n == 1 else ()
        self._numbers(data, place, end, mx, shape)
        return ()

    def _arrays(
        self, data: bytes, place: int, end: int, names: list[str], depth: int
    ) -> list[Header]:
        found = []
        for name in names:
            header, place = self.matrix(data, place, end, name, depth + 1)
            found.append(header)
        return found

    def _fields(self, data: bytes, place: int, end: int, is_object: bool) -> tuple[list[str], int]:
        if is_object:
            _, place = self._text(data, place, end)
        width, place = self._text(data, place, end)
        each = Struct(f"{self._int}i").unpack(width)[0] if len(width) == 4 else 0
        text, place = self._text(data, place, end)
        if not 0 < each <= 1_000 or len(text) % each:
            if text or each < 0:
                raise RefusedError("is damaged: a struct has no names of fields")
            return [], place
        parts = (text[k : k + each] for k in range(0, len(text), each))
        return [part.split(b"\0")[0].decode("utf-8", "replace") for part in parts], place

    def _numbers(self, data: bytes, place: int, end: int, mx: str, shape: tuple[int, ...]) -> None:
        """Compare the numbers that an array declares with those that it holds."""
        kind, n_bytes, start = self.tag(data, place)
        held = n_bytes // _STORED.get(kind, 1)
        if start + n_bytes > end:
            raise RefusedError("is damaged: numbers reach beyond their array")
        if mx != "sparse":
            if held < prod(shape) and mx != "char":
                raise RefusedError(f"declares {prod(shape)} numbers, but holds {held}")
            if mx == "char" and prod(shape) > max(n_bytes, 1) * 2 + 64:
                raise RefusedError(f"declares {prod(shape)} characters, but holds {n_bytes} bytes")
            refuse_too_large(8 * prod(shape))

    @staticmethod
    def _fitting(n: int, n_bytes: int, held: int) -> int:
        if n * n_bytes > held:
            raise RefusedError(f"declares {n} cells or fields, but holds {held} bytes of them")
        return n


def _padded(place: int, start: int, n_bytes: int) -> int:
    """Return where the next element begins: contents fill up blocks of eight bytes."""
    return place + 8 if start == place + 4 else start + n_bytes + -n_bytes % 8


def _unpacked(data: bytes, walk: _Walk) -> bytes:
    """Unpack a variable, no further than it says itself that it is long."""
    unpack = zlib.decompressobj()
    try:
        start = unpack.decompress(data, 8)
        _, n_bytes, content = walk.tag(start, 0)
        if n_bytes > len(data) * _SHRINKS:
            raise RefusedError(f"declares {size(n_bytes)}, more than it can unpack to")
        refuse_too_large(n_bytes)
        rest = unpack.decompress(unpack.unconsumed_tail, max(n_bytes + content - len(start), 1))
    except zlib.error as problem:
        raise RefusedError(f"is damaged: a variable can't be unpacked ({problem})") from None
    return start + rest


def paths(found: list[Header], above: str = "") -> Iterator[tuple[str, Header]]:
    """List variables and the fields of single structs, named as "data/rates".

    Parameters
    ----------
    found : list of Header
    above : str
        Name of the struct that they are in, with a slash.
    """
    for each in found:
        yield f"{above}{each.name}", each
        yield from paths(list(each.fields), f"{above}{each.name}/")
