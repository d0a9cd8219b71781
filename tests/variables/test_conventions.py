"""What netCDF files mean by their values is the same under every suffix."""

import shutil
import warnings

import h5netcdf
import h5py
import numpy as np
import pytest
import scipy.io
import xarray

from trialtensor.io import inspect, read

SHAPE = (7, 5, 4)
AXES = ("trial", "neuron", "time")
FILL_FLOAT = 9.969209968386869e36
X = np.random.default_rng(0).poisson(3.0, SHAPE).astype(float)


@pytest.fixture(params=[".nc", ".h5"])
def copied(request, tmp_path):
    """Return a function that gives a file another suffix."""

    def copy(path):
        return shutil.copy(path, tmp_path / f"copy{request.param}")

    return copy


def dataset():
    coords = {
        "time": np.arange(4) * 0.1,
        "side": ("trial", list("lrlrlrl")),
        "when": ("trial", np.array([f"2024-01-0{day}" for day in range(1, 8)], "M8[ns]")),
        "depth": ("neuron", np.arange(5.0), {"units": "mm"}),
        "valid": ("trial", np.arange(7) % 2 > 0),
    }  # fmt: skip
    return xarray.Dataset({"rates": (AXES, X.copy())}, coords)


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_names_coordinates_and_packed_values(tmp_path, copied, engine):
    stored = dataset()
    stored["rates"][2] = np.nan
    packing = {"dtype": "int16", "scale_factor": 0.5, "add_offset": 10.0, "_FillValue": -999}
    stored.to_netcdf(tmp_path / "own.nc", engine=engine, encoding={"rates": packing})
    tensor = read(copied(tmp_path / "own.nc"))
    np.testing.assert_array_equal(tensor, stored["rates"])
    assert {name: coord.dims for name, coord in tensor.coords.items()} == {
        "time": ("time",), "side": ("trial",), "when": ("trial",), "depth": ("neuron",),
        "valid": ("trial",),
    }  # fmt: skip
    for name in tensor.coords:
        assert tensor[name].to_numpy().tolist() == stored[name].to_numpy().tolist()
    assert tensor["valid"].dtype == bool


def test_it_is_read_as_xarray_reads_it(tmp_path, copied):
    with h5netcdf.File(tmp_path / "own.nc", "w") as file:
        file.dimensions = dict(zip(AXES, SHAPE, strict=True))
        stored = {
            "unsigned": (X - 4).astype("i1"),
            "two_fills": X.astype("f4"),
            "bounded": X,
            "scaled": X.astype("i2"),
        }
        attributes = {
            "unsigned": {"_Unsigned": "true", "_FillValue": np.int8(-1)},
            "two_fills": {"_FillValue": np.float32(3), "missing_value": np.float32(4)},
            "bounded": {"valid_range": [0.0, 2.0], "valid_min": 0.0, "valid_max": 2.0},
            "scaled": {"scale_factor": 2.0, "missing_value": np.int16(1)},
        }
        for name, values in stored.items():
            fill = attributes[name].pop("_FillValue", None)
            made = file.create_variable(name, AXES, data=values, fillvalue=fill)
            made.attrs.update(attributes[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of two fill values
        theirs = xarray.load_dataset(tmp_path / "own.nc", engine="h5netcdf")
    for name in stored:
        ours = read(copied(tmp_path / "own.nc"), variable=name)
        np.testing.assert_array_equal(ours, theirs[name], err_msg=name)
        assert ours.dtype == theirs[name].dtype


def test_groups_have_the_axes_and_labels_of_those_above(tmp_path, copied):
    with h5netcdf.File(tmp_path / "own.nc", "w") as file:
        file.dimensions = dict(zip(AXES, SHAPE, strict=True))
        file.create_variable("time", ("time",), data=np.arange(4) * 0.1)
        file.create_variable("side", ("trial",), data=np.arange(7))
        group = file.create_group("session")
        group.create_variable("rates", ("neuron", "time", "trial"), data=X.transpose(1, 2, 0))
        group.create_variable("depth", ("neuron",), data=np.arange(5.0))
    tensor = read(copied(tmp_path / "own.nc"))
    np.testing.assert_array_equal(tensor, X)
    assert {name: coord.dims for name, coord in tensor.coords.items()} == {
        "time": ("time",), "side": ("trial",), "depth": ("neuron",),
    }  # fmt: skip


def test_scales_of_plain_hdf5_name_the_axes(tmp_path, copied):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["rates"] = X.transpose(2, 0, 1)
        scales = {
            "bins": ("time", np.arange(4) * 0.1),
            "ids": ("trial", np.arange(7) * 10),
            "cells": ("neuron", np.arange(5)),
            "hand": ("side", np.array([b"l"] * 7)),
        }
        for name, (meaning, values) in scales.items():
            file[name] = values
            file[name].make_scale(meaning)
        for axis, name in enumerate(("bins", "ids", "cells")):
            file["rates"].dims[axis].attach_scale(file[name])
        file["rates"].dims[1].attach_scale(file["hand"])
    tensor = read(copied(tmp_path / "own.h5"))
    np.testing.assert_array_equal(tensor, X)
    np.testing.assert_array_equal(tensor["time"], np.arange(4) * 0.1)
    np.testing.assert_array_equal(tensor["trial"], np.arange(7) * 10)
    assert tensor["side"].to_numpy().tolist() == ["l"] * 7


def test_labels_of_axes_name_them(tmp_path, copied):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["rates"] = X.transpose(1, 2, 0)
        for axis, name in enumerate(("neuron", "time", "trial")):
            file["rates"].dims[axis].label = name
    np.testing.assert_array_equal(read(copied(tmp_path / "own.h5")), X)


FILLS = {
    "i2": -32767, "u2": 65535, "i4": -2147483647, "u4": 4294967295, "i8": -9223372036854775806,
    "u8": 18446744073709551614, "f4": FILL_FLOAT, "f8": FILL_FLOAT,
}  # fmt: skip


@pytest.mark.parametrize(("dtype", "fill"), FILLS.items())
def test_what_was_never_written_is_missing(tmp_path, copied, dtype, fill):
    values = X.astype(dtype)
    values[4] = np.asarray(fill, dtype)
    with h5netcdf.File(tmp_path / "own.nc", "w") as file:
        file.dimensions = dict(zip(AXES, SHAPE, strict=True))
        file.create_variable("x", AXES, data=values)
    tensor = read(copied(tmp_path / "own.nc"))
    assert np.isnan(tensor[4]).all()
    np.testing.assert_array_equal(np.delete(tensor, 4, 0), np.delete(X, 4, 0))


def test_bytes_have_no_fill_value_and_whole_numbers_stay_whole(tmp_path, copied):
    with h5netcdf.File(tmp_path / "own.nc", "w") as file:
        file.dimensions = dict(zip(AXES, SHAPE, strict=True))
        file.create_variable("bytes", AXES, data=np.full(SHAPE, 255, "u1"))
        file.create_variable("whole", AXES, data=X.astype("i4"))
    assert (read(copied(tmp_path / "own.nc"), variable="bytes") == 255).all()
    assert read(copied(tmp_path / "own.nc"), variable="whole").dtype == np.int32


@pytest.mark.parametrize("of_its_own", [False, True])
def test_what_was_never_written_to_netcdf3_is_missing(tmp_path, copied, of_its_own):
    with scipy.io.netcdf_file(tmp_path / "own.nc", "w") as file:
        for name, length in zip(AXES, SHAPE, strict=True):
            file.createDimension(name, length)
        made = file.createVariable("x", "d", AXES)
        made[:] = X
        made[3] = FILL_FLOAT
        label = file.createVariable("reward", "i", ("trial",))
        label[:] = [0, 1, 0, 1, 0, 1, -2147483647]
        if of_its_own:
            made._FillValue = -1.0
            made[4] = -1.0
    tensor = read(copied(tmp_path / "own.nc"))
    assert np.isnan(tensor[3]).all() and np.isnan(tensor[4]).all() == of_its_own
    assert int(np.isnan(tensor).sum()) == 20 * (1 + of_its_own)
    np.testing.assert_array_equal(tensor["reward"], [0, 1, 0, 1, 0, 1, np.nan])


def test_large_values_of_plain_hdf5_are_no_fill_values(tmp_path):
    """Only the netCDF library fills in this way."""
    for name in ("own.h5", "own.nc"):
        with h5py.File(tmp_path / name, "w") as file:
            file["x"] = np.full(SHAPE, 65535, "u2")
        assert (read(tmp_path / name) == 65535).all()


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_texts_stored_as_characters(tmp_path, copied, engine):
    stored = dataset()[["rates"]]
    stored["region"] = ("neuron", np.array([b"M1", b"S1", b"PMd", b"x", b""]))
    stored.to_netcdf(tmp_path / "own.nc", engine=engine)
    region = read(copied(tmp_path / "own.nc"))["region"]
    assert region.to_numpy()[:4].tolist() == ["M1", "S1", "PMd", "x"]
    assert region.isnull().to_numpy().tolist() == [False] * 4 + [True]
    assert "region  (5,)       text" in inspect(copied(tmp_path / "own.nc"))


def test_days_since_an_event_are_numbers(tmp_path, copied):
    stored = dataset()[["rates"]]
    stored["day"] = ("trial", np.arange(7.0), {"units": "days since surgery"})
    stored.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    np.testing.assert_array_equal(read(copied(tmp_path / "own.nc"))["day"], np.arange(7.0))


@pytest.mark.parametrize("name", ["scale_factor", "add_offset", "_FillValue"])
def test_a_scale_that_is_no_number_is_named(tmp_path, copied, name):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["x"] = X
        file["x"].attrs[name] = "abc"
    with pytest.raises(ValueError, match=rf"copy\.\w+: x {name} is 'abc', expected a number"):
        read(copied(tmp_path / "own.h5"))
