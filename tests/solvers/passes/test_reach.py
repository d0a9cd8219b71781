"""All products of SliceTCA with the data, against einsum and in another array library."""

import array_api_strict
import numpy as np
import pytest

from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes.block import Block, join
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.reach import Reach

SHAPE = (13, 7, 5)
RANKS = (3, 2, 0)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    X = rng.standard_normal(SHAPE)
    directions = tuple(rng.standard_normal((n, r)) for n, r in zip(SHAPE, RANKS, strict=True))
    return X, directions, rng.standard_normal((4, *SHAPE[1:]))


def expected(X, directions, slices):
    u, v, w = directions
    return (
        np.einsum("knt,kr->rnt", X, u),
        np.einsum("knt,nr->rkt", X, v),
        np.einsum("knt,tr->rkn", X, w),
        np.einsum("knt,rnt->kr", X, slices),
        np.einsum("knt,kmt,mr->nr", X, X, v, optimize=True),
        np.einsum("knt,kns,sr->tr", X, X, w, optimize=True),
    )


@pytest.mark.parametrize("n_entries", [35, 100, 10_000])
def test_one_pass_has_them_all(drawn, n_entries):
    X, directions, slices = drawn
    passes = ChunkedPasses(X, X.dtype, block_bytes=8 * n_entries)
    for source in (MemoryPasses(X, n_entries=n_entries), passes):
        sums, *images = source.reach(directions, slices)
        for ours, told in zip([*sums, *images], expected(X, directions, slices), strict=True):
            np.testing.assert_allclose(ours, told, atol=1e-12)
    assert passes.n_reads == 1


def test_blocks_of_another_array_library(drawn):
    X, directions, slices = drawn
    job = Reach(directions, slices)
    parts = [slice(0, 6), slice(6, 13)]
    found = join(job.joins, [job(Block(p, array_api_strict.asarray(X[p]))) for p in parts])
    for ours, told in zip(found, expected(X, directions, slices), strict=True):
        ours = as_numpy(ours)
        ours = ours.swapaxes(0, 1) if ours.shape != told.shape else ours
        np.testing.assert_allclose(ours, told, atol=1e-12)
