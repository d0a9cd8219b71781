"""A whole CP fit: compress, restart on the core, converge on the full data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import compress, without_bases
from trialtensor.solvers.initialization import random_start, svd_start
from trialtensor.solvers.problems import DenseProblem, MaskedProblem
from trialtensor.solvers.result import Factors, SolverResult, StopReason
from trialtensor.solvers.threads import blas_threads_for

Problem = DenseProblem | MaskedProblem


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
    """One restart: its start and what it found. ``seed`` is None for a start that was given."""

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
    """Fit from every start; each is converged on the full data.

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
        By loss, lowest first. After Ctrl-C, the restarts that were done or begun.
    """
    surrogate: Problem = problem
    if options.compressed and isinstance(problem, DenseProblem):
        surrogate = compress(problem, options.n_components)
    results: list[RestartResult] = []
    interrupted = False
    try:
        for done in _run(problem, surrogate, starts, options, n_jobs):
            results.append(done)
            if on_restart is not None:
                on_restart(done)
            if done.result.stop_reason is StopReason.INTERRUPTED:
                interrupted = True
                break
    except KeyboardInterrupt:
        if not results:
            raise
        interrupted = True
    results.sort(key=lambda restart: restart.result.loss)
    if interrupted:
        stopped = replace(results[0].result, stop_reason=StopReason.INTERRUPTED)
        results[0] = replace(results[0], result=stopped)
    return results


def _run(
    problem: Problem,
    surrogate: Problem,
    starts: Sequence[Start],
    options: CPOptions,
    n_jobs: int | None,
) -> Iterator[RestartResult]:
    if n_jobs not in (None, 1) and len(starts) > 1:
        parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
        yield from parallel(
            joblib.delayed(_restart)(problem, surrogate, start, options) for start in starts
        )
        return
    for start in starts:
        yield _restart(problem, surrogate, start, options)


def _restart(
    problem: Problem, surrogate: Problem, start: Start, options: CPOptions
) -> RestartResult:
    """One restart: converge on the surrogate, then on the full data."""
    if surrogate is problem or not isinstance(surrogate, DenseProblem):
        found = options.minimise(problem, _first_factors(problem, start, options))
        return RestartResult(start.seed, found)
    with blas_threads_for(surrogate.X.size):
        rough = _on_surrogate(surrogate, start, options)
    if rough.stop_reason is StopReason.INTERRUPTED:
        return RestartResult(start.seed, rough)
    try:
        found = options.minimise(problem, rough.factors)
    except KeyboardInterrupt:
        found = replace(rough, n_iter=0, stop_reason=StopReason.INTERRUPTED)
    return RestartResult(start.seed, replace(found, n_iter=rough.n_iter + found.n_iter))


def _on_surrogate(surrogate: DenseProblem, start: Start, options: CPOptions) -> SolverResult:
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
