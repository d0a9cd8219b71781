"""Models of data with missing entries that is on disk or in dask arrays, and of dask arrays."""

import warnings

import numpy as np
import pytest
import xarray

from tests.failing_drives import FailingDrive
from trialtensor import TCA, SliceTCA, make_tca, on_disk

da = pytest.importorskip("dask.array")


def recording(pattern):
    """Trials, neurons and bins, some of them missing in some way; dtype float64."""
    X = make_tca(50, 12, 16, 2, snr=2.0, random_state=0).X
    rng = np.random.default_rng(1)
    if pattern in ("entries", "empty"):
        X[rng.random(X.shape) < 0.25] = np.nan
    elif pattern == "trial x neuron":
        X[rng.random(X.shape[:2]) < 0.3] = np.nan
    elif pattern == "trial x time":
        for k, last in enumerate(rng.integers(9, 17, len(X))):
            X[k, :, last:] = np.nan
    elif pattern == "neuron x time":
        X[:, rng.random(X.shape[1:]) < 0.2] = np.nan
    if pattern in ("empty", "only empty"):
        X[[0, 7, 8, 49]], X[:, 3], X[:, :, 15] = np.nan, np.nan, np.nan
    return X


def somewhere(place, X):
    return on_disk(X if place == "disk" else da.from_array(X, (9, -1, -1)), memory="300kB")


def tca(**options):
    return TCA(2, n_init=2, max_iter=40, random_state=0, **options)


def fitted(X, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tca(**options).fit(X)


PATTERNS = (
    "entries",
    "empty",
    "only empty",
    "trial x neuron",
    "trial x time",
    "neuron x time",
    "none",
)


@pytest.mark.parametrize("place", ["disk", "dask"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_fit_is_that_in_memory(place, pattern):
    X = recording(pattern)
    ours, theirs = fitted(somewhere(place, X)), fitted(X)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-10)
    assert ours.data_summary_ == theirs.data_summary_
    assert ours.fitted_.arrays.keys() == theirs.fitted_.arrays.keys()
    for name, named in theirs.fitted_.arrays.items():
        np.testing.assert_allclose(
            np.asarray(ours.fitted_[name], float),
            np.asarray(named.values, float),
            rtol=1e-5,
            atol=1e-7,
            err_msg=name,
        )
    np.testing.assert_allclose(
        ours.transform(somewhere(place, X)), theirs.transform(X), rtol=1e-5, atol=1e-7
    )
    assert ours.score(somewhere(place, X)) == pytest.approx(theirs.score(X), rel=1e-9)


@pytest.mark.parametrize("place", ["disk", "dask"])
def test_a_fit_that_was_stopped_goes_on_from_its_checkpoint(place, tmp_path, monkeypatch):
    from trialtensor.solvers.passes.chunked import ChunkedPasses
    from trialtensor.solvers.passes.on_dask import DaskPasses

    X, whole = recording("empty"), ChunkedPasses if place == "disk" else DaskPasses
    source = X if place == "disk" else da.from_array(X, (9, -1, -1))
    expected = fitted(on_disk(source))
    drive = FailingDrive(monkeypatch, whole, 20)
    with pytest.raises(OSError, match="drive"):
        fitted(on_disk(source, checkpoint=tmp_path / "c"))
    drive.mend()
    ours = fitted(on_disk(source, checkpoint=tmp_path / "c"))
    assert ours.loss_ == expected.loss_
    np.testing.assert_array_equal(ours.trial_factors_, expected.trial_factors_)
    assert not (tmp_path / "c").exists()


def test_labels_of_a_dask_backed_array_in_any_order_are_kept():
    X = recording("none")
    labelled = xarray.DataArray(
        X.transpose(1, 0, 2),
        dims=("unit", "trial", "time"),
        coords={"choice": ("trial", np.arange(50) % 2)},
    )
    ours, theirs = fitted(on_disk(labelled.chunk({"trial": 10}))), fitted(labelled)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-10)
    np.testing.assert_array_equal(ours.coords_["choice"][1], theirs.coords_["choice"][1])


def test_chunks_across_other_axes_work_and_are_told_of():
    X = recording("none")
    with pytest.warns(UserWarning, match=r"divide the neuron axis.*rechunk\(\(50, -1, -1\)\)"):
        ours = tca().fit(on_disk(da.from_array(X, (10, 4, -1))))
    assert ours.loss_ == pytest.approx(fitted(X).loss_, rel=1e-10)


def test_non_negative_counts_in_dask():
    counts = np.random.default_rng(0).poisson(2, (40, 10, 12)).astype(np.uint8)
    ours = fitted(on_disk(da.from_array(counts, (9, -1, -1))), nonnegative=True)
    assert ours.loss_ == pytest.approx(fitted(counts, nonnegative=True).loss_, rel=1e-6)
    assert ours.neuron_factors_.min() >= 0


def test_what_cannot_be_fitted_is_refused():
    X = recording("none")
    for bad, said in ((np.inf, "infinite values"), (np.nan, "entries are missing")):
        with pytest.raises(ValueError, match=said):
            tca().fit(on_disk(da.full_like(da.from_array(X), bad)))
    lazy = da.from_array(X, (10, -1, -1))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        tca().fit(on_disk(lazy[lazy[:, 0, 0] > 0]))


@pytest.mark.skipif(SliceTCA.masks_in_passes, reason="SliceTCA takes them")
def test_kinds_without_it_say_so():
    with pytest.raises(ValueError, match="is fitted in memory"):
        SliceTCA((1, 1, 1)).fit(on_disk(recording("entries")))
