"""A whole PARAFAC2 fit: compress, restart on the core, converge on the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from trialtensor.solvers.acceleration import balance, minimise
from trialtensor.solvers.degeneracy import as_precise, judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.parafac2.compression import (
    in_double,
    in_span,
    shared_basis,
    truncated,
    with_mask,
    with_means,
    without_loss,
)
from trialtensor.solvers.parafac2.given import first_weights, settle
from trialtensor.solvers.parafac2.row_grams import observed_grams
from trialtensor.solvers.parafac2.slabs import (
    MaskedSlabs,
    Slabs,
    balance_filled,
)
from trialtensor.solvers.result import Factors, SolverResult, StopReason
from trialtensor.solvers.revival import dead_components, minimise_alive
from trialtensor.solvers.ridge import RidgeScale, minimise_missing, penalty, strengths_at
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.sweep_budget import core_sweeps

# Up to this size, every restart converges on the data.
_SMALL = 1_000_000
# Sweep again, _MAX_JUMPS times at most, if other starts for blocks lower the loss by this fraction.
_JUMP, _MAX_JUMPS = 1e-6, 5


class Parafac2Model(NamedTuple):
    """A PARAFAC2 model: its factors, and ``P_b`` of every block.

    Attributes
    ----------
    trial, cross, shared : (n_trials, R), (R, R), (n_shared, R) arrays
        ``A``, ``H`` and ``C``.
    patterns : list of (n_rows_of_the_block, R) arrays
        Orthonormal columns.
    """

    trial: np.ndarray
    cross: np.ndarray
    shared: np.ndarray
    patterns: list[np.ndarray]


@dataclass(frozen=True)
class Parafac2Options:
    """Options of a PARAFAC2 fit.

    Attributes
    ----------
    n_components : int
    nonnegative_trial, nonnegative_shared : bool
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    ridge : RidgeScale, optional
        Where entries are missing.
    """

    n_components: int
    nonnegative_trial: bool
    nonnegative_shared: bool
    max_iter: int
    tol: float
    ridge: RidgeScale | None = None

    @property
    def nonnegative(self) -> tuple[bool, bool, bool]:
        """The constraint on each factor: ``A``, ``H``, ``C``."""
        return self.nonnegative_trial, False, self.nonnegative_shared

    def left(self, n_iter: int) -> Parafac2Options:
        """Return these options with the sweeps that are left after ``n_iter``."""
        return replace(self, max_iter=self.max_iter - n_iter)


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
    if not interrupted and core is not full:
        lifted, interrupted = _go_on(full, guess, lifted, options)
    best, *others = lifted
    done = [_with_patterns(each, blocks, observed, guess) for each in others]
    if interrupted:
        done.insert(0, _with_patterns(best, blocks, observed, guess))
    else:
        settled, interrupted = _settled(full, blocks, observed, best, guess, options)
        done.insert(0, settled)
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
    return _minimise(precise, as_precise(model[:3], precise.blocks[0]), options)


def _restart(core: Slabs, start: Start, options: Parafac2Options) -> RestartResult[Factors]:
    first = _first_factors(core, start, options)
    if options.max_iter < 1:
        nothing = SolverResult(first, np.inf, np.empty(0), 0, StopReason.MAX_ITER)
        return RestartResult(start.seed, nothing)
    return RestartResult(start.seed, _minimise(core, first, options))


def ridge_scale(slabs: MaskedSlabs) -> RidgeScale:
    """Return the scale of the ridge, which ``A`` and ``C`` get, but ``H`` doesn't.

    Parameters
    ----------
    slabs : MaskedSlabs
    """
    level = (slabs.norm2 / slabs.n_observed) ** (2 / 3)
    return RidgeScale((level, 0.0, level), slabs.n_observed, slabs.norm2)


def _minimise(problem: Any, start: Any, options: Parafac2Options) -> SolverResult[Any]:
    masked = isinstance(problem, MaskedSlabs)
    nonnegative = (*options.nonnegative, False)[: len(start)]

    def sweep(each: Any, begin: Any, max_iter: int, tol: float) -> SolverResult[Any]:
        return minimise(
            each,
            begin,
            balance=balance_filled if masked else balance,
            nonnegative=nonnegative,
            max_iter=max_iter,
            tol=tol,
        )

    def sweeps(begin: Any, max_iter: int) -> SolverResult[Any]:
        if not masked or options.ridge is None:
            return sweep(problem, begin, max_iter, options.tol)
        return minimise_missing(
            problem,
            begin,
            options.ridge,
            sweep,
            max_iter=max_iter,
            tol=options.tol,
            settled=begin is not start,
            grams_of=observed_grams,
        )

    return minimise_alive(
        sweeps,
        problem,
        start,
        nonnegative=nonnegative,
        max_iter=options.max_iter,
        tol=options.tol,
        dead=lambda factors: dead_components(factors[:3]),
    )


def _first_factors(core: Slabs, start: Start, options: Parafac2Options) -> Factors:
    """Choose first factors, with positive trial weights because only their signs matter."""
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
    return trial.astype(dtype), cross.astype(dtype), shared.astype(dtype)


def _lifted(restart: RestartResult[Factors], basis: np.ndarray | None) -> RestartResult[Factors]:
    """Map the shared factor from the core's axis to the data's."""
    if basis is None:
        return restart
    trial, cross, shared = restart.result.factors
    return replace(restart, result=restart.result.with_factors((trial, cross, basis @ shared)))


def _go_on(
    full: Slabs, guess: Slabs, results: list[RestartResult[Any]], options: Parafac2Options
) -> tuple[list[RestartResult[Any]], bool]:
    """Continue on the data, best first, until the lowest loss belongs to a converged result."""
    results = list(results)
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
                results[i] = _polish(full, restart, options)
            results.sort(key=by_loss)
        while not results[0].on_full_data:
            results[0] = _polish(full, results[0], options)
            results.sort(key=by_loss)
    except KeyboardInterrupt:
        return sorted(results, key=by_loss), True
    interrupted = any(r.result.stop_reason is StopReason.INTERRUPTED for r in results)
    return results, interrupted


def _polish(full: Slabs, rough: RestartResult[Any], options: Parafac2Options) -> RestartResult[Any]:
    found = _minimise(full, rough.result.factors, options.left(rough.result.n_iter))
    found = replace(found, n_iter=rough.result.n_iter + found.n_iter)
    return replace(rough, result=found, on_full_data=True)


def _settled(
    full: Slabs,
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    rough: RestartResult[Any],
    guess: Slabs,
    options: Parafac2Options,
) -> tuple[RestartResult[Parafac2Model], bool]:
    """Find weights and patterns to rounding error; also return whether Ctrl-C interrupted this.

    Sweeps can leave a block in its own local optimum, with a weight of the wrong sign. Where
    another start is better for a block, sweeps continue from there.
    """
    positive = options.nonnegative_trial
    result: SolverResult[Any] = rough.result
    ridge = _ridge(full, result.factors, options)
    best: RestartResult[Parafac2Model] | None = None
    try:
        for jump in range(_MAX_JUMPS + 1):
            trial, cross, shared = result.factors[:3]
            starts = [trial]
            if jump < _MAX_JUMPS:
                starts += first_weights(blocks, cross, shared, nonnegative=positive)[:1]
            found = settle(
                blocks,
                observed,
                cross,
                shared,
                starts,
                nonnegative=positive,
                max_iter=options.max_iter,
                ridge=ridge[0],
                missing_weight=full.missing_weight,
            )
            found = found._replace(loss=found.loss + penalty(ridge[2:], (shared,)))
            patterns = _in_rows_of(blocks, found.patterns)
            model = Parafac2Model(found.trial, cross, shared, patterns)
            loss = min(found.loss, result.loss)
            best = replace(rough, result=replace(result, factors=model, loss=loss))
            interrupted = result.stop_reason is StopReason.INTERRUPTED
            better = result.loss - found.loss > _JUMP * result.loss
            if jump == _MAX_JUMPS or interrupted or not better:
                break
            if result.n_iter >= options.max_iter:
                stopped = replace(best.result, stop_reason=StopReason.MAX_ITER)
                best = replace(best, result=stopped)
                break
            start: Any = (found.trial, cross, shared, found.patterns)
            start = start if isinstance(full, MaskedSlabs) else start[:3]
            result = _continued(full, result, start, options)
    except KeyboardInterrupt:
        return best or _with_patterns(rough, blocks, observed, guess), True
    assert best is not None
    return best, best.result.stop_reason is StopReason.INTERRUPTED


def _ridge(full: Slabs, factors: Any, options: Parafac2Options) -> tuple[np.ndarray, ...]:
    """Return the ridge on ``A``, ``H`` and ``C``; zeros if nothing is missing."""
    if not isinstance(full, MaskedSlabs) or options.ridge is None:
        return (np.zeros(1),) * 3
    return strengths_at(full, factors, options.ridge, observed_grams)


def _continued(
    full: Slabs, before: SolverResult[Any], start: Any, options: Parafac2Options
) -> SolverResult[Any]:
    """Sweep on from a start that is better than where sweeps have led, as one record."""
    again = _minimise(full, start, options.left(before.n_iter))
    history = np.append(before.loss_history, again.loss_history)
    return replace(
        again,
        loss_history=np.minimum.accumulate(history),
        n_iter=before.n_iter + again.n_iter,
    )


def _in_rows_of(blocks: Sequence[np.ndarray], padded: np.ndarray) -> list[np.ndarray]:
    return [pattern[: block.shape[1]] for pattern, block in zip(padded, blocks, strict=True)]


def _with_patterns(
    restart: RestartResult[Any],
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    guess: Slabs,
) -> RestartResult[Parafac2Model]:
    """Add the patterns, in the rows of the data."""
    factors = restart.result.factors
    if len(factors) == 4:
        padded = factors[3]
    elif any(mask is not None for mask in observed):
        padded = guess.patterns(factors)
    else:
        padded = in_span(blocks, observed, factors[2]).patterns(factors)
    patterns = _in_rows_of(blocks, padded)
    model = Parafac2Model(factors[0], factors[1], factors[2], patterns)
    return replace(restart, result=restart.result.with_factors(model))
