"""Zarr folders, written by hand (so that no package is needed to describe them) and by zarr."""

import base64
import json
import os

import numpy as np
import pytest
import xarray

import trialtensor
from trialtensor.sessions import open_session

X = np.random.default_rng(0).normal(size=(6, 5, 4))
SIDE = np.array(["left", "right"] * 3)


def group(path, version=2, **attributes):
    path.mkdir(parents=True, exist_ok=True)
    if version == 3:
        about = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
        (path / "zarr.json").write_text(json.dumps(about))
    else:
        (path / ".zgroup").write_text('{"zarr_format": 2}')
        (path / ".zattrs").write_text(json.dumps(attributes))
    return path


def array(path, values, dims=None, version=2, changes=(), **attributes):
    """Write an array in one chunk, as the format says."""
    path.mkdir(parents=True)
    shape = list(values.shape)
    if version == 2:
        about = {
            "zarr_format": 2, "shape": shape, "chunks": shape, "dtype": values.dtype.str,
            "compressor": None, "filters": None, "order": "C", "fill_value": None,
        }  # fmt: skip
        names = {} if dims is None else {"_ARRAY_DIMENSIONS": list(dims)}
        (path / ".zattrs").write_text(json.dumps({**names, **attributes}))
        (path / ".zarray").write_text(json.dumps({**about, **dict(changes)}))
        (path / ".".join("0" * values.ndim)).write_bytes(values.tobytes())
        return
    about = {
        "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": values.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0, "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": attributes,
    }  # fmt: skip
    names = {} if dims is None else {"dimension_names": list(dims)}
    (path / "zarr.json").write_text(json.dumps({**about, **names, **dict(changes)}))
    place = path.joinpath("c", *"0" * values.ndim)
    place.parent.mkdir(parents=True)
    place.write_bytes(values.tobytes())


def needs_zarr(version):
    zarr = pytest.importorskip("zarr")
    if version == 3 and int(zarr.__version__.split(".")[0]) < 3:
        pytest.skip("version 3 of the format needs zarr 3")


@pytest.mark.parametrize("version", [2, 3])
def test_names_of_axes_and_labels_are_read(tmp_path, version):
    needs_zarr(version)
    path = group(tmp_path / "a.zarr", version)
    stored = X.transpose(1, 2, 0).copy()
    stored[0, 0, 0] = -1
    array(path / "x", stored, ("unit", "time", "trial"), version, _FillValue=-1.0)
    array(path / "time", np.arange(4) / 10, ("time",), version)
    array(path / "trial", np.arange(6) + 3, ("trial",), version)
    array(path / "depth", np.arange(5) * 10.0, ("unit",), version)
    found = trialtensor.read(path)
    expected = X.copy()
    expected[0, 0, 0] = np.nan
    assert np.array_equal(found, expected, equal_nan=True)
    assert found["time"].to_numpy().tolist() == [0, 0.1, 0.2, 0.3]
    assert found["trial"].to_numpy().tolist() == [3, 4, 5, 6, 7, 8]
    assert found["depth"].dims == ("neuron",)
    assert open_session(path).tensors == {"x": (5, 4, 6)}


@pytest.mark.parametrize("version", [2, 3])
def test_plain_arrays_in_groups(tmp_path, version):
    needs_zarr(version)
    path = group(tmp_path / "a.zarr", version)
    group(path / "session", version)
    array(path / "session" / "x", X, version=version)
    array(path / "session" / "reward", np.arange(6), version=version)
    found = trialtensor.read(path)
    assert np.array_equal(found, X) and found["reward"].dims == ("trial",)
    assert found.attrs["axes_order"] == "assumed"


def test_what_xarray_writes(tmp_path):
    needs_zarr(3)
    tensor = xarray.DataArray(
        np.where(X > 1, np.nan, X),
        dims=("trial", "neuron", "time"),
        coords={"time": np.arange(4) / 10, "side": ("trial", SIDE)},
        name="x",
    )
    for version in (2, 3):
        path = tmp_path / f"{version}.zarr"
        tensor.to_dataset().to_zarr(path, zarr_format=version)
        xarray.testing.assert_equal(trialtensor.read(path), tensor)


def test_what_zarr_writes(tmp_path):
    zarr = pytest.importorskip("zarr")
    root = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    make = getattr(root, "create_array", None) or root.create_dataset
    make("x", shape=X.shape, chunks=(4, 2, 3), dtype="f8")[...] = X
    assert np.array_equal(trialtensor.read(tmp_path / "a.zarr"), X)


def test_the_fill_value_of_version_3_is_text(tmp_path):
    from trialtensor.variables.zarr_store import stored_in

    path = tmp_path / "a.zarr"
    fill = base64.b64encode(np.array([2.5]).tobytes()).decode()
    array(path, X, version=3, _FillValue=fill)
    assert next(stored_in(path)).attributes == {"_FillValue": 2.5}


HOSTILE = {
    "a pickle": ({"dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}]}, "a pickle"),
    "a codec of its own": ({"compressor": {"id": "mine"}}, "is coded by 'mine'"),
    "absurd": ({"shape": [10**6, 10**6, 10]}, "declares 80"),
    "absurd chunks": ({"chunks": [10**6, 10**6, 10]}, "declares 80"),
    "negative": ({"shape": [-1, 5, 4]}, "is damaged: x declares the shape"),
    "no whole numbers": ({"shape": [6.0, 5, 4]}, "is damaged: x declares the shape"),
    "no shape": ({"shape": None}, "is damaged: x declares the shape"),
    "a structure": ({"dtype": [["a", "<f8"]]}, "is of a type"),
    "a type": ({"dtype": "<f9"}, "is of a type that is not read"),
    "filters": ({"filters": 3}, "metadata are not as they should be"),
}


@pytest.mark.parametrize(("changes", "said"), HOSTILE.values(), ids=HOSTILE)
def test_what_declares_nonsense_is_refused(tmp_path, changes, said):
    path = group(tmp_path / "a.zarr")
    array(path / "x", X, changes=changes.items())
    for call in (trialtensor.read, open_session):
        with pytest.raises(ValueError) as caught:
            call(path)
        assert said in str(caught.value) and str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "\xff", '{"shape": '])
def test_metadata_that_are_none(tmp_path, text):
    path = group(tmp_path / "a.zarr")
    array(path / "x", X)
    (path / "x" / ".zarray").write_text(text)
    with pytest.raises(ValueError, match=r"a\.zarr: is damaged: "):
        trialtensor.read(path)


def test_links_are_not_followed(tmp_path):
    path = group(tmp_path / "a.zarr")
    array(path / "x", X)
    (tmp_path / "secret").write_bytes(X.tobytes())
    (path / "x" / "0.0.0").unlink()
    os.symlink(tmp_path / "secret", path / "x" / "0.0.0")
    with pytest.raises(ValueError, match="x is partly a link, which is not followed"):
        trialtensor.read(path)
    os.symlink(path, path / "loop")
    assert len(open_session_refused(path)) < 300


def test_pipes_are_never_waited_for(tmp_path):
    path = group(tmp_path / "a.zarr")
    array(path / "x", X)
    (path / "x" / "0.0.0").unlink()
    os.mkfifo(path / "x" / "0.0.0")
    with pytest.raises(ValueError, match="x is partly a pipe or a device"):
        trialtensor.read(path)


def open_session_refused(path):
    with pytest.raises(ValueError) as caught:
        open_session(path)
    return str(caught.value)


def test_a_file_or_a_folder_of_something_else(tmp_path):
    (tmp_path / "a.zarr").write_text("x")
    with pytest.raises(ValueError, match="is a file, expected a folder"):
        trialtensor.read(tmp_path / "a.zarr")
    (tmp_path / "b.zarr").mkdir()
    with pytest.raises(ValueError, match="is no Zarr folder"):
        trialtensor.read(tmp_path / "b.zarr")
