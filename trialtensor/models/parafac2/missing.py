"""What a Parafac2 keeps about missing entries, and how far the data determine them."""

from __future__ import annotations

from functools import partial

import numpy as np

from trialtensor.models.fitted import Named
from trialtensor.models.observed import insert_empty
from trialtensor.models.parafac2.blocks import BlockedTrials, KeptBlocks, scatter_rows
from trialtensor.models.undetermined import (
    Judged,
    about_missing,
    disagreement,
    largest_value,
    largest_where_missing,
)
from trialtensor.solvers import contraction
from trialtensor.solvers.determination import determination
from trialtensor.solvers.parafac2.compression import with_mask
from trialtensor.solvers.parafac2.groups import pad
from trialtensor.solvers.parafac2.options import Parafac2Model, ridge_scale
from trialtensor.solvers.parafac2.row_grams import PATTERNS, complete_grams, observed_grams
from trialtensor.solvers.runs import RestartResult


def judge_fit(kept: KeptBlocks, model: Parafac2Model) -> Judged | None:
    """Judge how far the observed entries determine a fit; None if nothing is missing."""
    if all(mask is None for mask in kept.masks):
        return None
    slabs = with_mask(kept.values, kept.masks)
    patterns = pad([pattern[None] for pattern in model.patterns])
    factors = (model.trial, model.cross, model.shared, patterns)
    observed, loss = observed_grams(slabs, factors)
    everything = complete_grams(slabs, factors)
    rows = (patterns @ model.cross).reshape(-1, model.cross.shape[1])
    scale = ridge_scale(slabs)
    n_parameters = model.trial.size + model.shared.size + rows.size
    strengths = dict(enumerate(scale.strengths(observed, loss, n_parameters)))
    # Zeros of some weight act on a row of a pattern as a ridge does.
    missing = np.trace(everything[PATTERNS] - observed[PATTERNS], axis1=1, axis2=2)
    weight = slabs.open_weight(model.cross.shape[1])
    strengths[PATTERNS] = weight * np.maximum(missing, 0) / rows.shape[1]
    noise = scale.noise(loss, n_parameters)
    found = determination(
        observed,
        everything,
        (*factors[:PATTERNS], rows),
        strengths,
        noise,
        scale.missing_per_observed,
    )
    return Judged(found, scale.on_undetermined(loss, n_parameters))


def trial_ridge(judged: Judged | None, model: Parafac2Model) -> np.ndarray | None:
    """Return the ridge on trial factors that have all the scale."""
    if judged is None:
        return None
    size = np.linalg.norm(model.cross, axis=0) * np.linalg.norm(model.shared, axis=0)
    alive = size**2 > 1e-200 * judged.levels[0]
    return np.divide(judged.levels[0], size**2, out=np.zeros_like(size), where=alive)


def missing_arrays(
    data: BlockedTrials,
    kept: KeptBlocks,
    found: list[RestartResult[Parafac2Model]],
    judged: Judged,
    shared_name: str,
) -> dict[str, Named]:
    """Name what is known of missing entries."""
    shares = judged.determination.open_shares
    trial = scatter_rows(
        np.split(shares[0][:, None], kept.edges[1:-1]), kept.trials, data.n_trials
    )[:, 0]
    rows = insert_empty(shares[2][:, None], kept.shared)[:, 0]
    masked = [b for b, mask in enumerate(kept.masks) if mask is not None]
    best = found[0].result.factors
    # Relative to all blocks, because one of them may be zero.
    largest = max(
        largest_where_missing(_mask(kept, b), partial(_told, kept, best, b)) for b in masked
    ) / max(map(largest_value, kept.values))
    n_observed = sum(
        values.size if mask is None else int(np.count_nonzero(mask))
        for values, mask in zip(kept.values, kept.masks, strict=True)
    )
    apart = disagreement(
        found,
        n_observed,
        lambda model, part: _told(kept, model, *part),
        lambda part: ~_mask(kept, part[0])[part[1]],
        [(b, rows) for b in masked for rows in contraction.trial_chunks(kept.values[b].shape)],
    )
    return about_missing(judged, largest, apart, {"trial": trial, shared_name: rows})


def _mask(kept: KeptBlocks, b: int) -> np.ndarray:
    mask = kept.masks[b]
    assert mask is not None, "nothing is missing in this block"
    return mask


def _told(kept: KeptBlocks, model: Parafac2Model, b: int, rows: slice) -> np.ndarray:
    """Return what a model says of some trials of a block."""
    own = model.trial[kept.edges[b] : kept.edges[b + 1]][rows]
    return contraction.reconstruct((own, model.patterns[b] @ model.cross, model.shared))
