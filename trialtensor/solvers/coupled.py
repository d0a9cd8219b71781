"""Joint fits of several tensors that share the factor of one axis.

``X_i ~ sum_r a_r b_r^i c_r^i``: all tensors share the first factor ``A``, and each has its own
other two. A tensor can lack a component; a component of a single tensor is private to it.

*Source*: Acar, Kolda & Dunlavy 2011, "All-at-once optimization for coupled matrix and tensor
factorizations". This module uses alternating least squares instead, because the equations of
``A`` are the sum of those of all tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.coupled_problem import CoupledFactors, CoupledProblem, ridge_scale
from trialtensor.solvers.degeneracy import as_precise, in_double, judge
from trialtensor.solvers.initialization import start_scale
from trialtensor.solvers.missing import minimise_missing
from trialtensor.solvers.result import SolverResult
from trialtensor.solvers.revival import free_first, minimise_alive
from trialtensor.solvers.ridge import RidgeScale
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    by_turns,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.unfolding import Unfolding, leading_vectors


@dataclass(frozen=True)
class CoupledOptions:
    """Options of a coupled fit.

    Attributes
    ----------
    nonnegative : three bools
        For the shared axis, neurons, and the third axis, which each tensor has to itself.
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    ridge : RidgeScale, optional
        Where entries are missing.
    """

    nonnegative: tuple[bool, bool, bool]
    max_iter: int
    tol: float
    ridge: RidgeScale | None = None


def fit_coupled(
    problem: CoupledProblem,
    starts: Sequence[Start],
    options: CoupledOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Any]], None] | None = None,
) -> list[RestartResult[CoupledFactors]]:
    """Fit from every start.

    Parameters
    ----------
    problem : CoupledProblem
    starts : sequence of Start
    options : CoupledOptions
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        By loss, lowest first. After Ctrl-C, the restarts that had finished or begun.
    """
    scale = ridge_scale(problem)
    if scale is not None:
        options, starts = replace(options, ridge=scale), by_turns(starts)
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    if not interrupted:
        further = partial(_sweeps_precisely, problem, options)
        size = problem.X.size
        results, interrupted = judge(results, problem.cosine, further, tol=options.tol, size=size)
    return mark_interrupted(results) if interrupted else results


def _restart(
    problem: CoupledProblem, start: Start, options: CoupledOptions
) -> RestartResult[CoupledFactors]:
    nonnegative = _by_array(problem, options)
    first = free_first(problem, first_factors(problem, start, options.nonnegative), nonnegative)

    def sweeps(begin: CoupledFactors, max_iter: int) -> SolverResult[CoupledFactors]:
        anew = begin is first
        zeros = anew and start.from_zeros
        return _sweeps(
            problem, options, begin, max_iter, options.tol, from_zeros=zeros, settled=not anew
        )

    found = minimise_alive(
        sweeps,
        problem,
        first,
        nonnegative=nonnegative,
        max_iter=options.max_iter,
        tol=options.tol,
        dead=problem.dead_components,
        with_ridge=options.ridge is not None,
    )
    return RestartResult(start.seed, found, on_full_data=True)


def _sweeps(
    problem: CoupledProblem,
    options: CoupledOptions,
    start: CoupledFactors,
    max_iter: int,
    tol: float,
    *,
    from_zeros: bool = False,
    settled: bool = True,
) -> SolverResult[CoupledFactors]:
    def sweep(each: Any, begin: Any, max_iter: int, tol: float) -> SolverResult[Any]:
        return minimise(
            each,
            begin,
            balance=problem.spread,
            nonnegative=_by_array(problem, options),
            max_iter=max_iter,
            tol=tol,
        )

    if options.ridge is None:
        return sweep(problem, start, max_iter, tol)
    return minimise_missing(
        problem,
        start,
        options.ridge,
        sweep,
        max_iter=max_iter,
        tol=tol,
        from_zeros=from_zeros,
        settled=settled,
    )


def _sweeps_precisely(
    problem: CoupledProblem,
    options: CoupledOptions,
    factors: CoupledFactors,
    max_iter: int,
    tol: float,
) -> SolverResult[CoupledFactors]:
    precise = replace(problem, problems=[in_double(each) for each in problem.problems])
    return _sweeps(precise, options, as_precise(factors, precise.X), max_iter, tol)


def _by_array(problem: CoupledProblem, options: CoupledOptions) -> tuple[bool, ...]:
    """Return the constraint of each array of the factors."""
    return (options.nonnegative[0], *(options.nonnegative[1:] * len(problem.problems)))


def first_factors(
    problem: CoupledProblem, start: Start, nonnegative: tuple[bool, bool, bool]
) -> CoupledFactors:
    """Draw random columns or, with ``kind`` "svd", take as many singular vectors as there are.

    Parameters
    ----------
    problem : CoupledProblem
    start : Start
    nonnegative : three bools
        As in `CoupledOptions`.
    """
    rng = np.random.default_rng(start.seed)
    dtype = problem.X.dtype
    n = problem.problems[0].shape[0]
    factors = [_random(rng, n, problem.n_components, nonnegative[0], dtype)]
    if start.kind == "svd":
        side_by_side = [Unfolding(each.X, 0) for each in problem.problems]
        vectors = leading_vectors(side_by_side, problem.n_components)
        common = np.ones(problem.n_components, bool)
        for columns in problem.columns:
            common &= np.isin(np.arange(problem.n_components), columns)
        _fill(factors[0], vectors, np.flatnonzero(common), nonnegative[0])
    for each, columns in zip(problem.problems, problem.columns, strict=True):
        for axis in (1, 2):
            factor = _random(rng, each.shape[axis], len(columns), nonnegative[axis], dtype)
            if start.kind == "svd" and len(columns):
                vectors = leading_basis(each.X, axis, len(columns))
                _fill(factor, vectors, np.arange(len(columns)), nonnegative[axis])
            factors.append(factor)
    # As large as the data, so that no step depends on the data's units.
    factors[0] *= dtype.type(start_scale(problem.norm2, problem.n_components**0.5))
    return tuple(factors)


def _random(
    rng: np.random.Generator, n: int, rank: int, nonnegative: bool, dtype: np.dtype
) -> np.ndarray:
    draw = rng.random if nonnegative else rng.standard_normal
    return (draw((n, rank)) / n**0.5).astype(dtype)


def _fill(factor: np.ndarray, vectors: np.ndarray, columns: np.ndarray, nonnegative: bool) -> None:
    """Fill ``columns`` with as many of the vectors as there are."""
    columns = columns[: vectors.shape[1]]
    chosen = vectors[:, : len(columns)]
    factor[:, columns] = np.abs(chosen) if nonnegative else chosen
