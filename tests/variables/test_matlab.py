"""MATLAB files of version 7.3 are read in the order of MATLAB, whatever their suffix."""

import struct

import h5py
import numpy as np
import pytest
import scipy.io

from trialtensor.io import inspect, read
from trialtensor.variables.readers import find_reader

SHAPE = (7, 5, 4)
X = np.arange(140.0).reshape(SHAPE)


def put(group, name, values, kind, **attributes):
    """Write as MATLAB does: the axes in reverse, and the class as an attribute."""
    group[name] = values
    group[name].attrs["MATLAB_class"] = np.bytes_(kind)
    for key, value in attributes.items():
        group[name].attrs[key] = value


def put_cells(file, name, cells, kind):
    stored = file.create_dataset(name, (1, len(cells)), h5py.ref_dtype)
    stored.attrs["MATLAB_class"] = np.bytes_("cell")
    for k, text in enumerate(cells):
        codes = np.array([[ord(each)] for each in text], "u2")
        put(file, f"#refs#/{name}{k}", codes, kind, MATLAB_int_decode=np.int32(2))
        stored[0, k] = file[f"#refs#/{name}{k}"].ref


@pytest.fixture(params=[".mat", ".h5", ".nc"])
def saved(request, tmp_path):
    """A file as ``save(..., '-v7.3')`` writes it."""
    path = tmp_path / f"session{request.param}"
    with h5py.File(path, "w", userblock_size=512) as file:
        put(file, "rates", X.T, "double")
        put(file, "licks", (X.T > 50).astype("u1"), "logical", MATLAB_int_decode=np.int32(1))
        put(file, "depth", np.arange(5.0)[None], "double")
        put(file, "bin_width_s", np.array([[0.1]]), "double")
        put(file, "side", np.array([[ord(each) for each in "lrlrlrl"]], "u2"), "char")
        put(file, "name", np.array([[ord(each)] for each in "mouse µ"], "u2"), "char")
        put(file, "none", np.array([0, 3, 2], "u8"), "double", MATLAB_empty=np.uint8(1))
        put(file, "blank", np.array([0, 0], "u8"), "char", MATLAB_empty=np.uint8(1))
        put_cells(file, "stage", ["early", "late", "late", "early", "x", "y", "zz"], "char")
        put_cells(file, "numbers", list("abcdefg"), "double")
        put(file, "words", np.zeros((1, 6), "u4"), "string", MATLAB_object_decode=np.int32(3))
        put(file, "waves", np.zeros(SHAPE[::-1], [("real", "f8"), ("imag", "f8")]), "double")
        sparse = file.create_group("links")
        sparse.attrs["MATLAB_sparse"], sparse.attrs["MATLAB_class"] = 3, np.bytes_("double")
        sparse["data"] = np.arange(7.0)
        struct = file.create_group("extra")
        struct.attrs["MATLAB_class"] = np.bytes_("struct")
        put(struct, "power", X.T.astype("f4"), "single")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))
    return path


def test_tensors_come_in_the_order_of_matlab(saved):
    tensor = read(saved, variable="rates")
    np.testing.assert_array_equal(tensor, X)
    np.testing.assert_array_equal(read(saved, variable="extra/power"), X.astype("f4"))
    licks = read(saved, variable="licks")
    assert licks.dtype == bool
    np.testing.assert_array_equal(licks, X > 50)
    axes = ("neuron", "trial", "time")
    np.testing.assert_array_equal(read(saved, variable="rates", axes=axes), np.swapaxes(X, 0, 1))


def test_text_rows_and_scalars_become_labels(saved):
    coords = read(saved, variable="rates").coords
    assert coords["side"].to_numpy().tolist() == list("lrlrlrl")
    assert coords["stage"].to_numpy().tolist() == ["early", "late", "late", "early", "x", "y", "zz"]
    assert coords["depth"].dims == ("neuron",)
    np.testing.assert_allclose(coords["time"], [0.05, 0.15, 0.25, 0.35])
    assert set(coords) == {"side", "stage", "depth", "time"}


def test_empty_arrays_and_texts_have_their_own_shape(saved):
    reader = find_reader(saved)
    found = {info.name: info for info in reader.describe(saved)}
    assert found["none"].shape == (0, 3, 2) and found["blank"].shape == (0, 0)
    with reader.opened(saved) as get:
        assert get("none").shape == (0, 3, 2)
        assert get("name") == "mouse µ"


def test_what_is_not_read_is_named(saved):
    lines = [" ".join(line.split()) for line in inspect(saved).splitlines()]
    assert "numbers (7, 1) is a cell array, and not one of text" in lines
    assert "words (6, 1) is a MATLAB string, which is not read" in lines
    assert "waves (7, 5, 4) holds complex numbers, which are not read" in lines
    assert "links () is a sparse matrix of MATLAB; store full(...) of it" in lines
    assert not any("#refs#" in line or "links/" in line for line in lines)


def test_without_the_block_of_matlab_its_classes_are_enough(tmp_path):
    with h5py.File(tmp_path / "rates.h5", "w") as file:
        put(file, "rates", X.T, "double")
    np.testing.assert_array_equal(read(tmp_path / "rates.h5"), X)


@pytest.mark.parametrize("compressed", [False, True])
def test_an_older_file_is_read_as_scipy_reads_it(tmp_path, compressed):
    stages = np.array([["early"], ["late"], ["x"], ["y"], ["zz"], ["µ"], [""]], dtype=object)
    saved = {
        "rates": X.astype("u1"),
        "stage": stages,
        "side": np.array(list("lrlrlrl")),
        "deep": {"licks": X > 50, "depth": np.arange(5.0)},
        "waves": X * 1j,
        "one": 3.0,
        "none": np.zeros((0, 0)),
    }
    scipy.io.savemat(tmp_path / "old.mat", saved, do_compression=compressed)
    rates = read(tmp_path / "old.mat", variable="rates")
    assert rates.dtype == np.uint8 and rates.attrs["axes_order"] == "assumed"
    np.testing.assert_array_equal(rates, scipy.io.loadmat(tmp_path / "old.mat")["rates"])
    assert rates["stage"].to_numpy().tolist()[:6] == ["early", "late", "x", "y", "zz", "µ"]
    assert rates["stage"].isnull()[6]
    assert rates["side"].to_numpy().tolist() == list("lrlrlrl")
    licks = read(tmp_path / "old.mat", variable="deep/licks")
    assert licks.dtype == bool and licks["depth"].dims == ("neuron",)
    lines = [" ".join(line.split()) for line in inspect(tmp_path / "old.mat").splitlines()]
    assert "waves (7, 5, 4) holds complex numbers, which are not read" in lines


def big_endian(text, shape):
    """A file of version 5 by hand, as old workstations wrote it: one array of doubles."""
    values = np.arange(np.prod(shape)).astype(">f8").tobytes()
    name = text.encode().ljust(8, b"\0")
    parts = [
        struct.pack(">IIII", 6, 8, 6, 0),
        struct.pack(">II3ii", 5, 12, *shape, 0),
        struct.pack(">II", 1, len(text)) + name,
        struct.pack(">II", 9, len(values)) + values,
    ]
    body = b"".join(parts)
    return (b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
            + struct.pack(">II", 14, len(body)) + body)  # fmt: skip


def test_the_other_byte_order(tmp_path):
    (tmp_path / "old.mat").write_bytes(big_endian("rates", SHAPE))
    found = read(tmp_path / "old.mat")
    np.testing.assert_array_equal(found, np.arange(140.0).reshape(SHAPE, order="F"))


def test_absurd_shapes_are_refused_before_scipy_believes_them(tmp_path):
    whole = big_endian("rates", SHAPE)
    absurd = whole.replace(struct.pack(">3i", *SHAPE), struct.pack(">3i", 2000, 2000, 2000))
    (tmp_path / "old.mat").write_bytes(absurd)
    with pytest.raises(ValueError, match=r"declares 8000000000 numbers, but holds 140"):
        read(tmp_path / "old.mat")
