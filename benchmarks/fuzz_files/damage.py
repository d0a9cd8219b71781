"""Ways to damage the bytes of a file, all from one seeded generator."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

Damage = Callable[[bytearray, np.random.Generator], bytearray]

_HEADERS = 768
_EXTREMES = (
    0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1,
)  # fmt: skip
# Records of a zip archive, and where their numbers stand.
_RECORDS = (
    (b"PK\x01\x02", (6, 8, 10, 16, 20, 24, 28, 42)),
    (b"PK\x03\x04", (4, 6, 8, 18, 22)),
    (b"PK\x05\x06", (8, 10, 12, 16)),
)
_SHAPES = (
    "(1000000000000000,)", "(1000000, 1000000, 1000)", "(-1, 6, 8)", "(True, 6, 8)", "(14, 6)",
    "(1e3, 6, 8)", "(" * 90 + ")" * 90, "(99999999999999999999999, 2, 2)", "()", "(0, 6, 8)",
    "(14, 6, 80)", "'x'", "(14, 6, 8", "(4294967296, 4294967296, 4294967296)", "None",
)  # fmt: skip
_DTYPES = (
    "'<f8'", "'>f2'", "'<f16'", "'|O'", "'<c16'", "'|V8'", "'<M8[ns]'", "'<U1000000000'", "'|S0'",
    "[('a', '<f8'), ('b', '<i4')]", "'|b1'", "'<f9'", "[('a', '|O')]", "'|V0'", "7", "'<i4'",
)  # fmt: skip


def flip_bits(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip up to twenty bits anywhere."""
    return _flip(data, rng, len(data))


def flip_headers(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip up to twenty bits near the start."""
    return _flip(data, rng, min(len(data), _HEADERS))


def truncate(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Cut the file off."""
    return data[: int(rng.integers(len(data)))]


def overwrite(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Put zeros, ones or noise over a block."""
    n = int(min(2 ** rng.integers(1, 12), len(data)))
    start = int(rng.integers(len(data) - n + 1))
    data[start : start + n] = (bytes(n), b"\xff" * n, rng.bytes(n))[rng.integers(3)]
    return data


def put_extremes(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Set integers in the first part, or anywhere, to values at the limits."""
    for _ in range(rng.integers(1, 4)):
        width = int(rng.choice([2, 4, 8]))
        end = len(data) if rng.random() < 0.3 else min(len(data), 4096)
        at = int(rng.integers(max(end - width, 1)))
        value = int(_EXTREMES[rng.integers(len(_EXTREMES))]) % 2 ** (8 * width)
        data[at : at + width] = value.to_bytes(width, ["little", "big"][rng.integers(2)])
    return data


def move(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Copy one block over another, take one out, or put one in."""
    n = int(min(2 ** rng.integers(2, 10), len(data) // 2))
    source, target = (int(rng.integers(len(data) - n + 1)) for _ in range(2))
    block = data[source : source + n]
    kind = rng.integers(3)
    if kind == 0:
        data[target : target + n] = block
    elif kind == 1:
        del data[source : source + n]
    else:
        data[target:target] = block
    return data


def rewrite_npy(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Give a .npy file, or an array in an archive, another header."""
    if data[:4] != b"PK\x03\x04":
        return bytearray(_npy(rng, bytes(data[128:])))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    chosen = list(members)[rng.integers(len(members))]
    how = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(buffer, "w", how[rng.integers(4)]) as archive:
        for name, content in members.items():
            archive.writestr(name, _npy(rng, content[128:]) if name == chosen else content)
    return bytearray(buffer.getvalue())


def spoil_zip(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Change fields of the records of a zip archive."""
    places = [
        at + offset for magic, offsets in _RECORDS for at in _all(data, magic) for offset in offsets
    ]
    if not places:
        return flip_bits(data, rng)
    for _ in range(rng.integers(1, 3)):
        at = places[rng.integers(len(places))]
        data[at : at + 2] = struct.pack("<H", int(rng.integers(2**16)) >> int(rng.integers(16)))
    return data


def ways_for(path: Path) -> list[Damage]:
    """List the ways to damage a file of this kind.

    Parameters
    ----------
    path : Path
    """
    ways: list[Damage] = [flip_bits, flip_headers, truncate, overwrite, put_extremes, move]
    own = {".npy": [rewrite_npy] * 3, ".npz": [rewrite_npy, spoil_zip] * 2}
    return ways + own.get(path.suffix, [])


def _flip(data: bytearray, rng: np.random.Generator, end: int) -> bytearray:
    for at in rng.integers(8 * end, size=rng.integers(1, 21)):
        data[int(at) // 8] ^= 1 << (int(at) % 8)
    return data


def _npy(rng: np.random.Generator, values: bytes) -> bytes:
    shape = _SHAPES[rng.integers(len(_SHAPES))] if rng.random() < 0.7 else "(14, 6, 8)"
    dtype = _DTYPES[rng.integers(len(_DTYPES))] if rng.random() < 0.5 else "'<f8'"
    text = f"{{'descr': {dtype}, 'fortran_order': {rng.random() < 0.5}, 'shape': {shape}, }}"
    header = text.encode().ljust(118 + 64 * (len(text) > 117)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def _all(data: bytearray, magic: bytes) -> list[int]:
    found, at = [], data.find(magic)
    while at >= 0:
        found.append(at)
        at = data.find(magic, at + 1)
    return found
