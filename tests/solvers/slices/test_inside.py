"""Exact steps within directions: those of the data where the directions are everything."""

import numpy as np
import pytest

from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices.contraction import as_triple
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.space import Space

SHAPE = (7, 6, 40)


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal(SHAPE)


def inside_of(X, sizes):
    passes = MemoryPasses(X)
    rng = np.random.default_rng(1)
    drawn = [rng.standard_normal((n, size)) for n, size in zip(SHAPE, sizes, strict=True)]
    space = Space.empty(passes).extended(passes, drawn, np.zeros((0, 0)))
    return space, space.inside(sum_of_squares(X), X.dtype)


# Two directions of trials and neurons: the time axis is rotated and cut.
@pytest.mark.parametrize("sizes", [SHAPE, (2, 2, 40), (2, 2, 3)])
@pytest.mark.parametrize("ranks", [(2, 1, 2), (1, 2, 0), (0, 1, 1)])
def test_a_step_and_its_loss_are_those_of_the_data(X, sizes, ranks):
    sizes = [size if rank else 0 for size, rank in zip(sizes, ranks, strict=True)]
    space, inside = inside_of(X, sizes)
    exact = ProjectionProblem.of(X, sum_of_squares(X), ranks)
    rng = np.random.default_rng(2)
    drawn = [rng.standard_normal((m, r)) for m, r in zip(sizes, ranks, strict=True)]
    coords = as_triple([np.linalg.qr(each)[0] if each.size else each for each in drawn])
    for axis in np.flatnonzero(ranks):
        # All of the axis itself is inside; the others are where they are.
        sums = as_triple([inside.contract(a, own) for a, own in enumerate(coords)])
        found, loss = inside.best_loadings(axis, ranks[axis], coords, sums)
        loadings = [basis @ own for basis, own in zip(space.bases, coords, strict=True)]
        whole = as_triple([exact.contract(a, own) for a, own in enumerate(loadings)])
        told, told_loss = exact.best_loadings(axis, ranks[axis], as_triple(loadings), whole)
        if sizes[axis] == SHAPE[axis]:
            assert loss == pytest.approx(told_loss, rel=1e-12)
            ours = space.bases[axis] @ found
            np.testing.assert_allclose(ours @ ours.T, told @ told.T, atol=1e-10)
        else:
            assert loss >= told_loss * (1 - 1e-12)
