"""SliceTCA of data that is read block by block: the fit of an array."""

import numpy as np
import pytest

from trialtensor import SliceTCA, make_slicetca, on_disk
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.slices import masked_passes


@pytest.fixture
def saved(tmp_path):
    def save(X):
        path = tmp_path / "data.npy"
        np.save(path, X)
        return np.load(path, mmap_mode="r")

    return save


def read(X, **options):
    return on_disk(X, memory=200_000, **options)


def drawn(snr=1.0):
    return make_slicetca(50, 30, 25, (2, 1, 2), snr=snr, random_state=0).X


@pytest.mark.parametrize("kind", ["float64", "float32", "uint8"])
def test_the_fit_is_that_of_an_array(saved, kind):
    X = drawn()
    if kind == "uint8":
        X = np.random.default_rng(0).poisson(np.exp(0.5 * X / X.std()))
    X = X.astype(kind)
    array, file = (
        SliceTCA((2, 1, 2), tol=1e-12, random_state=0).fit(data) for data in (X, read(saved(X)))
    )
    rel = 1e-10 if kind == "float64" else 1e-5
    assert file.loss_ == pytest.approx(array.loss_, rel=rel)
    assert file.restarts_[0].on_full_data
    np.testing.assert_allclose(
        file.explained_variance_unique_, array.explained_variance_unique_, rtol=1e-3
    )
    # The trials of the fit are what they would be as new ones.
    features = file.transform(read(saved(X)))
    largest = np.abs(features).max()
    np.testing.assert_allclose(features, file.training_features(), atol=1e-5 * largest)
    assert file.score(read(saved(X))) == pytest.approx(file.explained_variance_ratio_, abs=1e-5)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_missing_entries_are_those_of_an_array(saved, nonnegative):
    X = drawn(snr=3.0)
    X = np.abs(X) if nonnegative else X
    X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    # Some blocks are complete, and one neuron was never seen.
    X[:10] = np.nan_to_num(X[:10])
    X[:, 3] = np.nan
    options = {"nonnegative": nonnegative, "n_init": 1, "random_state": 0}
    with pytest.warns(UserWarning, match="neuron 3"):
        array = SliceTCA((1, 1, 1), **options).fit(X)
    with pytest.warns(UserWarning, match="neuron 3"):
        file = SliceTCA((1, 1, 1), **options).fit(read(saved(X)))
    assert file.loss_ == pytest.approx(array.loss_, rel=1e-4)
    np.testing.assert_array_equal(np.isnan(file.trial_slices_), np.isnan(array.trial_slices_))
    assert file.largest_missing_ == pytest.approx(array.largest_missing_, rel=0.05)


@pytest.mark.parametrize("missing", [False, True])
def test_a_fit_that_was_stopped_goes_on_to_the_same_bits(saved, tmp_path, monkeypatch, missing):
    X = drawn(snr=0.3)
    if missing:
        X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
        # Restarts run on a part of the trials.
        monkeypatch.setattr(masked_passes, "_LEAST", 20 * X[0].size)
    X = saved(X)
    whole = SliceTCA((2, 1, 2), random_state=0).fit(read(X, checkpoint=tmp_path / "first"))
    run, left = ChunkedPasses.run, [6]

    def run_some(self, job):
        left[0] -= 1
        if left[0] < 0:
            raise OSError("pulled out")
        return run(self, job)

    monkeypatch.setattr(ChunkedPasses, "run", run_some)
    resumed = read(X, checkpoint=tmp_path / "second")
    with pytest.raises(OSError, match="pulled out"):
        SliceTCA((2, 1, 2), random_state=0).fit(resumed)
    monkeypatch.setattr(ChunkedPasses, "run", run)
    again = SliceTCA((2, 1, 2), random_state=0).fit(resumed)
    assert again.loss_ == whole.loss_
    for name in ("trial_loadings_", "neuron_slices_", "time_slices_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


@pytest.mark.parametrize("pattern", ["entries", "cells"])
def test_missing_entries_take_few_reads(saved, monkeypatch, pattern):
    X = drawn(snr=0.5)
    rng = np.random.default_rng(1)
    X[rng.random(X.shape if pattern == "entries" else X.shape[:2]) < 0.2] = np.nan
    monkeypatch.setattr(masked_passes, "_LEAST", 25 * X[0].size)
    options = {"n_init": 10, "random_state": 0}
    array = SliceTCA((2, 1, 2), **options).fit(X)
    run, n_reads = ChunkedPasses.run, [0]

    def counted(self, job):
        n_reads[0] += 1
        return run(self, job)

    monkeypatch.setattr(ChunkedPasses, "run", counted)
    file = SliceTCA((2, 1, 2), **options).fit(read(saved(X)))
    assert file.loss_ == pytest.approx(array.loss_, rel=1e-3)
    assert file.loss_ <= array.loss_ * (1 + 1e-5)
    # Hundreds, if each restart had its own.
    assert n_reads[0] <= 40
    assert np.all(np.diff(file.fitted_.record.loss_history) <= 0)
