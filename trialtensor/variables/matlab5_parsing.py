"""MATLAB files of version 5 to 7, whose every number is compared with what the file can hold.

SciPy reads them too, but damaged ones end its process. The format is described in "MAT-File
Format", MathWorks.
"""

from __future__ import annotations

import zlib
from functools import partial
from math import prod
from pathlib import Path
from struct import Struct as Packed
from struct import error

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large, size
from trialtensor.variables.matlab_values import (
    Cells,
    Numbers,
    Struct,
    Text,
    Unread,
    Value,
    Values,
    full,
)

START = b"MATLAB"
# Version and byte order at the end of the first block.
_ENDIANS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_BLOCK = 128
_INT32, _UINT32, _MATRIX, _COMPRESSED = 5, 6, 14, 15
# NumPy's type of what is stored, and how stored characters are decoded.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
           13: "u8"}  # fmt: skip
_CODES = {1: "latin-1", 2: "latin-1", 16: "utf-8", 4: "utf-16-{}", 17: "utf-16-{}", 18: "utf-32-{}"}
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_NUMBERS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
            15: "u8"}  # fmt: skip
_COMPLEX, _LOGICAL = 0x800, 0x200
# Arrays in all and within each other, axes, and characters of the name of a field.
_MOST, _DEEPEST, _MOST_AXES, _LONGEST_NAME = 5_000_000, 30, 32, 1_000
# The most that deflate shrinks.
_SHRINKS = 1032
# Where an element begins and ends.
_Span = tuple[int, int]


def is_version_5(path: Path) -> bool:
    """Tell by the first block whether a file is of version 5 to 7.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as file:
        start = file.read(_BLOCK)
    return start.startswith(START) and start[124:128] in _ENDIANS


def values_of(path: Path) -> Values:
    """Return all variables of a file; numbers are converted when they are read.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RefusedError
        If something declares more than the file holds, or the file is damaged.
    """
    refuse_too_large(path.stat().st_size)
    data = path.read_bytes()
    parser = _Parser(_ENDIANS[data[124:128]])
    found: Values = {}
    place = _BLOCK
    while place + 8 <= len(data):
        kind, (start, end) = parser.element(data, place, len(data))
        name, value = "", None
        if kind == _COMPRESSED:
            inner = parser.unpacked(data[start:end])
            name, value, _ = parser.matrix(inner, 0, len(inner), 0)
        elif kind == _MATRIX:
            name, value, _ = parser.matrix(data, place, len(data), 0)
        if name and value is not None:  # what has no name is MATLAB's own
            found[name] = value
        place = end
    return found


class _Parser:
    """Reads arrays, each within the bytes of the one that holds it."""

    def __init__(self, order: str) -> None:
        self.order = order
        self._pair = Packed(f"{order}II")
        self.left = _MOST

    def element(self, data: bytes, place: int, end: int) -> tuple[int, _Span]:
        """Return type and span of the content of the element at a place."""
        try:
            kind, n_bytes = self._pair.unpack_from(data, place)
        except error:
            raise RefusedError("is cut short: an array ends within a number") from None
        start = place + 8
        if kind >> 16:  # so few bytes that they lie in the place of their number
            kind, n_bytes, start = kind & 0xFFFF, kind >> 16, place + 4
        if start + n_bytes > end or (start == place + 4 and n_bytes > 4):
            raise RefusedError("is cut short or damaged: an array reaches beyond what holds it")
        return kind, (start, start + n_bytes)

    def matrix(self, data: bytes, place: int, end: int, depth: int) -> tuple[str, Value, int]:
        """Return name and value of the array at a place, and where it ends."""
        self.left -= 1
        if self.left < 0 or depth > _DEEPEST:
            raise RefusedError("holds too many arrays, or nests them too deeply")
        kind, (start, after) = self.element(data, place, end)
        if kind != _MATRIX:
            raise RefusedError("is damaged: there is no array where one should be")
        if start == after:
            return "", Numbers((0, 0), np.dtype(float), lambda: np.zeros((0, 0))), after
        kind, (flags, flags_end) = self.element(data, start, after)
        if kind != _UINT32 or flags_end - flags != 8:
            raise RefusedError("is damaged: an array has no class")
        about = self._pair.unpack_from(data, flags)[0]
        if about & 0xFF == _OPAQUE:
            name, _ = self._bytes(data, flags_end, after)
            return _decoded(name), Unread("is a MATLAB object, which is not read"), after
        shape, place = self._shape(data, flags_end, after)
        name, place = self._bytes(data, place, after)
        return _decoded(name), self._content(data, place, after, about, shape, depth), after

    def unpacked(self, data: bytes) -> bytes:
        """Unpack a variable, no further than it says itself that it is long."""
        unpack = zlib.decompressobj()
        try:
            start = unpack.decompress(data, 8)
            if len(start) < 8:
                raise RefusedError("is damaged: a variable has no content")
            n_bytes = self._pair.unpack(start)[1]
            if n_bytes > len(data) * _SHRINKS:
                raise RefusedError(f"declares {size(n_bytes)}, more than it can unpack to")
            refuse_too_large(n_bytes)
            content = unpack.decompress(unpack.unconsumed_tail, max(n_bytes, 1))
            unpack.decompress(unpack.unconsumed_tail, 1)  # comes to the checksum
            return start + content
        except zlib.error as problem:
            raise RefusedError(f"is damaged: a variable can't be unpacked ({problem})") from None

    def _content(
        self, data: bytes, place: int, end: int, about: int, shape: tuple[int, ...], depth: int
    ) -> Value:
        kind = about & 0xFF
        if kind == _CELL:
            return self._cells(data, place, end, shape, depth)
        if kind == _STRUCT:
            return self._struct(data, place, end, shape, depth)
        if kind == _CHAR:
            return self._text(data, place, end, shape)
        if kind == _FUNCTION:
            return Unread("is a MATLAB function, which is never read", shape)
        if about & _COMPLEX:
            return Unread("holds complex numbers, which are not read", shape)
        if kind == _SPARSE:
            return self._sparse(data, place, end, shape)
        if kind not in _NUMBERS:
            return Unread("is a MATLAB object, which is not read", shape)
        own = np.dtype(bool if about & _LOGICAL else _NUMBERS[kind])
        return self._numbers(data, place, end, own, shape)

    def _shape(self, data: bytes, place: int, end: int) -> tuple[tuple[int, ...], int]:
        kind, (start, stop) = self.element(data, place, end)
        n_axes = (stop - start) // 4
        if kind not in (_INT32, _UINT32) or not 2 <= n_axes <= _MOST_AXES:
            raise RefusedError("is damaged: an array has no shape")
        shape = Packed(f"{self.order}{n_axes}i").unpack_from(data, start)
        if min(shape) < 0:
            raise RefusedError(f"is damaged: it has an array of shape {shape}")
        return shape, _next(place, start, stop)

    def _bytes(self, data: bytes, place: int, end: int) -> tuple[bytes, int]:
        _, (start, stop) = self.element(data, place, end)
        return data[start:stop], _next(place, start, stop)

    def _numbers(
        self, data: bytes, place: int, end: int, own: np.dtype, shape: tuple[int, ...]
    ) -> Numbers:
        stored, start, n = self._stored(data, place, end)
        if n != prod(shape):
            raise RefusedError(f"declares {prod(shape)} numbers, but holds {n}")
        return Numbers(shape, own, partial(_converted, data, stored, start, own, shape))

    def _stored(self, data: bytes, place: int, end: int) -> tuple[np.dtype, int, int]:
        """Return type, start and number of the numbers of an element."""
        kind, (start, stop) = self.element(data, place, end)
        if kind not in _STORED:
            raise RefusedError(f"is damaged: it holds numbers of the unknown type {kind}")
        stored = np.dtype(f"{self.order}{_STORED[kind]}")
        return stored, start, (stop - start) // stored.itemsize

    def _sparse(self, data: bytes, place: int, end: int, shape: tuple[int, ...]) -> Value:
        parts = []
        for _ in range(3):  # rows, ends of columns, values
            stored, start, n = self._stored(data, place, end)
            parts.append(np.frombuffer(data, stored, n, start))
            place = _next(place, start, start + n * stored.itemsize)
        if len(shape) != 2:
            raise RefusedError(f"is damaged: it has a sparse array of shape {shape}")
        rows, ends, values = parts
        return Numbers(
            shape, np.dtype(float), partial(full, rows, ends, values, (shape[0], shape[1]))
        )

    def _text(self, data: bytes, place: int, end: int, shape: tuple[int, ...]) -> Value:
        if not prod(shape):
            return Text(())
        kind, (start, stop) = self.element(data, place, end)
        if kind not in _CODES:
            raise RefusedError(f"is damaged: it holds characters of the unknown type {kind}")
        code = _CODES[kind].format({"<": "le", ">": "be"}[self.order])
        text = data[start:stop].decode(code, "replace")
        if len(shape) != 2 or (shape[0] > 1 and len(text) != prod(shape)):
            raise RefusedError(f"declares {prod(shape)} characters, but holds {len(text)}")
        rows = shape[0]
        return Text(tuple(text[row::rows].rstrip(" \0") for row in range(rows)))

    def _cells(
        self, data: bytes, place: int, end: int, shape: tuple[int, ...], depth: int
    ) -> Cells:
        n = prod(shape)
        if 8 * n > end - place:
            raise RefusedError(f"declares {n} cells, but holds {end - place} bytes of them")
        cells = np.empty(n, dtype=object)
        for k in range(n):
            _, cells[k], place = self.matrix(data, place, end, depth + 1)
        return Cells(cells.reshape(shape, order="F"))

    def _struct(
        self, data: bytes, place: int, end: int, shape: tuple[int, ...], depth: int
    ) -> Struct:
        names, place = self._field_names(data, place, end)
        n = prod(shape)
        if 8 * n * max(len(names), 1) > end - place + 8:
            held = f"holds {end - place} bytes of them"
            raise RefusedError(f"declares {n} structs of {len(names)} fields, but {held}")
        fields = {name: np.empty(n, dtype=object) for name in names}
        for k in range(n):
            for name in names:
                _, fields[name][k], place = self.matrix(data, place, end, depth + 1)
        return Struct(
            shape, {name: each.reshape(shape, order="F") for name, each in fields.items()}
        )

    def _field_names(self, data: bytes, place: int, end: int) -> tuple[list[str], int]:
        width, place = self._bytes(data, place, end)
        text, place = self._bytes(data, place, end)
        each = Packed(f"{self.order}i").unpack(width)[0] if len(width) == 4 else 0
        if not 0 < each <= _LONGEST_NAME or len(text) % each:
            raise RefusedError("is damaged: a struct has no names of fields")
        parts = [text[k : k + each].split(b"\0")[0] for k in range(0, len(text), each)]
        return [_decoded(part) for part in parts], place


def _converted(
    data: bytes, stored: np.dtype, start: int, own: np.dtype, shape: tuple[int, ...]
) -> np.ndarray:
    values = np.frombuffer(data, stored, prod(shape), start).reshape(shape, order="F")
    return values != 0 if own.kind == "b" else values.astype(own)


def _next(place: int, start: int, stop: int) -> int:
    """Return where the next element begins: contents fill up blocks of eight bytes."""
    return place + 8 if start == place + 4 else stop + (start - stop) % 8


def _decoded(name: bytes) -> str:
    return name.split(b"\0")[0].decode("utf-8", "replace")
