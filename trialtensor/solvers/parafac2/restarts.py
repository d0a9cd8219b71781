"""A whole PARAFAC2 fit: compress, restart on the core, converge on the data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from trialtensor.solvers.degeneracy import as_precise, judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.initialization import start_scale
from trialtensor.solvers.parafac2.compression import (
    in_double,
    shared_basis,
    truncated,
    with_mask,
    with_means,
    without_loss,
)
from trialtensor.solvers.parafac2.finish import finished, with_patterns
from trialtensor.solvers.parafac2.masked_slabs import MaskedSlabs
from trialtensor.solvers.parafac2.options import (
    Parafac2Model,
    Parafac2Options,
    ridge_scale,
    sweep_on,
)
from trialtensor.solvers.parafac2.slabs import Slabs
from trialtensor.solvers.result import Factors, SolverResult, StopReason
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

# Up to this size, every restart converges on the data.
_SMALL = 1_000_000


def fit_parafac2(
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    starts: Sequence[Start],
    options: Parafac2Options,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Any]], None] | None = None,
) -> list[RestartResult[Parafac2Model]]:
    """Fit from every start; the first result is the best, converged on the data.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
        Zeros where missing; the number of rows differs between blocks.
    observed : sequence of bool arrays or None
        One per block; None where nothing is missing.
    starts : sequence of Start
    options : Parafac2Options
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        Sorted by loss on the given data, lowest first.
    """
    masked = any(each is not None for each in observed)
    full = with_mask(blocks, observed) if masked else without_loss(blocks, options.n_components)
    if isinstance(full, MaskedSlabs):
        full = full.weighted(full.open_weight(options.n_components))
        options = replace(options, ridge=ridge_scale(full))
    guess: Slabs = with_means(full) if isinstance(full, MaskedSlabs) else full
    core, basis = truncated(guess, options.n_components, free=not options.nonnegative_shared)
    lift = basis if not options.nonnegative_shared else None
    few = (
        options if core is full else options.left(options.max_iter - core_sweeps(options.max_iter))
    )
    results, interrupted = collect(run_all(_restart, core, starts, few, n_jobs=n_jobs), on_restart)
    lifted = [_lifted(each, lift) for each in results]
    lifted.sort(key=by_loss)
    if core is full:
        lifted = [replace(each, on_full_data=True) for each in lifted]
    elif not interrupted:
        lifted, interrupted = _go_on(full, guess, lifted, options, starts)
    best, *others = lifted
    try:
        done = [with_patterns(each, blocks, observed, guess) for each in others]
    except KeyboardInterrupt:
        # This takes moments, and without it all restarts would be lost.
        done, interrupted = [with_patterns(each, blocks, observed, guess) for each in others], True
    if interrupted:
        done.insert(0, with_patterns(best, blocks, observed, guess))
    else:
        last, interrupted = finished(full, blocks, observed, best, guess, options)
        done.insert(0, last)
    if not interrupted:
        done, interrupted = judge(
            done,
            _cosine,
            partial(_further, guess, options),
            tol=options.tol,
            size=guess.size,
        )
    return mark_interrupted(done) if interrupted else done


def _cosine(model: Any) -> float:
    return triple_cosine(model[:3])


def _further(
    guess: Slabs, options: Parafac2Options, model: Any, n_sweeps: int, tol: float
) -> SolverResult[Any]:
    """Sweep on, with missing entries filled in: that suffices to see where components go."""
    options, precise = replace(options, max_iter=n_sweeps, tol=tol), in_double(guess)
    return sweep_on(precise, as_precise(model[:3], precise.blocks[0]), options)


def _restart(core: Slabs, start: Start, options: Parafac2Options) -> RestartResult[Factors]:
    first = _first_factors(core, start, options)
    if options.max_iter < 1:
        nothing = SolverResult(first, np.inf, np.empty(0), 0, StopReason.MAX_ITER)
        return RestartResult(start.seed, nothing)
    return RestartResult(start.seed, sweep_on(core, first, options))


def _first_factors(core: Slabs, start: Start, options: Parafac2Options) -> Factors:
    """Choose first factors, as large as the data, so that no step depends on its units.

    Trial weights are positive because only their signs matter.
    """
    rank, dtype = options.n_components, core.X.dtype
    n_shared = core.n_shared if core.basis is None else len(core.basis)
    rng = np.random.default_rng(start.seed)
    shared = rng.standard_normal((n_shared, rank))
    trial = rng.uniform(0.1, 1, (core.n_trials, rank))
    cross = np.eye(rank)
    if start.kind == "svd":
        vectors = shared_basis(core, min(rank, core.n_shared))
        if core.basis is not None:
            vectors = core.basis @ vectors
        shared[:, : vectors.shape[1]] = vectors
        trial = np.ones_like(trial)
    else:
        cross = cross + 0.3 * rng.standard_normal((rank, rank))
    if options.nonnegative_shared:
        shared = np.abs(shared)
    trial *= start_scale(core.norm2, trial.size**0.5)
    return trial.astype(dtype), cross.astype(dtype), shared.astype(dtype)


def _lifted(restart: RestartResult[Factors], basis: np.ndarray | None) -> RestartResult[Factors]:
    """Map the shared factor from the core's axis to the data's."""
    if basis is None:
        return restart
    trial, cross, shared = restart.result.factors
    return replace(restart, result=restart.result.with_factors((trial, cross, basis @ shared)))


def _go_on(
    full: Slabs,
    guess: Slabs,
    results: list[RestartResult[Any]],
    options: Parafac2Options,
    starts: Sequence[Start],
) -> tuple[list[RestartResult[Any]], bool]:
    """Continue on the data, best first, until the lowest loss belongs to a converged result."""
    results = list(results)
    # Means filled in lead some restarts astray, zeros others.
    zeros = {start.seed for start in by_turns(starts) if start.from_zeros}
    try:
        if isinstance(full, MaskedSlabs):
            # The core contains guesses of missing entries, so losses on it mean little.
            for i, restart in enumerate(results):
                trial, cross, shared = factors = restart.result.factors
                filled = (trial, cross, shared, guess.patterns(factors))
                known = replace(restart.result, factors=filled, loss=full.loss(filled))
                results[i] = replace(restart, result=known)
            results.sort(key=by_loss)
        if full.size <= _SMALL or core_sweeps(options.max_iter) < 1:
            for i, restart in enumerate(results):
                results[i] = _polish(full, restart, options, zeros)
            results.sort(key=by_loss)
        while not results[0].on_full_data:
            results[0] = _polish(full, results[0], options, zeros)
            results.sort(key=by_loss)
    except KeyboardInterrupt:
        return sorted(results, key=by_loss), True
    interrupted = any(r.result.stop_reason is StopReason.INTERRUPTED for r in results)
    return results, interrupted


def _polish(
    full: Slabs,
    rough: RestartResult[Any],
    options: Parafac2Options,
    zeros: Collection[int | None],
) -> RestartResult[Any]:
    left = options.left(rough.result.n_iter)
    found = sweep_on(full, rough.result.factors, left, from_zeros=rough.seed in zeros)
    found = replace(found, n_iter=rough.result.n_iter + found.n_iter)
    return replace(rough, result=found, on_full_data=True)
