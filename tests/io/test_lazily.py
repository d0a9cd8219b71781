"""Tensors that stay in their file are those that are read."""

import gc
import pickle
import warnings
import weakref

import h5py
import numpy as np
import pytest
import xarray

from trialtensor import TCA, on_disk, read
from trialtensor.data import transform_values
from trialtensor.data.elsewhere import is_lazy
from trialtensor.opening.guard import UnreadableError

SHAPE = 24, 7, 10
VALUES = np.random.default_rng(0).normal(size=SHAPE)
LABELLED = xarray.DataArray(
    VALUES.transpose(1, 0, 2),
    dims=("unit", "epoch", "time"),
    coords={
        "unit": [f"u{i}" for i in range(7)],
        "choice": ("epoch", np.arange(24) % 2),
        "time": np.arange(10) * 0.1,
    },
    name="rates",
)


def hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("a/X", data=VALUES, chunks=(5, 7, 10), compression="gzip")
        file["a/reward"], file["bin_width_s"] = np.arange(24) % 3, 0.02


def other_order(path):
    with h5py.File(path, "w") as file:
        file["X"], file["trial_type"] = VALUES.transpose(1, 2, 0), np.array(["a", "b"] * 12, "S")
        file["time"] = np.arange(10) * 0.1


def matlab(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in (("X", VALUES), ("side", np.arange(24.0)[:, None])):
            file[name] = values.T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512, b"\0"))


def packed(path):
    encoding = {"rates": {"dtype": "i2", "scale_factor": 0.01, "_FillValue": -9}}
    LABELLED.where(LABELLED < 2).to_netcdf(path, engine="h5netcdf", encoding=encoding)


def unwritten(path):
    with h5py.File(path, "w") as file:
        file.attrs["_NCProperties"] = "version=2,netcdf=4.9"
        values = np.arange(VALUES.size, dtype="i4").reshape(SHAPE)
        values[20] = -2147483647  # what netCDF puts where nothing was written
        file["X"] = values


def zarr_folder(path):
    zarr = pytest.importorskip("zarr")
    array = zarr.open(str(path), mode="w", shape=SHAPE, chunks=(5, 7, 10), dtype="f8")
    array[:] = VALUES


FILES = {
    "x.h5": hdf5,
    "y.h5": other_order,
    "x.mat": matlab,
    "x.npy": lambda path: np.save(path, VALUES),
    "fortran.npy": lambda path: np.save(path, np.asfortranarray(VALUES)),
    "swapped.npy": lambda path: np.save(path, VALUES.astype(">f4")),
    "bool.npy": lambda path: np.save(path, VALUES > 0),
    "x.nc": lambda path: LABELLED.to_netcdf(path, engine="h5netcdf"),
    "three.nc": lambda path: LABELLED.to_netcdf(path, engine="scipy"),
    "packed.nc": packed,
    "unwritten.nc": unwritten,
    "x.zarr": zarr_folder,
}


@pytest.fixture(params=FILES)
def path(request, tmp_path):
    FILES[request.param](tmp_path / request.param)
    return tmp_path / request.param


@pytest.mark.filterwarnings("ignore:.* was read as axes")
def test_it_is_what_reading_gives(path):
    whole = read(path)
    with read(path, lazy=True) as lazy:
        assert is_lazy(lazy)
        assert lazy.dims == whole.dims == ("trial", "neuron", "time")
        assert (lazy.name, lazy.attrs, set(lazy.coords)) == (
            whole.name, whole.attrs, set(whole.coords),
        )  # fmt: skip
        for name in whole.coords:
            xarray.testing.assert_identical(lazy.coords[name], whole.coords[name])
        for part in (np.s_[3:9], np.s_[20:, 1:3, ::-2], np.s_[4, :, 2], np.s_[[3, 9, 1], 2:5]):
            np.testing.assert_array_equal(lazy[part], whole[part])
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy)), whole)
        assert is_lazy(lazy)


@pytest.mark.filterwarnings("ignore:.* was read as axes", "ignore:X. .* is stored in pieces")
@pytest.mark.parametrize("kind", ["x.h5", "y.h5", "x.nc", "x.npy", "bool.npy"])
def test_fits_are_those_of_memory(tmp_path, kind):
    FILES[kind](tmp_path / kind)
    whole = TCA(2, n_init=2, random_state=0).fit(read(tmp_path / kind))
    with read(tmp_path / kind, lazy=True) as lazy:
        ours = TCA(2, n_init=2, random_state=0).fit(on_disk(lazy, memory="100kB"))
    # Truth values on disk are computed in single precision, in memory in double.
    single = ours.trial_factors_.dtype == np.float32
    assert single == (kind == "bool.npy")
    assert ours.loss_ == pytest.approx(whole.loss_, rel=1e-7 if single else 1e-9)
    assert ours.data_summary_["axes_assumed"] == whole.data_summary_["axes_assumed"]
    assert set(ours.coords_) == set(whole.coords_)


def test_closed_files_are_refused_first(tmp_path):
    hdf5(tmp_path / "x.h5")
    with read(tmp_path / "x.h5", lazy=True) as lazy:
        pass
    with pytest.raises(ValueError, match=r"X: x\.h5 is closed"):
        TCA(2).fit(on_disk(lazy))
    with h5py.File(tmp_path / "x.h5") as file:
        dataset = file["a/X"]
    with pytest.raises(ValueError, match="X: its file is closed; keep it open"):
        TCA(2).fit(dataset)


def test_what_nobody_holds_is_closed(tmp_path):
    hdf5(tmp_path / "x.h5")
    lazy = read(tmp_path / "x.h5", lazy=True)
    held = weakref.ref(lazy.variable._data.array)
    part = lazy[2:4]
    del lazy
    assert part.shape == (2, 7, 10)
    np.testing.assert_array_equal(part, VALUES[2:4])
    del part
    gc.collect()
    assert held() is None
    with h5py.File(tmp_path / "x.h5", "r+") as file:  # no reader is in the way
        file["a/reward"][0] = 5


def test_files_that_only_come_whole_are_named(tmp_path):
    np.savez(tmp_path / "x.npz", X=VALUES)
    with pytest.raises(UnreadableError, match=r"x\.npz: X can only be read as a whole"):
        read(tmp_path / "x.npz", lazy=True)
    with pytest.raises(ValueError, match="lazy: expected True or False"):
        read(tmp_path / "x.npz", lazy="yes")


def test_links_out_of_a_file_are_refused_too(tmp_path):
    hdf5(tmp_path / "x.h5")
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["X"] = h5py.ExternalLink("x.h5", "a/X")
    with pytest.raises(UnreadableError, match="link to another file"):
        read(tmp_path / "links.h5", lazy=True)


def test_more_than_fits_into_memory_is_described_and_read_in_parts(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("X", data=np.ones((40, 100, 1000)), chunks=(2, 100, 1000))
    monkeypatch.setattr("trialtensor.opening.memory.free_memory", lambda: (20_000_000, 0))
    with pytest.raises(UnreadableError, match=r"x\.h5: X takes 32 MB of memory, and 20 MB is free"):
        read(tmp_path / "x.h5")
    with read(tmp_path / "x.h5", lazy=True) as lazy:
        assert float(lazy[7:9].sum()) == 2 * 100 * 1000
        with pytest.raises(ValueError, match=r"X of x\.h5 takes 32 MB of memory"):
            lazy.to_numpy()


@pytest.mark.parametrize("kind", ["sqrt", "log1p"])
def test_transforms_of_what_is_not_read_yet(tmp_path, kind):
    counts = np.random.default_rng(0).poisson(3.0, SHAPE).astype("u1")
    np.save(tmp_path / "x.npy", counts)
    with read(tmp_path / "x.npy", lazy=True) as lazy:
        ours = transform_values(lazy, kind)
        assert is_lazy(ours)
        expected = transform_values(read(tmp_path / "x.npy"), kind)
        assert ours.dtype == expected.dtype
        assert ours.attrs == expected.attrs
        np.testing.assert_array_equal(ours[4:9], expected[4:9])
        with pytest.raises(ValueError, match="'zscore' needs all of the data at once"):
            transform_values(lazy, "zscore")
        assert transform_values(lazy, "none") is lazy


def test_labels_are_warned_of_once(tmp_path):
    np.save(tmp_path / "x.npy", VALUES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(tmp_path / "x.npy", lazy=True).close()
