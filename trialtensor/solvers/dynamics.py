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
from functools import partial
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import balance, minimise
from trialtensor.solvers.degeneracy import judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.dynamics_problem import DynamicsProblem
from trialtensor.solvers.initialization import start_scale
from trialtensor.solvers.result import Factors, SolverResult
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.smooth_dynamics import SmoothDynamics

Problem = DynamicsProblem | SmoothDynamics


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


def fit_dynamics(
    problem: Problem,
    starts: Sequence[Start],
    options: DynamicsOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Any]], None] | None = None,
) -> list[RestartResult[Factors]]:
    """Fit from every start.

    Parameters
    ----------
    problem : DynamicsProblem or SmoothDynamics
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
        With trial factors of trials that have transitions, and output and input factors of
        neurons; by loss, lowest first.
    """
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    if not interrupted:
        results, interrupted = judge(
            results,
            lambda factors: triple_cosine(_neurons_of(problem, factors)),
            partial(sweeps, problem),
            tol=options.tol,
            size=problem.X.size,
        )
    results = [_of_neurons(problem, each) for each in results]
    return mark_interrupted(results) if interrupted else results


def _of_neurons(problem: Problem, restart: RestartResult[Factors]) -> RestartResult[Factors]:
    trial, output, source = _neurons_of(problem, restart.result.factors)
    if isinstance(problem, SmoothDynamics):
        trial = trial[problem.places]
    factors = trial, output, source
    return replace(restart, result=restart.result.with_factors(factors))


def _neurons_of(problem: Problem, factors: Factors) -> Factors:
    """Return factors of neurons, from those of the span."""
    trial, output, source = factors
    return trial, problem.states.outputs @ output, problem.states.inputs @ source


def _restart(problem: Problem, start: Start, options: DynamicsOptions) -> RestartResult[Factors]:
    first = first_factors(problem, start, options.n_components)
    found = sweeps(problem, first, options.max_iter, options.tol)
    return RestartResult(start.seed, found, on_full_data=True)


def sweeps(problem: Problem, start: Factors, max_iter: int, tol: float) -> SolverResult[Factors]:
    """Sweep from given factors, in the coordinates of the problem, until the loss stops falling.

    Parameters
    ----------
    problem : DynamicsProblem or SmoothDynamics
    start : three (n_axis, R) arrays
    max_iter, tol : int, float
    """
    return minimise(
        problem,
        start,
        balance=balance,
        nonnegative=(False, False, False),
        max_iter=max_iter,
        tol=tol,
        exact_below=problem.exact_below,
    )


def first_factors(problem: Problem, start: Start, rank: int) -> Factors:
    """Draw random factors or, with ``kind`` "svd", start from the SVD of the pooled matrix.

    States before a step have unit variance, so this is the best matrix of its rank for all trials
    together.

    Parameters
    ----------
    problem : DynamicsProblem or SmoothDynamics
    start : Start
    rank : int
    """
    rng = np.random.default_rng(start.seed)
    states = problem.states
    n_inputs, n_outputs = states.before.shape[1], states.after.shape[1]
    trial = 1 + 0.3 * rng.standard_normal((problem.n_trials, rank))
    output = rng.standard_normal((n_outputs, rank)) / n_outputs**0.5
    source = rng.standard_normal((n_inputs, rank)) / n_inputs**0.5
    # Inputs have no units, outputs have those of the data.
    output *= start_scale(problem.norm2, float(np.linalg.norm(states.before)))
    if start.kind == "svd":
        left, sizes, right = np.linalg.svd(states.common(), full_matrices=False)
        n_known = min(rank, len(sizes))
        output[:, :n_known] = left[:, :n_known] * sizes[:n_known] ** 0.5
        source[:, :n_known] = right[:n_known].T * sizes[:n_known] ** 0.5
    return trial, output, source
