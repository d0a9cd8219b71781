"""Fits within leading singular vectors, against dense projectors on the whole data."""

import numpy as np
import pytest

from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices import projection
from trialtensor.solvers.slices.core import Core
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.subspaces import minimise_projections

SHAPE = (14, 11, 9)
RANKS = pytest.mark.parametrize("ranks", [(1, 1, 1), (2, 1, 2), (0, 2, 1), (1, 0, 3)])


def problem(ranks, shape=SHAPE, seed=0, dtype=np.float64):
    X = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return ProjectionProblem.of(X, sum_of_squares(X), ranks)


def draw(core, ranks, n=5, seed=1):
    rng = np.random.default_rng(seed)
    return tuple(
        np.linalg.qr(rng.standard_normal((n, len(values), rank)))[0]
        for values, rank in zip(core.values, ranks, strict=True)
    )


def left_over(X, loadings):
    for axis, u in enumerate(loadings):
        off = np.eye(len(u)) - u @ u.T
        X = np.moveaxis(np.tensordot(off, X, axes=(1, axis)), 0, axis)
    return float(np.sum(X**2))


def on_axes(core, loadings, i):
    return [basis @ u[i] for basis, u in zip(core.bases, loadings, strict=True)]


@RANKS
@pytest.mark.parametrize("n_sweeps", [0, 1, 3])
def test_losses_are_those_of_the_whole_data(ranks, n_sweeps):
    given = problem(ranks)
    core = Core.of(given, ranks)
    order = tuple(axis for axis in (2, 0, 1) if ranks[axis])
    loadings, losses = core.improve(draw(core, ranks), order, n_sweeps)
    for i, loss in enumerate(losses):
        there = on_axes(core, loadings, i)
        assert loss == pytest.approx(left_over(given.X, there), rel=1e-10)
        for u in there:
            np.testing.assert_allclose(u.T @ u, np.eye(u.shape[1]), atol=1e-10)


@RANKS
def test_sweeps_never_raise_a_loss(ranks):
    core = Core.of(problem(ranks), ranks)
    order = tuple(axis for axis in range(3) if ranks[axis])
    starts = draw(core, ranks)
    losses = np.array([core.improve(starts, order, n)[1] for n in range(6)])
    assert np.all(np.diff(losses, axis=0) <= 1e-9 * losses[0])
    assert np.all(losses[-1] < losses[0])


@RANKS
def test_a_core_of_whole_axes_steps_as_the_data_does(ranks):
    shape = (6, 5, 4)
    given = problem(ranks, shape)
    core = Core.of(given, ranks)
    assert [len(v) for v in core.values] == [n * bool(r) for n, r in zip(shape, ranks, strict=True)]
    starts = draw(core, ranks)
    order = tuple(axis for axis in (1, 2, 0) if ranks[axis])
    _, losses = core.improve(starts, order, 2)
    for i, loss in enumerate(losses):
        found = minimise_projections(
            given, tuple(on_axes(core, starts, i)), max_iter=2, tol=0.0, first=order
        )
        assert loss == pytest.approx(found.loss, rel=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_axes_have_a_core_as_well(monkeypatch, dtype):
    monkeypatch.setattr(projection, "_LONG_AXIS", 0)
    ranks = (1, 1, 1)
    given = problem(ranks, (40, 36, 34), dtype=dtype)
    core = Core.of(given, ranks)
    assert given.grams == (None, None, None)
    loadings, losses = core.improve(draw(core, ranks), (1, 2, 0), 2)
    there = left_over(given.X.astype(float), on_axes(core, loadings, 0))
    # The values are those of a Krylov space, a little below those of the data.
    assert losses[0] == pytest.approx(there, rel=1e-5)


def test_too_many_components_have_none():
    assert Core.of(problem((20, 1, 1), (60, 8, 8)), (20, 1, 1)) is None
