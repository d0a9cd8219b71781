"""The end of a PARAFAC2 fit: weights and patterns to rounding error, in the rows of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.solvers.parafac2.compression import in_span
from trialtensor.solvers.parafac2.given import first_weights, settle
from trialtensor.solvers.parafac2.masked_slabs import MaskedSlabs
from trialtensor.solvers.parafac2.options import Parafac2Model, Parafac2Options, sweep_on
from trialtensor.solvers.parafac2.row_grams import observed_grams
from trialtensor.solvers.parafac2.slabs import Slabs
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.ridge import penalty, strengths_at
from trialtensor.solvers.runs import RestartResult

# Sweep again, _MAX_JUMPS times at most, if other starts for blocks lower the loss by this fraction.
_JUMP, _MAX_JUMPS = 1e-6, 5


def finished(
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

    Parameters
    ----------
    full : Slabs
    blocks, observed : as for :func:`trialtensor.solvers.parafac2.restarts.fit_parafac2`
    rough : RestartResult
        Where sweeps on the data have ended.
    guess : Slabs
        The data with missing entries filled in.
    options : Parafac2Options
    """
    positive = options.nonnegative_trial
    result: SolverResult[Any] = rough.result
    best: RestartResult[Parafac2Model] | None = None
    try:
        ridge = _ridge(full, result.factors, options)
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
        return best or with_patterns(rough, blocks, observed, guess), True
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
    again = sweep_on(full, start, options.left(before.n_iter))
    history = np.append(before.loss_history, again.loss_history)
    return replace(
        again,
        loss_history=np.minimum.accumulate(history),
        n_iter=before.n_iter + again.n_iter,
    )


def _in_rows_of(blocks: Sequence[np.ndarray], padded: np.ndarray) -> list[np.ndarray]:
    return [pattern[: block.shape[1]] for pattern, block in zip(padded, blocks, strict=True)]


def with_patterns(
    restart: RestartResult[Any],
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    guess: Slabs,
) -> RestartResult[Parafac2Model]:
    """Add the patterns, in the rows of the data.

    Parameters
    ----------
    restart : RestartResult
    blocks, observed, guess : as for `finished`
    """
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
