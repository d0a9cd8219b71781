"""The sweep loop: monotone, faster than plain sweeps on collinear factors, interruptible."""

from functools import partial

import numpy as np
import pytest

from trialtensor.solvers import acceleration
from trialtensor.solvers.acceleration import balance
from trialtensor.solvers.contraction import reconstruct
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.result import StopReason

minimise = partial(acceleration.minimise, balance=balance, nonnegative=(False,) * 3)


def collinear_problem(seed=0, cosine=0.97, noise=0.1, nonnegative=False):
    rng = np.random.default_rng(seed)
    shape, rank = (30, 25, 20), 4
    mixing = np.linalg.cholesky(np.full((rank, rank), cosine) + (1 - cosine) * np.eye(rank)).T
    factors = [np.linalg.qr(rng.standard_normal((n, rank)))[0] @ mixing for n in shape]
    if nonnegative:
        factors = [np.abs(f) for f in factors]
    X = reconstruct(tuple(factors))
    E = rng.standard_normal(shape)
    X = X + noise * np.linalg.norm(X) / np.linalg.norm(E) * E
    start = tuple(rng.random((n, rank)) for n in shape)
    return DenseProblem(X, sum_of_squares(X)), start


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("accelerate", [False, True])
def test_loss_never_rises_and_is_the_loss_of_the_factors(nonnegative, accelerate):
    problem, start = collinear_problem(nonnegative=nonnegative)
    found = minimise(
        problem,
        start,
        nonnegative=(nonnegative,) * 3,
        max_iter=300,
        tol=1e-9,
        accelerate=accelerate,
    )
    assert np.all(np.diff(found.loss_history) <= 0)
    residual = problem.X - reconstruct(found.factors)
    assert found.loss == pytest.approx(np.sum(residual**2), rel=1e-9)
    if nonnegative:
        assert min(f.min() for f in found.factors) >= 0


def test_acceleration_needs_far_fewer_sweeps_on_collinear_factors():
    problem, start = collinear_problem(noise=0.05)
    options = {"max_iter": 5000, "tol": 1e-9}
    fast = minimise(problem, start, **options)
    plain = minimise(problem, start, accelerate=False, **options)
    assert fast.loss <= plain.loss * (1 + 1e-6)
    assert fast.n_iter * 3 < plain.n_iter


def test_max_iter_is_a_stop_reason_with_advice():
    problem, start = collinear_problem()
    found = minimise(problem, start, max_iter=3, tol=0.0)
    assert found.stop_reason is StopReason.MAX_ITER and found.n_iter == 3
    assert "raise max_iter" in found.stop_reason.advice


def test_noiseless_data_is_fitted_to_rounding():
    rng = np.random.default_rng(1)
    X = reconstruct(tuple(rng.standard_normal((n, 2)) for n in (20, 15, 10)))
    problem = DenseProblem(X, sum_of_squares(X))
    start = tuple(rng.standard_normal((n, 2)) for n in X.shape)
    found = minimise(problem, start, max_iter=2000, tol=1e-12)
    assert found.stop_reason is StopReason.EXACT
    assert np.sum((X - reconstruct(found.factors)) ** 2) < 1e-12 * problem.norm2


class InterruptedProblem:
    """Raises Ctrl-C in a given sweep."""

    def __init__(self, problem, at):
        self.problem, self.at, self.n = problem, at, 0
        self.shape, self.norm2 = problem.shape, problem.norm2

    def sweep(self, factors, update):
        self.n += 1
        if self.n == self.at:
            raise KeyboardInterrupt
        return self.problem.sweep(factors, update)


def test_an_interrupt_keeps_the_best_so_far():
    problem, start = collinear_problem()
    found = minimise(InterruptedProblem(problem, 6), start, max_iter=100, tol=0.0)
    assert found.stop_reason is StopReason.INTERRUPTED
    assert found.loss == found.loss_history[-1] < found.loss_history[0]


def test_an_interrupt_before_the_first_sweep_is_passed_on():
    problem, start = collinear_problem()
    with pytest.raises(KeyboardInterrupt):
        minimise(InterruptedProblem(problem, 1), start, max_iter=100, tol=0.0)


def test_balancing_keeps_the_model_and_leaves_dead_components_alone():
    rng = np.random.default_rng(2)
    factors = tuple(rng.standard_normal((n, 3)) * 10.0**n for n in (3, 4, 5))
    factors[1][:, 1] = 0
    even = balance(factors)
    np.testing.assert_allclose(reconstruct(even), reconstruct(factors))
    norms = [np.linalg.norm(f, axis=0)[[0, 2]] for f in even]
    np.testing.assert_allclose(norms[0], norms[1])
    np.testing.assert_array_equal(even[0][:, 1], factors[0][:, 1])
