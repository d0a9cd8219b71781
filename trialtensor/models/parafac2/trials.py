"""Applying a fitted Parafac2 to new trials, in known or in new blocks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import check_anything_known, check_labels, known_rows
from trialtensor.models.observed import nothing_to_explain, without_empty
from trialtensor.models.parafac2.block_labels import as_labels
from trialtensor.models.parafac2.blocks import (
    BlockedTrials,
    KeptBlocks,
    check_size,
    scatter_rows,
    split_blocks,
    without_empty_blocks,
)
from trialtensor.models.parafac2.outcome import (
    block_signs,
    equations,
    residual_sum_of_squares,
    shared_axis,
    solve_trials,
    varying_axis,
    warn_missing,
)
from trialtensor.models.undetermined import ridge_of
from trialtensor.solvers import contraction
from trialtensor.solvers.parafac2.given import first_weights, settle
from trialtensor.solvers.threads import blas_threads_for


def transform(fitted: Fitted, X: Any, blocks: Any, mask: Any, *, nonnegative: bool) -> np.ndarray:
    """Solve for the trial factors of new trials, (n_trials, R)."""
    data, kept, trial, _ = _solve(fitted, X, blocks, mask, nonnegative)
    warn_missing(data, kept, varying_axis(fitted))
    weights = fitted["weights"]
    unit = trial / np.where(weights > 0, weights, 1).astype(trial.dtype)
    return scatter_rows(np.split(unit, kept.edges[1:-1]), kept.trials, data.n_trials)


def score(fitted: Fitted, X: Any, blocks: Any, mask: Any, *, nonnegative: bool) -> float:
    """Return the explained fraction of the sum of squares of new trials."""
    _, kept, trial, parts = _solve(fitted, X, blocks, mask, nonnegative)
    total = kept.norm2
    nothing_to_explain(total, *kept.values)
    shared = _shared(fitted)[kept.shared].astype(trial.dtype, copy=False)
    return 1 - residual_sum_of_squares(kept, trial, parts, shared) / total


def inverse_transform(
    fitted: Fitted, trial: np.ndarray, blocks: Any
) -> np.ndarray | list[np.ndarray]:
    """Return the data that trial factors describe, in the patterns of their blocks."""
    scaled = trial * fitted["weights"].astype(trial.dtype, copy=False)
    varying = fitted[f"{varying_axis(fitted)}_factors"]
    if blocks is not None:
        which = _known_blocks(fitted, blocks, len(trial))
    elif len(trial) == len(fitted["block_of_trial"]):
        which = fitted["block_of_trial"]
    elif fitted["ragged"]:
        raise ValueError(
            f"X: got {len(trial)} trials, but Parafac2 was fitted to "
            f"{len(fitted['block_of_trial'])} in blocks with {varying_axis(fitted)}s of their own; "
            "say by blocks= in which of the fitted patterns these are"
        )
    else:
        # Trials of no known block: what all blocks have in common is the best guess.
        return _reconstruct(fitted, scaled, np.nanmean(varying, axis=0))
    distinct = list(dict.fromkeys(which.tolist()))
    parts = [_reconstruct(fitted, scaled[which == b], varying[b]) for b in distinct]
    if fitted["ragged"]:
        axis = AXES.index(varying_axis(fitted))
        return [
            part.take(range(fitted["row_counts"][b]), axis=axis)
            for part, b in zip(parts, distinct, strict=True)
        ]
    whole = np.empty((len(trial), *parts[0].shape[1:]), parts[0].dtype)
    for part, b in zip(parts, distinct, strict=True):
        whole[which == b] = part
    return whole


def _reconstruct(fitted: Fitted, trial: np.ndarray, varying: np.ndarray) -> np.ndarray:
    shared = _shared(fitted)
    if varying_axis(fitted) == "neuron":
        return contraction.reconstruct((trial, varying, shared))
    return contraction.reconstruct((trial, shared, varying))


def _shared(fitted: Fitted) -> np.ndarray:
    return np.asarray(fitted[f"{shared_axis(varying_axis(fitted))}_factors"])


def _known_blocks(fitted: Fitted, blocks: Any, n_trials: int) -> np.ndarray:
    labels = as_labels(blocks, n_trials)
    position = _positions(fitted)
    unknown = [label for label in labels.tolist() if str(label) not in position]
    if unknown:
        raise ValueError(f"blocks: the fit has seen no block {unknown[0]!r}")
    return np.array([position[str(label)] for label in labels.tolist()], int)


def _positions(fitted: Fitted) -> dict[str, int]:
    return {str(label): b for b, label in enumerate(fitted["block_labels"].tolist())}


def _solve(
    fitted: Fitted, X: Any, blocks: Any, mask: Any, nonnegative: bool
) -> tuple[BlockedTrials, KeptBlocks, np.ndarray, list[np.ndarray]]:
    """Return the data, the entries kept, trial factors by block, and the pattern of each block."""
    varying = varying_axis(fitted)
    data = split_blocks(X, mask, blocks, varying)
    _check_axes(fitted, data)
    named = blocks is not None or isinstance(X, Mapping)
    position = _positions(fitted) if named else {}
    if not named and not data.ragged and len(fitted.blocks) < len(fitted["block_of_trial"]):
        raise ValueError(
            "blocks: Parafac2 was fitted to blocks of several trials; say which block each new "
            "trial belongs to (a label that the fit hasn't seen is a new block)"
        )
    factors = _shared(fitted)
    kept = without_empty_blocks(data, known_rows(factors))
    dtype = np.result_type(fitted["weights"].dtype, data.dtype)
    shared = factors[kept.shared].astype(dtype, copy=False)
    parts: list[Any] = [None] * len(kept.which)
    for i, b in enumerate(kept.which):
        known = position.get(str(data.labels[b]))
        if known is not None:
            kept, parts[i] = _known_part(fitted, data, kept, i, known)
    useful = [i for i, values in enumerate(kept.values) if values.size]
    check_anything_known(bool(useful))
    kept, parts = kept.subset(useful), [parts[i] for i in useful]
    new = [i for i, part in enumerate(parts) if part is None]
    with blas_threads_for(kept.size):
        if new:
            subset = kept.subset(new)
            check_size(data, subset, factors.shape[1], varying)
            found = _new_parts(fitted, subset, shared, nonnegative=nonnegative)
            for i, part in zip(new, found, strict=True):
                parts[i] = part
        parts = [part.astype(dtype, copy=False) for part in parts]
        grams, rhs = equations(kept, parts, shared)
        trial = solve_trials(kept, (grams, rhs), ridge_of(fitted), nonnegative=nonnegative)
    return data, kept, trial, parts


def _check_axes(fitted: Fitted, data: BlockedTrials) -> None:
    varying = varying_axis(fitted)
    expected, got = len(_shared(fitted)), data.values[0].shape[2]
    if got != expected:
        raise ValueError(
            f"X: the model was fitted to {expected} {shared_axis(varying)}s, got {got}"
        )
    if not fitted["ragged"] and not data.ragged and varying == "neuron":
        expected, got = int(fitted["row_counts"][0]), data.values[0].shape[1]
        if got != expected:
            raise ValueError(f"X: the model was fitted to {expected} neurons, got {got}")
    check_labels(fitted, data.coords)


def _known_part(
    fitted: Fitted, data: BlockedTrials, kept: KeptBlocks, i: int, known: int
) -> tuple[KeptBlocks, np.ndarray]:
    """Return the fitted pattern of this block; rows that it doesn't know carry no information.

    Nor do trials with data in such rows only, which are dropped. Rows that it knows remain even if
    they have no data here, so that each trial is judged by what it lacks of the pattern.
    """
    varying, b = varying_axis(fitted), int(kept.which[i])
    values, mask = data.values[b], data.observed[b]
    expected, got = int(fitted["row_counts"][known]), values.shape[1]
    if got != expected:
        raise ValueError(
            f"X: block {data.labels[b]!s} was fitted with {expected} {varying}s, got {got}"
        )
    pattern = fitted[f"{varying}_factors"][known][:got]
    seen = known_rows(pattern)
    part = without_empty(values, mask, (None, seen, kept.shared))
    parts, trials = list(kept.parts), list(kept.trials)
    parts[i], trials[i] = part, data.trials[b][part.kept[0]]
    return replace(kept, parts=parts, trials=trials), pattern[seen]


def _new_parts(
    fitted: Fitted, kept: KeptBlocks, shared: np.ndarray, *, nonnegative: bool
) -> list[np.ndarray]:
    """Fit patterns of new blocks, with the sign convention for the weights of a block."""
    dtype = shared.dtype
    cross = np.linalg.cholesky(_safe_gram(fitted["cross_product"])).T.astype(dtype)
    values = [each.astype(dtype, copy=False) for each in kept.values]
    starts = first_weights(values, cross, shared, nonnegative=nonnegative)
    found = settle(values, kept.masks, cross, shared, starts, nonnegative=nonnegative)
    rows = [np.arange(i, j) for i, j in itertools.pairwise(kept.edges)]
    signs = block_signs(found.trial, rows)
    return [
        pattern[: each.shape[1]] @ cross * sign
        for pattern, each, sign in zip(found.patterns, values, signs, strict=True)
    ]


def _safe_gram(products: np.ndarray) -> np.ndarray:
    """Return ``H'H``, kept nonsingular by a rounding error if two components are the same."""
    gram = products.astype(np.float64)
    return gram + 1e-13 * np.trace(gram) / len(gram) * np.eye(len(gram))
