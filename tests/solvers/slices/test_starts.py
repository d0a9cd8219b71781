"""Restarts that begin at different places, against alternating SVDs from many random starts."""

import numpy as np
import pytest

from trialtensor.data import make_slicetca
from trialtensor.data.masks import make_mask
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices import restarts, rounds
from trialtensor.solvers.slices.diagnostics import subspace_overlap
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.starts import choose_begins, orders_of
from trialtensor.solvers.slices.subspaces import minimise_projections
from trialtensor.solvers.slices.sweeps import SweepData

# Seeds of small problems in which the usual order of axes ends at least 0.5 % above the optimum.
STUCK = [
    ((1, 1, 0), 4),
    ((1, 1, 0), 30),
    ((0, 1, 1), 21),
    ((0, 1, 1), 30),
    ((2, 1, 0), 11),
    ((2, 1, 0), 19),
    ((1, 0, 2), 0),
    ((1, 0, 2), 15),
    ((1, 1, 1), 3),
    ((1, 1, 1), 8),
]


def collinear(seed):
    """A few components of one vector an axis, all alike, with a little noise."""
    rng = np.random.default_rng(seed)
    shape, n = tuple(rng.integers(5, 9, size=3)), int(rng.integers(2, 5))
    u, v, w = (
        np.sqrt(0.5) * rng.standard_normal((size, 1))
        + np.sqrt(0.5) * rng.standard_normal((size, n))
        for size in shape
    )
    X = np.einsum("kr,nr,tr->knt", u, v, w)
    return X / X.std() + 0.1 * rng.standard_normal(shape)


def alternating_svd(X, ranks, rng, n_sweeps=150):
    """Truncate each type's unfolding of what the others leave, in turn; return the loss."""
    parts = {axis: rng.standard_normal(X.shape) for axis, rank in enumerate(ranks) if rank}
    for _ in range(n_sweeps):
        for axis in parts:
            rest = X - sum(part for other, part in parts.items() if other != axis)
            rest = np.moveaxis(rest, axis, 0)
            u, s, v = np.linalg.svd(rest.reshape(len(rest), -1), full_matrices=False)
            s[ranks[axis] :] = 0
            parts[axis] = np.moveaxis(((u * s) @ v).reshape(rest.shape), 0, axis)
    return float(np.sum((X - sum(parts.values())) ** 2))


def svd_starts(n):
    return [Start("svd", seed) for seed in range(n)]


def random_starts(n):
    return [Start("random", seed) for seed in range(n)]


def fit(X, ranks, starts, observed=None, *, nonnegative=False, max_iter=2000, n_jobs=None):
    data = SweepData(X, sum_of_squares(X), observed, 0.01)
    options = SliceOptions(ranks, nonnegative, "minimal-norm", max_iter, 1e-6)
    return fit_slices(data, starts, options, n_jobs=n_jobs)


def from_nothing(X, ranks, order):
    problem = ProjectionProblem.of(X, sum_of_squares(X), ranks)
    start = tuple(np.zeros((n, rank)) for n, rank in zip(X.shape, ranks, strict=True))
    return minimise_projections(problem, start, max_iter=2000, tol=1e-8, first=order).loss


@pytest.mark.parametrize(("ranks", "seed"), STUCK)
def test_where_one_order_is_stuck_the_restarts_are_not(ranks, seed):
    X = collinear(seed)
    rng = np.random.default_rng(seed)
    best = min(alternating_svd(X, ranks, rng) for _ in range(12))
    assert from_nothing(X, ranks, (1, 2, 0)) > 1.005 * best
    assert fit(X, ranks, svd_starts(10))[0].result.loss <= best * (1 + 1e-4)


def test_singular_vectors_that_do_not_lead_find_what_no_order_does():
    """Found by search among fits of (2, 1, 1) components to data of the same kind."""
    X, ranks = collinear(0), (2, 1, 1)
    by_order = min(from_nothing(X, ranks, order) for order in orders_of(ranks))
    found = fit(X, ranks, svd_starts(10))[0]
    assert found.result.loss < by_order * (1 - 1e-3)
    assert found.origin[1:] != ("leading",)


@pytest.mark.parametrize(
    ("ranks", "n"), [((2, 0, 0), 1), ((0, 2, 3), 2), ((1, 0, 2), 2), ((1, 1, 1), 6)]
)
def test_there_are_as_many_orders_as_of_the_types_that_have_components(ranks, n):
    orders = orders_of(ranks)
    assert len(set(orders)) == len(orders) == n
    assert all(set(order) == {axis for axis in range(3) if ranks[axis]} for order in orders)


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("ranks", [(2, 1, 2), (0, 2, 1)])
def test_no_two_restarts_begin_at_the_same_place(ranks, nonnegative, observed):
    X = np.abs(make_slicetca(12, 11, 10, (2, 1, 2), snr=2.0, random_state=0).X)
    mask = make_mask(X.shape, "entries", 0.2, np.random.default_rng(0)) if observed else None
    X = X if mask is None else X * mask
    starts = [*svd_starts(6), *random_starts(2)]
    found = fit(X, ranks, starts, mask, nonnegative=nonnegative)
    origins = [each.origin for each in found]
    known = [origin for origin in origins if origin is not None]
    # Where entries are missing, every other start is random.
    n_random = 5 if observed and not nonnegative else 2
    assert len(set(known)) == len(known)
    # Of few components there may be fewer different subsets than starts.
    assert 7 - n_random <= len(known) <= 8 - n_random
    assert sorted(each.seed for each in found) == [0, 0, 1, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("starts", [svd_starts(4), random_starts(4)], ids=["svd", "random"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_restarts_of_one_type_are_one_start_and_say_so(monkeypatch, axis, starts):
    calls, once = [], restarts.minimise_projections

    def counted(*args, **options):
        calls.append(1)
        return once(*args, **options)

    monkeypatch.setattr(restarts, "minimise_projections", counted)
    X = np.random.default_rng(0).standard_normal((9, 8, 7))
    found = fit(X, tuple(2 * (i == axis) for i in range(3)), starts)
    assert len(calls) == 1 and len(found) == 4
    assert len({each.origin for each in found}) == 1 and found[0].origin is not None
    assert sorted(each.seed for each in found) == [0, 1, 2, 3]
    assert len({each.result.loss for each in found}) == 1


def test_a_given_start_is_its_own():
    X = np.random.default_rng(0).standard_normal((9, 8, 7))
    given = tuple(np.random.default_rng(1).standard_normal((n, 1)) for n in X.shape)
    (found,) = fit(X, (1, 1, 1), [Start("given", factors=given)])
    assert found.origin is None


def test_more_restarts_than_different_singular_vectors_are_random():
    """Three of three and two of two directions leave only the order of the axes."""
    X = np.random.default_rng(0).standard_normal((3, 2, 9))
    problem = ProjectionProblem.of(X, sum_of_squares(X), (3, 2, 0))
    begins = choose_begins(problem, svd_starts(9), (3, 2, 0))
    assert len(begins) == 9
    known = [begin.origin for begin in begins if begin.origin is not None]
    assert len(set(known)) == len(known) < 9
    for begin in begins:
        for loading in begin.loadings:
            gram = loading.T @ loading
            assert np.allclose(gram, np.eye(len(gram))) or not loading.any()


def test_other_seeds_are_other_starts_and_the_same_seeds_the_same():
    X = collinear(3)
    problem = ProjectionProblem.of(X, sum_of_squares(X), (2, 2, 2))
    first, again, other = (
        [begin.origin for begin in choose_begins(problem, starts, (2, 2, 2))]
        for starts in (svd_starts(8), svd_starts(8), svd_starts(18)[10:])
    )
    assert first == again and first != other


# Two rounds.


def many_optima(shape=(30, 30, 25)):
    """More components than are asked for, all alike."""
    rng = np.random.default_rng(1)
    u, v, w = (
        np.sqrt(0.7) * rng.standard_normal((n, 1)) + np.sqrt(0.3) * rng.standard_normal((n, 8))
        for n in shape
    )
    X = np.einsum("kr,nr,tr->knt", u, v, w)
    return X / X.std() + 0.3 * rng.standard_normal(shape)


@pytest.mark.parametrize("kind", ["exact", "masked", "nonnegative"])
def test_a_restart_that_did_not_go_on_has_not_converged(kind):
    X = np.abs(many_optima()) if kind == "nonnegative" else many_optima()
    mask = make_mask(X.shape, "entries", 0.2, np.random.default_rng(0))
    mask = mask if kind == "masked" else None
    X = X if mask is None else X * mask
    found = fit(X, (2, 1, 2), svd_starts(6), mask, nonnegative=kind == "nonnegative")
    losses = [each.result.loss for each in found]
    assert losses == sorted(losses) and len(found) == 6
    assert found[0].on_full_data and found[0].result.stop_reason is StopReason.CONVERGED
    left = [each for each in found if not each.on_full_data]
    assert 2 <= len(left) <= 4
    assert all(each.result.stop_reason is StopReason.MAX_ITER for each in left)
    for each in found:
        assert np.all(np.diff(each.result.loss_history) <= 1e-12 * losses[0])


def test_restarts_on_the_way_to_one_optimum_do_not_all_go_there():
    X = make_slicetca(40, 30, 25, (2, 2, 1), snr=5.0, random_state=0).X
    found = fit(X, (2, 2, 1), svd_starts(8))
    # One, and another to show that it gets there too.
    assert [each.on_full_data for each in found] == 2 * [True] + 6 * [False]
    assert found[0].origin != found[1].origin
    loadings = [each.result.factors.loadings for each in found[:2]]
    assert subspace_overlap(*loadings) > 1 - 1e-4
    assert found[-1].result.loss < found[0].result.loss * (1 + 1e-2)


def test_as_many_sweeps_as_allowed_and_no_more():
    found = fit(many_optima(), (2, 1, 2), svd_starts(4), max_iter=5)
    assert max(each.result.n_iter for each in found) == 5
    (*few,) = fit(many_optima(), (2, 1, 2), svd_starts(4), max_iter=2)
    assert {each.result.n_iter for each in few} == {2} and all(e.on_full_data for e in few)


def test_an_interrupt_in_the_second_round_keeps_the_first(monkeypatch):
    step, calls = ProjectionProblem.best_loadings, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 4 * 9 + 2:
            raise KeyboardInterrupt
        return step(self, *args)

    monkeypatch.setattr(ProjectionProblem, "best_loadings", interrupted)
    found = fit(many_optima(), (2, 1, 2), random_starts(4))
    assert len(found) == 4
    assert found[0].result.stop_reason is StopReason.INTERRUPTED
    assert {each.result.n_iter for each in found} == {3}


def test_an_interrupt_between_the_rounds_keeps_the_first(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(rounds, "subspace_overlap", interrupted)
    found = fit(many_optima(), (2, 1, 2), random_starts(4))
    assert len(found) == 4 and found[0].result.stop_reason is StopReason.INTERRUPTED


def test_processes_change_nothing():
    here, there = (
        fit(many_optima((28, 28, 28)), (1, 1, 2), svd_starts(4), n_jobs=n_jobs)
        for n_jobs in (None, 2)
    )
    for one, two in zip(here, there, strict=True):
        assert one.origin == two.origin and one.result.loss == two.result.loss
