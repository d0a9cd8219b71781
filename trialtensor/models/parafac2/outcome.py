"""Building a fitted Parafac2 from the solver's result."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.models.comparison import aligned_restarts, unit_factors
from trialtensor.models.fitted import FitRecord, Fitted, Named, Restart
from trialtensor.models.observed import as_problem, insert_empty, warn_empty
from trialtensor.models.parafac2.blocks import BlockedTrials, KeptBlocks, scatter_rows
from trialtensor.models.parafac2.missing import judge_fit, missing_arrays, trial_ridge
from trialtensor.models.parts import explained, make_components
from trialtensor.models.summary import LEFT_OUT, count_observed, describe_data
from trialtensor.solvers import canonical, diagnostics
from trialtensor.solvers.determination import solve_open_rows
from trialtensor.solvers.parafac2.compression import with_mask
from trialtensor.solvers.parafac2.options import Parafac2Model
from trialtensor.solvers.result import Factors
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult


def describe(
    data: BlockedTrials,
    kept: KeptBlocks,
    found: list[RestartResult[Parafac2Model]],
    *,
    varying: str,
    nonnegative: bool,
    smoothness: float = 0.0,
) -> Fitted:
    """Describe a finished fit."""
    best = found[0].result
    trial, patterns, cross, shared = _with_scale_in_trials(best.factors)
    parts = [pattern @ cross for pattern in patterns]
    # The weights once more, for the patterns as they are: as ``transform`` does it.
    judged = judge_fit(kept, best.factors)
    ridge = trial_ridge(judged, best.factors)
    grams, rhs = equations(kept, parts, shared)
    trial = solve_trials(kept, (grams, rhs), ridge, nonnegative=nonnegative)
    norm2 = kept.norm2
    loss = residual_sum_of_squares(kept, trial, parts, shared)
    variance = diagnostics.component_variance(grams, rhs, trial, norm2)
    order = np.argsort(-variance.alone, kind="stable")
    arrays = _factors(
        data, kept, trial[:, order], [p[:, order] for p in parts], shared[:, order], varying
    )
    arrays |= explained(variance, order)
    arrays["smoothness"] = Named((), smoothness)
    consistency = _core_consistency(kept, trial, patterns, cross, shared)
    arrays["core_consistency"] = Named((), consistency)
    cosine = diagnostics.triple_cosine((trial, cross, shared))
    arrays["triple_cosine"] = Named((), cosine)
    if judged is not None and ridge is not None:
        arrays |= missing_arrays(data, kept, found, judged, shared_axis(varying))
        arrays["trial_ridge"] = Named(("component",), ridge[order])
    restarts = _restarts(data, kept, found, loss, norm2, varying)
    record = FitRecord.of(best, loss, norm2, restarts)
    summary = _summary(data, kept, varying)
    return assemble(arrays, record=record, data=summary, coords=data.coords)


def assemble(
    arrays: Mapping[str, Named], *, record: FitRecord, data: dict[str, Any], coords: dict[str, Any]
) -> Fitted:
    """Combine arrays with the record of their fit."""
    labels, which = arrays["block_labels"].values, arrays["block_of_trial"].values
    blocks = {label: np.flatnonzero(which == b) for b, label in enumerate(labels.tolist())}
    components = make_components(
        arrays, blocks=list(blocks), block_lengths=arrays["row_counts"].values.tolist()
    )
    return Fitted("Parafac2", arrays, components, record, data, coords, blocks=blocks)


def varying_axis(fitted: Fitted) -> str:
    """Return the axis with separate factors in each block."""
    return "neuron" if "block" in fitted.arrays["neuron_factors"].dims else "time"


def shared_axis(varying: str) -> str:
    """Return the axis whose factors all blocks share."""
    return "time" if varying == "neuron" else "neuron"


def warn_missing(data: BlockedTrials, kept: KeptBlocks, varying: str) -> None:
    """Warn about trials, and entries of the shared axis, without any data."""
    trials = np.zeros(data.n_trials, bool)
    for rows in kept.trials:
        trials[rows] = True
    warn_empty((trials, kept.shared), ("trial", shared_axis(varying)))


def equations(
    kept: KeptBlocks, parts: Sequence[np.ndarray], shared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Form the normal equations of the trial weights, given the patterns of each block.

    Returns
    -------
    (n_trials, R, R), (n_trials, R) arrays
        By block.
    """
    grams, rhs = [], []
    for values, observed, part in zip(kept.values, kept.masks, parts, strict=True):
        problem, _ = as_problem(values, observed)
        start = np.zeros((len(values), part.shape[1]), values.dtype)
        gram, right = problem.trial_equations((start, part, shared))
        grams.append(np.broadcast_to(gram, (len(values), *gram.shape[1:])))
        rhs.append(right)
    return np.concatenate(grams), np.concatenate(rhs)


def solve_trials(
    kept: KeptBlocks,
    normal: tuple[np.ndarray, np.ndarray],
    ridge: np.ndarray | None,
    *,
    nonnegative: bool,
) -> np.ndarray:
    """Solve the normal equations of the trial weights, with a ridge on those hardly determined."""
    grams, rhs = normal
    if ridge is None:
        return solve_rows(grams, rhs, nonnegative=nonnegative)
    shares = [part.missing_of_rows for part in kept.parts]
    missing = np.concatenate(
        [
            np.broadcast_to(share, len(values))
            for share, values in zip(shares, kept.values, strict=True)
        ]
    )
    return solve_open_rows(grams, rhs, ridge, missing, nonnegative=nonnegative)


def residual_sum_of_squares(
    kept: KeptBlocks, trial: np.ndarray, parts: Sequence[np.ndarray], shared: np.ndarray
) -> float:
    """Sum the squared residuals over the observed entries."""
    total, first = 0.0, 0
    for values, observed, part in zip(kept.values, kept.masks, parts, strict=True):
        own = trial[first : first + len(values)]
        total += diagnostics.residual_sum_of_squares(values, (own, part, shared), observed)
        first += len(values)
    return total


def block_signs(trial: np.ndarray, blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Return +1 or -1 for each block that makes its weights, scales included, mostly positive."""
    sums = np.array([trial[rows].sum() for rows in blocks])
    return _plus_or_minus(sums)


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
    """Compute the core consistency of the data projected onto its patterns."""
    n_rows = max(len(pattern) for pattern in patterns)
    padded = np.zeros((len(patterns), n_rows, len(cross)), patterns[0].dtype)
    for own, pattern in zip(padded, patterns, strict=True):
        own[: len(pattern)] = pattern
    slabs = with_mask(kept.values, kept.masks)
    small = slabs.turned_back(padded, (trial, cross, shared, padded))
    return diagnostics.core_consistency(small.X, (trial, cross, shared))


def _factors(
    data: BlockedTrials,
    kept: KeptBlocks,
    trial: np.ndarray,
    parts: list[np.ndarray],
    shared: np.ndarray,
    varying: str,
) -> dict[str, Named]:
    """Return factors of all trials, neurons and times, with the signs the class documents."""
    own, flip_trial = _signs(kept, trial)
    flip_shared = canonical.skewness_sign(shared)
    sign_of_trial = np.repeat(own, [len(rows) for rows in kept.trials])[:, None]
    shared = shared * flip_shared
    trial = trial * sign_of_trial * flip_trial
    parts = [part * sign * flip_trial * flip_shared for part, sign in zip(parts, own, strict=True)]
    unit, weights = canonical.unit_columns(trial)
    n_rows = [values.shape[1] for values in data.values]
    whole = np.full((len(data.labels), max(n_rows), trial.shape[1]), np.nan, trial.dtype)
    for b, rows, part in zip(kept.which, kept.rows, parts, strict=True):
        whole[b, rows] = part
    other = shared_axis(varying)
    by_axis = {
        varying: Named(("block", varying, "component"), whole),
        other: Named((other, "component"), insert_empty(shared, kept.shared)),
    }
    spread = scatter_rows(np.split(unit, kept.edges[1:-1]), kept.trials, data.n_trials)
    return {
        "trial_factors": Named(("trial", "component"), spread),
        "neuron_factors": by_axis["neuron"],
        "time_factors": by_axis["time"],
        "weights": Named(("component",), weights),
        "cross_product": Named(
            ("component", "other_component"), np.mean([part.T @ part for part in parts], axis=0)
        ),
        "block_labels": Named(("block",), data.labels),
        "block_of_trial": Named(("trial",), data.block_of_trial),
        "row_counts": Named(("block",), np.array(n_rows)),
        "ragged": Named((), data.ragged),
    }


def _signs(kept: KeptBlocks, trial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return signs of blocks and of columns that make weights mostly positive in every block."""
    parts = [np.arange(i, j) for i, j in itertools.pairwise(kept.edges)]
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
    data: BlockedTrials,
    kept: KeptBlocks,
    found: list[RestartResult[Parafac2Model]],
    loss: float,
    norm2: float,
    varying: str,
) -> list[Restart]:
    """Align every restart to the best, with the patterns of all blocks stacked."""
    (trial, stacked, shared), norms = _stacked(found[0].result.factors)
    order = np.argsort(-norms, kind="stable")
    best = (trial[:, order], stacked[:, order], shared[:, order])

    def expand(factors: Factors) -> Factors:
        trial, stacked, shared = factors
        own = scatter_rows(np.split(trial, kept.edges[1:-1]), kept.trials, data.n_trials)
        last = insert_empty(shared, kept.shared)
        return (own, stacked, last) if varying == "neuron" else (own, last, stacked)

    return aligned_restarts(found, best, loss, norm2, units=_stacked, expand=expand)


def _stacked(model: Parafac2Model) -> tuple[Factors, np.ndarray]:
    """Return unit factors with the patterns of all blocks stacked, and their scale."""
    trial, cross, shared, patterns = model
    stacked = np.concatenate([pattern @ cross for pattern in patterns])
    return unit_factors((trial, stacked, shared))


def _summary(data: BlockedTrials, kept: KeptBlocks, varying: str) -> dict[str, Any]:
    n_rows, n_shared = max(v.shape[1] for v in data.values), data.values[0].shape[2]
    inner = (n_rows, n_shared) if varying == "neuron" else (n_shared, n_rows)
    size, n_observed = count_observed(data.values, data.observed)
    entries = any(seen is not None for seen in kept.masks)
    dropped = n_observed < size
    treatment = f"Trials, {varying}s of a block or other slices without any data were left out."
    if entries:
        treatment = f"{treatment} {LEFT_OUT}"
    n_neurons = inner[0]
    if data.ragged and varying == "neuron":
        n_neurons = sum(values.shape[1] for values in data.values)
    return describe_data(
        (data.n_trials, *inner),
        data.dtype,
        size,
        n_observed,
        "entries" if entries else f"block x {varying}" if dropped else "none",
        treatment if dropped else "Nothing was missing.",
        n_blocks=len(data.labels),
        n_neurons=n_neurons,
    )
