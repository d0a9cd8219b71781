"""A whole SliceTCA fit, from every start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Components,
    Triple,
    as_rows,
    as_triple,
    contract,
)
from trialtensor.solvers.slices.gauge import fix_gauge, from_projections
from trialtensor.solvers.slices.projection import ProjectionProblem
from trialtensor.solvers.slices.rounds import Restart, Rounds, run_in_rounds
from trialtensor.solvers.slices.starts import Begin, choose_begins
from trialtensor.solvers.slices.subspaces import ORDER, minimise_projections
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components, balance_blocks

# Up to this size a sweep takes a fraction of a millisecond, and every restart runs to the end.
_SMALL = 20_000
_ROUNDS = Rounds(sweeps=3, most=4)


@dataclass(frozen=True)
class SliceOptions:
    """Options of a SliceTCA fit.

    Attributes
    ----------
    ranks : three ints
        Trial-, neuron- and time-slicing components.
    nonnegative : bool
    gauge : str
        See :func:`trialtensor.solvers.slices.gauge.fix_gauge`.
    max_iter, tol : int, float
        Maximum number of sweeps, and the relative gain below which they stop.
    """

    ranks: tuple[int, int, int]
    nonnegative: bool
    gauge: str
    max_iter: int
    tol: float


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
    if data.observed is None and not options.nonnegative:
        problem = ProjectionProblem.of(data.X, data.norm2, options.ranks)
        begins = choose_begins(problem, starts, options.ranks)
        planned = [replace(s, factors=begin) for s, begin in zip(starts, begins, strict=True)]
        results, interrupted = _run(_project, problem, planned, options, n_jobs, on_restart)
    else:
        results, interrupted = _run(_sweep, data, starts, options, n_jobs, on_restart)
    return mark_interrupted(results) if interrupted else results


def _run(
    restart: Restart,
    problem: Any,
    starts: Sequence[Start],
    options: SliceOptions,
    n_jobs: int | None,
    on_restart: Callable[[RestartResult[Components]], None] | None,
) -> tuple[list[RestartResult[Components]], bool]:
    """Run all restarts; also return whether Ctrl-C came."""
    different = _different(starts)
    if problem.X.size > _SMALL and len(different) > 1 and options.max_iter > _ROUNDS.sweeps:
        return run_in_rounds(
            restart,
            problem,
            starts,
            options,
            _ROUNDS,
            resume=_resume,
            n_jobs=n_jobs,
            on_restart=on_restart,
        )
    running = run_all(restart, problem, different, options, n_jobs=n_jobs)
    if len(different) < len(starts):
        # One start is enough of those that are all the same.
        running = (replace(found, seed=start.seed) for found in running for start in starts)
    results, interrupted = collect(running, on_restart)
    return sorted(results, key=by_loss), interrupted


def _different(starts: Sequence[Start]) -> Sequence[Start]:
    """Return all starts, or one if all are the same."""
    origins = {getattr(start.factors, "origin", None) for start in starts}
    return starts if len(origins) > 1 or None in origins else starts[:1]


def _resume(found: RestartResult[Components]) -> Begin:
    return Begin(found.result.factors.loadings, ORDER, found.origin)


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


def _sweep(data: SweepData, start: Start, options: SliceOptions) -> RestartResult[Components]:
    loadings = _first_loadings(data.X, start, options)
    slices = [
        np.zeros((rank, *(data.X.shape[other] for other in OTHERS[axis])), data.X.dtype)
        for axis, rank in enumerate(options.ranks)
    ]
    found = minimise(
        data,
        as_blocks(Components(loadings, as_triple(slices))),
        balance=balance_blocks,
        nonnegative=(options.nonnegative,) * 6,
        max_iter=options.max_iter,
        tol=options.tol,
    )
    model = as_components(found.factors)
    model = in_unit_order(model) if options.nonnegative else fix_gauge(*model, options.gauge)
    return RestartResult(start.seed, found.with_factors(model), on_full_data=True)


def in_unit_order(model: Components) -> Components:
    """Scale loadings to norm 1 and order the components of each type by the norm of their slice.

    Parameters
    ----------
    model : Components
    """
    loadings, slices = [], []
    for loading, slice_tensor in zip(*model, strict=True):
        size = np.linalg.norm(loading, axis=0)
        slice_tensor = slice_tensor * size[:, None, None]
        strength = np.linalg.norm(as_rows(slice_tensor), axis=1)
        order = np.argsort(-strength, kind="stable")
        loadings.append((loading / np.where(size > 0, size, 1))[:, order])
        slices.append(slice_tensor[order])
    return Components(as_triple(loadings), as_triple(slices))


def _first_loadings(X: np.ndarray, start: Start, options: SliceOptions) -> Triple:
    if start.factors is not None:
        return as_triple([np.asarray(f, X.dtype) for f in start.factors])
    rng = np.random.default_rng(start.seed)
    loadings = []
    for axis, rank in enumerate(options.ranks):
        n = X.shape[axis]
        if start.kind == "svd":
            loading = leading_basis(X, axis, rank) if rank else np.empty((n, 0))
            loading = np.abs(loading) if options.nonnegative else loading
        elif options.nonnegative:
            loading = rng.random((n, rank))
        else:
            loading = np.linalg.qr(rng.standard_normal((n, rank)))[0]
        loadings.append(loading.astype(X.dtype, copy=False))
    return as_triple(loadings)
