"""SliceTCA with missing entries in few passes: the fit of an array."""

import numpy as np
import pytest

from trialtensor.data import make_slicetca
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.on_device import DevicePasses
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices import masked_passes
from trialtensor.solvers.slices.contraction import reconstruct
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData

SHAPE, WEIGHT = (60, 16, 18), 0.01


@pytest.fixture(autouse=True)
def few_trials(monkeypatch):
    """Let restarts run on a part of the trials, as they do for large data."""
    monkeypatch.setattr(masked_passes, "_LEAST", 24 * SHAPE[1] * SHAPE[2])


def drawn(pattern="entries", nonnegative=False, snr=2.0):
    X = make_slicetca(*SHAPE, (1, 1, 2), snr=snr, random_state=0).X
    rng = np.random.default_rng(1)
    observed = rng.random(SHAPE) > 0.2
    if pattern == "cells":
        observed = np.broadcast_to(rng.random((*SHAPE[:2], 1)) > 0.4, SHAPE).copy()
    elif pattern == "ragged":
        observed = np.arange(SHAPE[2]) < rng.integers(8, SHAPE[2] + 1, (SHAPE[0], 1, 1))
        observed = np.broadcast_to(observed, SHAPE).copy()
    return np.where(observed, np.abs(X) if nonnegative else X, 0), observed


def fitted(data, n_starts=3, ranks=(1, 1, 2), *, nonnegative=False, tol=1e-9, **start):
    options = SliceOptions(ranks, nonnegative, "minimal-norm", 2000, tol)
    starts = [Start("svd", seed) for seed in range(n_starts)]
    starts = [Start("given", **start)] if start else starts
    X, norm2, *observed = data
    return fit_slices(SweepData(X, norm2, *(observed or [None]), WEIGHT), starts, options)


def of_file(X, observed):
    raw = np.where(observed, X, np.nan)
    return ChunkedPasses(raw, X.dtype, has_missing=True, block_bytes=20_000)


@pytest.mark.parametrize("pattern", ["entries", "cells", "ragged"])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_a_fit_is_that_of_an_array_in_few_passes(pattern, nonnegative):
    X, observed = drawn(pattern, nonnegative)
    norm2 = sum_of_squares(X)
    options = {"nonnegative": nonnegative, "tol": 1e-6 if nonnegative else 1e-9}
    array = fitted((X, norm2, observed), **options)[0].result
    passes = of_file(X, observed)
    found = fitted((passes, norm2), **options)
    best = found[0].result
    # With constraints there are many optima, of nearly the same loss.
    assert best.loss <= array.loss * (1 + (2e-3 if nonnegative else 1e-6))
    assert best.loss >= array.loss * (1 - 2e-3)
    assert np.all(np.diff(best.loss_history) <= 0)
    assert found[0].on_full_data
    assert passes.n_reads <= (90 if nonnegative else 25)


def test_the_loss_is_that_of_the_model():
    X, observed = drawn()
    best = fitted((of_file(X, observed), sum_of_squares(X)))[0].result
    weights = np.where(observed, 1, WEIGHT)
    loss = np.sum(weights * (X - reconstruct(best.factors)) ** 2)
    assert best.loss == pytest.approx(loss, rel=1e-10)


def test_planted_slices_are_found_without_noise():
    X, observed = drawn(snr=np.inf)
    true = make_slicetca(*SHAPE, (1, 1, 2), snr=np.inf, random_state=0).X
    options = SliceOptions((1, 1, 2), False, "minimal-norm", 2000, 1e-10)
    data = SweepData(of_file(X, observed), sum_of_squares(X), None, 0.0)
    best = fit_slices(data, [Start("svd", seed) for seed in range(3)], options)[0].result
    gap = np.linalg.norm(reconstruct(best.factors) - true) / np.linalg.norm(true)
    assert gap < 1e-3


def test_neurons_that_the_chosen_trials_lack_are_fitted():
    X, observed = drawn()
    chosen = masked_passes._sampled(of_file(X, observed), 1)
    assert 20 < len(chosen) < SHAPE[0]
    observed[chosen, 4] = False
    X = np.where(observed, X, 0)
    norm2 = sum_of_squares(X)
    array = fitted((X, norm2, observed))[0].result
    found = fitted((of_file(X, observed), norm2))[0].result
    assert found.loss == pytest.approx(array.loss, rel=1e-5)
    # What is shared with other neurons isn't all there is.
    others = np.delete(np.arange(SHAPE[1]), 4)
    told = reconstruct(found.factors)[:, 4][observed[:, 4]]
    assert np.corrcoef(told, X[:, 4][observed[:, 4]])[0, 1] > 0.5
    assert others.size == SHAPE[1] - 1


def test_blocks_make_no_difference_and_the_same_seed_gives_the_same_bits():
    X, observed = drawn()
    norm2 = sum_of_squares(X)
    first, again = (fitted((of_file(X, observed), norm2))[0].result for _ in range(2))
    np.testing.assert_array_equal(first.factors.loadings[1], again.factors.loadings[1])
    assert first.loss == again.loss
    whole = fitted((MemoryPasses(X, observed), norm2))[0].result
    assert whole.loss == pytest.approx(first.loss, rel=1e-9)


def test_given_loadings_are_where_it_begins():
    X, observed = drawn()
    data = (of_file(X, observed), sum_of_squares(X))
    best = fitted(data)[0].result
    passes = of_file(X, observed)
    again = fitted((passes, data[1]), factors=best.factors.loadings)
    assert again[0].result.loss == pytest.approx(best.loss, rel=1e-7)
    assert again[0].seed is None


def test_ctrl_c_keeps_the_best_so_far(monkeypatch):
    X, observed = drawn()
    run, left = MemoryPasses.run, [4]

    def run_some(self, job):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return run(self, job)

    monkeypatch.setattr(MemoryPasses, "run", run_some)
    found = fitted((MemoryPasses(X, observed), sum_of_squares(X)))
    assert found[0].result.stop_reason.name == "INTERRUPTED"
    assert found[0].result.loss < sum_of_squares(X)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@pytest.mark.parametrize("nonnegative, missing", [(False, True), (True, True), (True, False)])
def test_arrays_on_a_device(library, nonnegative, missing):
    xp = pytest.importorskip(library)
    X, observed = drawn(nonnegative=nonnegative)
    if not missing:
        X, observed = np.abs(make_slicetca(*SHAPE, (1, 1, 2), random_state=0).X), None
    raw = X if observed is None else np.where(observed, X, np.nan)
    there = DevicePasses(xp.asarray(raw), has_missing=missing)
    here = MemoryPasses(X, observed)
    options = {"nonnegative": nonnegative, "n_starts": 1, "tol": 1e-5}
    ours, theirs = (
        fitted((passes, sum_of_squares(X)), **options)[0].result for passes in (there, here)
    )
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-4 if nonnegative else 1e-6)
