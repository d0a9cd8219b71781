"""Fits, diagnostics and new trials over blocks of trials: those of an array."""

import numpy as np
import pytest

from trialtensor.data import make_slicetca
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices.diagnostics import explained_variance, residual_sum_of_squares
from trialtensor.solvers.slices.new_trials import solve_trials
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks

SHAPE = (20, 9, 11)


def drawn(missing, nonnegative=False):
    X = make_slicetca(*SHAPE, (2, 1, 2), snr=2.0, random_state=0).X
    X = np.abs(X) if nonnegative else X
    if not missing:
        return X, None
    observed = np.random.default_rng(1).random(SHAPE) > 0.2
    return np.where(observed, X, 0), observed


def in_passes(X, observed, kind, weight=0.01):
    if kind == "file":
        raw = X if observed is None else np.where(observed, X, np.nan)
        passes = ChunkedPasses(raw, X.dtype, has_missing=observed is not None, block_bytes=4000)
    else:
        passes = MemoryPasses(X, observed, n_entries=kind)
    return SweepData(passes, sum_of_squares(X), None, weight)


KINDS = ["file", 99, 700, 10**6]


@pytest.mark.parametrize("missing, nonnegative", [(True, False), (True, True), (False, True)])
def test_a_fit_is_that_of_an_array(missing, nonnegative):
    X, observed = drawn(missing, nonnegative)
    options = SliceOptions((2, 1, 1), nonnegative, "minimal-norm", 2000, 1e-8)
    starts = [Start("svd", seed) for seed in range(2)]
    data = SweepData(X, sum_of_squares(X), observed, 0.01)
    best = fit_slices(data, starts, options)[0].result
    found = fit_slices(in_passes(X, observed, "file"), starts, options)[0].result
    # It may end a little lower: one step serves all that trials share.
    assert best.loss * (1 - 1e-5) <= found.loss <= best.loss * (1 + 1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [False, True])
def test_diagnostics_are_those_of_an_array(draw, kind, missing):
    X, observed = drawn(missing)
    model, norm2 = draw(SHAPE, (2, 1, 2)), sum_of_squares(X)
    passes = in_passes(X, observed, kind).X
    assert residual_sum_of_squares(passes, model) == pytest.approx(
        residual_sum_of_squares(X, model, observed), rel=1e-12
    )
    ours = explained_variance(passes, model, norm2)
    theirs = explained_variance(X, model, norm2, observed)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.alone, other.alone, rtol=1e-9)
        np.testing.assert_allclose(mine.unique, other.unique, rtol=1e-9)


@pytest.mark.parametrize("missing, nonnegative", [(False, False), (True, False), (False, True)])
def test_new_trials_are_solved_block_by_block(draw, missing, nonnegative):
    X, observed = drawn(missing, nonnegative)
    model = draw(SHAPE, (2, 1, 2), nonnegative=nonnegative)
    options = {"nonnegative": nonnegative, "gauge": "minimal-norm"}
    array = SweepData(X, sum_of_squares(X), observed, 0.01)
    ours = solve_trials(in_passes(X, observed, "file"), model, **options)
    theirs = solve_trials(array, model, **options)
    for mine, other in zip(as_blocks(ours), as_blocks(theirs), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-9)
