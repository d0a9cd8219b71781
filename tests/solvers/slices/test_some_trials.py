"""What belongs to a few trials, and the step of what all share: brute force."""

import numpy as np
import pytest

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.slices.contraction import reconstruct
from trialtensor.solvers.slices.new_trials import SolveTrials, solve_trials
from trialtensor.solvers.slices.one_pass_sweeps import SolveAndSum, counted
from trialtensor.solvers.slices.rows_there import unpacked, update_rows
from trialtensor.solvers.slices.shared_step import SharedStep
from trialtensor.solvers.slices.some_trials import SomeTrials
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components

SHAPE, RANKS, WEIGHT = (7, 6, 8), (2, 1, 2), 0.05
LIBRARIES = ["numpy", "torch", "array_api_strict"]


@pytest.fixture
def case(draw):
    rng = np.random.default_rng(3)
    observed = rng.random(SHAPE) > 0.3
    X = np.where(observed, rng.standard_normal(SHAPE), 0)
    return X, observed, draw(SHAPE, RANKS)


def free(nonnegative=False):
    return RowUpdater((nonnegative,) * 6)


def block_of(library, X, observed):
    xp = pytest.importorskip(library)
    seen = None if observed is None else xp.asarray(observed)
    return Block(slice(0, len(X)), xp.asarray(X), seen)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_a_sweep_is_that_of_residuals(case, draw, library, missing, nonnegative):
    X, observed, model = case
    if nonnegative:
        X, model = np.abs(X), draw(SHAPE, RANKS, nonnegative=True)
    seen = observed if missing else None
    blocks, update = as_blocks(model), free(nonnegative)
    trials = SomeTrials(block_of(library, X, seen), blocks, update, WEIGHT)
    trials.sweep()
    expected, squares = SweepData(X, 1.0, seen, WEIGHT).sweep_trials(blocks, update)
    # Coordinates are followed further where that costs nothing.
    rtol = 1e-9 if not nonnegative else 1e-2
    np.testing.assert_allclose(as_numpy(trials.squares()), squares, rtol=rtol)
    np.testing.assert_allclose(
        as_numpy(trials.u), expected[0], atol=1e-9 if not nonnegative else 0.05
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_slopes_are_derivatives(case, library):
    X, observed, model = case
    trials = SomeTrials(block_of(library, X, observed), as_blocks(model), free(), WEIGHT)
    weights = np.where(observed, 1, WEIGHT)
    residual = weights * (X - reconstruct(model))
    (u, _, _), (_, B, C) = model
    of_A, of_v, of_w = (as_numpy(each) for each in trials.slopes())
    np.testing.assert_allclose(of_A, np.einsum("knt,kr->rnt", residual, u), atol=1e-10)
    np.testing.assert_allclose(of_v, np.einsum("knt,rkt->nr", residual, B), atol=1e-10)
    np.testing.assert_allclose(of_w, np.einsum("knt,rkn->tr", residual, C), atol=1e-10)


def _slopes(X, weights, model):
    residual = weights * (X - reconstruct(model))
    (u, _, _), (_, B, C) = model
    return (
        np.einsum("knt,kr->rnt", residual, u),
        np.einsum("knt,rkt->nr", residual, B),
        np.einsum("knt,rkn->tr", residual, C),
    )


def _loss(X, weights, blocks):
    return np.sum(weights * (X - reconstruct(as_components(blocks))) ** 2)


def test_a_step_is_the_best_where_weights_are_those_of_all_trials(case, monkeypatch):
    X, observed, model = case
    weights = np.broadcast_to(np.where(observed[0], 1, WEIGHT), SHAPE)
    monkeypatch.setattr("trialtensor.solvers.slices.shared_step._ROUNDS", 600)
    step = SharedStep(as_blocks(model), _slopes(X, weights, model), weights[0])
    after, gain = step.taken(free())
    # All unknowns at once, by least squares.
    (u, v, w), (A, B, C) = model
    columns = []
    for r, n, t in np.ndindex(A.shape):
        column = np.zeros(SHAPE)
        column[:, n, t] = u[:, r]
        columns.append(column)
    for n, r in np.ndindex(v.shape):
        column = np.zeros(SHAPE)
        column[:, n] = B[r]
        columns.append(column)
    for t, r in np.ndindex(w.shape):
        column = np.zeros(SHAPE)
        column[:, :, t] = C[r]
        columns.append(column)
    root = np.sqrt(weights).ravel()
    design = np.stack([each.ravel() for each in columns], axis=1) * root[:, None]
    best = np.linalg.lstsq(design, X.ravel() * root, rcond=None)[0]
    least = np.sum((design @ best - X.ravel() * root) ** 2)
    before, now = _loss(X, weights, as_blocks(model)), _loss(X, weights, after)
    assert now == pytest.approx(least, rel=1e-6)
    assert before - now == pytest.approx(gain, rel=1e-5)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_careful_step_never_raises_the_loss(draw, seed, nonnegative):
    rng = np.random.default_rng(seed)
    model = draw(SHAPE, RANKS, nonnegative=nonnegative)
    observed = rng.random(SHAPE) > 0.9
    weights = np.where(observed, 1, WEIGHT)
    X = np.where(observed, 10 * rng.standard_normal(SHAPE), 0)
    step = SharedStep(as_blocks(model), _slopes(X, weights, model), np.ones(SHAPE[1:]))
    after, _ = step.taken(free(nonnegative))
    assert _loss(X, weights, after) < _loss(X, weights, as_blocks(model))


@pytest.mark.parametrize("library", LIBRARIES)
def test_models_side_by_side_are_those_alone(case, draw, library):
    X, observed, model = case
    block = block_of(library, X, observed)
    both = [as_blocks(model), as_blocks(draw(SHAPE, (1, 1, 0)))]
    *together, count = SolveAndSum(both, free(), WEIGHT, 2)(block)
    alone = [each for model in both for each in SolveAndSum([model], free(), WEIGHT, 2)(block)[:-1]]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(as_numpy(one), as_numpy(other))
    weights = counted(as_numpy(count), len(X), WEIGHT)
    np.testing.assert_allclose(weights, np.where(observed, 1, WEIGHT).mean(axis=0))


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@pytest.mark.parametrize("nonnegative, missing", [(False, True), (True, True), (True, False)])
def test_trials_on_a_device_are_those_in_memory(draw, library, nonnegative, missing):
    rng = np.random.default_rng(0)
    model = draw(SHAPE, RANKS, nonnegative=nonnegative)
    X = reconstruct(model) + 0.1 * rng.standard_normal(SHAPE)
    observed = rng.random(SHAPE) > 0.2 if missing else None
    X = X if observed is None else np.where(observed, X, 0)
    options = {"nonnegative": nonnegative, "gauge": "minimal-norm"}
    expected = solve_trials(SweepData(X, 1.0, observed, WEIGHT), model, **options)
    job = SolveTrials(model, WEIGHT, missing, nonnegative, "minimal-norm")
    u, B, C = job(block_of(library, X, observed))
    (_, v, w), (A, _, _) = model
    found = as_components((u, v, w, A, B.swapaxes(0, 1), C.swapaxes(0, 1)))
    atol = 5e-3 if nonnegative else 1e-3
    np.testing.assert_allclose(reconstruct(found), reconstruct(expected), atol=atol)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_rows_there_are_those_in_memory(library, n, nonnegative):
    xp = pytest.importorskip(library)
    rng = np.random.default_rng(2)
    design = rng.random((n, 9, 3))
    grams = np.matmul(design.swapaxes(1, 2), design)
    rhs, current = rng.standard_normal((5, 3)), rng.random((5, 3))
    if n == 5:
        grams[2] = 0
        rhs[2] = 0
    update = RowUpdater((nonnegative,) * 6)
    ours = update_rows(update, 0, *map(xp.asarray, (grams, rhs, current)))
    theirs = update_rows(update, 0, grams, rhs, current)
    np.testing.assert_allclose(as_numpy(ours), theirs, atol=2e-3 if nonnegative else 1e-10)


@pytest.mark.parametrize("library", LIBRARIES)
def test_unpacked_matrices_are_symmetric(library):
    xp = pytest.importorskip(library)
    packed = np.arange(12.0).reshape(2, 6)
    full = as_numpy(unpacked(xp.asarray(packed), 3))
    np.testing.assert_array_equal(full[0], [[0, 1, 2], [1, 3, 4], [2, 4, 5]])
    np.testing.assert_array_equal(full, full.swapaxes(1, 2))
