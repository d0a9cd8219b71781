"""Files that are whole but mean harm: links, bombs, and shapes that nothing could hold."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from benchmarks.fuzz_files.healthy import SHAPE

X = np.ones(SHAPE)


def make_hostile(folder: Path, number: int, rng: np.random.Generator) -> Path:
    """Write one hostile file.

    Parameters
    ----------
    folder : Path
    number : int
        Also chooses the kind.
    rng : numpy.random.Generator
    """
    kinds = [*_IN_HDF5, "bomb", "many", "overlapping"]
    kind = kinds[number % len(kinds)]
    path = folder / f"hostile_{kind}-{number:05}{'.npz' if kind not in _IN_HDF5 else '.h5'}"
    if kind in _IN_HDF5:
        if rng.random() < 0.5:
            path = path.with_suffix(".nc")
        with h5py.File(path, "w") as file:
            _IN_HDF5[kind](file, rng)
    else:
        _zip(path, kind, rng)
    return path


def _zip(path: Path, kind: str, rng: np.random.Generator) -> None:
    if kind == "many":
        n = int(rng.integers(2_000, 60_000))
        with zipfile.ZipFile(path, "w") as archive:
            for k in range(n):
                archive.writestr(f"{k}.npy", b"")
        return
    gigabytes = int(rng.integers(1, 2_000))
    shape = (gigabytes * 1000, 125, 1000)
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    start = b"\x93NUMPY\x01\x00\x76\x00" + text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("counts.npy", start + bytes(100_000))
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = int(min(gigabytes * 1e9, 2**32 - 2)).to_bytes(4, "little")
    if kind == "overlapping":
        data[at + 20 : at + 24] = (2**31).to_bytes(4, "little")
    path.write_bytes(data)


def _huge(file: h5py.File, rng: np.random.Generator) -> None:
    shape = tuple(int(10 ** rng.uniform(2, 6)) for _ in range(3))
    how = {"chunks": True, "compression": "gzip"} if rng.random() < 0.5 else {}
    file.create_dataset("counts", shape, "f8", **how)


def _links(file: h5py.File, rng: np.random.Generator) -> None:
    file["a/counts"] = X
    file["a/loop"] = file["/"]
    file["a/again"] = file["a/counts"]
    file["soft"], file["circle"] = h5py.SoftLink("/a/counts"), h5py.SoftLink("/circle")
    if rng.random() < 0.5:
        file["outside"] = h5py.ExternalLink("/etc/passwd", "/x")


def _outside(file: h5py.File, rng: np.random.Generator) -> None:
    if rng.random() < 0.3:
        file["counts"] = h5py.ExternalLink("other.h5", "/counts")
    elif rng.random() < 0.5:
        file.create_dataset("counts", SHAPE, "u1", external=[("/etc/passwd", 0, 672)])
    else:
        layout = h5py.VirtualLayout(SHAPE, "f8")
        layout[:] = h5py.VirtualSource("other.h5", "counts", SHAPE)
        file.create_virtual_dataset("counts", layout)


def _deep(file: h5py.File, rng: np.random.Generator) -> None:
    group = file
    for k in range(int(rng.integers(50, 2000))):
        group = group.create_group(f"g{k % 10}")
    group["counts"] = X


def _types(file: h5py.File, rng: np.random.Generator) -> None:
    kinds: list[Any] = [
        "f2", "f8", ">f4", np.longdouble, "c16", "V8", "S5", "i8", ">u2", "?",
        h5py.ref_dtype, h5py.regionref_dtype, h5py.string_dtype(), h5py.vlen_dtype("f8"),
        np.dtype([("a", "f8"), ("b", "i4")]), h5py.enum_dtype({"A": 0, "B": 1}),
    ]  # fmt: skip
    for k, kind in enumerate(kinds):
        file.create_dataset(f"x{k}", SHAPE if k != rng.integers(16) else (0, 6, 8), kind)


def _attributes(file: h5py.File, rng: np.random.Generator) -> None:
    file["counts"] = X
    odd: list[Any] = ["abc", np.zeros(5), np.nan, h5py.Empty("f8"), b"\xff\xfe", file.ref, -1]
    for name in ("_FillValue", "scale_factor", "add_offset", "units", "coordinates", "_Unsigned",
                 "missing_value", "MATLAB_class", "DIMENSION_LABELS", "CLASS", "NAME"):  # fmt: skip
        if rng.random() < 0.3:
            file["counts"].attrs[name] = odd[rng.integers(len(odd))]
    file["counts"].attrs["units"] = "days since surgery"


def _text(file: h5py.File, rng: np.random.Generator) -> None:
    file["counts"] = X
    file["side\x1b[31m\n"] = ["x" * int(10 ** rng.uniform(0, 6))] + ["y"] * 13
    file.id.links.create_hard(b"\xff\xfe", file.id, b"counts")


_IN_HDF5 = {
    "huge": _huge,
    "links": _links,
    "outside": _outside,
    "deep": _deep,
    "types": _types,
    "attributes": _attributes,
    "text": _text,
}
