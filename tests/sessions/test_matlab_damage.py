"""Damaged and hostile MATLAB files are read or refused in one line, in bounded time and memory."""

import random
import struct
import zlib

import h5py
import numpy as np
import pytest
import scipy.io

from tests.sessions.matlab_files import cell, save5, save73, structs
from trialtensor.sessions import open_session
from trialtensor.sessions.formats import matlab5

WHOLE = [np.array([0.5, 1.5, 2.5]), np.array([1.25]), np.arange(7) + 0.5]
VARIABLES = {
    "spikes": cell(WHOLE),
    "trials": {"go": np.arange(6) + 0.25, "choice": cell(list("lrlrlr"))},
    "units": structs([{"quality": "good", "depth": 3.0}] * 3),
    "name": "mouse µ",
    "X": np.arange(60.0).reshape(3, 4, 5),
}


def used(session):
    found = [repr(session), session._repr_html_(), session.trials]
    return found if session.units is None else [*found, session.units.times]


def outcome(path):
    """Return "read", or the one line of the error."""
    try:
        used(open_session(path))
    except ValueError as error:
        assert "\n" not in str(error) and path.name in str(error), str(error)
        return str(error)
    return "read"


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files_of_version_5(tmp_path, compressed):
    path = save5(tmp_path / "s.mat", VARIABLES, do_compression=compressed)
    whole, rng = path.read_bytes(), random.Random(int(compressed))
    found = []
    for k in range(150):
        damaged = bytearray(whole)
        if k % 3 == 0:
            damaged = damaged[: rng.randrange(130, len(whole))]
        for _ in range(rng.choice([0, 1, 4]) if k % 3 == 0 else rng.choice([1, 2, 16])):
            place = rng.randrange(128, len(damaged))
            damaged[place] = rng.choice([0, 255, rng.randrange(256)])
        path.write_bytes(damaged)
        found.append(outcome(path))
    assert sum(each != "read" for each in found) > 20


def matrix(content):
    return struct.pack("<II", 14, len(content)) + content


def array(kind, shape, content=b""):
    shape_bytes = struct.pack(f"<{len(shape)}i", *shape).ljust(-(-len(shape) // 2) * 8, b"\0")
    return matrix(struct.pack("<IIII", 6, 8, kind, 0) + struct.pack("<II", 5, 4 * len(shape))
                  + shape_bytes + struct.pack("<HHI", 1, 1, ord("x")) + content)  # fmt: skip


HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
NUMBERS = struct.pack("<II", 9, 8) + struct.pack("<d", 1.0)
WORD = struct.pack("<II", 4, 8) + "word".encode("utf-16-le")
NO_FIELDS = struct.pack("<HHi", 5, 4, 32) + struct.pack("<II", 1, 0)


def nested(depth):
    inner = array(6, (1, 1), NUMBERS)
    for _ in range(depth):
        inner = array(1, (1, 1), inner)
    return inner


HOSTILE_5 = {
    "a billion cells": (array(1, (10**9, 1)), "declares 1000000000 cells"),
    "a billion numbers": (array(6, (10**9, 1), NUMBERS), "declares 1000000000 numbers, but holds"),
    "a billion characters": (array(4, (10**9, 1), WORD), "declares 1000000000 characters"),
    "a billion structs": (array(2, (10**9, 1), NO_FIELDS), "structs of 0 fields"),
    "a negative shape": (array(6, (-5, 1), NUMBERS), "array of shape"),
    "cells without end": (nested(200), "nests them too deeply"),
    "beyond its holder": (array(1, (1, 1), struct.pack("<II", 14, 5000)), "beyond what holds it"),
    "a bomb": (
        struct.pack("<II", 15, len(zlib.compress(b"\0" * 10**7)))
        + zlib.compress(struct.pack("<II", 14, 2**31) + b"\0" * 10**7),
        "more than it can unpack to",
    ),
    "no array": (struct.pack("<II", 15, 12) + b"abcdefghijkl", "can't be unpacked"),
}


@pytest.mark.parametrize("how", HOSTILE_5)
def test_hostile_files_of_version_5(tmp_path, how):
    content, words = HOSTILE_5[how]
    (tmp_path / "s.mat").write_bytes(HEAD + content)
    assert words in outcome(tmp_path / "s.mat")


def test_what_is_big_and_true_is_read(tmp_path):
    """The checks of sizes refuse no file that SciPy wrote."""
    big = {
        "bytes": np.zeros((40, 50, 60), "i1"),
        "doubles_as_bytes": np.zeros((40, 50, 60)),
        "empty": structs([{"a": 1.0}])[:, :0],
        "sparse": scipy.sparse.random_array((300, 4000), density=0.001),
        "text": "ab µ" * 5000,
        "words": np.array(["one", "seventeen"]),
        "deep": {"er": {"and": {"deeper": cell([cell([cell([1.0, "x"])])])}}},
        "nothing": {},
    }
    for compressed in (False, True):
        path = save5(tmp_path / "s.mat", big, do_compression=compressed)
        assert set(open_session(path).tensors) == {"bytes", "doubles_as_bytes"}


def test_a_function_of_octave_is_named(tmp_path):
    """Written by hand: SciPy reads function handles, but writes none."""
    handle = array(16, (1, 1), array(6, (1, 1), NUMBERS))
    path = save5(tmp_path / "s.mat", {"spikes": cell(WHOLE)})
    path.write_bytes(path.read_bytes() + handle)
    session = open_session(path)
    assert len(session.units) == 3
    assert any("x is a MATLAB function, which is never read" in note for note in session.notes)
    assert matlab5.match(path) == 1


def referred_to_itself(file):
    file["#refs#/1"].attrs  # noqa: B018
    del file["spikes"]
    stored = file.create_dataset("spikes", (3, 1), h5py.ref_dtype)
    stored.attrs["MATLAB_class"] = np.bytes_("cell")
    stored[:] = np.array([[stored.ref]] * 3, dtype=h5py.ref_dtype)


def a_billion_cells(file):
    del file["spikes"]
    made = file.create_dataset("spikes", (10**9, 1), h5py.ref_dtype, chunks=(1000, 1))
    made.attrs["MATLAB_class"] = np.bytes_("cell")


def null_references(file):
    del file["spikes"]
    made = file.create_dataset("spikes", (3, 1), h5py.ref_dtype)
    made.attrs["MATLAB_class"] = np.bytes_("cell")


def a_billion_spikes(file):
    del file["#refs#/1"]
    file.create_dataset("#refs#/1", (10**9, 1), "f8", chunks=(1000, 1), compression="gzip")


def an_absurd_empty(file):
    del file["name"]
    file["name"] = np.array([10**9, 10**9], "u8")
    file["name"].attrs["MATLAB_class"], file["name"].attrs["MATLAB_empty"] = b"double", 1


def a_link_out(file):
    del file["spikes"]
    file["spikes"] = h5py.ExternalLink("other.h5", "/spikes")


def a_circle(file):
    file["trials/trials"] = file["trials"]


def sparse_beyond(file):
    group = file.create_group("links")
    group.attrs["MATLAB_sparse"], group.attrs["MATLAB_class"] = np.uint64(5), b"double"
    group["data"], group["ir"], group["jc"] = [1.0], np.array([99]), np.array([0, 1])


HOSTILE_73 = [referred_to_itself, a_billion_cells, null_references, a_billion_spikes,
              an_absurd_empty, a_link_out, a_circle, sparse_beyond]  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE_73)
def test_hostile_files_of_version_73(tmp_path, how, monkeypatch):
    # They are whole, so nothing has to be tried in another process first.
    monkeypatch.setattr("trialtensor.opening.hdf5.refuse_what_crashes", lambda path: None)
    path = save73(tmp_path / "s.mat", VARIABLES)
    with h5py.File(path, "r+") as file:
        how(file)
    said = outcome(path)
    if said == "read":
        session = open_session(path)
        assert session.notes and (session.units is None or len(session.units) == 3)


def test_damaged_files_of_version_73(tmp_path):
    path = save73(tmp_path / "s.mat", VARIABLES)
    whole, rng = path.read_bytes(), random.Random(2)
    for k in range(5):
        damaged = bytearray(whole if k else whole[: len(whole) // 2])
        for _ in range(rng.choice([1, 4, 32])):
            damaged[rng.randrange(512, len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        outcome(path)
