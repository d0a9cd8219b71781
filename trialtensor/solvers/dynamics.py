"""Linear dynamics with a matrix that changes over trials and has low tensor rank.

``x_{t+1} = W_k x_t`` with ``W_k = sum_r a_kr b_r c_r'``. The squared error depends on the trials
only through ``S_k = sum_t x_t x_t'`` and ``D_k = sum_t x_{t+1} x_t'``, so the cost of a sweep
doesn't grow with the number of time bins.

*Source*: Harris, Aravkin, Rao & Brunton 2021, "Time-varying autoregression with low-rank
tensors", SIAM Journal on Applied Dynamical Systems; they fit windows of one time series.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from trialtensor.solvers.acceleration import balance, minimise
from trialtensor.solvers.degeneracy import judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.problems import RowUpdate, quadratic
from trialtensor.solvers.result import Factors, SolverResult
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)

# Form the equations of the input factor explicitly up to this many unknowns.
_DIRECT = 1500


@dataclass(frozen=True, eq=False)
class DynamicsProblem:
    """Second moments of all transitions from one bin to the next.

    Attributes
    ----------
    now : (n_trials, n_neurons, n_neurons) array
        ``sum_t x_t x_t'``.
    step : (n_trials, n_neurons, n_neurons) array
        ``sum_t x_{t+1} x_t'``.
    norm2 : float
        ``sum |x_{t+1}|^2`` over all transitions.
    """

    now: np.ndarray
    step: np.ndarray
    norm2: float

    @property
    def X(self) -> np.ndarray:
        """The array whose size sets the number of threads."""
        return self.now

    def trial_equations(self, factors: Factors) -> tuple[np.ndarray, np.ndarray]:
        """Set up the normal equations of ``a_k``.

        Parameters
        ----------
        factors : three (n_axis, R) arrays

        Returns
        -------
        Gram matrices ``(n_trials, R, R)`` and right-hand side ``(n_trials, R)``
        """
        _, output, source = factors
        seen = np.matmul(self.now, source)
        grams = np.matmul(source.T, seen) * (output.T @ output)
        rhs = np.einsum("nr,knr->kr", output, np.matmul(self.step, source), optimize=True)
        return grams, rhs

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update the trial, output and input factors in turn and return them with their loss.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        update : RowUpdate
        """
        trial, output, source = factors
        grams, rhs = self.trial_equations(factors)
        trial = update(0, grams, rhs, trial)

        inner = np.matmul(source.T, np.matmul(self.now, source))
        gram = np.einsum("kr,krs,ks->rs", trial, inner, trial, optimize=True)
        rhs = np.einsum("knr,kr->nr", np.matmul(self.step, source), trial, optimize=True)
        output = update(1, gram[None], rhs, output)

        source = self._inputs(trial, output, source)
        return (trial, output, source), self.loss((trial, output, source))

    def loss(self, factors: Factors) -> float:
        """Return the sum of squared errors of all one-step predictions.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        """
        grams, rhs = self.trial_equations(factors)
        fit = float(np.sum(rhs * factors[0]))
        return max(self.norm2 - 2 * fit + quadratic(grams, factors[0]), 0.0)

    def _inputs(self, trial: np.ndarray, output: np.ndarray, current: np.ndarray) -> np.ndarray:
        """Solve ``sum_k S_k C (a_k a_k' * B'B) = sum_k D_k' B diag(a_k)`` for ``C``.

        The equations couple all entries of ``C``, because ``S_k`` differs between trials. Damping
        towards the current ``C``, at rounding level, keeps the step well defined without ever
        raising the loss.
        """
        n, rank = current.shape
        weights = trial[:, :, None] * trial[:, None, :] * (output.T @ output)
        rhs = np.einsum("kmn,mr,kr->nr", self.step, output, trial, optimize=True)
        size = float(np.einsum("krr,knn->", weights, self.now, optimize=True)) / (n * rank)
        damping = 10 * np.finfo(current.dtype).eps * size if size > 0 else 1.0
        target = rhs + damping * current
        if n * rank <= _DIRECT:
            flat = weights.reshape(len(trial), -1).T @ self.now.reshape(len(trial), -1)
            whole = flat.reshape(rank, rank, n, n).transpose(2, 0, 3, 1).reshape(n * rank, n * rank)
            whole[np.diag_indices(n * rank)] += damping
            try:
                factor = scipy.linalg.cho_factor(whole, check_finite=False)
                return scipy.linalg.cho_solve(factor, target.ravel()).reshape(n, rank)
            except np.linalg.LinAlgError:
                return current

        def times(flat: np.ndarray) -> np.ndarray:
            C = flat.reshape(n, rank)
            found = np.matmul(np.matmul(self.now, C), weights).sum(axis=0)
            return (found + damping * C).ravel()

        operator: Any = scipy.sparse.linalg.LinearOperator((n * rank,) * 2, matvec=times)
        # Conjugate gradients never raise the quadratic, even when stopped early.
        found, _ = scipy.sparse.linalg.cg(
            operator, target.ravel(), x0=current.ravel(), rtol=1e-8, maxiter=100
        )
        return found.reshape(n, rank)


@dataclass(frozen=True)
class DynamicsOptions:
    """Options of a fit of dynamics.

    Attributes
    ----------
    n_components : int
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    """

    n_components: int
    max_iter: int
    tol: float


def moments(X: np.ndarray, observed: np.ndarray | None) -> tuple[DynamicsProblem, np.ndarray]:
    """Compute second moments over the transitions between complete bins, and count those per trial.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    observed : bool array of the same shape, optional

    Returns
    -------
    DynamicsProblem
    (n_trials,) int array
    """
    n_trials, n_neurons, n_times = X.shape
    now = np.zeros((n_trials, n_neurons, n_neurons))
    step = np.zeros_like(now)
    counts = np.full(n_trials, n_times - 1)
    norm2 = 0.0
    for k, trial in enumerate(X):
        before, after = trial[:, :-1].astype(np.float64), trial[:, 1:].astype(np.float64)
        if observed is not None:
            whole = observed[k].all(axis=0)
            pairs = whole[:-1] & whole[1:]
            before, after, counts[k] = before[:, pairs], after[:, pairs], pairs.sum()
        now[k], step[k] = before @ before.T, after @ before.T
        norm2 += float(np.vdot(after, after))
    return DynamicsProblem(now, step, norm2), counts


def fit_dynamics(
    problem: DynamicsProblem,
    starts: Sequence[Start],
    options: DynamicsOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Any]], None] | None = None,
) -> list[RestartResult[Factors]]:
    """Fit from every start.

    Parameters
    ----------
    problem : DynamicsProblem
    starts : sequence of Start
    options : DynamicsOptions
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        With trial, output and input factors; by loss, lowest first.
    """
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    if not interrupted:
        further = partial(_sweeps, problem)
        size = problem.X.size
        results, interrupted = judge(results, triple_cosine, further, tol=options.tol, size=size)
    return mark_interrupted(results) if interrupted else results


def _restart(
    problem: DynamicsProblem, start: Start, options: DynamicsOptions
) -> RestartResult[Factors]:
    first = _first_factors(problem, start, options.n_components)
    found = _sweeps(problem, first, options.max_iter, options.tol)
    return RestartResult(start.seed, found, on_full_data=True)


def _sweeps(
    problem: DynamicsProblem, start: Factors, max_iter: int, tol: float
) -> SolverResult[Factors]:
    return minimise(
        problem,
        start,
        balance=balance,
        nonnegative=(False, False, False),
        max_iter=max_iter,
        tol=tol,
    )


def _first_factors(problem: DynamicsProblem, start: Start, rank: int) -> Factors:
    """Draw random factors or, with ``kind`` "svd", start from the SVD of the pooled matrix."""
    rng = np.random.default_rng(start.seed)
    n_trials, n = problem.now.shape[:2]
    trial = 1 + 0.3 * rng.standard_normal((n_trials, rank))
    output, source = (rng.standard_normal((n, rank)) / n**0.5 for _ in range(2))
    if start.kind == "svd":
        now, step = problem.now.sum(axis=0), problem.step.sum(axis=0)
        common = step @ np.linalg.pinv(now, hermitian=True)
        left, sizes, right = np.linalg.svd(common)
        n_known = min(rank, n)
        output[:, :n_known] = left[:, :n_known] * sizes[:n_known] ** 0.5
        source[:, :n_known] = right[:n_known].T * sizes[:n_known] ** 0.5
    return trial, output, source
