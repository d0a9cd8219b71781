"""A whole SliceTCA fit, from every start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater, minimise
from trialtensor.solvers.exact_products import exact_products
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.slices.complete import CompleteSweeps
from trialtensor.solvers.slices.contraction import Components, as_triple, contract
from trialtensor.solvers.slices.few_restarts import fit_in_few_passes
from trialtensor.solvers.slices.gauge import fix_gauge, from_projections
from trialtensor.solvers.slices.masked_passes import fit_in_masked_passes, go_on_in_passes
from trialtensor.solvers.slices.nonnegative_passes import refine
from trialtensor.solvers.slices.options import SliceOptions
from trialtensor.solvers.slices.order import in_unit_order
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.rounds import Restart, Rounds, run_in_rounds
from trialtensor.solvers.slices.sketch import leading_space
from trialtensor.solvers.slices.starts import Begin, choose_begins
from trialtensor.solvers.slices.subspaces import ORDER, minimise_projections
from trialtensor.solvers.slices.surrogate import Surrogate
from trialtensor.solvers.slices.sweep_starts import choose_sweep_begins, no_slices
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components, balance_blocks
from trialtensor.solvers.threads import blas_threads_for

# Up to this size an exact step takes a fraction of a millisecond: every restart runs to the end.
_SMALL = 20_000
_EXACT_ROUNDS = Rounds(sweeps=3, most=4)
# Other fits take longer to show where they lead; on large data that is expensive.
_LARGE = 500_000
_MASKED_ROUNDS, _LARGE_MASKED_ROUNDS = Rounds(sweeps=10, most=4), Rounds(sweeps=3, most=2)
_NONNEGATIVE_ROUNDS = Rounds(sweeps=10, most=3)
_USUAL = (0, 1, 2)
# Arrays with a longer axis, or of ``_LARGE`` entries, are fitted in few passes, as long as the
# components of a type, and so the directions of an axis, are few.
_LONG_AXIS, _FEW_RANKS = 300, 12
# Entries of a block of an array in memory.
_BLOCK = 20_000_000

__all__ = ["SliceOptions", "fit_slices", "in_unit_order"]


def fit_slices(
    data: SweepData,
    starts: Sequence[Start],
    options: SliceOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Components]], None] | None = None,
) -> list[RestartResult[Components]]:
    """Fit from every start, by projections where these are exact and by sweeps otherwise.

    Parameters
    ----------
    data : SweepData
    starts : sequence of Start
        A start with given arrays holds three loadings.
    options : SliceOptions
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        Sorted by loss, lowest first. After Ctrl-C, the restarts that had finished or begun.
    """
    found: tuple[list[RestartResult[Components]], bool]
    exact = not data.has_missing and not options.nonnegative
    if exact and _worth_few_passes(data.X, options.ranks):
        data = replace(data, X=MemoryPasses(data.X, n_entries=_BLOCK))
    in_passes = isinstance(data.X, Passes)
    if in_passes and exact:
        with blas_threads_for(data.X.size), exact_products():
            found = fit_in_few_passes(data, starts, options, on_restart)
    elif exact:
        problem = ProjectionProblem.of(data.X, data.norm2, options.ranks)
        how = _How(_project, ORDER, _EXACT_ROUNDS, _SMALL)
        begins = choose_begins(problem, starts, options.ranks)
        found = _run(how, problem, starts, begins, options, n_jobs, on_restart)
    elif in_passes and not data.has_missing:
        found = _nonnegative_in_passes(data, starts, options, on_restart)
    elif in_passes:
        with blas_threads_for(data.X.size), exact_products():
            found = fit_in_masked_passes(
                data, starts, options, fit_slices, n_jobs=n_jobs, on_restart=on_restart
            )
    else:
        sweeps = data if data.has_missing else CompleteSweeps(data.X, data.norm2)
        rounds = _MASKED_ROUNDS if data.X.size <= _LARGE else _LARGE_MASKED_ROUNDS
        rounds = _NONNEGATIVE_ROUNDS if options.nonnegative else rounds
        how = _How(_sweep, _USUAL, rounds)
        begins = choose_sweep_begins(sweeps, starts, options.ranks, nonnegative=options.nonnegative)
        found = _run(how, sweeps, starts, begins, options, n_jobs, on_restart)
    results, interrupted = found
    return mark_interrupted(results) if interrupted else results


def _nonnegative_in_passes(
    data: SweepData,
    starts: Sequence[Start],
    options: SliceOptions,
    on_restart: Callable[[RestartResult[Components]], None] | None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Run all restarts on a surrogate, and the best of them to its end on the data."""
    given = [start.factors for start in starts if start.factors is not None]
    wanted = [np.concatenate(each, axis=1) for each in zip(*given, strict=True)] if given else None
    space = leading_space(data.X, options.ranks, wanted)
    sweeps = CompleteSweeps(Surrogate.of(space, data.X.dtype), data.norm2)
    begins = choose_sweep_begins(sweeps, starts, options.ranks, nonnegative=True)
    how = _How(_sweep, _USUAL, _NONNEGATIVE_ROUNDS)
    results, interrupted = _run(how, sweeps, starts, begins, options, None, on_restart)
    results = [replace(each, on_full_data=False) for each in results]
    if interrupted:
        return results, True

    def go_on(on: CompleteSweeps, model: Components, max_iter: int) -> SolverResult[Components]:
        start = Start("given", factors=Begin(model.loadings, _USUAL, None, model.slices))
        return _sweep(on, start, replace(options, max_iter=max_iter)).result

    # Those that came to rest on the surrogate.
    rest = (StopReason.CONVERGED, StopReason.EXACT)
    places = [i for i, each in enumerate(results) if each.result.stop_reason in rest] or [0]
    places = places[: _NONNEGATIVE_ROUNDS.most]
    chosen = [results[i].result for i in places]
    refined = refine(data.X, data.norm2, space, chosen, go_on, options.max_iter, options.tol)
    for i, result in zip(places, refined, strict=True):
        results[i] = replace(results[i], result=result)
    best = min(places, key=lambda i: results[i].result.loss)
    results[best] = _polished(data, results[best], options)
    return sorted(results, key=lambda each: (not each.on_full_data, by_loss(each))), False


def _polished(
    data: SweepData, found: RestartResult[Components], options: SliceOptions
) -> RestartResult[Components]:
    """Run a restart to its end on the data itself."""
    before = found.result
    after = go_on_in_passes(data, before, options)
    result = replace(
        after, loss_history=np.minimum.accumulate([*before.loss_history, *after.loss_history])
    )
    return replace(found, result=result, on_full_data=True)


def _worth_few_passes(X: Any, ranks: tuple[int, int, int]) -> bool:
    """Return whether an array is so large that passes over it, or its Gram matrices, cost most."""
    large = X.size >= _LARGE or max(X.shape) > _LONG_AXIS
    return isinstance(X, np.ndarray) and large and max(ranks) <= _FEW_RANKS


@dataclass(frozen=True)
class _How:
    """How restarts run: one of them, the order of steps when it goes on, and the rounds.

    Data of at most ``smallest`` entries has no rounds: every restart runs to the end.
    """

    restart: Restart
    order: tuple[int, ...]
    rounds: Rounds
    smallest: int = 0


def _run(
    how: _How,
    problem: Any,
    starts: Sequence[Start],
    begins: Sequence[Begin],
    options: SliceOptions,
    n_jobs: int | None,
    on_restart: Callable[[RestartResult[Components]], None] | None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Run all restarts; also return whether Ctrl-C came."""
    planned = [replace(s, factors=begin) for s, begin in zip(starts, begins, strict=True)]
    origins = {begin.origin for begin in begins}
    # One start is enough of those that are all the same.
    same = len(origins) == 1 and None not in origins
    large = problem.X.size > how.smallest and options.max_iter > how.rounds.sweeps
    if large and not same and len(planned) > 1:
        return run_in_rounds(
            how.restart,
            problem,
            planned,
            options,
            how.rounds,
            resume=lambda found: _resume(found, how.order),
            n_jobs=n_jobs,
            on_restart=on_restart,
        )
    running = run_all(how.restart, problem, planned[: 1 if same else None], options, n_jobs=n_jobs)
    if same:
        running = (replace(found, seed=start.seed) for found in running for start in planned)
    results, interrupted = collect(running, on_restart)
    return sorted(results, key=by_loss), interrupted


def _resume(found: RestartResult[Components], order: tuple[int, ...]) -> Begin:
    loadings, slices = found.result.factors
    return Begin(loadings, order, found.origin, slices)


def _project(
    problem: ProjectionProblem, start: Start, options: SliceOptions
) -> RestartResult[Components]:
    begin: Begin = start.factors
    found = minimise_projections(
        problem, begin.loadings, max_iter=options.max_iter, tol=options.tol, first=begin.order
    )
    sums = [contract(problem.X, axis, loading) for axis, loading in enumerate(found.factors)]
    model = from_projections(found.factors, as_triple(sums), options.gauge)
    return RestartResult(start.seed, found.with_factors(model), True, begin.origin)


def _sweep(
    data: SweepData | CompleteSweeps, start: Start, options: SliceOptions
) -> RestartResult[Components]:
    begin: Begin = start.factors
    slices = begin.slices if begin.slices is not None else no_slices(data.X, options.ranks)
    blocks = balance_blocks(as_blocks(Components(begin.loadings, slices)))
    nonnegative = (options.nonnegative,) * 6
    if list(begin.order) != sorted(begin.order):
        # The first type to be fitted takes most of what several could describe.
        blocks, _ = data.sweep(blocks, RowUpdater(nonnegative), begin.order)
    found = minimise(
        data,
        blocks,
        balance=balance_blocks,
        nonnegative=nonnegative,
        max_iter=options.max_iter,
        tol=options.tol,
    )
    model = as_components(found.factors)
    model = in_unit_order(model) if options.nonnegative else fix_gauge(*model, options.gauge)
    return RestartResult(start.seed, found.with_factors(model), True, begin.origin)
