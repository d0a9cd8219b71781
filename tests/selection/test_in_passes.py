"""Searches over data that isn't in memory, against the same searches in memory."""

import h5py
import numpy as np
import pandas
import pytest
import xarray

from trialtensor import TCA, Parafac2, SliceTCA, make_slicetca, make_tca, models, on_disk, read
from trialtensor.data import elsewhere
from trialtensor.selection import (
    CrossValidatedSearch,
    Speckled,
    TimeBlocks,
    TrialsByNeurons,
    WholeTrials,
    by_trial,
    restart_profile,
)
from trialtensor.selection import splitter as splitters

da = pytest.importorskip("dask.array")
zarr = pytest.importorskip("zarr")
torch = pytest.importorskip("torch")

DIMS = ("trial", "neuron", "time")
SPLITTERS = {
    "speckled": Speckled(n_splits=2),
    "blocks": TimeBlocks(n_splits=2, length=3),
    "trials": WholeTrials(0.2, n_splits=2),
    "cells": TrialsByNeurons(n_splits=2),
}


@pytest.fixture(scope="module")
def X():
    return make_tca(30, 8, 12, 2, snr=2.0, random_state=0).X


def searched(X, splits, *, model=None, grid=(1, 2), mask=None, **options):
    model = model or TCA(1, n_init=1, max_iter=15)
    options = {"random_state": 0, "refit": False, **options}
    return CrossValidatedSearch(model, grid, splits=splits, **options).fit(X, mask=mask)


def same(ours, theirs, within=1e-10):
    pandas.testing.assert_frame_equal(ours.results_, theirs.results_, rtol=within, atol=within)
    pandas.testing.assert_frame_equal(ours.table_, theirs.table_, rtol=within, atol=within)
    assert ours.n_components_ == theirs.n_components_


@pytest.mark.parametrize("splits", SPLITTERS)
@pytest.mark.parametrize("place", ["disk", "dask", "labelled"])
def test_results_are_those_of_memory(X, splits, place):
    labelled = xarray.DataArray(X, dims=DIMS, coords={"trial": np.arange(30) + 5})
    data = {
        "disk": lambda: on_disk(X, memory="100kB"),
        "dask": lambda: on_disk(da.from_array(X, (12, -1, -1))),
        "labelled": lambda: on_disk(labelled.transpose("time", "neuron", "trial")),
    }[place]()
    same(searched(data, SPLITTERS[splits]), searched(X, SPLITTERS[splits]))


@pytest.mark.parametrize("splits", SPLITTERS)
@pytest.mark.parametrize("missing", ["nan", "mask", "both"])
def test_missing_entries_and_masks(X, splits, missing):
    gappy, mask = X.copy(), None
    rng = np.random.default_rng(0)
    if missing != "mask":
        gappy[rng.random(X.shape) < 0.1] = np.nan
        gappy[3], gappy[:, 5] = np.nan, np.nan
    if missing != "nan":
        mask = rng.random(X.shape) > 0.1
    splitter = SPLITTERS[splits]
    beside = None if mask is None else zarr.array(mask, chunks=(7, 8, 12))
    data = on_disk(gappy, memory="100kB")
    same(searched(data, splitter, mask=beside), searched(gappy, splitter, mask=mask), 1e-8)


@pytest.mark.parametrize("splits", ["speckled", "blocks"])
@pytest.mark.parametrize("place", ["disk", "dask"])
def test_large_data_is_drawn_from_trial_by_trial(X, splits, place, monkeypatch):
    monkeypatch.setattr(by_trial, "LARGE", 0)
    monkeypatch.setattr(splitters, "LARGE", 0)
    monkeypatch.setattr(splitters, "_ENOUGH", 0.9)
    gappy = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
    for values in (X, gappy) if place == "disk" else (gappy,):
        data = on_disk(values if place == "disk" else da.from_array(values, (12, -1, -1)))
        same(searched(data, SPLITTERS[splits]), searched(values, SPLITTERS[splits]), 1e-8)


def test_files_of_all_kinds(X, tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "LARGE", 1)
    counts = np.random.default_rng(0).poisson(np.abs(X)).astype("f4")
    expected = searched(counts, SPLITTERS["trials"], grid=[1])
    np.save(tmp_path / "x.npy", counts)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("X", data=counts, chunks=(3, 8, 12))
        places = {
            "h5py": file["X"],
            "memmap": np.load(tmp_path / "x.npy", mmap_mode="r"),
            "zarr": zarr.array(counts, chunks=(3, 8, 12)),
        }
        for name, each in places.items():
            same(searched(each, SPLITTERS["trials"], grid=[1]), expected, 1e-5), name
    with read(tmp_path / "x.h5", lazy=True) as lazy:
        same(searched(lazy, SPLITTERS["trials"], grid=[1]), expected, 1e-5)


@pytest.mark.parametrize("splits", ["blocks", "trials"])
def test_slices(splits):
    X = make_slicetca(20, 8, 10, (1, 1, 0), snr=4.0, random_state=0).X
    model, grid = SliceTCA((1, 0, 0), n_init=1), [(1, 0, 0), (1, 1, 0)]
    ours, theirs = (
        searched(each, SPLITTERS[splits], model=model, grid=grid) for each in (on_disk(X), X)
    )
    # Slices are fitted by other steps in memory, to the same optimum.
    same(ours, theirs, 1e-4)


@pytest.mark.parametrize("splits", SPLITTERS)
def test_on_a_device(X, splits, monkeypatch):
    monkeypatch.setattr(elsewhere, "_is_on_device", lambda X: True)
    monkeypatch.setattr(models.elsewhere, "SMALL", 0)
    same(searched(torch.asarray(X), SPLITTERS[splits]), searched(X, SPLITTERS[splits]), 1e-8)
    with pytest.raises(ValueError, match="n_jobs: got 2, but other processes can't read this Tens"):
        searched(torch.asarray(X), SPLITTERS[splits], n_jobs=2)


def test_the_choice_is_fitted_and_rows_are_resumed(X, tmp_path, monkeypatch):
    data, path = on_disk(X, memory="100kB"), tmp_path / "rows.jsonl"
    ours = searched(data, SPLITTERS["trials"], refit=True, results=path)
    assert ours.best_estimator_.loss_ == pytest.approx(
        TCA(2, n_init=1, max_iter=15, random_state=0).fit(X).loss_
    )
    with pytest.raises(ValueError, match="results: "):
        searched(on_disk(X[:, ::-1]), SPLITTERS["trials"], results=path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:4]) + "\n")
    same(searched(data, SPLITTERS["trials"], results=path), ours, 0)
    # With other blocks it is the same data.
    monkeypatch.setattr(TCA, "fit", None)
    same(searched(on_disk(X, memory="1MB"), SPLITTERS["trials"], results=path), ours, 0)


def test_processes_read_for_themselves(X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    data = on_disk(np.load(tmp_path / "x.npy", mmap_mode="r"))
    same(searched(data, SPLITTERS["trials"], n_jobs=2), searched(X, SPLITTERS["trials"]))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = X
        with pytest.raises(ValueError, match="n_jobs: got 2, but other processes can't read"):
            searched(on_disk(file["X"]), SPLITTERS["trials"], n_jobs=2)


def test_never_more_than_some_trials_at_a_time(X):
    longest = []

    class Counted:
        shape, dtype = X.shape, X.dtype

        def __getitem__(self, index):
            longest.append(X[index].size)
            return X[index]

    for splits in SPLITTERS.values():
        searched(on_disk(Counted(), memory="100kB"), splits, grid=[1])
    assert max(longest) <= X.size / 2


class Halves:
    """A splitter of somebody else."""

    whole_trials = False

    def split(self, X, *, mask=None):
        held = np.arange(X.size).reshape(X.shape) % 2 == 0
        yield ~held, held


@pytest.mark.parametrize(
    "change, said",
    [
        ({"splits": Halves()}, r"splits: masks of data that is read in blocks .* Halves can't"),
        ({"splits": TimeBlocks(length=30)}, "length, guard: a block of 30 bins"),
        ({"splits": Speckled(0.999)}, "fraction: 0.999 of the 2880 observed entries"),
        ({"mask": np.ones((3, 3, 3), bool)}, "mask: expected the shape of X"),
        ({"grid": [1, 5000]}, "n_components"),
    ],
)
def test_what_cannot_be_searched_is_refused_first(X, change, said, monkeypatch):
    monkeypatch.setattr(TCA, "fit", None)
    with pytest.raises(ValueError, match=said):
        searched(on_disk(X), **{"splits": SPLITTERS["speckled"], **change})


def test_checkpoints_are_for_single_fits(X, tmp_path):
    with pytest.raises(ValueError, match=r"X: on_disk\(checkpoint=.* is for one fit"):
        searched(on_disk(X, checkpoint=tmp_path / "c"), SPLITTERS["speckled"])
    assert not (tmp_path / "c").exists()


def test_kinds_without_masks_there(X, monkeypatch):
    monkeypatch.setattr(TCA, "masks_in_passes", False)
    same(searched(on_disk(X), SPLITTERS["trials"]), searched(X, SPLITTERS["trials"]))
    with pytest.raises(ValueError, match="splits: TCA takes no missing entries where data is read"):
        searched(on_disk(X), SPLITTERS["cells"])


def test_kinds_that_need_all_of_the_data(X, monkeypatch):
    monkeypatch.setattr(elsewhere, "LARGE", 1)
    model, blocks = Parafac2(1, n_init=1, max_iter=5), np.arange(30) // 15
    ours, theirs = (
        CrossValidatedSearch(model, [1, 2], splits=SPLITTERS["blocks"], refit=False)
        .fit(each, blocks=blocks)
        .table_
        for each in (on_disk(X), X)
    )
    pandas.testing.assert_frame_equal(ours, theirs)
    monkeypatch.setattr(models.memory, "free_memory", lambda: (10_000, 0))
    monkeypatch.setattr(models.memory, "_SMALL", 0)
    monkeypatch.setattr(Parafac2, "layout", None)
    with pytest.raises(MemoryError, match="X: the fit of a Parafac2"):
        CrossValidatedSearch(model, [1]).fit(zarr.array(X), blocks=blocks)


def test_a_file_that_changes_ends_the_search(X, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    data = on_disk(np.load(tmp_path / "x.npy", mmap_mode="r"))
    fit, left = TCA.fit, [2]

    def changing(self, *given, **options):
        left[0] -= 1
        if not left[0]:
            with (tmp_path / "x.npy").open("r+b") as file:
                file.truncate(1000)
        return fit(self, *given, **options)

    monkeypatch.setattr(TCA, "fit", changing)
    with pytest.raises((OSError, ValueError), match=r"x\.npy"):
        searched(data, SPLITTERS["trials"])


def test_profiles_of_restarts_read_in_passes_too(X):
    ours, theirs = (
        restart_profile(TCA(1, n_init=3), [1, 2], each, random_state=0) for each in (on_disk(X), X)
    )
    pandas.testing.assert_frame_equal(ours, theirs, rtol=1e-6)


def test_more_axes_are_loaded_if_they_fit(monkeypatch):
    X = np.random.default_rng(0).standard_normal((16, 5, 3, 8))
    splits = TimeBlocks(n_splits=1, length=2)
    same(searched(on_disk(X), splits, grid=[1]), searched(X, splits, grid=[1]))
    monkeypatch.setattr(models.memory, "free_memory", lambda: (1000, 0))
    monkeypatch.setattr(models.memory, "_SMALL", 0)
    monkeypatch.setattr(TCA, "layout", None)
    with pytest.raises(MemoryError, match="X: the fit of a TCA"):
        searched(on_disk(X), splits, grid=[1])
