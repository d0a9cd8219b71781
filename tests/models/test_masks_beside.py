"""Masks beside data that isn't in memory: arrays, and masks that are elsewhere themselves."""

import warnings

import h5py
import numpy as np
import pytest
import xarray
from sklearn.base import clone

from tests.failing_drives import FailingDrive
from trialtensor import TCA, SliceTCA, make_tca, models, on_disk
from trialtensor.data import elsewhere
from trialtensor.solvers.passes.chunked import ChunkedPasses

da = pytest.importorskip("dask.array")
zarr = pytest.importorskip("zarr")
torch = pytest.importorskip("torch")

DIMS = ("trial", "neuron", "time")


def recording(kind="floats"):
    """Values and a mask; in "floats", some that it shows are NaN, and some it hides infinite."""
    X = make_tca(50, 12, 16, 2, snr=2.0, random_state=0).X
    rng = np.random.default_rng(1)
    mask = rng.random(X.shape) > 0.2
    if kind == "cells":
        mask = np.repeat(rng.random(X.shape[:2]) > 0.3, 16).reshape(X.shape)
    elif kind == "counts":
        X = rng.poisson(np.abs(X)).astype(np.uint16)
    elif kind == "floats":
        X[rng.random(X.shape) < 0.1] = np.nan
        X[0, 0, 0], mask[0, 0, 0] = np.inf, False
        mask[7], mask[:, 3] = False, False
    return X, mask


def fitted(X, mask, model=None):
    model = model or TCA(2, n_init=2, max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, mask=mask)


def masks(mask, folder):
    """The same mask in all kinds of places."""
    with h5py.File(folder / "mask.h5", "w") as file:
        file.create_dataset("mask", data=mask, chunks=(10, 12, 16))
        np.save(folder / "mask.npy", mask)
        swapped = xarray.DataArray(mask, dims=DIMS).transpose("time", "trial", "neuron")
        yield from {
            "array": mask,
            "list": mask.tolist(),
            "h5py": file["mask"],
            "memmap": np.load(folder / "mask.npy", mmap_mode="r"),
            "zarr": zarr.array(mask, chunks=(10, 12, 16)),
            "dask": da.from_array(mask, (8, 5, -1)),
            "DataArray": swapped,
            "dask in a DataArray": swapped.chunk({"trial": 7}),
            "on_disk": on_disk(file["mask"]),
            "masked": np.ma.masked_array(np.ones_like(mask), ~mask),
        }.items()


def places(X):
    labelled = xarray.DataArray(X, dims=DIMS).transpose("neuron", "trial", "time")
    return {
        "disk": on_disk(X, memory="300kB"),
        "labelled": on_disk(labelled, memory="300kB"),
        "dask": on_disk(da.from_array(X, (9, -1, -1))),
    }


@pytest.mark.parametrize("place", ["disk", "labelled", "dask"])
def test_a_mask_may_be_anywhere(tmp_path, place):
    X, mask = recording()
    brief = TCA(2, n_init=1, max_iter=5, random_state=0)
    data, expected = places(X)[place], fitted(X, mask, clone(brief))
    for name, each in masks(mask, tmp_path):
        if place == "labelled" and not isinstance(each, xarray.DataArray):
            # One without names has the order of the data.
            each = np.ma.filled(each, False) if name == "masked" else np.asarray(each)
            each = each.transpose(1, 0, 2)
        ours = fitted(data, each, clone(brief))
        assert ours.loss_ == pytest.approx(expected.loss_, rel=1e-10), name
        known = {**ours.data_summary_, "axes_assumed": True}
        assert known == expected.data_summary_, name


@pytest.mark.parametrize("place", ["disk", "dask"])
@pytest.mark.parametrize("kind, within", [("floats", 1e-9), ("cells", 1e-9), ("counts", 1e-4)])
def test_all_that_a_model_does_with_a_mask(place, kind, within):
    X, mask = recording(kind)
    data = places(X)[place]
    ours, theirs = fitted(data, mask), fitted(X, mask)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=within)
    for name, named in theirs.fitted_.arrays.items():
        mine, other = (np.asarray(each, float) for each in (ours.fitted_[name], named.values))
        np.testing.assert_allclose(mine, other, rtol=1e-2, atol=1e4 * within, err_msg=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, other = (theirs.transform(each, mask=mask) for each in (data, X))
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)
        expected = theirs.score(X, mask=mask)
        assert theirs.score(data, mask=mask) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("place", ["disk", "dask"])
def test_slices_with_a_mask(place):
    X, mask = recording("counts")
    model = SliceTCA((1, 1, 0), n_init=2, random_state=0, max_iter=30)
    expected = fitted(X.astype("f4"), mask, model).loss_
    assert fitted(places(X)[place], mask, model).loss_ == pytest.approx(expected, rel=1e-5)


def test_a_mask_of_true_is_none():
    X, _ = recording("counts")
    ours, theirs = (fitted(on_disk(X), mask) for mask in (np.ones(X.shape, bool), None))
    assert ours.loss_ == theirs.loss_
    assert ours.data_summary_["missing_pattern"] == "none"


def test_a_mask_on_a_device(monkeypatch):
    monkeypatch.setattr(elsewhere, "_is_on_device", lambda X: True)
    monkeypatch.setattr(models.elsewhere, "SMALL", 0)
    for kind, within in (("floats", 1e-9), ("cells", 1e-9), ("counts", 1e-4)):
        X, mask = recording(kind)
        expected = fitted(X, mask).loss_
        for own in (torch.asarray(mask), mask):
            found = fitted(torch.asarray(X), own)
            assert found.loss_ == pytest.approx(expected, rel=within)
            assert found.data_summary_["n_observed"] == (mask & ~np.isnan(X)).sum()


def test_a_mask_is_read_block_by_block(tmp_path):
    X, mask = recording("counts")
    longest = []

    class Counted:
        def __init__(self, values):
            self.values, self.shape, self.dtype = values, values.shape, values.dtype

        def __getitem__(self, index):
            found = self.values[index]
            longest.append(found.size)
            return found

    # As h5py's are, which are known by their library.
    Counted.__module__ = "zarr.core"
    fitted(on_disk(Counted(X), memory="300kB"), Counted(mask))
    assert max(longest) <= 25 * 12 * 16


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    "change, said",
    [
        (lambda mask: mask[1:], r"mask: expected the shape of X, \(50, 12, 16\), got \(49, 12, 16"),
        (lambda mask: mask.astype(int), r"mask: expected booleans .* got dtype int64"),
        (lambda mask: mask[..., None], r"mask: expected the shape of X"),
        (
            lambda mask: xarray.DataArray(mask, dims=("trial", "neuron", "place")),
            "mask: 'place' is no axis of a trial tensor",
        ),
        (
            lambda mask: xarray.DataArray(mask, dims=DIMS, coords={"neuron": np.arange(12) + 1}),
            r"mask: its neuron coordinate isn't that of the data",
        ),
        (lambda mask: np.zeros_like(mask), r"X: all 9600 entries are missing \(NaN, or False in m"),
    ],
)
def test_what_is_no_mask_is_refused_first(change, said, lazy, monkeypatch):
    X, mask = recording("counts")
    labelled = xarray.DataArray(X, dims=DIMS, coords={"neuron": np.arange(12)})
    bad = change(mask)
    if lazy:
        bad = bad.chunk() if hasattr(bad, "dims") else da.from_array(bad)
    if "all" not in said:
        monkeypatch.setattr(ChunkedPasses, "run", None)
    with pytest.raises(ValueError, match=said):
        TCA(2).fit(on_disk(labelled), mask=bad)


def test_labels_of_a_mask_put_it_in_order():
    X, mask = recording("counts")
    labelled = xarray.DataArray(X, dims=DIMS, coords={"neuron": np.arange(12)})
    other = xarray.DataArray(mask, dims=DIMS, coords={"neuron": np.arange(12)})[:, ::-1]
    ours, theirs = (fitted(each, other).loss_ for each in (on_disk(labelled), labelled))
    assert ours == pytest.approx(theirs, rel=1e-5)
    with pytest.raises(ValueError, match="mask: its neurons are in another order than those of X"):
        TCA(2).fit(on_disk(labelled), mask=other.chunk())


def test_a_closed_or_changing_mask(tmp_path):
    X, mask = recording("counts")
    with h5py.File(tmp_path / "mask.h5", "w") as file:
        file["mask"] = mask
        dataset = file["mask"]
    with pytest.raises(ValueError, match="mask: its file is closed"):
        TCA(2).fit(on_disk(X), mask=dataset)
    np.save(tmp_path / "mask.npy", mask)
    beside = np.load(tmp_path / "mask.npy", mmap_mode="r")
    passes = models.elsewhere.prepare(on_disk(X), beside).problem.X
    np.save(tmp_path / "mask.npy", mask[:49])
    with pytest.raises(OSError, match=r"mask: mask\.npy changed while it was read"):
        passes.norm2()


def test_a_checkpoint_belongs_to_its_mask(tmp_path, monkeypatch):
    X, mask = recording("floats")
    data = on_disk(X, checkpoint=tmp_path / "fit.part")
    expected = fitted(on_disk(X), mask)
    drive = FailingDrive(monkeypatch, ChunkedPasses, 20)
    with pytest.raises(OSError, match="drive"):
        fitted(data, mask)
    drive.mend()
    other = mask.copy()
    other[20, 5, 5] = ~other[20, 5, 5]
    for wrong in (other, None):
        with pytest.raises(ValueError, match=r"checkpoint: .*fit\.part is of other data"):
            fitted(data, wrong)
    np.testing.assert_array_equal(fitted(data, mask).trial_factors_, expected.trial_factors_)
