"""Hard cases of data on disk: how it is stored, what it holds, and what is wrong with it."""

import os
import warnings

import h5py
import numpy as np
import pytest
import xarray

from trialtensor import TCA, SliceTCA, make_tca, on_disk, read
from trialtensor.models import elsewhere


@pytest.fixture(scope="module")
def X():
    return make_tca(50, 14, 20, 3, snr=2.0, random_state=0).X


def tca(**options):
    return TCA(3, n_init=2, random_state=0, **options)


def same(ours, X, within=1e-9):
    theirs = type(ours)(**ours.get_params()).fit(X)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=within)


def stored(path, X, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("X", data=X, **options)
    return path


class Counted:
    """A dataset that remembers which trials were read."""

    def __init__(self, dataset):
        self.dataset, self.shape, self.dtype = dataset, dataset.shape, dataset.dtype
        self.chunks, self.starts = dataset.chunks, set()

    def __getitem__(self, index):
        first = index[0] if isinstance(index, tuple) else index
        self.starts.add(first.start)
        return self.dataset[index]


def test_blocks_are_whole_chunks(X, tmp_path):
    # Three trials of 8 * 14 * 20 bytes are in a chunk, and a block of 10 kB could hold four.
    with h5py.File(stored(tmp_path / "x.h5", X, chunks=(3, 14, 20))) as file:
        source = Counted(file["X"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            elsewhere.prepare(on_disk(source, memory="160kB"), None)
    assert source.starts == set(range(0, 50, 3))


@pytest.mark.parametrize("chunks", [(50, 14, 2), (50, 1, 20), (50, 2, 20)])
def test_chunks_along_other_axes_work_and_are_warned_of(X, tmp_path, chunks):
    with h5py.File(stored(tmp_path / "x.h5", X, chunks=chunks)) as file:
        with pytest.warns(
            UserWarning, match=r"x\.h5 is stored in pieces of 50 trials, and a block"
        ):
            ours = tca().fit(on_disk(file["X"], memory="40kB"))
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            # All of a chunk fits into what this allows.
            elsewhere.prepare(on_disk(file["X"], memory="1MB"), None)
    same(ours, X)


def test_other_axes_first_are_read_as_slabs(X, tmp_path):
    labelled = xarray.DataArray(X.transpose(1, 0, 2), dims=("unit", "trial", "time"), name="X")
    encoding = {"X": {"chunksizes": (14, 5, 20)}}
    labelled.to_netcdf(tmp_path / "x.nc", engine="h5netcdf", encoding=encoding)
    with xarray.open_dataarray(tmp_path / "x.nc", engine="h5netcdf") as lazy:
        passes = elsewhere.prepare(on_disk(lazy, memory="250kB"), None).problem.X
        assert passes.step == 5
        same(tca().fit(on_disk(lazy)), labelled)


def test_unreadable_chunk_is_named(X, tmp_path):
    path = stored(tmp_path / "x.h5", X, chunks=(5, 14, 20), compression="gzip")
    with h5py.File(path) as file:
        chunk = file["X"].id.get_chunk_info(6)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(bytes(range(200, 232)))
    said = r"X: trials 30 to 35 of x\.h5 can't be read"
    with h5py.File(path) as file, pytest.raises(OSError, match=said):
        tca().fit(on_disk(file["X"], memory="100kB"))
    with pytest.raises(OSError, match=said):
        tca().fit(on_disk(read(path, lazy=True), memory="100kB"))


def test_missing_chunk_of_zarr_is_its_fill_value(X, tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.open(
        str(tmp_path / "x.zarr"), mode="w", shape=X.shape, chunks=(10, 14, 20), dtype="f8",
        fill_value=0.5,
    )  # fmt: skip
    array[:30], array[40:] = X[:30], X[40:]
    expected = X.copy()
    expected[30:40] = 0.5
    same(tca().fit(on_disk(array, memory="100kB")), expected)


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", "bool", "f2", "u8"])
def test_any_real_type(X, tmp_path, dtype):
    values = (X > 0) if dtype == "bool" else np.abs(X * 5).astype(dtype)
    with h5py.File(stored(tmp_path / "x.h5", values)) as file:
        ours = tca().fit(on_disk(file["X"], memory="100kB"))
    same(ours, values.astype("f4" if dtype == "f2" else values.dtype.newbyteorder("=")), 1e-5)


@pytest.mark.parametrize(
    "values",
    [
        np.full((4, 3, 2), "a"),
        np.full((4, 3, 2), {}, object),
        np.zeros((4, 3, 2), [("a", "f4"), ("b", "i4")]),
        np.zeros((4, 3, 2), complex),
        np.zeros((4, 3, 2), "M8[s]"),
    ],
)
def test_what_is_no_real_number_is_refused(values):
    with pytest.raises(ValueError, match="X: expected real numbers, got dtype"):
        tca().fit(on_disk(values))


def test_compound_and_text_datasets_of_files(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["compound"] = np.zeros((4, 3, 2), [("a", "f4"), ("b", "i4")])
        file["text"] = np.full((4, 3, 2), b"a")
        for name in file:
            with pytest.raises(ValueError, match="X: expected real numbers, got dtype"):
                tca().fit(on_disk(file[name]))
    for name in ("compound", "text"):
        with pytest.raises(ValueError):
            read(tmp_path / "x.h5", variable=name, lazy=True)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_empty_axes_are_refused(tmp_path, axis):
    shape = tuple(0 if k == axis else 4 for k in range(3))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("X", shape, "f4")
        with pytest.raises(ValueError, match="axis has length 0"):
            tca().fit(on_disk(dataset))
    with pytest.raises(ValueError, match="axis has length 0"):
        read(tmp_path / "x.h5", lazy=True)


def test_one_trial(X):
    ours = TCA(1, n_init=1, random_state=0).fit(on_disk(X[:1]))
    same(ours, X[:1])


@pytest.mark.parametrize("kind", ["tca", "slices"])
def test_a_trial_larger_than_a_block(X, kind):
    model = tca() if kind == "tca" else SliceTCA((1, 1, 1), n_init=1, random_state=0)
    ours = model.fit(on_disk(X, memory=100))
    same(ours, X)


@pytest.mark.parametrize(
    "place, said",
    [
        ("nowhere/fit.part", "there is no folder"),
        (".", "it is a folder"),
    ],
)
def test_checkpoints_that_cannot_be_written_are_refused_first(X, tmp_path, place, said):
    with pytest.raises(ValueError, match=f"checkpoint: .*{said}"):
        on_disk(X, checkpoint=tmp_path / place)


def test_checkpoints_in_folders_for_reading_only(X, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ValueError, match=r"checkpoint: .* may not be written to"):
        on_disk(X, checkpoint=tmp_path / "fit.part")
    monkeypatch.setattr(os, "access", lambda path, mode: True)
    folder = tmp_path / "gone"
    folder.mkdir()
    data = on_disk(X, checkpoint=folder / "fit.part")
    folder.rmdir()
    with pytest.raises(ValueError, match=r"checkpoint: .* can't be used \(No such file"):
        tca().fit(data)


def test_models_that_load_their_data_keep_its_labels(X):
    from trialtensor import Parafac2

    labelled = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={"half": ("trial", np.arange(50) // 25)}
    )
    ours = Parafac2(2, n_init=1, random_state=0).fit(on_disk(labelled), blocks="half")
    assert ours.loss_ == Parafac2(2, n_init=1, random_state=0).fit(labelled, blocks="half").loss_
