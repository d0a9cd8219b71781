"""A whole CP fit: compress, restart on the core, converge on the full data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import compress, without_bases
from trialtensor.solvers.initialization import random_start, svd_start
from trialtensor.solvers.problems import DenseProblem, MaskedProblem, free_loss
from trialtensor.solvers.result import Factors, SolverResult, StopReason
from trialtensor.solvers.threads import blas_threads_for

Problem = DenseProblem | MaskedProblem

# A core on which the best restart comes within this fraction of its loss on the full data is
# good enough to compare restarts on.
_FAITHFUL = 1e-3


@dataclass(frozen=True)
class CPOptions:
    """What a CP fit may be told.

    Attributes
    ----------
    n_components : int
    nonnegative : three bools, by axis
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    compressed : bool
        Run the restarts on a compressed core where that pays.
    accelerate : bool
        Extrapolate between sweeps.
    """

    n_components: int
    nonnegative: tuple[bool, bool, bool]
    max_iter: int
    tol: float
    compressed: bool = True
    accelerate: bool = True

    def minimise(self, problem: Problem, start: Factors) -> SolverResult:
        """Sweep from ``start`` with these options."""
        return minimise(
            problem,
            start,
            nonnegative=self.nonnegative,
            max_iter=self.max_iter,
            tol=self.tol,
            accelerate=self.accelerate,
        )


@dataclass(frozen=True)
class RestartResult:
    """One restart: its start and what it found.

    Attributes
    ----------
    seed : int or None
        None for a start that was given.
    result : SolverResult
    """

    seed: int | None
    result: SolverResult


@dataclass(frozen=True)
class Start:
    """How one restart begins: ``kind`` "svd" or "random" with a seed, or given factors."""

    kind: str
    seed: int | None = None
    factors: Factors | None = None


def fit_cp(
    problem: Problem,
    starts: Sequence[Start],
    options: CPOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult], None] | None = None,
) -> list[RestartResult]:
    """Fit from every start; the first result is the best, converged on the full data.

    With a compressed core every restart converges there, and the best goes on to the full
    data. How much that still gains tells whether the core was faithful; where it was not, all
    restarts go on.

    Parameters
    ----------
    problem : DenseProblem or MaskedProblem
    starts : sequence of Start
    options : CPOptions
    n_jobs : int, optional
        Restarts at a time, as joblib processes with one thread each; None runs them here.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        By loss, lowest first; losses are those on the full data. After Ctrl-C, the restarts
        that were done or begun.
    """
    surrogate: Problem = problem
    if options.compressed and isinstance(problem, DenseProblem):
        surrogate = compress(problem, options.n_components)
    results, interrupted = _collect(_run(surrogate, starts, options, n_jobs), on_restart)
    results.sort(key=_loss)
    if surrogate is not problem:
        results, interrupted = _go_on(problem, results, options, interrupted)
    if interrupted:
        stopped = replace(results[0].result, stop_reason=StopReason.INTERRUPTED)
        results[0] = replace(results[0], result=stopped)
    return results


def _collect(
    running: Iterator[RestartResult], on_restart: Callable[[RestartResult], None] | None
) -> tuple[list[RestartResult], bool]:
    """Finished restarts, and whether Ctrl-C came before the last of them."""
    results: list[RestartResult] = []
    try:
        for done in running:
            results.append(done)
            if on_restart is not None:
                on_restart(done)
            if done.result.stop_reason is StopReason.INTERRUPTED:
                return results, True
    except KeyboardInterrupt:
        if not results:
            raise
        return results, True
    return results, False


def _go_on(
    problem: Problem, results: list[RestartResult], options: CPOptions, interrupted: bool
) -> tuple[list[RestartResult], bool]:
    """From the core to the full data: the best restart, and all where the core misleads.

    A non-negative factor need not lie in the bases, so its loss on the core is not quite that
    on the full data; the restarts that stay behind get the latter.
    """
    exact = not any(options.nonnegative)
    if not exact and len(results) > 1:
        results = [_with_full_loss(problem, restart) for restart in results]
        results.sort(key=_loss)
    before = results[0].result.loss
    for i, restart in enumerate(results):
        if interrupted or (i == 1 and before <= (1 + _FAITHFUL) * results[0].result.loss):
            break
        results[i] = _polish(problem, restart, options)
        interrupted = results[i].result.stop_reason is StopReason.INTERRUPTED
    return sorted(results, key=_loss), interrupted


def _polish(problem: Problem, rough: RestartResult, options: CPOptions) -> RestartResult:
    try:
        found = options.minimise(problem, rough.result.factors)
    except KeyboardInterrupt:
        found = replace(rough.result, n_iter=0, stop_reason=StopReason.INTERRUPTED)
    return replace(rough, result=replace(found, n_iter=rough.result.n_iter + found.n_iter))


def _with_full_loss(problem: Problem, restart: RestartResult) -> RestartResult:
    factors = restart.result.factors
    grams, rhs = problem.trial_equations(factors)
    loss = free_loss(problem.norm2, grams, rhs, factors[0])
    return replace(restart, result=replace(restart.result, loss=loss))


def _loss(restart: RestartResult) -> float:
    return restart.result.loss


def _run(
    surrogate: Problem, starts: Sequence[Start], options: CPOptions, n_jobs: int | None
) -> Iterator[RestartResult]:
    if n_jobs not in (None, 1) and len(starts) > 1:
        parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
        yield from parallel(joblib.delayed(_restart)(surrogate, s, options) for s in starts)
        return
    with blas_threads_for(surrogate.X.size):
        for start in starts:
            yield _restart(surrogate, start, options)


def _restart(surrogate: Problem, start: Start, options: CPOptions) -> RestartResult:
    """One restart, on the core where there is one."""
    if isinstance(surrogate, DenseProblem) and surrogate.is_core:
        return RestartResult(start.seed, _on_core(surrogate, start, options))
    found = options.minimise(surrogate, _first_factors(surrogate, start, options))
    return RestartResult(start.seed, found)


def _on_core(surrogate: DenseProblem, start: Start, options: CPOptions) -> SolverResult:
    """Converge in core coordinates on the axes that no constraint ties to the data's."""
    inside = [
        None if positive else basis
        for positive, basis in zip(options.nonnegative, surrogate.bases, strict=True)
    ]
    free = (inside[0] is not None, inside[1] is not None, inside[2] is not None)
    first = _first_factors(surrogate, start, options)
    first = _map(first, [None if basis is None else basis.T for basis in inside])
    found = options.minimise(without_bases(surrogate, free), first)
    return replace(found, factors=_map(found.factors, inside))


def _first_factors(surrogate: Problem, start: Start, options: CPOptions) -> Factors:
    if start.factors is not None:
        return start.factors
    rng = np.random.default_rng(start.seed)
    begin = svd_start if start.kind == "svd" else random_start
    return begin(surrogate, options.n_components, rng, options.nonnegative)


def _map(factors: Factors, matrices: Sequence[np.ndarray | None]) -> Factors:
    trial, neuron, time = (
        f if m is None else m @ f for f, m in zip(factors, matrices, strict=True)
    )
    return trial, neuron, time
