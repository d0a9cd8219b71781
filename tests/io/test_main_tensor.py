"""A file with several tensors says which of them is meant."""

import h5py
import numpy as np
import pytest
import xarray as xr

import trialtensor as tt
from trialtensor.io import inspect

RATES = np.random.default_rng(0).normal(size=(8, 5, 6))


def dataset(**main):
    dims = ("trial", "neuron", "time")
    both = {"rates": (dims, RATES, main), "noise": (dims, RATES + 1)}
    return xr.Dataset(both, coords={"reward": ("trial", np.arange(8) % 2)})


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["inner/rates"], file["noise"] = RATES, RATES + 1
        file["inner/rates"].attrs["main_tensor"] = True
        file["inner/reward"] = np.arange(8) % 2
    return path


def netcdf4(path):
    dataset(main_tensor=1).to_netcdf(path, engine="h5netcdf")
    return path


def netcdf3(path):
    dataset(main_tensor=1).to_netcdf(path, engine="scipy")
    return path


def zarr(path):
    group = pytest.importorskip("zarr").open_group(str(path), mode="w")
    for name, each in dataset(main_tensor=1).variables.items():
        array = group.create_dataset(name, data=each.to_numpy())
        array.attrs.update({**each.attrs, "_ARRAY_DIMENSIONS": list(each.dims)})
    return path


FILES = {"a.h5": hdf5, "b.nc": netcdf4, "c.nc": netcdf3, "d.zarr": zarr}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("lazy", [False, True])
def test_the_main_tensor_is_read(tmp_path, name, lazy):
    if name == "c.nc" and lazy:
        pytest.skip("netCDF-3 has its own test")
    with tt.read(FILES[name](tmp_path / name), lazy=lazy) as X:
        np.testing.assert_array_equal(X, RATES)
        assert X["reward"].dims == ("trial",)
        assert "main_tensor" not in X.attrs


def test_inspect_is_about_the_main_tensor(tmp_path):
    text = inspect(hdf5(tmp_path / "a.h5"))
    assert "inner/rates would be read as" in text and "noise would be" not in text
    assert "noise" in text and "--variable" not in text


@pytest.mark.parametrize("main", [{}, {"main_tensor": 0}, {"main_tensor": "yes"}])
def test_without_one_a_choice_is_asked_for(tmp_path, main):
    dataset(**main).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="has 2 variables with three axes; choose one"):
        tt.read(tmp_path / "x.nc")


def test_two_main_tensors_are_none(tmp_path):
    data = dataset(main_tensor=1)
    data["noise"].attrs["main_tensor"] = 1
    data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="choose one"):
        tt.read(tmp_path / "x.nc")
    np.testing.assert_array_equal(tt.read(tmp_path / "x.nc", variable="noise"), RATES + 1)
