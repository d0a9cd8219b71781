"""HDF5 and netCDF made in memory: readable by others, with a checksum that sees every byte."""

import h5py
import numpy as np
import pytest
import xarray

import trialtensor
from trialtensor import TCA, make_tca
from trialtensor.storage import is_intact, write_hdf5, write_netcdf


def fill(file):
    file.attrs["what"] = "numbers"
    file["x"] = np.arange(50.0)


def test_every_byte_counts(tmp_path):
    path = tmp_path / "numbers.h5"
    write_hdf5(path, fill)
    whole = path.read_bytes()
    assert is_intact(path)
    places = np.random.default_rng(0).choice(len(whole) - 90, 60, replace=False)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        assert is_intact(path) is False


def test_others_read_and_edit_it(tmp_path):
    path = tmp_path / "numbers.h5"
    write_hdf5(path, fill)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"], np.arange(50.0))
    with h5py.File(path, "a") as file:
        file.attrs["note"] = "edited on purpose"
    assert is_intact(path) is None


def test_files_without_a_checksum_pass(tmp_path):
    with h5py.File(tmp_path / "old.h5", "w") as file:
        fill(file)
    (tmp_path / "short").write_bytes(b"12")
    assert is_intact(tmp_path / "old.h5") is None and is_intact(tmp_path / "short") is None


def test_netcdf_is_what_xarray_writes(tmp_path):
    dataset = xarray.Dataset(
        {"x": (("trial", "time"), np.arange(6.0).reshape(2, 3)), "n": ("trial", [1, 2])},
        coords={"cue": ("trial", ["ä", "b"]), "time": [0.0, 0.1, 0.2]},
        attrs={"about": "test"},
    )
    write_netcdf(tmp_path / "ours.nc", {"": dataset, "part": dataset})
    dataset.to_netcdf(tmp_path / "theirs.nc", engine="h5netcdf")
    for group in (None, "part"):
        with (
            xarray.open_dataset(tmp_path / "ours.nc", engine="h5netcdf", group=group) as ours,
            xarray.open_dataset(tmp_path / "theirs.nc", engine="h5netcdf") as theirs,
        ):
            xarray.testing.assert_identical(ours, theirs)


def test_a_damaged_model_is_refused_by_name(tmp_path):
    X = make_tca(12, 6, 10, 2, snr=50.0, random_state=0).X
    model = TCA(2, n_init=1, random_state=0).fit(X)
    path = tmp_path / "model.h5"
    model.save(path)
    content = bytearray(path.read_bytes())
    place = bytes(content).find(np.ascontiguousarray(model.neuron_factors_).tobytes())
    assert place > 0
    content[place + 7] ^= 1  # the sign or the size of one number
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.h5.*damaged") as refusal:
        trialtensor.load(path)
    assert "\n" not in str(refusal.value)
    path.write_bytes(content[:-85])  # as an old file: no checksum, so nobody can tell
    assert trialtensor.load(path).neuron_factors_.shape == (6, 2)
