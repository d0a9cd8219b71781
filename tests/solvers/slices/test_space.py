"""Directions of each axis and the data contracted with them, against dense products."""

import array_api_strict
import numpy as np
import pytest

from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.slices.contraction import as_triple, contract
from trialtensor.solvers.slices.sketch import leading_space
from trialtensor.solvers.slices.space import Space, taken

SHAPE = (11, 9, 8)


def unfold(X, axis):
    return np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1)


def grams(X):
    return [unfold(X, axis) @ unfold(X, axis).T for axis in range(3)]


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal(SHAPE)


@pytest.fixture
def passes(X):
    return MemoryPasses(X, n_entries=200)


@pytest.fixture
def space(passes):
    rng = np.random.default_rng(1)
    found = Space.empty(passes)
    for sizes in ((2, 3, 2), (1, 0, 3)):
        drawn = [rng.standard_normal((n, size)) for n, size in zip(SHAPE, sizes, strict=True)]
        found = found.extended(passes, drawn, np.eye(found.sizes[0]))
    return found


def check(space, X):
    for axis, basis in enumerate(space.bases):
        np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
        np.testing.assert_allclose(space.sums[axis], contract(X, axis, basis), atol=1e-12)
        gram = grams(X)[axis]
        np.testing.assert_allclose(space.grams[axis], basis.T @ gram @ basis, atol=1e-10)
        known = space.trials if axis == 0 else basis
        np.testing.assert_allclose(space.images[axis], gram @ known, atol=1e-10)


def test_a_space_grows_pass_by_pass(space, X):
    assert space.sizes == (3, 3, 5)
    check(space, X)


def test_a_turned_space_is_the_same_one(space, X):
    rng = np.random.default_rng(2)
    turns = [np.linalg.qr(rng.standard_normal((m, 2)))[0] for m in space.sizes]
    turned = space.turned(turns)
    assert turned.sizes == (2, 2, 2)
    check(turned, X)


def test_the_image_of_trials_is_that_of_what_is_known_of_them(space, X):
    coords = np.random.default_rng(3).standard_normal((3, 2))
    loadings, image = space.image(0, coords)
    np.testing.assert_allclose(image, grams(X)[0] @ loadings, atol=1e-10)
    inside = space.trials @ space.trials.T
    np.testing.assert_allclose(loadings, inside @ space.bases[0] @ coords, atol=1e-12)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_other_types_take_against_projected_data(axis, X, strict):
    rng = np.random.default_rng(4)
    loadings = [np.linalg.qr(rng.standard_normal((n, 2)))[0] for n in SHAPE]
    left = X
    for other in {0, 1, 2} - {axis}:
        off = np.eye(SHAPE[other]) - loadings[other] @ loadings[other].T
        left = np.moveaxis(np.tensordot(off, left, axes=(1, other)), 0, other)
    rows = rng.standard_normal((SHAPE[axis], 3))
    sums = [contract(X, a, own) for a, own in enumerate(loadings)]
    if strict:
        sums = [array_api_strict.asarray(each) for each in sums]
    found = taken(as_triple(sums), as_triple(loadings), axis, rows)
    np.testing.assert_allclose(found, (grams(X)[axis] - grams(left)[axis]) @ rows, atol=1e-10)


@pytest.mark.parametrize("ranks", [(1, 1, 1), (2, 0, 0), (0, 1, 0), (0, 1, 2)])
def test_the_sketch_finds_the_leading_directions(ranks):
    rng = np.random.default_rng(5)
    core = rng.standard_normal((3, 3, 3))
    X = 0.01 * rng.standard_normal((40, 30, 20))
    factors = [np.linalg.qr(rng.standard_normal((n, 3)))[0] for n in X.shape]
    X = X + np.einsum("abc,ka,nb,tc->knt", core, *factors, optimize=True)
    space = leading_space(MemoryPasses(X, n_entries=5000), ranks)
    for axis, rank in enumerate(ranks):
        if rank:
            left = np.linalg.svd(unfold(X, axis))[0][:, :3]
            missed = left - space.bases[axis] @ (space.bases[axis].T @ left)
            assert np.abs(missed).max() < 2e-3
            assert space.sizes[axis] == 2 * rank + 6
            diagonal = np.diag(np.diag(space.grams[axis]))
            np.testing.assert_allclose(space.grams[axis], diagonal, atol=1e-8)
        else:
            assert space.sizes[axis] == 0


def test_given_loadings_lie_within_the_space(X, passes):
    rng = np.random.default_rng(6)
    given = [rng.standard_normal((n, 2)) for n in SHAPE]
    space = leading_space(passes, (2, 2, 2), given)
    for basis, own in zip(space.bases, given, strict=True):
        np.testing.assert_allclose(basis @ (basis.T @ own), own, atol=1e-10)
