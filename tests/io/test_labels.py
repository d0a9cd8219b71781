"""Labels beside a tensor in a file: columns, bytes, empty ones, and those that can't be read."""

import warnings

import h5py
import numpy as np
import pytest
import xarray

from trialtensor.data.labels import plain_labels
from trialtensor.io import inspect, read

X = np.random.default_rng(0).normal(size=(6, 5, 4))
SIDE = np.array(["left", "", "right"] * 2)
KNOWN = ["left", None, "right"] * 2


def labels_of(tensor, name):
    return plain_labels(tensor[name].values).tolist()


@pytest.mark.parametrize(
    "given",
    [SIDE, SIDE.astype("S"), SIDE[:, None], SIDE.astype("S")[:, None], SIDE[None]],
    ids=["text", "bytes", "column", "column of bytes", "row"],
)
def test_labels_in_npz(tmp_path, given):
    np.savez(tmp_path / "a.npz", x=X, side=given)
    found = read(tmp_path / "a.npz")
    assert found["side"].dims == ("trial",)
    assert labels_of(found, "side") == KNOWN
    assert "right, 2 different" not in inspect(tmp_path / "a.npz")
    assert "side (left, right; 2 without)" in inspect(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "given", [SIDE.astype("S"), SIDE.astype(object), SIDE.astype(object)[:, None]]
)
def test_labels_in_hdf5(tmp_path, given):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["side"] = X, given
    assert labels_of(read(tmp_path / "a.h5"), "side") == KNOWN


@pytest.mark.parametrize("engine", ["scipy", "h5netcdf"])
@pytest.mark.parametrize("kind", ["bytes", "text", "objects"])
def test_labels_in_netcdf(tmp_path, engine, kind):
    side = {"bytes": SIDE.astype("S"), "text": SIDE, "objects": np.array(KNOWN, object)}[kind]
    coords = {"side": ("trial", side)}
    data = xarray.Dataset({"x": (("trial", "neuron", "time"), X)}, coords=coords)
    data.to_netcdf(tmp_path / "a.nc", engine=engine)
    assert labels_of(read(tmp_path / "a.nc"), "side") == KNOWN
    # Also where the tensor doesn't bring its labels itself.
    data.drop_vars("side").assign(side=("trial", side)).to_netcdf(tmp_path / "b.nc", engine=engine)
    assert labels_of(read(tmp_path / "b.nc"), "side") == KNOWN


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (np.array(KNOWN, object), "holds Python objects or references, which are never loaded"),
        (np.array(KNOWN, object)[:, None], "holds Python objects"),
        (np.ones(6, complex), "its values are complex128, expected text, numbers or dates"),
        (np.zeros(6, [("a", int)]), "expected text, numbers or dates"),
    ],
)
def test_a_label_that_is_left_out_is_named_with_the_reason(tmp_path, given, reason):
    np.savez(tmp_path / "a.npz", x=X, side=given, reward=np.arange(6))
    with pytest.warns(UserWarning, match=f"label 'side' is left out: .*{reason}") as caught:
        found = read(tmp_path / "a.npz")
    assert len(caught) == 1
    assert set(found.coords) == {"reward"}


def test_what_labels_nothing_is_no_matter(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.savez(tmp_path / "a.npz", x=X, other=np.ones((6, 2)), n=3, objects=np.array([None] * 7))
        assert not read(tmp_path / "a.npz").coords


def test_a_vector_called_after_an_axis_labels_it(tmp_path):
    n = 6
    np.savez(
        tmp_path / "a.npz",
        x=np.random.default_rng(0).normal(size=(n, 5, n)),
        time=np.arange(n) / 10,
        side=np.arange(n),
    )
    found = read(tmp_path / "a.npz")
    assert found["time"].dims == ("time",)
    assert found["side"].dims == ("trial",)


def test_hdf5_whose_axes_are_named_by_labels_only(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("x", data=X.transpose(1, 0, 2))
        for axis, name in enumerate(("units", "trials", "time")):
            stored.dims[axis].label = name
        file["time"], file["trials"] = np.arange(4) / 10, np.arange(6) * 3
    found = read(tmp_path / "a.h5")
    assert found["time"].to_numpy().tolist() == [0, 0.1, 0.2, 0.3]
    assert found["trial"].to_numpy().tolist() == [0, 3, 6, 9, 12, 15]
    assert np.array_equal(found, X)
