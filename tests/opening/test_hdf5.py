"""HDF5 files are walked without following anything out of them or around in circles."""

import h5py
import numpy as np
import pytest

import trialtensor
from trialtensor import TCA
from trialtensor.io import inspect, read
from trialtensor.opening import hdf5
from trialtensor.opening.guard import RefusedError
from trialtensor.opening.hdf5 import members
from trialtensor.opening.references import plain_doubles, read_doubles, referred_doubles

SHAPE = (6, 5, 4)
X = np.arange(120.0).reshape(SHAPE)


@pytest.fixture
def made(tmp_path):
    """Write an HDF5 file and return its path."""

    def make(write, suffix=".h5"):
        path = tmp_path / f"made{suffix}"
        with h5py.File(path, "w") as file:
            write(file)
        return path

    return make


def in_other_file(file):
    file.create_dataset("counts", SHAPE, "f8", external=[("/etc/passwd", 0, 960)])


def virtual(file):
    layout = h5py.VirtualLayout(SHAPE, "f8")
    layout[:] = h5py.VirtualSource("other.h5", "counts", SHAPE)
    file.create_virtual_dataset("counts", layout)


def external(file):
    file["counts"] = h5py.ExternalLink("/etc/passwd", "/counts")


def soft(file):
    file["counts"] = h5py.SoftLink("/counts")


def huge(file):
    file.create_dataset("counts", (10**6, 10**6, 10**3), "f8")


def huge_chunks(file):
    file.create_dataset("counts", (10**5, 10**4, 10), "f8", chunks=(10**3, 10**3, 10))


def text_of_huge_items(file):
    file.create_dataset("counts", (10**6, 10**3), "S100000")


@pytest.mark.parametrize("suffix", [".h5", ".nc"])
@pytest.mark.parametrize(
    ("write", "words"),
    [
        (in_other_file, "counts is stored in another file, which is never opened"),
        (virtual, "counts is put together from other files, which are never opened"),
        (external, "counts is a link to another file (/etc/passwd), which is never opened"),
        (soft, "counts is a soft link, which is not followed"),
        (huge, "counts declares 8 PB of values, but the file holds 0 bytes of them"),
        (huge_chunks, "counts declares 80 GB of values, but the file holds 0 bytes of them"),
        (text_of_huge_items, "counts declares 100 TB of values, but the file holds 0 bytes"),
    ],
)
def test_what_is_not_in_the_file_is_refused(made, write, words, suffix):
    path = made(write, suffix)
    for look in (inspect, read):
        with pytest.raises(ValueError) as caught:
            look(path)
        assert str(caught.value).startswith(f"{path}: {words}")


def test_a_tensor_beside_a_refused_variable_is_read(made):
    def write(file):
        external(file)
        file["rates"] = X

    path = made(write)
    np.testing.assert_array_equal(read(path), X)
    assert "counts  ()         is a link to another file" in inspect(path)
    with pytest.raises(ValueError, match=r"made\.h5: counts is a link to another file"):
        read(path, variable="counts")


def test_circles_of_hard_links_are_cut(made):
    def write(file):
        file["a/counts"] = X
        file["a/b/up"] = file["/"]
        file["a/b/again"] = file["a"]

    path = made(write)
    with h5py.File(path) as file:
        assert [member.path for member in members(file)] == ["a/counts"]
    np.testing.assert_array_equal(read(path), X)


def test_depth_and_number_of_groups_are_bounded(made, monkeypatch):
    def deep(file):
        file["/".join(["g"] * 300)] = 1.0

    with pytest.raises(ValueError, match=r"made\.h5: has more than 100 groups within each other"):
        read(made(deep))

    def many(file):
        for k in range(30):
            file[f"x{k}"] = k

    monkeypatch.setattr(hdf5, "MOST_LINKS", 20)
    with h5py.File(made(many)) as file, pytest.raises(RefusedError, match="more than 20 datasets"):
        list(members(file))


def test_types_that_numpy_does_not_have_are_named(made):
    def write(file):
        file["counts"] = X
        file["refs"] = np.array([file.ref] * 6, dtype=h5py.ref_dtype)
        file.create_dataset("lists", (6,), h5py.vlen_dtype("f8"))
        file.create_dataset("pairs", (6,), np.dtype([("a", "f8"), ("b", "i4")]))
        file.create_dataset("choice", data=[0, 1] * 3, dtype=h5py.enum_dtype({"l": 0, "r": 1}))
        time = h5py.h5t.UNIX_D32LE.copy()
        space = h5py.h5s.create_simple((6,))
        h5py.h5d.create(file.id, b"when", time, space)

    path = made(write)
    text = inspect(path)
    assert text.count("holds references or lists of varying length, which are not read") == 2
    assert "is of a type that can't be read" in text
    assert read(path)["choice"].to_numpy().tolist() == [0, 1] * 3


def test_a_filter_that_is_not_installed_is_named(made):
    def write(file):
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_chunk(SHAPE)
        how.set_filter(32_760, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple(SHAPE)
        h5py.h5d.create(file.id, b"counts", h5py.h5t.IEEE_F64LE, space, how)

    with pytest.raises(ValueError, match=r"counts is compressed by a filter .* \(number 32760\)"):
        read(made(write))


def test_names_that_are_no_text_are_shown_in_one_line(made):
    def write(file):
        file["counts"] = X
        file.create_dataset(b"\xff\x1b[31m\n", data=np.arange(6))

    path = made(write)
    shown = r"\\xff\x1b[31m\n"
    assert any(line.strip().startswith("\\xff\\x1b[31m\\n") for line in inspect(path).splitlines())
    assert [name for name in read(path).coords if "31m" in str(name)], shown


def test_one_long_text_many_times_is_no_bomb(made, monkeypatch):
    """As many characters as the longest would take all of the memory."""

    def write(file):
        file["counts"] = X
        file["side"] = ["x" * 1_000_000] + ["y"] * 5

    monkeypatch.setattr("trialtensor.opening.memory.free_memory", lambda: (20_000_000, 0))
    with pytest.warns(UserWarning, match="label 'side' is left out: .* takes 24 MB of memory"):
        assert "side" not in read(made(write)).coords


@pytest.mark.parametrize("write", [external, soft, huge])
def test_saved_models_hold_nothing_but_their_own(tmp_path, write):
    path = tmp_path / "model.h5"
    TCA(1, n_init=1, random_state=0).fit(X + 1).save(path)
    trialtensor.load(path)
    with h5py.File(path, "a") as file:
        write(file["arrays"])
    with pytest.raises(ValueError, match=r"model\.h5' is damaged: arrays/counts "):
        trialtensor.load(path)


def test_very_many_attributes_take_no_time_and_the_known_ones_count(made):
    def write(file):
        file["counts"] = X
        for k in range(4000):
            file["counts"].attrs[f"a{k}"] = k
        file["counts"].attrs["scale_factor"] = 2.0

    np.testing.assert_array_equal(read(made(write)), 2 * X)


def test_odd_attributes_are_left_out(made):
    def write(file):
        file["counts"] = X
        attributes = file["counts"].attrs
        attributes["none"], attributes["null"] = np.zeros(0), h5py.Empty("f8")
        attributes["large"] = "x" * 60_000
        attributes["MATLAB_class"], attributes["DIMENSION_LIST"] = [1, 2], "abc"
        attributes["NAME"] = attributes["CLASS"] = file.ref

    np.testing.assert_array_equal(read(made(write)), X)


def test_a_virtual_dataset_of_the_same_file_is_read_if_it_fits_into_memory(made):
    def write(file, shape=SHAPE):
        file["parts/a"] = X
        layout = h5py.VirtualLayout(shape, "f8", maxshape=shape)
        layout[:6, :5, :4] = h5py.VirtualSource(".", "parts/a", SHAPE)
        file.create_virtual_dataset("counts", layout)

    np.testing.assert_array_equal(read(made(write), variable="counts"), X)
    path = made(lambda file: write(file, (10**5, 10**5, 10**5)))
    with pytest.raises(ValueError, match=r"made\.h5: counts takes 8 PB of memory"):
        read(path, variable="counts")


def test_a_virtual_dataset_of_itself_does_not_end_the_process(made):
    def write(file):
        layout = h5py.VirtualLayout(SHAPE, "f8")
        layout[:] = h5py.VirtualSource(".", "counts", SHAPE)
        file.create_virtual_dataset("counts", layout)

    with pytest.raises(ValueError, match=r"made\.h5"):
        read(made(write))


def test_plain_doubles_lie_in_the_file_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with h5py.File("a.h5", "w") as file:
        file["plain"] = np.arange(6.0).reshape(2, 3)
        file["empty"], file["floats"] = np.zeros((0, 3)), np.zeros(3, "f4")
        file.create_dataset("elsewhere", (4,), "f8", external=[("raw.bin", 0, 32)])[:] = 1
        file.create_dataset("packed", data=np.zeros(100), compression="gzip")
        file.create_dataset("never_written", (5,), "f8")
        layout = h5py.VirtualLayout((2, 3), "f8")
        layout[:] = h5py.VirtualSource("b.h5", "x", (2, 3))
        file.create_virtual_dataset("made_of_others", layout)
        file["refs"] = np.array([file["plain"].ref, file["packed"].ref], h5py.ref_dtype)
    with h5py.File("a.h5") as file:
        told = {name: plain_doubles(file[name].id) for name in file}
        assert {name: shape for name, shape in told.items() if shape} == {"plain": (2, 3)}
        np.testing.assert_array_equal(read_doubles(file["plain"].id, (2, 3)), file["plain"])
        plain, packed = file["refs"][()]
        assert referred_doubles(file["refs"], plain)[1] == (2, 3)
        assert referred_doubles(file["refs"], packed) is None
        assert referred_doubles(file["refs"], h5py.Reference()) is None
