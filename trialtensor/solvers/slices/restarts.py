"""A whole SliceTCA fit, from every start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.result import SolverResult
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
from trialtensor.solvers.slices.projection import ProjectionProblem, minimise_projections
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components, balance_blocks


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
    problem: SweepData | ProjectionProblem = data
    if data.observed is None and not options.nonnegative:
        problem = ProjectionProblem.of(data.X, data.norm2, options.ranks)
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    return mark_interrupted(results) if interrupted else results


def _restart(problem: Any, start: Start, options: SliceOptions) -> RestartResult[Components]:
    if isinstance(problem, ProjectionProblem):
        found = _project(problem, start, options)
    else:
        found = _sweep(problem, start, options)
    return RestartResult(start.seed, found, on_full_data=True)


def _project(
    problem: ProjectionProblem, start: Start, options: SliceOptions
) -> SolverResult[Components]:
    if start.kind == "svd":
        # Starting from zeros, the first sweep takes the leading singular vectors of unfoldings.
        shapes = zip(problem.X.shape, options.ranks, strict=True)
        first = as_triple([np.zeros(shape, problem.X.dtype) for shape in shapes])
    else:
        drawn = _first_loadings(problem.X, start, options)
        first = as_triple([np.linalg.qr(loading)[0] for loading in drawn])
    found = minimise_projections(problem, first, max_iter=options.max_iter, tol=options.tol)
    sums = [contract(problem.X, axis, loading) for axis, loading in enumerate(found.factors)]
    model = from_projections(found.factors, as_triple(sums), options.gauge)
    return found.with_factors(model)


def _sweep(data: SweepData, start: Start, options: SliceOptions) -> SolverResult[Components]:
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
    return found.with_factors(model)


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
