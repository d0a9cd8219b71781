"""What one pass says of a fit: that of several passes over an array."""

import numpy as np
import pytest

from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.on_device import DevicePasses
from trialtensor.solvers.slices.contraction import reconstruct
from trialtensor.solvers.slices.diagnostics import explained_variance
from trialtensor.solvers.slices.judged import judge

SHAPE, RANKS = (9, 5, 7), (2, 1, 1)


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_one_pass_says_all(draw, library):
    xp = pytest.importorskip(library)
    rng = np.random.default_rng(0)
    observed = rng.random(SHAPE) > 0.3
    X = np.where(observed, rng.standard_normal(SHAPE), 0)
    model, other = draw(SHAPE, RANKS), draw(SHAPE, RANKS, seed=1)
    passes = MemoryPasses(X, observed, n_entries=80)
    if library != "numpy":
        there = xp.asarray(np.where(observed, X, np.nan))
        passes = DevicePasses(there, has_missing=True, block_bytes=8 * 80)
    found = judge(passes, model, float((X**2).sum()), [other, model, other])
    told, of_other = reconstruct(model), reconstruct(other)
    assert found.loss == pytest.approx(((X - told)[observed] ** 2).sum(), rel=1e-12)
    assert found.largest == pytest.approx(np.abs(told[~observed]).max(), rel=1e-12)
    lost = ((X - of_other)[observed] ** 2).sum()
    assert found.others == pytest.approx([lost, found.loss, lost], rel=1e-12)
    expected = explained_variance(X, model, float((X**2).sum()), observed)
    for ours, theirs in zip(found[1:3], expected, strict=True):
        np.testing.assert_allclose(ours.alone, theirs.alone, rtol=1e-10)
        np.testing.assert_allclose(ours.unique, theirs.unique, rtol=1e-10)
