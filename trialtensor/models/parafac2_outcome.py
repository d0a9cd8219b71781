"""From what the solver found to the fitted attributes of a Parafac2."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.blocks import BlockedTrials, KeptBlocks, scatter_rows
from trialtensor.models.restart import Restart
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers import canonical, diagnostics, matching
from trialtensor.solvers.parafac2.compression import with_mask
from trialtensor.solvers.parafac2.restarts import Parafac2Model
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import Factors
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult

if TYPE_CHECKING:
    from trialtensor.models.parafac2 import Parafac2


def store_fit(
    model: Parafac2,
    data: BlockedTrials,
    kept: KeptBlocks,
    found: list[RestartResult[Parafac2Model]],
    nonnegative: bool,
) -> None:
    """Set everything that ends in an underscore from a finished fit."""
    best = found[0].result
    trial, patterns, cross, shared = _with_scale_in_trials(best.factors)
    parts = [pattern @ cross for pattern in patterns]
    # The weights once more, for the patterns as they are: as ``transform`` does it.
    grams, rhs = equations(kept, parts, shared)
    trial = solve_rows(grams, rhs, nonnegative=nonnegative)
    norm2 = sum(sum_of_squares(values) for values in kept.values)
    loss = residual_sum_of_squares(kept, trial, parts, shared)
    variance = diagnostics.component_variance(grams, rhs, trial, norm2)
    order = np.argsort(-variance.alone, kind="stable")
    model.core_consistency_ = _core_consistency(kept, trial, patterns, cross, shared)
    model.triple_cosine_ = diagnostics.triple_cosine((trial, cross, shared))
    for name in ("alone", "unique", "shared"):
        setattr(model, f"explained_variance_{name}_", getattr(variance, name)[order])
    _set_factors(model, data, kept, trial[:, order], [p[:, order] for p in parts], shared[:, order])
    model.loss_ = loss
    model.loss_history_ = np.append(best.loss_history, min(loss, best.loss))
    model.explained_variance_ratio_ = np.float64(1 - loss / norm2)
    model.n_iter_ = best.n_iter
    model.stop_reason_ = best.stop_reason
    model.coords_ = data.coords
    model.data_summary_ = _summary(data, kept, model.varying)
    model.restarts_ = _restarts(model, data, kept, found, norm2)


def equations(
    kept: KeptBlocks, parts: Sequence[np.ndarray], shared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of the trial weights for the patterns of each block.

    Returns
    -------
    (n_trials, R, R), (n_trials, R) arrays
        By block.
    """
    grams, rhs = [], []
    for values, observed, part in zip(kept.values, kept.observed, parts, strict=True):
        problem, _ = inputs.as_problem(values, observed)
        start = np.zeros((len(values), part.shape[1]), values.dtype)
        gram, right = problem.trial_equations((start, part, shared))
        grams.append(np.broadcast_to(gram, (len(values), *gram.shape[1:])))
        rhs.append(right)
    return np.concatenate(grams), np.concatenate(rhs)


def residual_sum_of_squares(
    kept: KeptBlocks, trial: np.ndarray, parts: Sequence[np.ndarray], shared: np.ndarray
) -> float:
    """Sum of squared errors over the observed entries, from the residuals themselves."""
    total, first = 0.0, 0
    for values, observed, part in zip(kept.values, kept.observed, parts, strict=True):
        own = trial[first : first + len(values)]
        total += diagnostics.residual_sum_of_squares(values, (own, part, shared), observed)
        first += len(values)
    return total


def block_signs(trial: np.ndarray, blocks: Sequence[np.ndarray]) -> np.ndarray:
    """+1 or -1 a block, so that its weights, scales included, are positive on the whole."""
    sums = np.array([trial[rows].sum() for rows in blocks])
    return _plus_or_minus(sums)


def warn_empty(data: BlockedTrials, kept: KeptBlocks, varying: str) -> None:
    """Tell of trials, and entries of the axis that is shared, without any data."""
    trials = np.zeros(data.n_trials, bool)
    for rows in kept.trials:
        trials[rows] = True
    shared = "time" if varying == "neuron" else "neuron"
    for axis, with_data in (("trial", trials), (shared, kept.shared)):
        if not with_data.all():
            empty = np.flatnonzero(~with_data)
            shown = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
            warnings.warn(
                f"{len(empty)} of {len(with_data)} {axis}s have no data ({axis} {shown}); "
                f"the model says nothing about them (NaN)",
                MissingSliceWarning,
                stacklevel=3,
            )


def _with_scale_in_trials(
    model: Parafac2Model,
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray, np.ndarray]:
    cross, cross_norms = canonical.unit_columns(model.cross)
    shared, shared_norms = canonical.unit_columns(model.shared)
    trial = (model.trial * cross_norms * shared_norms).astype(model.trial.dtype, copy=False)
    return trial, model.patterns, cross, shared


def _core_consistency(
    kept: KeptBlocks,
    trial: np.ndarray,
    patterns: list[np.ndarray],
    cross: np.ndarray,
    shared: np.ndarray,
) -> float:
    """Of the data turned back by its patterns, which a CP model should then describe."""
    small, first = [], 0
    for values, observed, pattern in zip(kept.values, kept.observed, patterns, strict=True):
        if observed is not None:
            slabs = with_mask([values], [observed])
            own = (trial[first : first + len(values)], cross, shared, pattern[None])
            values = slabs.filled(own)
        small.append(np.matmul(pattern.T, values))
        first += len(values)
    return diagnostics.core_consistency(np.concatenate(small), (trial, cross, shared))


def _set_factors(
    model: Parafac2,
    data: BlockedTrials,
    kept: KeptBlocks,
    trial: np.ndarray,
    parts: list[np.ndarray],
    shared: np.ndarray,
) -> None:
    own, flip_trial = _signs(kept, trial)
    flip_shared = canonical.skewness_sign(shared)
    sign_of_trial = np.repeat(own, [len(rows) for rows in kept.trials])[:, None]
    shared = shared * flip_shared
    trial = trial * sign_of_trial * flip_trial
    parts = [part * sign * flip_trial * flip_shared for part, sign in zip(parts, own, strict=True)]
    unit, weights = canonical.unit_columns(trial)
    edges = np.cumsum([len(rows) for rows in kept.trials])[:-1]
    model.trial_factors_ = scatter_rows(np.split(unit, edges), kept.trials, data.n_trials)
    model.weights_ = weights
    n_rows = [values.shape[1] for values in data.values]
    varying = np.full((len(data.labels), max(n_rows), trial.shape[1]), np.nan, trial.dtype)
    for b, rows, part in zip(kept.which, kept.rows, parts, strict=True):
        varying[b, rows] = part
    other = "time" if model.varying == "neuron" else "neuron"
    setattr(model, f"{model.varying}_factors_", varying)
    setattr(model, f"{other}_factors_", inputs.insert_empty(shared, kept.shared))
    model.cross_product_ = np.mean([part.T @ part for part in parts], axis=0)
    model.block_labels_ = data.labels
    model.block_of_trial_ = data.block_of_trial
    model.row_counts_ = np.array(n_rows)
    model.ragged_ = data.ragged
    model._n_features_out = trial.shape[1]


def _signs(kept: KeptBlocks, trial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of blocks and of columns, with which weights are positive on the whole in every block."""
    edges = np.cumsum([0, *(len(rows) for rows in kept.trials)])
    parts = [np.arange(i, j) for i, j in itertools.pairwise(edges)]
    sums = np.array([trial[part].sum(axis=0) for part in parts])
    columns = _plus_or_minus(np.linalg.svd(sums, full_matrices=False)[2][0])
    for _ in range(10):
        blocks = block_signs(trial * columns, parts)
        before, columns = columns, _plus_or_minus(blocks @ sums)
        if np.array_equal(before, columns):
            break
    return block_signs(trial * columns, parts), columns


def _plus_or_minus(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, -1, 1).astype(values.dtype)


def _restarts(
    model: Parafac2,
    data: BlockedTrials,
    kept: KeptBlocks,
    found: list[RestartResult[Parafac2Model]],
    norm2: float,
) -> list[Restart]:
    """Every restart, aligned to the best; patterns of all blocks are under each other."""
    restarts: list[Restart] = []
    best: Factors | None = None
    for restart in found:
        trial, cross, shared, patterns = restart.result.factors
        stacked = np.concatenate([pattern @ cross for pattern in patterns])
        pairs = [canonical.unit_columns(f) for f in (trial, stacked, shared)]
        unit = (pairs[0][0], pairs[1][0], pairs[2][0])
        weights = np.prod([norms for _, norms in pairs], axis=0)
        if best is None:
            order = np.argsort(-weights, kind="stable")
            best = (unit[0][:, order], unit[1][:, order], unit[2][:, order])
        order, _ = matching.match_components(best, unit)
        (trial, stacked, shared), similarity = matching.align_to(best, unit)
        # The best has been solved for once more, the others have not.
        loss = max(restart.result.loss, model.loss_) if restarts else model.loss_
        edges = np.cumsum([len(rows) for rows in kept.trials])[:-1]
        own = scatter_rows(np.split(trial, edges), kept.trials, data.n_trials)
        middle, last = stacked, inputs.insert_empty(shared, kept.shared)
        if model.varying == "time":
            middle, last = last, middle
        restarts.append(
            Restart(
                seed=restart.seed,
                loss=loss,
                explained_variance=1 - loss / norm2,
                similarity=similarity,
                stop_reason=restart.result.stop_reason,
                n_iter=restart.result.n_iter,
                factors=(own, middle, last),
                weights=weights[order],
            )
        )
    return restarts


def _summary(data: BlockedTrials, kept: KeptBlocks, varying: str) -> dict[str, Any]:
    n_rows, n_shared = max(v.shape[1] for v in data.values), data.values[0].shape[2]
    inner = (n_rows, n_shared) if varying == "neuron" else (n_shared, n_rows)
    size = sum(values.size for values in data.values)
    n_observed = sum(
        values.size if seen is None else int(seen.sum())
        for values, seen in zip(data.values, data.observed, strict=True)
    )
    entries = any(seen is not None for seen in kept.observed)
    dropped = n_observed < size
    treatment = f"Trials, {varying}s of a block or other slices without any data were left out."
    if entries:
        treatment = f"{treatment} {inputs.LEFT_OUT}"
    return {
        "shape": (data.n_trials, *inner),
        "dtype": str(data.dtype),
        "n_blocks": len(data.labels),
        "n_observed": n_observed,
        "missing_fraction": 1 - n_observed / size,
        "missing_pattern": "entries" if entries else f"block x {varying}" if dropped else "none",
        "treatment": treatment if dropped else "Nothing was missing.",
    }
