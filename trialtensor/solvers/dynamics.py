"""Linear dynamics with a matrix that changes over trials and has low tensor rank.

``x_{t+1} = W_k x_t`` with ``W_k = sum_r a_kr b_r c_r'``. The fit works in the span of the states:
the states before a step in coordinates in which they have unit variance, those after it in an
orthonormal basis. So neurons may span few dimensions, and nothing depends on their units. In these
coordinates a triangle for each trial replaces its states, so the cost of a sweep doesn't grow with
the number of time bins.

*Source*: Harris, Aravkin, Rao & Brunton 2021, "Time-varying autoregression with low-rank
tensors", SIAM Journal on Applied Dynamical Systems; they fit windows of one time series.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from trialtensor.solvers.acceleration import balance, minimise
from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.degeneracy import judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.problems import RowUpdate
from trialtensor.solvers.result import Factors, SolverResult
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.transitions import Transitions, span

# Form the equations of the input factor explicitly up to this many unknowns.
_DIRECT = 1500


@dataclass(frozen=True, eq=False)
class DynamicsProblem:
    """All transitions from one bin to the next, in the span of their states.

    Attributes
    ----------
    before : (n_trials, n_inputs, m) array
        States before a step, all together with unit variance; a triangle for each trial, in which
        the order of states is lost, or the states themselves where these are fewer.
    after : (n_trials, n_outputs, m) array
        What follows them.
    rest : float
        Sum of squares of that part of the states after a step which no matrix can predict.
    norm2 : float
        ``sum |x_{t+1}|^2`` over all transitions.
    exact_below : float
        The loss of a model that predicts all states to rounding error.
    inputs, outputs : (n_neurons, n_inputs), (n_neurons, n_outputs) arrays
        Map input and output factors to neurons.
    """

    before: np.ndarray
    after: np.ndarray
    rest: float
    norm2: float
    exact_below: float
    inputs: np.ndarray
    outputs: np.ndarray

    @property
    def X(self) -> np.ndarray:
        """The array whose size sets the number of threads."""
        return self.before

    def _read(self, source: np.ndarray) -> np.ndarray:
        """Return what each component reads, (n_trials, R, m)."""
        return np.matmul(source.T, self.before)

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update the trial, output and input factors in turn and return them with their loss.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        update : RowUpdate
        """
        trial, output, source = factors
        read = self._read(source)
        inner = np.matmul(read, read.swapaxes(1, 2))
        rhs = np.sum(np.matmul(output.T, self.after) * read, axis=2)
        trial = update(0, inner * (output.T @ output), rhs, trial)

        gram = np.einsum("kr,krs,ks->rs", trial, inner, trial, optimize=True)
        driven = np.matmul(self.after, read.swapaxes(1, 2))
        rhs = np.einsum("knr,kr->nr", driven, trial, optimize=True)
        output = update(1, gram[None], rhs, output)

        source = self._inputs(trial, output, source)
        return (trial, output, source), self.loss((trial, output, source))

    def loss(self, factors: Factors) -> float:
        """Return the sum of squared errors of all one-step predictions, from the residuals.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        """
        trial, output, source = factors
        total = self.rest
        for part in trial_chunks(self.after.shape):
            driving = trial[part][:, :, None] * np.matmul(source.T, self.before[part])
            residual = self.after[part] - np.matmul(output, driving)
            total += float(np.vdot(residual, residual))
        return total

    @cached_property
    def _moments(self) -> np.ndarray | None:
        """Second moments of every trial, unless they take more memory than the states."""
        _, n, m = self.before.shape
        return np.matmul(self.before, self.before.swapaxes(1, 2)) if n <= m else None

    def _input_matrix(self, weights: np.ndarray) -> np.ndarray:
        """Compute ``sum_k w_k (x) S_k``, where ``S_k`` are second moments, (n R, n R)."""
        n, rank = self.before.shape[1], weights.shape[1]
        flat = np.zeros((rank * rank, n * n))
        for part in trial_chunks((len(self.before), n, n)):
            moments = self._moments
            if moments is None:
                own = np.matmul(self.before[part], self.before[part].swapaxes(1, 2))
            else:
                own = moments[part]
            flat += weights[part].reshape(len(own), -1).T @ own.reshape(len(own), -1)
        return flat.reshape(rank, rank, n, n).transpose(2, 0, 3, 1).reshape(n * rank, n * rank)

    def _inputs(self, trial: np.ndarray, output: np.ndarray, current: np.ndarray) -> np.ndarray:
        """Solve ``sum_k S_k C (a_k a_k' * B'B) = sum_k D_k' B diag(a_k)`` for ``C``.

        ``S_k`` and ``D_k`` are the second moments of states, and of states with what follows them.
        The equations couple all entries of ``C``, because ``S_k`` differs between trials. Damping
        towards the current ``C``, at rounding level, keeps the step well defined without ever
        raising the loss.
        """
        n, rank = current.shape
        weights = trial[:, :, None] * trial[:, None, :] * (output.T @ output)
        driven = np.matmul(self.before, np.matmul(output.T, self.after).swapaxes(1, 2))
        rhs = np.einsum("knr,kr->nr", driven, trial, optimize=True)
        power = np.einsum("knm,knm->k", self.before, self.before, optimize=True)
        size = float(np.einsum("krr,k->", weights, power)) / (n * rank)
        damping = 10 * np.finfo(current.dtype).eps * size if size > 0 else 1.0
        target = rhs + damping * current
        if n * rank <= _DIRECT:
            whole = self._input_matrix(weights)
            whole[np.diag_indices(n * rank)] += damping
            try:
                factor = scipy.linalg.cho_factor(whole, check_finite=False)
                return scipy.linalg.cho_solve(factor, target.ravel()).reshape(n, rank)
            except np.linalg.LinAlgError:
                return current

        def times(flat: np.ndarray) -> np.ndarray:
            C = flat.reshape(n, rank)
            seen = np.matmul(self.before, np.matmul(self.before.swapaxes(1, 2), C))
            return (np.matmul(seen, weights).sum(axis=0) + damping * C).ravel()

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


def in_span(steps: Transitions) -> DynamicsProblem:
    """Reduce transitions to the span of their states.

    Parameters
    ----------
    steps : Transitions
        Trials without a transition take no part, and must not be all there are.
    """
    basis, sizes = span((before for before, _ in steps), steps.nil)
    outputs, _ = span((after for _, after in steps), steps.nil)
    counts = steps.counts
    scale = counts.sum() ** 0.5 / np.where(sizes > 0, sizes, 1)
    inputs = basis * scale
    m = min(int(counts.max()), basis.shape[1])
    n_trials = int(np.count_nonzero(counts))
    before = np.zeros((n_trials, inputs.shape[1], m))
    after = np.zeros((n_trials, outputs.shape[1], m))
    rest = norm2 = 0.0
    for k, (now, then) in enumerate(step for step in steps if step[0].size):
        norm2 += float(np.vdot(then, then))
        now, then = inputs.T @ now, outputs.T @ then
        if now.shape[1] > m:
            directions, triangle = np.linalg.qr(now.T)
            predictable = then @ directions
            unpredictable = then - predictable @ directions.T
            rest += float(np.vdot(unpredictable, unpredictable))
            now, then = triangle.T, predictable
        before[k, :, : now.shape[1]], after[k, :, : now.shape[1]] = now, then
    return DynamicsProblem(before, after, rest, norm2, steps.nil**2 * norm2, inputs, outputs)


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
        With trial, output and input factors, of neurons; by loss, lowest first.
    """
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    if not interrupted:
        results, interrupted = judge(
            results,
            lambda factors: triple_cosine(_neurons_of(problem, factors)),
            partial(_sweeps, problem),
            tol=options.tol,
            size=problem.X.size,
        )
    results = [_of_neurons(problem, each) for each in results]
    return mark_interrupted(results) if interrupted else results


def _of_neurons(
    problem: DynamicsProblem, restart: RestartResult[Factors]
) -> RestartResult[Factors]:
    factors = _neurons_of(problem, restart.result.factors)
    return replace(restart, result=restart.result.with_factors(factors))


def _neurons_of(problem: DynamicsProblem, factors: Factors) -> Factors:
    """Return factors of neurons, from those of the span."""
    trial, output, source = factors
    return trial, problem.outputs @ output, problem.inputs @ source


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
        exact_below=problem.exact_below,
    )


def _first_factors(problem: DynamicsProblem, start: Start, rank: int) -> Factors:
    """Draw random factors or, with ``kind`` "svd", start from the SVD of the pooled matrix.

    States before a step have unit variance, so this is the best matrix of its rank for all trials
    together.
    """
    rng = np.random.default_rng(start.seed)
    n_trials, n_inputs, _ = problem.before.shape
    n_outputs = problem.after.shape[1]
    trial = 1 + 0.3 * rng.standard_normal((n_trials, rank))
    output = rng.standard_normal((n_outputs, rank)) / n_outputs**0.5
    source = rng.standard_normal((n_inputs, rank)) / n_inputs**0.5
    if start.kind == "svd":
        common = np.matmul(problem.after, problem.before.swapaxes(1, 2)).sum(axis=0)
        left, sizes, right = np.linalg.svd(common, full_matrices=False)
        n_known = min(rank, len(sizes))
        output[:, :n_known] = left[:, :n_known] * sizes[:n_known] ** 0.5
        source[:, :n_known] = right[:n_known].T * sizes[:n_known] ** 0.5
    return trial, output, source
