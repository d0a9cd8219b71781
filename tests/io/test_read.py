import os

import numpy as np
import pytest
import xarray

from trialtensor.io import read

SHAPE = (6, 5, 4)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=SHAPE)


@pytest.fixture
def npz(tmp_path, X):
    """Save arrays beside `X` and return the path."""

    def save(**arrays):
        path = tmp_path / "session.npz"
        np.savez_compressed(path, **{"rates": X, **arrays})
        return path

    return save


# --- what is read -----------------------------------------------------------------------------


def test_npz_with_labels(npz, X):
    tensor = read(
        npz(reward=np.arange(6), area=np.array(list("aabbb")), phase=np.zeros(4), other=np.ones(9))
    )
    np.testing.assert_array_equal(tensor, X)
    assert tensor.dims == ("trial", "neuron", "time")
    assert tensor.name == "rates"
    assert {name: coord.dims for name, coord in tensor.coords.items()} == {
        "reward": ("trial",), "area": ("neuron",), "phase": ("time",),
    }  # fmt: skip
    assert tensor["area"].to_numpy().tolist() == list("aabbb")


def test_a_length_that_fits_two_axes_is_of_trials(tmp_path):
    np.savez(tmp_path / "cube.npz", X=np.zeros((4, 4, 3)), label=np.arange(4))
    assert read(tmp_path / "cube.npz")["label"].dims == ("trial",)


def test_bin_width_gives_times_in_seconds(npz):
    time = read(npz(bin_width_s=0.1))["time"]
    np.testing.assert_allclose(time, [0.05, 0.15, 0.25, 0.35])
    assert time.attrs["units"] == "s"


def test_times_in_the_file_win_over_the_bin_width(npz):
    time = read(npz(bin_width_s=0.1, time=np.arange(4.0)))["time"]
    assert time.to_numpy().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan])
def test_a_wrong_bin_width_is_refused(npz, width):
    with pytest.raises(ValueError, match=r"bin_width_s is .*, expected a positive number"):
        read(npz(bin_width_s=width))


def test_a_label_named_like_another_axis_is_renamed(npz):
    tensor = read(npz(time=np.arange(6) * 10, reward=np.arange(6) % 2))
    assert tensor["trial_time"].dims == ("trial",)
    assert "time" not in tensor.coords


def test_the_variable_is_chosen_by_name(npz, X):
    path = npz(counts=np.ones(SHAPE, dtype=np.uint8))
    assert read(path, variable="counts").dtype == np.uint8
    np.testing.assert_array_equal(read(path, variable="rates"), X)


def test_axes(npz, X):
    tensor = read(npz(), axes=("neuron", "time", "trial"))
    assert tensor.shape == (4, 6, 5)
    np.testing.assert_array_equal(tensor, X.transpose(2, 0, 1))


def test_npy(tmp_path, X):
    np.save(tmp_path / "session.npy", X)
    tensor = read(tmp_path / "session.npy")
    np.testing.assert_array_equal(tensor, X)
    assert tensor.name == "session"
    assert not isinstance(tensor.data, np.memmap)


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_netcdf_by_name(tmp_path, X, engine):
    path = tmp_path / "session.nc"
    coords = {"bin": np.arange(4) * 0.1, "side": ("epoch", list("lrlrlr"))}
    dataset = xarray.Dataset(
        {
            "rates": (("unit", "bin", "epoch"), X.transpose(1, 2, 0)),
            "depth": ("unit", np.arange(5.0), {"units": "s"}),
            "elsewhere": ("shank", np.arange(6.0)),
        },
        coords=coords,
    )
    dataset.to_netcdf(path, engine=engine)
    tensor = read(path)
    np.testing.assert_array_equal(tensor, X)
    assert {name: coord.dims for name, coord in tensor.coords.items()} == {
        "time": ("time",), "side": ("trial",), "depth": ("neuron",),
    }  # fmt: skip
    assert tensor["side"].to_numpy().tolist() == list("lrlrlr")
    assert tensor["depth"].dtype == np.float64


def test_netcdf_with_packed_values(tmp_path, X):
    path = tmp_path / "packed.nc"
    X[0, 0] = np.nan
    encoding = {"rates": {"dtype": "int16", "scale_factor": 0.001, "_FillValue": -32768}}
    array = xarray.DataArray(X, dims=("trial", "neuron", "time"), name="rates")
    array.to_netcdf(path, encoding=encoding, engine="h5netcdf")
    np.testing.assert_allclose(read(path), X, atol=0.001)


def test_netcdf_without_names(tmp_path, X):
    xarray.DataArray(X, name="rates").to_netcdf(tmp_path / "bare.nc", engine="h5netcdf")
    np.testing.assert_array_equal(read(tmp_path / "bare.nc"), X)


def test_netcdf_with_unknown_names_needs_axes(tmp_path, X):
    path = tmp_path / "odd.nc"
    dataset = xarray.Dataset({"rates": (("x", "y", "z"), X), "side": ("y", np.arange(5))})
    dataset.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match=r"rates in .*odd.nc: 'x' is no axis of a trial tensor"):
        read(path)
    tensor = read(path, axes=("time", "trial", "neuron"))
    np.testing.assert_array_equal(tensor, X.transpose(1, 2, 0))
    assert tensor["side"].dims == ("trial",)


def test_hdf5_with_groups_and_text(tmp_path, X):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "session.h5", "w") as file:
        file["session1/rates"] = X
        file["session1/side"] = [b"l", b"r"] * 3
        file["session1/bin_width_s"] = [0.5]
        file["note"] = "text"
    tensor = read(tmp_path / "session.h5")
    np.testing.assert_array_equal(tensor, X)
    assert tensor.name == "rates"
    assert tensor["side"].to_numpy().tolist() == list("lrlrlr")
    assert tensor["time"].to_numpy().tolist() == [0.25, 0.75, 1.25, 1.75]
    assert read(tmp_path / "session.h5", variable="session1/rates").shape == SHAPE


def test_hdf5_labels_come_from_the_group_of_the_tensor_and_those_above(tmp_path, X):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "session.h5", "w") as file:
        file["a/reward"] = np.zeros(6)  # of another session of the same length
        file["a/only_there"] = np.zeros(6)
        file["a/bin_width_s"] = 9.0
        file["side"] = np.arange(6)
        file["reward"] = np.full(6, 2.0)
        file["z/X"] = X
        file["z/reward"] = np.ones(6)
        file["z/deeper/choice"] = np.ones(6)
        file["bin_width_s"] = 0.5
    tensor = read(tmp_path / "session.h5")
    assert set(tensor.coords) == {"reward", "side", "time"}
    assert tensor["reward"].to_numpy().tolist() == [1.0] * 6
    assert tensor["time"].to_numpy().tolist() == [0.25, 0.75, 1.25, 1.75]


@pytest.mark.parametrize("fixed", [True, False])
def test_hdf5_text_that_is_no_utf8_is_read_as_far_as_it_goes(tmp_path, X, fixed):
    h5py = pytest.importorskip("h5py")
    texts = [b"left\xff", "rückwärts".encode()] * 3
    dtype = h5py.string_dtype("utf-8" if fixed else "ascii", length=12 if fixed else None)
    with h5py.File(tmp_path / "session.h5", "w") as file:
        file["X"] = X
        file.create_dataset("side", data=texts, dtype=dtype)
    side = read(tmp_path / "session.h5")["side"].to_numpy().tolist()
    assert side == ["left\N{REPLACEMENT CHARACTER}", "rückwärts"] * 3


def test_a_label_that_cannot_be_read_is_left_out_by_name(tmp_path, X):
    """A recording is not lost for one damaged label."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "session.h5"
    with h5py.File(path, "w") as file:
        file["X"] = X
        file["reward"] = np.arange(6)
        file.create_dataset("side", data=np.arange(6.0), fletcher32=True, chunks=(6,))
        damaged = file["side"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[damaged + 8] ^= 0xFF
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"session\.h5: label 'side' is left out: "):
        tensor = read(path)
    assert set(tensor.coords) == {"reward"}
    np.testing.assert_array_equal(tensor, X)


def test_a_path_may_be_text_and_a_suffix_in_capitals(npz):
    path = npz()
    capital = path.rename(path.with_suffix(".NPZ"))
    assert read(str(capital)).shape == SHAPE


# --- refusals ---------------------------------------------------------------------------------


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nosuch.npz: no such file"):
        read(tmp_path / "nosuch.npz")


def test_a_folder(tmp_path):
    with pytest.raises(ValueError, match="is a folder, expected a file"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["data.xyz", "data"])
def test_an_unknown_suffix(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"no reader for .*; known are .*\.h5.*\.nc.*\.npz"):
        read(tmp_path / name)


def test_a_variable_that_is_not_there(npz):
    with pytest.raises(ValueError) as caught:
        read(npz(reward=np.arange(6)), variable="counts")
    assert "has no variable 'counts', but rates (6, 5, 4) float64; reward (6,) int64" in str(
        caught.value
    )


def test_a_variable_with_two_axes(npz):
    path = npz(flat=np.zeros((6, 5)))
    with pytest.raises(
        ValueError,
        match=r"flat in .*: expected \(n_trials, n_neurons, n_times\), got shape \(6, 5\)",
    ):
        read(path, variable="flat")


def test_several_variables(npz):
    with pytest.raises(ValueError, match=r"has 2 variables with three axes; choose .* counts \(6,"):
        read(npz(counts=np.ones(SHAPE)))


def test_no_tensor(tmp_path):
    np.savez(tmp_path / "flat.npz", flat=np.zeros((6, 5)), text=np.full(SHAPE, "a"))
    with pytest.raises(ValueError, match=r"has no numeric variable with three axes .* flat \(6, 5"):
        read(tmp_path / "flat.npz")


class Trap:
    """Unpickling this fails the test."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


def test_pickles_are_never_loaded(npz):
    trapped = np.empty(6, dtype=object)
    trapped[:] = [Trap() for _ in trapped]
    path = npz(trap=trapped)
    assert "trap" not in read(path).coords
    with pytest.raises(ValueError, match=r"variable 'trap' holds Python objects \(a pickle\)"):
        read(path, variable="trap")


def test_a_pickled_npy_is_refused(tmp_path):
    np.save(tmp_path / "trap.npy", np.full(SHAPE, Trap(), dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"no numeric .*trap \(6, 5, 4\) Python objects"):
        read(tmp_path / "trap.npy")
    with pytest.raises(ValueError, match=r"'trap' holds Python objects \(a pickle\), which are n"):
        read(tmp_path / "trap.npy", variable="trap")


SUFFIXES = (".npz", ".npy", ".nc", ".h5")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.3, 0.97])
def test_a_truncated_file(tmp_path, X, suffix, kept):
    path = tmp_path / f"session{suffix}"
    array = xarray.DataArray(X, dims=("trial", "neuron", "time"), name="rates")
    if suffix == ".npz":
        np.savez(path, rates=X)
    elif suffix == ".npy":
        np.save(path, X)
    else:
        array.to_netcdf(path, engine="h5netcdf")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(
        ValueError, match=rf"session{suffix}: cannot be read as .*, it is cut short"
    ):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("content", "meaning"),
    [
        (b"", "an empty file"),
        (b"trial,neuron\n1,2\n", "a text file"),
        (b"\x89PNG\r\n\x1a\n\0", "a PNG picture"),
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"\x80\x04\x95\0", "a Python pickle, which is never loaded"),
        (b"\1\2\0\3", "of no known format"),
    ],
)
def test_a_file_of_another_kind(tmp_path, suffix, content, meaning):
    path = tmp_path / f"session{suffix}"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"session{suffix}: cannot be read as a.*, it is .*{meaning}[^\n]*$"
    ):
        read(path)


def test_damaged_values_in_an_npz(npz):
    path = npz()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(
        ValueError, match=r"session.npz: cannot be read as .*, it is cut short or d"
    ):
        read(path)


def test_a_newer_kind_of_netcdf_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "x.nc").write_bytes(b"CDF\x05" + bytes(100))
    with pytest.raises(ValueError, match=r"x\.nc: is netCDF of the kind CDF-5, .* nccopy"):
        read(tmp_path / "x.nc")


@pytest.mark.parametrize("name", [b"two\nlines.npy", b"\xff\xfe.npy"])
def test_the_name_of_a_damaged_file_is_in_one_line(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"\x93NUMPY")
    with pytest.raises(ValueError) as caught:
        read(path)
    assert len(str(caught.value).encode().splitlines()) == 1


@pytest.mark.parametrize("format", ["NETCDF4", "NETCDF3_64BIT"])
def test_labels_that_are_added_to_a_netcdf_file_are_kept(X, tmp_path, format):
    tensor = xarray.DataArray(X, dims=("trial", "neuron", "time"), name="rates")
    tensor = tensor.assign_coords(reward=("trial", np.arange(6)))
    engine = "h5netcdf" if format == "NETCDF4" else "scipy"
    for n, added in enumerate(("depth", "layer")):
        tensor.to_netcdf(tmp_path / f"{n}.nc", format=format, engine=engine)
        tensor = read(tmp_path / f"{n}.nc").assign_coords({added: ("neuron", np.arange(5))})
        assert "coordinates" not in tensor.attrs
    tensor.to_netcdf(tmp_path / "last.nc", format=format, engine=engine)
    assert set(read(tmp_path / "last.nc").coords) == {"reward", "depth", "layer"}
