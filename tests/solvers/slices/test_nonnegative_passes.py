"""Non-negative components of data in passes: the fit of an array, in few passes."""

import numpy as np
import pytest

from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices.contraction import reconstruct
from trialtensor.solvers.slices.diagnostics import subspace_overlap
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData

SHAPE = (40, 30, 35)


def planted(noise, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    K, N, T = SHAPE
    u, v, w = (rng.random((n, r)) ** 3 for n, r in zip(SHAPE, (2, 1, 2), strict=True))
    X = np.einsum("kr,rnt->knt", u, rng.random((2, N, T)) ** 2)
    X += np.einsum("nr,rkt->knt", v, rng.random((1, K, T)) ** 2)
    X += np.einsum("tr,rkn->knt", w, rng.random((2, K, N)) ** 2)
    return (X + noise * rng.random(SHAPE)).astype(dtype)


def fit(X, *, tol=1e-6, starts=None):
    options = SliceOptions((2, 1, 2), True, "minimal-norm", 2000, tol)
    norm2 = X.norm2() if isinstance(X, ChunkedPasses) else sum_of_squares(X)
    starts = starts or [Start("svd", seed) for seed in range(6)]
    return fit_slices(SweepData(X, norm2), starts, options)


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_loss_and_loadings_are_those_of_memory(noise):
    X = planted(noise)
    passes = ChunkedPasses(X, X.dtype, block_bytes=60_000)
    best, found = fit(X, tol=1e-9)[0].result, fit(passes, tol=1e-9)[0]
    assert found.result.loss == pytest.approx(best.loss, rel=1e-6)
    assert found.on_full_data and found.result.stop_reason is StopReason.CONVERGED
    ours = found.result.factors
    assert subspace_overlap(ours.loadings, best.factors.loadings) > 1 - 1e-5
    assert min(float(a.min()) for arrays in ours for a in arrays) >= 0
    residual = float(np.sum((X - reconstruct(ours)) ** 2))
    assert found.result.loss == pytest.approx(residual, rel=1e-9)
    assert np.all(np.diff(found.result.loss_history) <= 0)


def test_restarts_read_the_data_some_twenty_times():
    X = planted(0.5, dtype=np.float32)
    passes = ChunkedPasses(X, X.dtype, block_bytes=60_000)
    best, found = fit(X), fit(passes)
    assert passes.n_reads <= 35
    assert len(found) == len(best)
    assert found[0].result.loss == pytest.approx(best[0].result.loss, rel=1e-4)


def test_given_loadings_are_where_it_begins():
    X = planted(0.5)
    best = fit(X, tol=1e-9)[0].result
    passes = ChunkedPasses(X, X.dtype, block_bytes=60_000)
    (found,) = fit(passes, starts=[Start("given", factors=best.factors.loadings)])
    assert found.result.loss == pytest.approx(best.loss, rel=1e-4)
