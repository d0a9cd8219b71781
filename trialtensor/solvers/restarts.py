"""A whole CP fit: compress, restart on the core, converge on the full data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater, balance, minimise
from trialtensor.solvers.compression import Dense, compress, without_bases
from trialtensor.solvers.degeneracy import GoOn, as_precise, in_double, judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.initialization import random_start, svd_start
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.missing import minimise_missing
from trialtensor.solvers.problems import DenseProblem, free_loss
from trialtensor.solvers.result import Factors, SolverResult, StopReason
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
from trialtensor.solvers.sweep_budget import core_sweeps

Problem = DenseProblem | MaskedProblem | ManyAxes

# Up to this size a sweep takes milliseconds, and every restart converges on the full data.
_SMALL = 4_000_000
# The same with more axes, where a sweep on the core takes a smaller part of one on all data.
_SMALL_OF_MANY = 200_000
# On larger data, the number of full-data sweeps before restarts are compared; after each, the
# worse half drops out.
_SETTLING_SWEEPS = 3
# How many times the gain of the first of them a solution may be above the best one and still pass
# it. Seen: gains of different solutions differ by less than a factor of two.
_REACH = 10
# Factor match score above which two restarts have found the same solution.
_SAME = 0.99


@dataclass(frozen=True)
class CPOptions:
    """Options of a CP fit.

    Attributes
    ----------
    n_components : int
    nonnegative : bools, by axis
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    compressed : bool
        Run the restarts on a compressed core where that pays.
    accelerate : bool
        Extrapolate between sweeps.
    ridge : RidgeScale, optional
        Where entries are missing.
    """

    n_components: int
    nonnegative: tuple[bool, ...]
    max_iter: int
    tol: float
    compressed: bool = True
    accelerate: bool = True
    ridge: RidgeScale | None = None

    def minimise(
        self, problem: Problem, start: Factors, *, from_zeros: bool = False, settled: bool = False
    ) -> SolverResult[Factors]:
        """Sweep from ``start`` with these options.

        Parameters
        ----------
        problem : DenseProblem, MaskedProblem or ManyAxes
        start : (n_axis, R) arrays
        from_zeros, settled : bool
            See :func:`trialtensor.solvers.missing.minimise_missing`.
        """

        def sweeps(begin: Factors, max_iter: int) -> SolverResult[Factors]:
            if self.ridge is None:
                return self._sweep(problem, begin, max_iter, self.tol)
            anew = begin is start and not settled
            return minimise_missing(
                problem,
                begin,
                self.ridge,
                self._sweep,
                max_iter=max_iter,
                tol=self.tol,
                from_zeros=anew and from_zeros,
                settled=not anew,
            )

        return minimise_alive(
            sweeps,
            problem,
            start,
            nonnegative=self.nonnegative,
            max_iter=self.max_iter,
            tol=self.tol,
            with_ridge=self.ridge is not None,
        )

    def _sweep(
        self, problem: Any, start: Factors, max_iter: int, tol: float
    ) -> SolverResult[Factors]:
        return minimise(
            problem,
            start,
            balance=balance,
            nonnegative=self.nonnegative,
            max_iter=max_iter,
            tol=tol,
            accelerate=self.accelerate,
        )

    def go_on(self, problem: Problem) -> GoOn:
        """Return what sweeps on, from factors, for a number of sweeps and with a tolerance.

        Parameters
        ----------
        problem : DenseProblem, MaskedProblem or ManyAxes
        """

        def sweep_on(factors: Factors, n_sweeps: int, tol: float) -> SolverResult[Factors]:
            options = replace(self, max_iter=n_sweeps, tol=tol)
            # Only here, because few fits need it: a copy of the data.
            precise = in_double(problem)
            return options.minimise(precise, as_precise(factors, precise.X), settled=True)

        return sweep_on


def fit_cp(
    problem: Problem,
    starts: Sequence[Start],
    options: CPOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Factors]], None] | None = None,
) -> list[RestartResult[Factors]]:
    """Fit from every start; the first result is the best, converged on the full data.

    With a compressed core, every restart converges on the core first and then on the full data.
    If the full data is large, only distinct solutions get a few sweeps on it, and the best ones
    continue until the lowest loss belongs to a converged solution.

    Parameters
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    starts : sequence of Start
    options : CPOptions
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        Sorted by loss on the full data, lowest first. After Ctrl-C, the restarts that had
        finished or begun.
    """
    surrogate: Problem = problem
    if problem.has_missing:
        options = replace(options, ridge=RidgeScale.of(problem, options.n_components))
        starts = by_turns(starts)
    if options.compressed and is_dense(problem):
        surrogate = compress(problem, options.n_components)
    n_core = core_sweeps(options.max_iter)
    surrogate = surrogate if n_core else problem
    first = options if surrogate is problem else replace(options, max_iter=n_core)
    results, interrupted = collect(
        run_all(_restart, surrogate, starts, first, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    if surrogate is not problem and not interrupted:
        results, interrupted = _go_on(problem, results, options)
    if not interrupted:
        further, size = options.go_on(surrogate), surrogate.X.size
        results, interrupted = judge(results, triple_cosine, further, tol=options.tol, size=size)
    return mark_interrupted(results) if interrupted else results


def _go_on(
    problem: Problem, results: list[RestartResult[Factors]], options: CPOptions
) -> tuple[list[RestartResult[Factors]], bool]:
    """Continue from the core on the full data; also return whether Ctrl-C interrupted this."""
    results = list(results)
    try:
        if problem.X.size <= (_SMALL if len(problem.shape) == 3 else _SMALL_OF_MANY):
            for i, rough in enumerate(results):
                results[i] = _polish(problem, rough, options)
        else:
            # Without a ridge, a few sweeps can lead far away where much is missing.
            plain = options.ridge is None and len(results) > 1
            if plain and is_dense(problem):
                _settle(problem, results, options)
            # The best result is only certain once it has converged.
            while not results[0].on_full_data:
                results[0] = _polish(problem, results[0], options)
                results.sort(key=by_loss)
    except KeyboardInterrupt:
        return sorted(results, key=by_loss), True
    interrupted = any(r.result.stop_reason is StopReason.INTERRUPTED for r in results)
    return sorted(results, key=by_loss), interrupted


def _settle(problem: Dense, results: list[RestartResult[Factors]], options: CPOptions) -> None:
    """Run a few full-data sweeps on each solution that no better restart has found.

    The error of the core differs between solutions, so losses on the core rank them poorly.
    Updates ``results`` in place, so that finished work survives Ctrl-C.
    """
    found: dict[int, Factors] = {}
    for i, restart in enumerate(results):
        factors = restart.result.factors
        if all(match_components(other, factors)[1] < _SAME for other in found.values()):
            found[i] = factors
        if any(options.nonnegative):
            # A non-negative factor can lie outside the bases, so its loss on the core is inexact.
            results[i] = _with_full_loss(problem, restart)
    # Of the sweeps that are left, the last is for the best restart.
    most = options.max_iter - _SETTLING_SWEEPS - 2
    places = [place for place in found if results[place].result.n_iter <= most]
    if len(places) > 1:
        places = _within_reach(problem, results, places, options)
    for _ in range(_SETTLING_SWEEPS if len(places) > 1 else 0):
        _sweep_all(problem, results, places, options)
        places.sort(key=lambda place: results[place].result.loss)
        del places[max(2, (len(places) + 1) // 2) :]
    results.sort(key=by_loss)


def _within_reach(
    problem: Dense,
    results: list[RestartResult[Factors]],
    places: list[int],
    options: CPOptions,
) -> list[int]:
    """Choose the solutions that full-data sweeps could make the best.

    Losses only fall from here, and most of the way in one sweep. A solution that is worse than
    the best by many times what that sweep gains won't pass it.
    """
    best = results[0].result.loss
    _sweep_all(problem, results, places[:1], options)
    reach = _REACH * (best - results[0].result.loss)
    return [place for place in places if results[place].result.loss - best <= reach]


def _sweep_all(
    problem: Dense,
    results: list[RestartResult[Factors]],
    places: list[int],
    options: CPOptions,
) -> None:
    """Run a plain full-data sweep on some of the results, several in one pass over the data."""
    updater = RowUpdater(options.nonnegative)
    # More columns than bins would need more memory than the data, and save nothing.
    n_together = max(1, problem.X.shape[-1] // options.n_components)
    for first in range(0, len(places), n_together):
        own = places[first : first + n_together]
        swept = problem.sweep_together([results[i].result.factors for i in own], updater)
        for i, (factors, loss) in zip(own, swept, strict=True):
            before = results[i].result
            after = replace(before, factors=balance(factors), loss=loss, n_iter=before.n_iter + 1)
            results[i] = replace(results[i], result=after)


def _polish(
    problem: Problem, rough: RestartResult[Factors], options: CPOptions
) -> RestartResult[Factors]:
    left = replace(options, max_iter=options.max_iter - rough.result.n_iter)
    found = left.minimise(problem, rough.result.factors, settled=True)
    found = replace(found, n_iter=rough.result.n_iter + found.n_iter)
    return replace(rough, result=found, on_full_data=True)


def _with_full_loss(problem: Problem, restart: RestartResult[Factors]) -> RestartResult[Factors]:
    factors = restart.result.factors
    grams, rhs = problem.trial_equations(factors)
    loss = free_loss(problem.norm2, grams, rhs, factors[0])
    return replace(restart, result=replace(restart.result, loss=loss))


def _restart(surrogate: Problem, start: Start, options: CPOptions) -> RestartResult[Factors]:
    """Run one restart, on the core if there is one."""
    if is_dense(surrogate) and surrogate.is_core:
        return RestartResult(start.seed, _on_core(surrogate, start, options))
    first = _first_factors(surrogate, start, options)
    found = options.minimise(surrogate, first, from_zeros=start.from_zeros)
    return RestartResult(start.seed, found, on_full_data=True)


def _on_core(surrogate: Dense, start: Start, options: CPOptions) -> SolverResult[Factors]:
    """Converge on the core, using core coordinates on axes without constraints."""
    inside = [
        None if positive else basis
        for positive, basis in zip(options.nonnegative, surrogate.bases, strict=True)
    ]
    free = [basis is not None for basis in inside]
    first = _first_factors(surrogate, start, options)
    first = _map(first, [None if basis is None else basis.T for basis in inside])
    found = options.minimise(without_bases(surrogate, free), first, from_zeros=start.from_zeros)
    return replace(found, factors=_map(found.factors, inside))


def _first_factors(surrogate: Problem, start: Start, options: CPOptions) -> Factors:
    if start.factors is not None:
        return start.factors
    rng = np.random.default_rng(start.seed)
    begin = svd_start if start.kind == "svd" else random_start
    first = begin(surrogate, options.n_components, rng, options.nonnegative)
    return free_first(surrogate, first, options.nonnegative)


def _map(factors: Factors, matrices: Sequence[np.ndarray | None]) -> Factors:
    return tuple(f if m is None else m @ f for f, m in zip(factors, matrices, strict=True))


def is_dense(problem: Problem) -> TypeGuard[Dense]:
    """Return whether passes over the data read no mask, so that it can be compressed.

    Parameters
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    """
    return problem.is_dense
