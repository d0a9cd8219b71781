import shlex
from collections import Counter
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
import xarray

from trialtensor.io import inspect
from trialtensor.variables.readers import find_reader


def test_it_describes_every_variable_and_how_it_would_be_read(tmp_path):
    path = tmp_path / "a session.npz"
    X = np.arange(120, dtype=float).reshape(6, 5, 4)
    X[0] = np.nan
    np.savez(
        path,
        rates=X + 0.5,
        trial=np.arange(6),
        side=np.array(list("lrlrlr")),
        when=np.arange(5).astype("M8[D]"),
        flat=np.zeros((2, 2)),
        objects=np.array([None] * 6),
    )
    text = inspect(path)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "a session.npz: 6 variables"
    assert "rates    (6, 5, 4)  float64" in lines
    assert "flat     (2, 2)     float64" in lines
    assert "objects  (6,)       Python objects (never loaded)" in lines
    assert "6 trials, 5 neurons, 4 times" in lines
    assert "16.7% missing; values from 20.5 to 119.5" in lines
    assert "labels of trials: trial (0 to 5, 6 different), side (l, r)" in lines
    assert "labels of neurons: when (5 different)" in lines
    assert shlex.split(lines[-1]) == [
        "trialtensor", "fit", str(path), "--nonnegative", "--components", "1",
        "--color-by", "side", "-o", "a session_tca",
    ]  # fmt: skip


def test_rank_is_suggested_with_candidates_that_make_sense(tmp_path):
    """Ten entries a parameter, and no more components than the shortest axis has slices."""
    rng = np.random.default_rng(0)
    for shape, most, usual in (((200, 40, 30), "1:12", "6"), ((100, 3, 50), "1:3", "3")):
        np.save(tmp_path / "x.npy", rng.normal(size=shape))
        lines = [line.strip() for line in inspect(tmp_path / "x.npy").splitlines()]
        ranked, fitted = shlex.split(lines[-3]), shlex.split(lines[-1])
        assert ranked[:2] == ["trialtensor", "rank"] and ranked[-1] == "x_rank"
        assert ranked[ranked.index("--components") + 1] == most
        assert fitted[fitted.index("--components") + 1] == usual
    few = rng.normal(size=(60, 40, 30))
    few[:, 2:] = 0
    np.save(tmp_path / "x.npy", few)
    assert "--components 1:2 " in inspect(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.zeros((60, 40, 30)))
    assert "every value is zero" in inspect(tmp_path / "x.npy")
    assert "--components" not in inspect(tmp_path / "x.npy")


def test_an_assumed_order_of_axes_is_said(tmp_path):
    X = np.random.default_rng(0).normal(size=(8, 7, 6))
    np.save(tmp_path / "bare.npy", X)
    named = xarray.DataArray(X, dims=("neuron", "trial", "time"), name="rates")
    named.to_netcdf(tmp_path / "named.nc", engine="h5netcdf")
    said = "the order of axes was assumed: trials, neurons, times"
    assert said in inspect(tmp_path / "bare.npy")
    assert said not in inspect(tmp_path / "bare.npy", axes=("trial", "neuron", "time"))
    assert said not in inspect(tmp_path / "named.nc")


def test_missing_labels_are_counted(tmp_path):
    block = np.array(["a", "b", "", "b", "", ""])
    angle = np.array([0, 90, np.nan, 0, 90, 180.0])
    path = tmp_path / "x.npz"
    np.savez(path, X=np.random.default_rng(0).normal(size=(6, 5, 4)), block=block, angle=angle)
    assert "block (a, b; 3 without), angle (0.0, 90.0, 180.0; 1 without)" in inspect(path)


def test_counts_are_proposed_a_square_root(tmp_path):
    path = tmp_path / "counts.npy"
    np.save(path, np.ones((9, 8, 7), dtype=np.uint8))
    text = inspect(path, axes=("neuron", "trial", "time"))
    assert "nothing missing; whole numbers from 1 to 1" in text
    assert (
        f"fit {path} --axes neuron,trial,time --transform sqrt --nonnegative --components 1 -o"
    ) in text


def test_every_tensor_has_its_own_line(tmp_path):
    path = tmp_path / "two.npz"
    np.savez(path, a=np.full((3, 3, 3), -1.0), b=np.ones((4, 3, 2)) > 0)
    text = inspect(path)
    assert f"fit {path} --variable a --components 1 -o two_tca" in text
    assert f"fit {path} --variable b --transform sqrt --nonnegative --components 1 -o" in text


def test_dimension_names_are_shown_and_a_tensor_that_cannot_be_read_says_why(tmp_path):
    path = tmp_path / "odd.nc"
    array = xarray.DataArray(np.ones((3, 3, 3)), dims=("x", "y", "z"), name="rates")
    array.to_netcdf(path, engine="h5netcdf")
    text = inspect(path)
    assert "rates  (3, 3, 3)  float64  x, y, z" in text
    assert "nothing: rates in" in text
    assert "'x' is no axis of a trial tensor" in text


def test_netcdf_without_dimension_names_gives_no_warning(tmp_path, recwarn):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "bare.nc", "w") as file:
        file["rates"] = np.ones((5, 4, 3))
        file["side"] = np.arange(5)
    assert "labels of trials: side (0 to 4, 5 different)" in inspect(tmp_path / "bare.nc")
    assert [str(warning.message) for warning in recwarn] == []


def test_a_file_without_tensor(tmp_path):
    np.savez(tmp_path / "flat.npz", flat=np.ones((3, 3)))
    assert "no numeric variable has three axes" in inspect(tmp_path / "flat.npz")
    np.savez(tmp_path / "empty.npz")
    assert inspect(tmp_path / "empty.npz").startswith("empty.npz: 0 variables")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        inspect(tmp_path / "nosuch.npz")


@pytest.mark.parametrize("kind", ["npz", "h5", "nc"])
def test_every_array_is_read_once_and_the_file_opened_once(kind, tmp_path, monkeypatch):
    """Two hundred tensors that share two labels: as many reads as there are arrays."""
    arrays = {f"unit{i:03}": np.full((4, 3, 2), float(i)) for i in range(200)}
    labels = {"side": np.array(["l", "r", "l", "l"]), "depth": np.arange(3.0)}
    path = tmp_path / f"many.{kind}"
    if kind == "npz":
        np.savez(path, **arrays, **labels)
    elif kind == "h5":
        with h5py.File(path, "w") as file:
            for name, values in (arrays | {"depth": labels["depth"]}).items():
                file[name] = values
            file["side"] = labels["side"].astype("S1")
    else:
        dims = ("trial", "neuron", "time")
        data = {name: (dims, values) for name, values in arrays.items()}
        coords = {"side": ("trial", labels["side"]), "depth": ("neuron", labels["depth"])}
        xarray.Dataset(data, coords).to_netcdf(path, engine="h5netcdf")
    reader = find_reader(path)
    reads, openings = Counter(), []
    own = reader.opened

    @contextmanager
    def counted(path):
        openings.append(path)
        with own(path) as get:
            yield lambda name: reads.update([name]) or get(name)

    monkeypatch.setattr(reader, "opened", counted)
    text = inspect(path)
    assert text.count("4 trials, 3 neurons, 2 times") == 200
    assert text.count("labels of trials: side (l, r)") == 200
    assert "whole numbers from 199 to 199" in text
    assert len(openings) == 1
    assert set(arrays) <= set(reads) and max(reads.values()) == 1


def test_a_file_whose_only_tensor_is_damaged_is_refused(tmp_path):
    path = tmp_path / "session.npz"
    np.savez(path, rates=np.ones((6, 5, 4)))
    content = bytearray(path.read_bytes())
    content[400] ^= 0xFF  # the checksum tells
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"session\.npz: cannot be read .* \(Bad CRC-32 for file"):
        inspect(path)
