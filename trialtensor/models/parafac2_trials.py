"""New trials, in blocks that a fitted Parafac2 knows or in new ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.blocks import (
    BlockedTrials,
    KeptBlocks,
    check_size,
    scatter_rows,
    split_blocks,
    without_empty,
)
from trialtensor.models.parafac2_outcome import (
    block_signs,
    equations,
    residual_sum_of_squares,
    warn_empty,
)
from trialtensor.solvers import contraction
from trialtensor.solvers.parafac2.given import first_weights, settle
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    from trialtensor.models.parafac2 import Parafac2


def transform(model: Parafac2, X: Any, blocks: Any, mask: Any) -> np.ndarray:
    """Trial factors of new trials, (n_trials, R)."""
    data, kept, trial, _ = _solve(model, X, blocks, mask)
    warn_empty(data, kept, model.varying)
    weights = np.where(model.weights_ > 0, model.weights_, 1).astype(trial.dtype)
    edges = np.cumsum([len(rows) for rows in kept.trials])[:-1]
    return scatter_rows(np.split(trial / weights, edges), kept.trials, data.n_trials)


def score(model: Parafac2, X: Any, blocks: Any, mask: Any) -> float:
    """Explained fraction of the sum of squares of new trials."""
    _, kept, trial, parts = _solve(model, X, blocks, mask)
    total = sum(sum_of_squares(values) for values in kept.values)
    if total == 0:
        raise ValueError("X: every observed value is zero, so there is nothing to explain")
    shared = _shared(model)[kept.shared].astype(trial.dtype, copy=False)
    return 1 - residual_sum_of_squares(kept, trial, parts, shared) / total


def inverse_transform(model: Parafac2, X: Any, blocks: Any) -> np.ndarray | list[np.ndarray]:
    """The data that trial factors stand for, in the patterns of their blocks."""
    trial = np.asarray(X)
    rank = len(model.weights_)
    if trial.ndim != 2 or trial.shape[1] != rank:
        raise ValueError(f"X: expected trial factors (n_trials, {rank}), got {trial.shape}")
    which = model.block_of_trial_ if blocks is None else _known_blocks(model, blocks, len(trial))
    if len(which) != len(trial):
        raise ValueError(
            f"X: got {len(trial)} trials, but the model was fitted to {len(which)}; say by blocks= "
            "in which of the fitted patterns these are"
        )
    scaled, shared = trial * model.weights_.astype(trial.dtype, copy=False), _shared(model)
    varying = getattr(model, f"{model.varying}_factors_")
    distinct = list(dict.fromkeys(which.tolist()))
    parts = [_reconstruct(model, scaled[which == b], varying[b], shared) for b in distinct]
    if model.ragged_:
        axis = inputs.AXES.index(model.varying)
        return [
            part.take(range(model.row_counts_[b]), axis=axis)
            for part, b in zip(parts, distinct, strict=True)
        ]
    whole = np.empty((len(trial), *parts[0].shape[1:]), parts[0].dtype)
    for part, b in zip(parts, distinct, strict=True):
        whole[which == b] = part
    return whole


def _reconstruct(
    model: Parafac2, trial: np.ndarray, varying: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    middle, last = (varying, shared) if model.varying == "neuron" else (shared, varying)
    return contraction.reconstruct((trial, middle, last))


def _shared(model: Parafac2) -> np.ndarray:
    return model.time_factors_ if model.varying == "neuron" else model.neuron_factors_


def _known_blocks(model: Parafac2, blocks: Any, n_trials: int) -> np.ndarray:
    labels = np.asarray(blocks)
    if labels.shape != (n_trials,):
        raise ValueError(f"blocks: expected one label for each of {n_trials} trials")
    position = _positions(model)
    unknown = [label for label in labels.tolist() if str(label) not in position]
    if unknown:
        raise ValueError(f"blocks: the fit has seen no block {unknown[0]!r}")
    return np.array([position[str(label)] for label in labels.tolist()], int)


def _positions(model: Parafac2) -> dict[str, int]:
    return {str(label): b for b, label in enumerate(model.block_labels_.tolist())}


def _solve(
    model: Parafac2, X: Any, blocks: Any, mask: Any
) -> tuple[BlockedTrials, KeptBlocks, np.ndarray, list[np.ndarray]]:
    """Weights and patterns of every block; known patterns are kept, others found."""
    data = split_blocks(X, mask, blocks, model.varying)
    _check_axes(model, data)
    named = blocks is not None or isinstance(X, dict)
    position = _positions(model) if named else {}
    if not named and len(model.block_labels_) < len(model.block_of_trial_) and not data.ragged:
        raise ValueError(
            "blocks: the model was fitted to blocks of several trials; say which block each new "
            "trial belongs to (a label that the fit hasn't seen is a new block)"
        )
    known_shared = np.isfinite(_shared(model)).all(axis=1)
    kept = without_empty(data, known_shared)
    dtype = np.result_type(model.weights_.dtype, data.dtype)
    shared = _shared(model)[known_shared].astype(dtype, copy=False)
    parts: list[Any] = [None] * len(kept.which)
    for i, b in enumerate(kept.which):
        known = position.get(str(data.labels[b]))
        if known is not None:
            parts[i] = _known_part(model, data, kept, i, known)
    new = [i for i, part in enumerate(parts) if part is None]
    positive = inputs.nonnegative_axes(model.nonnegative)[0]
    with blas_threads_for(sum(values.size for values in kept.values)):
        if new:
            subset = _subset(kept, new)
            check_size(data, subset, len(model.weights_), model.varying)
            found = _new_parts(model, subset, shared, nonnegative=positive)
            for i, part in zip(new, found, strict=True):
                parts[i] = part
        parts = [part.astype(dtype, copy=False) for part in parts]
        grams, rhs = equations(kept, parts, shared)
        trial = solve_rows(grams, rhs, nonnegative=positive)
    return data, kept, trial, parts


def _check_axes(model: Parafac2, data: BlockedTrials) -> None:
    shared = "time" if model.varying == "neuron" else "neuron"
    expected, got = len(_shared(model)), data.values[0].shape[2]
    if got != expected:
        raise ValueError(f"X: the model was fitted to {expected} {shared}s, got {got}")
    if not model.ragged_ and not data.ragged and model.varying == "neuron":
        expected, got = int(model.row_counts_[0]), data.values[0].shape[1]
        if got != expected:
            raise ValueError(f"X: the model was fitted to {expected} neurons, got {got}")


def _known_part(
    model: Parafac2, data: BlockedTrials, kept: KeptBlocks, i: int, known: int
) -> np.ndarray:
    """The pattern that the fit found for this block; rows that it doesn't know say nothing."""
    expected, got = int(model.row_counts_[known]), data.values[kept.which[i]].shape[1]
    if got != expected:
        raise ValueError(
            f"X: block {data.labels[kept.which[i]]!s} was fitted with {expected} "
            f"{model.varying}s, got {got}"
        )
    part = getattr(model, f"{model.varying}_factors_")[known][kept.rows[i]]
    seen = np.isfinite(part).all(axis=1)
    if not seen.all():
        kept.values[i] = np.ascontiguousarray(kept.values[i][:, seen])
        observed = kept.observed[i]
        if observed is not None:
            kept.observed[i] = np.ascontiguousarray(observed[:, seen])
        kept.rows[i], part = kept.rows[i][seen], part[seen]
    return part


def _subset(kept: KeptBlocks, which: Sequence[int]) -> KeptBlocks:
    return KeptBlocks(
        [kept.values[i] for i in which],
        [kept.observed[i] for i in which],
        [kept.trials[i] for i in which],
        [kept.rows[i] for i in which],
        kept.which[list(which)],
        kept.shared,
    )


def _new_parts(
    model: Parafac2, kept: KeptBlocks, shared: np.ndarray, *, nonnegative: bool
) -> list[np.ndarray]:
    """Patterns of new blocks, with the sign that the weights of a block have."""
    dtype = shared.dtype
    cross = np.linalg.cholesky(_safe_gram(model.cross_product_)).T.astype(dtype)
    values = [each.astype(dtype, copy=False) for each in kept.values]
    starts = first_weights(values, cross, shared, nonnegative=nonnegative)
    found = settle(values, kept.observed, cross, shared, starts, nonnegative=nonnegative)
    edges = np.cumsum([0, *(len(rows) for rows in kept.trials)])
    rows = [np.arange(i, j) for i, j in itertools.pairwise(edges)]
    signs = block_signs(found.trial, rows)
    return [
        pattern[: each.shape[1]] @ cross * sign
        for pattern, each, sign in zip(found.patterns, values, signs, strict=True)
    ]


def _safe_gram(products: np.ndarray) -> np.ndarray:
    """``H'H``, a rounding error away from singular where two components are the same."""
    gram = products.astype(np.float64)
    return gram + 1e-13 * np.trace(gram) / len(gram) * np.eye(len(gram))
