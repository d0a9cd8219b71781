"""Sweeps over masked data: every block against a dense weighted regression."""

import numpy as np
import pytest

from trialtensor.data import make_slicetca
from trialtensor.data.masks import make_mask
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.row_updates import least_squares_rows, nonnegative_step
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices import sweeps
from trialtensor.solvers.slices.contraction import as_rows, part, reconstruct
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components, balance_blocks

SHAPE, RANKS = (7, 6, 5), (2, 1, 2)
BLOCKS = ("u", "v", "w", "A", "B", "C")
PATTERNS = (None, "entries", "blocks", "tracked", "trial_length")
EVERY_BLOCK = pytest.mark.parametrize("mode", range(6), ids=BLOCKS)
EVERY_PATTERN = pytest.mark.parametrize("pattern", PATTERNS)
EVERY_WEIGHT = pytest.mark.parametrize("missing_weight", [0.0, 0.01, 0.5])


def data(pattern, missing_weight=0.0, shape=SHAPE, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(shape)
    observed = None if pattern is None else make_mask(shape, pattern, 0.3, rng)
    if observed is not None:
        X = X * observed
    return SweepData(X, sum_of_squares(X), observed, missing_weight)


def weights_of(problem):
    if problem.observed is None:
        return np.ones(problem.X.shape)
    return np.where(problem.observed, 1.0, problem.missing_weight)


def weighted_loss(problem, blocks):
    residual = problem.X - reconstruct(as_components(blocks))
    return float(np.sum(weights_of(problem) * residual**2))


def only(mode, step=least_squares_rows):
    """Updates one block, leaves the others where they are."""

    def update(each, grams, rhs, current):
        return step(grams, rhs, current) if each == mode else current

    return update


def regression(problem, blocks, mode):
    """The best value of one block for given others, and how many unknowns the data determines."""
    root = np.sqrt(weights_of(problem)).ravel()
    without = list(blocks)
    without[mode] = np.zeros_like(blocks[mode])
    rest = reconstruct(as_components(tuple(without)))
    columns = []
    for i in range(blocks[mode].size):
        unit = np.zeros(blocks[mode].size)
        unit[i] = 1
        trial = list(blocks)
        trial[mode] = unit.reshape(blocks[mode].shape)
        columns.append((reconstruct(as_components(tuple(trial))) - rest).ravel())
    design = np.array(columns).T * root[:, None]
    best, _, rank, _ = np.linalg.lstsq(design, (problem.X - rest).ravel() * root, rcond=None)
    found = list(blocks)
    found[mode] = best.reshape(blocks[mode].shape)
    return tuple(found), rank


@EVERY_WEIGHT
@EVERY_PATTERN
@EVERY_BLOCK
def test_each_block_is_solved_as_by_a_dense_weighted_regression(
    draw, mode, pattern, missing_weight
):
    problem = data(pattern, missing_weight)
    start = as_blocks(draw(SHAPE, RANKS, seed=1))
    found, loss = problem.sweep(start, only(mode))
    expected, n_determined = regression(problem, start, mode)
    assert weighted_loss(problem, found) == pytest.approx(weighted_loss(problem, expected))
    assert loss <= weighted_loss(problem, start)
    if n_determined == start[mode].size:
        np.testing.assert_allclose(found[mode], expected[mode], atol=1e-8)
    for other in set(range(6)) - {mode}:
        np.testing.assert_array_equal(found[other], start[other])


@EVERY_BLOCK
def test_what_no_entry_determines_stays_where_it_was(draw, mode):
    """One cell of each kind without any observed entry."""
    observed = np.ones(SHAPE, bool)
    observed[3], observed[:, 2], observed[:, :, 4] = False, False, False
    X = np.random.default_rng(0).standard_normal(SHAPE) * observed
    problem = SweepData(X, sum_of_squares(X), observed)
    start = as_blocks(draw(SHAPE, RANKS, seed=1))
    found, _ = problem.sweep(start, only(mode))
    silent = (np.s_[3], np.s_[2], np.s_[4], np.s_[:, 2], np.s_[:, 3], np.s_[:, 3])[mode]
    np.testing.assert_array_equal(found[mode][silent], start[mode][silent])
    assert not np.allclose(found[mode], start[mode])


@EVERY_WEIGHT
@EVERY_PATTERN
@pytest.mark.parametrize("ranks", [RANKS, (1, 0, 2), (0, 2, 0), (2, 0, 0), (0, 1, 1)])
def test_the_loss_of_a_sweep_is_the_weighted_residual(draw, ranks, pattern, missing_weight):
    problem = data(pattern, missing_weight)
    blocks, last = as_blocks(draw(SHAPE, ranks, seed=2)), np.inf
    for _ in range(4):
        blocks, loss = problem.sweep(blocks, RowUpdater((False,) * 6))
        assert loss == pytest.approx(weighted_loss(problem, blocks), rel=1e-9)
        assert loss <= last * (1 + 1e-12)
        last = loss


@EVERY_PATTERN
@EVERY_BLOCK
def test_a_nonnegative_step_of_a_block_never_raises_the_loss(draw, mode, pattern):
    problem = data(pattern, 0.01)
    blocks = as_blocks(draw(SHAPE, RANKS, seed=3, nonnegative=True))
    before = weighted_loss(problem, blocks)
    found, loss = problem.sweep(blocks, only(mode, nonnegative_step))
    assert loss == pytest.approx(weighted_loss(problem, found), rel=1e-9)
    assert loss < before
    assert min(block.min() for block in found) >= 0


@EVERY_PATTERN
def test_nonnegative_sweeps_stay_nonnegative(draw, pattern):
    problem = data(pattern, 0.01)
    blocks, last = as_blocks(draw(SHAPE, RANKS, seed=4, nonnegative=True)), np.inf
    for _ in range(5):
        blocks, loss = problem.sweep(blocks, RowUpdater((True,) * 6))
        assert min(block.min() for block in blocks) >= 0
        assert loss == pytest.approx(weighted_loss(problem, blocks), rel=1e-9)
        assert loss <= last * (1 + 1e-12)
        last = loss


@pytest.mark.parametrize("nonnegative", [False, True])
@EVERY_PATTERN
def test_trials_only_leaves_the_rest_alone(draw, pattern, nonnegative):
    problem = data(pattern, 0.01)
    start = as_blocks(draw(SHAPE, RANKS, seed=5, nonnegative=nonnegative))
    found, losses = problem.sweep_trials(start, RowUpdater((nonnegative,) * 6))
    assert losses.sum() == pytest.approx(weighted_loss(problem, found), rel=1e-9)
    for mode in (1, 2, 3):
        np.testing.assert_array_equal(found[mode], start[mode])
    for mode in (0, 4, 5):
        assert not np.allclose(found[mode], start[mode])


@EVERY_PATTERN
def test_trials_are_solved_each_on_its_own(draw, pattern):
    """With everything else fixed, other trials make no difference."""
    problem = data(pattern, 0.01)
    u, v, w, A, B, C = as_blocks(draw(SHAPE, RANKS, seed=6))
    together, losses = problem.sweep_trials((u, v, w, A, B, C), RowUpdater((False,) * 6))
    for k in range(SHAPE[0]):
        seen = None if problem.observed is None else problem.observed[k : k + 1]
        alone = SweepData(problem.X[k : k + 1], 1.0, seen, 0.01)
        one = (u[k : k + 1], v, w, A, B[:, k : k + 1], C[:, k : k + 1])
        found, loss = alone.sweep_trials(one, RowUpdater((False,) * 6))
        assert loss[0] == pytest.approx(losses[k], rel=1e-9)
        np.testing.assert_allclose(found[0][0], together[0][k], atol=1e-9)
        np.testing.assert_allclose(found[4][:, 0], together[4][:, k], atol=1e-9)
        np.testing.assert_allclose(found[5][:, 0], together[5][:, k], atol=1e-9)


@pytest.mark.parametrize("sweep", [SweepData.sweep, SweepData.sweep_trials])
@EVERY_PATTERN
def test_how_many_trials_at_a_time_does_not_matter(monkeypatch, draw, pattern, sweep):
    problem = data(pattern, 0.01)
    start = as_blocks(draw(SHAPE, RANKS, seed=7))
    whole, loss = sweep(problem, start, RowUpdater((False,) * 6))
    for n_trials in (1, 3):
        monkeypatch.setattr(sweeps, "_CHUNK", n_trials * SHAPE[1] * SHAPE[2])
        found, again = sweep(problem, start, RowUpdater((False,) * 6))
        assert again == pytest.approx(loss, rel=1e-12)
        for one, two in zip(found, whole, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-10)


@pytest.mark.parametrize("shape", [(1, 6, 5), (7, 1, 5), (7, 6, 1)])
@pytest.mark.parametrize("pattern", [None, "entries"])
def test_axes_of_one_element(draw, shape, pattern):
    problem = data(pattern, 0.01, shape=shape)
    ranks = tuple(min(rank, n) for rank, n in zip((1, 1, 1), shape, strict=True))
    blocks = as_blocks(draw(shape, ranks, seed=8))
    for mode in range(6):
        found, loss = problem.sweep(blocks, only(mode))
        expected, _ = regression(problem, blocks, mode)
        assert loss == pytest.approx(weighted_loss(problem, expected), rel=1e-9, abs=1e-12)
        assert weighted_loss(problem, found) == pytest.approx(loss, rel=1e-9, abs=1e-12)


@EVERY_PATTERN
def test_the_start_is_left_alone(draw, pattern):
    start = as_blocks(draw(SHAPE, RANKS, seed=9))
    before = [block.tobytes() for block in start]
    data(pattern, 0.01).sweep(start, RowUpdater((False,) * 6))
    assert [block.tobytes() for block in start] == before


def test_without_a_weight_missing_entries_may_hold_anything(draw):
    problem = data("entries")
    start = as_blocks(draw(SHAPE, RANKS, seed=10))
    garbage = np.where(problem.observed, problem.X, 1e6)
    dirty = SweepData(garbage, problem.norm2, problem.observed)
    clean, loss = problem.sweep(start, RowUpdater((False,) * 6))
    found, again = dirty.sweep(start, RowUpdater((False,) * 6))
    assert again == loss
    for one, two in zip(found, clean, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_float32_sweeps_stay_float32_and_reach_the_same_loss(draw, nonnegative):
    problem = data("entries", 0.01)
    start = as_blocks(draw(SHAPE, RANKS, seed=11, nonnegative=nonnegative))
    single = SweepData(problem.X.astype(np.float32), problem.norm2, problem.observed, 0.01)
    update = RowUpdater((nonnegative,) * 6)
    _, loss = problem.sweep(start, update)
    found, again = single.sweep(tuple(block.astype(np.float32) for block in start), update)
    assert {block.dtype for block in found} == {np.dtype(np.float32)}
    assert again == pytest.approx(loss, rel=1e-4)


def test_balancing_keeps_the_model_and_leaves_dead_components_alone(draw):
    blocks = as_blocks(draw(SHAPE, RANKS, seed=12))
    u, v, w, A, B, C = (block * 10.0**i for i, block in enumerate(blocks))
    w[:, 1] = 0
    even = balance_blocks((u, v, w, A, B, C))
    before, after = as_components((u, v, w, A, B, C)), as_components(even)
    np.testing.assert_allclose(reconstruct(after), reconstruct(before))
    for axis in range(3):
        np.testing.assert_allclose(
            part(axis, after.loadings[axis], after.slices[axis]),
            part(axis, before.loadings[axis], before.slices[axis]),
        )
        norms = np.linalg.norm(after.loadings[axis], axis=0)
        alive = norms > 0
        rows = as_rows(after.slices[axis])
        np.testing.assert_allclose(norms[alive], np.linalg.norm(rows, axis=1)[alive])
    np.testing.assert_array_equal(even[5][1], C[1])


# Whole fits by sweeps.


def fit(X, observed, ranks, *, nonnegative=False, missing_weight=0.0, n_starts=3, tol=1e-10):
    X = X if observed is None else X * observed
    problem = SweepData(X, sum_of_squares(X), observed, missing_weight)
    starts = [Start("svd", 0), *(Start("random", seed) for seed in range(1, n_starts))]
    options = SliceOptions(ranks, nonnegative, "minimal-norm", 5000, tol)
    return fit_slices(problem, starts, options)[0].result


@pytest.mark.parametrize("ranks", [(2, 2, 2), (1, 0, 2), (0, 2, 0)])
def test_a_complete_mask_leads_where_projections_lead(ranks):
    X = make_slicetca(15, 12, 10, ranks, snr=4.0, random_state=0).X
    swept = fit(X, np.ones(X.shape, bool), ranks)
    projected = fit(X, None, ranks)
    assert swept.loss == pytest.approx(projected.loss, rel=1e-6)
    np.testing.assert_allclose(
        reconstruct(swept.factors), reconstruct(projected.factors), atol=1e-3
    )
    # Both in the same gauge: so their parts agree as well.
    for axis, pair in enumerate(zip(*swept.factors, strict=True)):
        other = projected.factors
        np.testing.assert_allclose(
            part(axis, *pair), part(axis, other.loadings[axis], other.slices[axis]), atol=1e-2
        )


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_without_noise_the_observed_entries_are_fitted(pattern):
    signal = make_slicetca(40, 30, 30, (1, 1, 1), snr=np.inf, random_state=1).signal
    observed = make_mask(signal.shape, pattern, 0.15, np.random.default_rng(1))
    found = fit(signal, observed, (1, 1, 1), tol=1e-12)
    error = (reconstruct(found.factors) - signal)[observed]
    assert np.sum(error**2) < 1e-6 * np.sum(signal[observed] ** 2)
    assert np.all(np.diff(found.loss_history) <= 0)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_nonnegative_fits(pattern):
    rng = np.random.default_rng(3)
    X = rng.random((12, 10, 9)) ** 2
    observed = None if pattern is None else make_mask(X.shape, pattern, 0.2, rng)
    found = fit(X, observed, (1, 1, 1), nonnegative=True, tol=1e-6)
    for loadings, slices in zip(*found.factors, strict=True):
        assert loadings.min() >= 0 and slices.min() >= 0
        np.testing.assert_allclose(np.linalg.norm(loadings, axis=0), 1)
    seen = np.ones(X.shape) if observed is None else observed
    residual = (X - reconstruct(found.factors)) * seen
    assert found.loss == pytest.approx(np.sum(residual**2), rel=1e-8)
    free = fit(X, observed, (1, 1, 1), tol=1e-6)
    assert free.loss <= found.loss * (1 + 1e-6)


def test_a_nonnegative_model_is_found_again():
    rng = np.random.default_rng(4)
    u, v, w = (np.where(rng.random((n, 1)) < 0.5, rng.random((n, 1)), 0) for n in (20, 15, 12))
    A, B, C = (
        np.where(rng.random((1, *s)) < 0.5, rng.random((1, *s)), 0)
        for s in ((15, 12), (20, 12), (20, 15))
    )
    X = reconstruct(as_components((u, v, w, A, B, C)))
    found = fit(X, None, (1, 1, 1), nonnegative=True, tol=1e-9, n_starts=5)
    assert found.loss < 1e-3 * np.sum(X**2)


def test_nonnegative_components_are_of_unit_norm_and_ordered():
    X = np.random.default_rng(5).random((12, 10, 9)) ** 2
    found = fit(X, None, (3, 2, 3), nonnegative=True, tol=1e-4, n_starts=1)
    for loadings, slices in zip(*found.factors, strict=True):
        np.testing.assert_allclose(np.linalg.norm(loadings, axis=0), 1)
        norms = np.linalg.norm(as_rows(slices), axis=1)
        assert np.all(np.diff(norms) < 0)
