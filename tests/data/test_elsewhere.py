"""Where data is, told without importing what could tell."""

import h5py
import numpy as np
import pytest
import xarray

from trialtensor.data import elsewhere
from trialtensor.data.elsewhere import kind_of, on_disk, parse_bytes, path_of


@pytest.fixture
def small_is_large(monkeypatch):
    monkeypatch.setattr(elsewhere, "LARGE", 1)


def test_arrays_in_memory_are_here():
    X = np.zeros((4, 3, 2))
    for each in (X, X.tolist(), xarray.DataArray(X), None, 3):
        assert kind_of(each) is None


def test_large_files_are_on_disk(tmp_path, small_is_large):
    X = np.ones((4, 3, 2))
    np.save(tmp_path / "x.npy", X)
    xarray.DataArray(X, name="X").to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = X
        assert kind_of(file["X"]) == "disk"
        assert path_of(file["X"]) == tmp_path / "x.h5"
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert kind_of(mapped) == "disk"
    assert path_of(mapped) == tmp_path / "x.npy"
    with xarray.open_dataarray(tmp_path / "x.nc", engine="h5netcdf") as lazy:
        assert kind_of(lazy) == "disk"
        assert kind_of(lazy.load()) is None


def test_small_files_are_loaded(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = np.ones((4, 3, 2))
        assert kind_of(file["X"]) is None
        assert kind_of(on_disk(file["X"])) == "disk"


def test_sizes():
    assert [parse_bytes(each) for each in ("2GB", "2 gb", "1.5MiB", 300, "4k")] == [
        2_000_000_000, 2_000_000_000, 1_500_000, 300, 4000,
    ]  # fmt: skip
    for wrong in ("much", "", "-2GB", 0, None, "GB", "2 PB"):
        with pytest.raises(ValueError, match=r"memory: expected a size such as '2GB'"):
            parse_bytes(wrong)


def test_what_is_no_data_is_refused():
    with pytest.raises(ValueError, match=r"X: expected an array or dataset .* got list"):
        on_disk([[[1.0]]])
    with pytest.raises(
        ValueError, match=r"X: expected \(n_trials, n_neurons, n_times\), got shape"
    ):
        on_disk(np.ones((3, 2)))


def test_fewer_than_three_axes_are_refused():
    with pytest.raises(ValueError, match=r"X: expected \(n_trials.*got shape \(4, 3\)"):
        on_disk(np.ones((4, 3)))


def test_all_of_it_can_be_read():
    X = np.arange(24).reshape(4, 3, 2)
    np.testing.assert_array_equal(np.asarray(on_disk(X)), X)
