"""New trials against dense regressions, each trial with everything that is its own as unknowns."""

import numpy as np
import pytest
import scipy.optimize

from trialtensor.data.masks import make_mask
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices import GAUGES, Components, fix_gauge
from trialtensor.solvers.slices.contraction import as_rows, reconstruct
from trialtensor.solvers.slices.new_trials import solve_trials
from trialtensor.solvers.slices.sweeps import SweepData

SHAPE = (6, 8, 7)
RANKS = [(2, 1, 2), (1, 2, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (0, 1, 1), (2, 1, 0), (2, 0, 1)]
EVERY_RANK = pytest.mark.parametrize("ranks", RANKS)
PATTERNS = pytest.mark.parametrize("pattern", ["entries", "blocks", "tracked", "trial_length"])


def new_data(pattern=None, missing_weight=0.0, seed=0, nonnegative=False):
    rng = np.random.default_rng(seed)
    X = rng.random(SHAPE) ** 3 if nonnegative else rng.standard_normal(SHAPE)
    observed = None if pattern is None else make_mask(SHAPE, pattern, 0.3, rng)
    X = X if observed is None else X * observed
    return SweepData(X, sum_of_squares(X), observed, missing_weight)


def design_of(shared):
    """What one trial's weights, time courses and neuron patterns are multiplied with."""
    (_, v, w), (A, _, _) = shared
    n_neurons, n_times = len(v), len(w)
    courses = np.einsum("nr,tq->ntrq", v, np.eye(n_times)).reshape(n_neurons * n_times, -1)
    patterns = np.einsum("nq,tr->ntrq", np.eye(n_neurons), w).reshape(n_neurons * n_times, -1)
    return np.concatenate([as_rows(A).T, courses, patterns], axis=1)


def unknowns_of(found, k):
    (u, _, _), (_, B, C) = found
    return np.concatenate([u[k], B[:, k].ravel(), C[:, k].ravel()])


def root_weights(data, k):
    if data.observed is None:
        return np.ones(data.X[k].size)
    return np.sqrt(np.where(data.observed[k], 1.0, data.missing_weight)).ravel()


@EVERY_RANK
def test_complete_trials_are_one_dense_regression(draw, ranks):
    shared, data = fix_gauge(*draw(SHAPE, ranks, seed=1)), new_data()
    found = solve_trials(data, shared, nonnegative=False, gauge="minimal-norm")
    design = design_of(shared)
    for k, X in enumerate(data.X):
        best = np.linalg.lstsq(design, X.ravel(), rcond=None)[0]
        np.testing.assert_allclose(design @ unknowns_of(found, k), design @ best, atol=1e-10)
        # Courses and patterns share something; the trial's weights are determined.
        np.testing.assert_allclose(found.loadings[0][k], best[: ranks[0]], atol=1e-9)
    np.testing.assert_allclose(
        reconstruct(found).reshape(len(data.X), -1),
        [design @ unknowns_of(found, k) for k in range(len(data.X))],
        atol=1e-12,
    )


@pytest.mark.parametrize("missing_weight", [0.0, 0.01])
@PATTERNS
@EVERY_RANK
def test_incomplete_trials_are_one_weighted_regression(draw, ranks, pattern, missing_weight):
    shared = fix_gauge(*draw(SHAPE, ranks, seed=2))
    data = new_data(pattern, missing_weight)
    found = solve_trials(data, shared, nonnegative=False, gauge="minimal-norm")
    design = design_of(shared)
    for k, X in enumerate(data.X):
        root = root_weights(data, k)
        target = root * X.ravel()
        best = np.linalg.lstsq(root[:, None] * design, target, rcond=None)[0]
        ours, theirs = (
            np.sum((root * (design @ x) - target) ** 2) for x in (unknowns_of(found, k), best)
        )
        # The sweeps stop where the loss of all trials together has stopped falling.
        assert ours == pytest.approx(theirs, abs=1e-5 * data.norm2)
        difference = (design @ (unknowns_of(found, k) - best))[root == 1]
        np.testing.assert_allclose(difference, 0, atol=1e-2)


@EVERY_RANK
def test_a_complete_mask_gives_what_the_closed_form_gives(draw, ranks):
    shared, data = fix_gauge(*draw(SHAPE, ranks, seed=3)), new_data()
    masked = SweepData(data.X, data.norm2, np.ones(SHAPE, bool), 0.01)
    closed, swept = (
        solve_trials(each, shared, nonnegative=False, gauge="minimal-norm")
        for each in (data, masked)
    )
    for k in range(len(data.X)):
        np.testing.assert_allclose(unknowns_of(swept, k), unknowns_of(closed, k), atol=1e-3)


@PATTERNS
@EVERY_RANK
def test_nonnegative_trials_are_those_of_scipy(draw, ranks, pattern):
    shared = draw(SHAPE, ranks, seed=4, nonnegative=True)
    data = new_data(pattern, 0.01, nonnegative=True)
    found = solve_trials(data, shared, nonnegative=True, gauge="minimal-norm")
    design = design_of(shared)
    for k, X in enumerate(data.X):
        root = root_weights(data, k)
        target = root * X.ravel()
        _, norm = scipy.optimize.nnls(root[:, None] * design, target)
        ours = unknowns_of(found, k)
        assert ours.min() >= 0
        residual = np.sum((root * (design @ ours) - target) ** 2)
        assert residual == pytest.approx(norm**2, abs=1e-5 * data.norm2)


@EVERY_RANK
def test_complete_nonnegative_trials_are_those_of_scipy(draw, ranks):
    shared = draw(SHAPE, ranks, seed=5, nonnegative=True)
    data = new_data(nonnegative=True)
    found = solve_trials(data, shared, nonnegative=True, gauge="minimal-norm")
    design = design_of(shared)
    for k, X in enumerate(data.X):
        _, norm = scipy.optimize.nnls(design, X.ravel())
        residual = np.sum((design @ unknowns_of(found, k) - X.ravel()) ** 2)
        assert residual == pytest.approx(norm**2, abs=1e-5 * data.norm2)


def shared_by_both(found):
    """What the neuron and the time type each tell of what both could."""
    (_, v, w), (_, B, C) = found
    on_v, on_w = v @ v.T, w @ w.T
    neuron, time = np.einsum("nr,rkt->knt", v, B), np.einsum("tr,rkn->knt", w, C)
    return [np.einsum("mn,knt,ts->kms", on_v, each, on_w) for each in (neuron, time)]


@pytest.mark.parametrize("pattern", [None, "entries"])
@pytest.mark.parametrize("gauge", GAUGES)
def test_the_gauge_divides_what_both_could_tell(draw, gauge, pattern):
    shared, data = fix_gauge(*draw(SHAPE, (2, 2, 2), seed=6), gauge), new_data(pattern, 0.01)
    found = solve_trials(data, shared, nonnegative=False, gauge=gauge)
    neuron, time = shared_by_both(found)
    both = neuron + time
    assert np.linalg.norm(both) > 0.1
    # "trial-first" says nothing about these two: evenly.
    to_neuron = {"neuron-first": 1.0, "time-first": 0.0}.get(gauge, 0.5)
    np.testing.assert_allclose(neuron, to_neuron * both, atol=1e-10)
    np.testing.assert_allclose(time, (1 - to_neuron) * both, atol=1e-10)
    other = solve_trials(data, shared, nonnegative=False, gauge="minimal-norm")
    np.testing.assert_allclose(reconstruct(found), reconstruct(other), atol=1e-10)


def test_the_minimal_norm_is_that_of_the_smallest_regression(draw):
    """With orthonormal loadings the smallest unknowns are the smallest parts."""
    shared, data = fix_gauge(*draw(SHAPE, (0, 2, 2), seed=7)), new_data()
    found = solve_trials(data, shared, nonnegative=False, gauge="minimal-norm")
    for k, X in enumerate(data.X):
        smallest = np.linalg.lstsq(design_of(shared), X.ravel(), rcond=None)[0]
        np.testing.assert_allclose(unknowns_of(found, k), smallest, atol=1e-10)


@pytest.mark.parametrize("pattern", [None, "entries"])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_what_all_trials_share_is_left_alone(draw, nonnegative, pattern):
    shared = draw(SHAPE, (2, 1, 2), seed=8, nonnegative=True)
    if not nonnegative:
        shared = fix_gauge(*shared)
    before = [array.tobytes() for array in shared.loadings + shared.slices]
    data = new_data(pattern, 0.01)
    found = solve_trials(data, shared, nonnegative=nonnegative, gauge="minimal-norm")
    assert [array.tobytes() for array in shared.loadings + shared.slices] == before
    for axis in (1, 2):
        np.testing.assert_array_equal(found.loadings[axis], shared.loadings[axis])
    np.testing.assert_array_equal(found.slices[0], shared.slices[0])


def test_trials_of_another_number_are_solved(draw):
    shared = fix_gauge(*draw(SHAPE, (2, 1, 2), seed=9))
    data = new_data()
    few = SweepData(data.X[:2], sum_of_squares(data.X[:2]))
    found = solve_trials(data, shared, nonnegative=False, gauge="minimal-norm")
    first = solve_trials(few, shared, nonnegative=False, gauge="minimal-norm")
    for k in range(2):
        np.testing.assert_allclose(unknowns_of(first, k), unknowns_of(found, k), atol=1e-12)


def test_slices_that_others_tell_already_get_the_smallest_weights(draw):
    """A trial slice within the neuron loadings adds nothing; its weight is zero, not any number."""
    (u, v, w), (A, B, C) = fix_gauge(*draw(SHAPE, (2, 2, 1), seed=10))
    A = np.stack([A[0], v @ np.random.default_rng(0).standard_normal((2, SHAPE[2]))])
    data = new_data()
    shared = Components((u, v, w), (A, B, C))
    found = solve_trials(data, shared, nonnegative=False, gauge="minimal-norm")
    assert np.abs(found.loadings[0][:, 1]).max() < 1e-8
    design = design_of(shared)
    for k, X in enumerate(data.X):
        best = np.linalg.lstsq(design, X.ravel(), rcond=None)[0]
        np.testing.assert_allclose(design @ unknowns_of(found, k), design @ best, atol=1e-9)
