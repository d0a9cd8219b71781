"""What data is within some directions: its products, against those of projected data."""

import numpy as np
import pytest

from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.slices.contraction import contract, correlate
from trialtensor.solvers.slices.space import Space
from trialtensor.solvers.slices.surrogate import Surrogate

SHAPE = (9, 8, 7)


@pytest.fixture
def within():
    rng = np.random.default_rng(0)
    X = rng.standard_normal(SHAPE)
    drawn = [rng.standard_normal((n, size)) for n, size in zip(SHAPE, (3, 2, 4), strict=True)]
    space = Space.empty(MemoryPasses(X)).extended(MemoryPasses(X), drawn, np.zeros((0, 0)))
    outside = X
    for axis, basis in enumerate(space.bases):
        off = np.eye(len(basis)) - basis @ basis.T
        outside = np.moveaxis(np.tensordot(off, outside, axes=(1, axis)), 0, axis)
    return Surrogate.of(space, X.dtype), X, X - outside, space


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_products_are_those_of_the_data_within(within, axis):
    surrogate, X, projected, space = within
    rng = np.random.default_rng(1)
    loadings = rng.standard_normal((SHAPE[axis], 2))
    slices = rng.standard_normal((2, *(n for i, n in enumerate(SHAPE) if i != axis)))
    np.testing.assert_allclose(
        contract(surrogate, axis, loadings), contract(projected, axis, loadings), atol=1e-12
    )
    np.testing.assert_allclose(
        correlate(surrogate, axis, slices), correlate(projected, axis, slices), atol=1e-12
    )
    inside = space.bases[axis]
    np.testing.assert_allclose(
        contract(surrogate, axis, inside), contract(X, axis, inside), atol=1e-12
    )


def test_it_has_the_shape_of_the_data(within):
    surrogate, X, _, _ = within
    assert surrogate.shape == X.shape and surrogate.size == X.size
    assert surrogate.dtype == X.dtype
