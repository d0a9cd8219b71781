"""What a CoupledTCA keeps about missing entries, and how far the data determine them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from trialtensor.models.coupled.datasets import Datasets, KeptDatasets
from trialtensor.models.fitted import Named
from trialtensor.models.observed import insert_empty
from trialtensor.models.undetermined import (
    Judged,
    about_missing,
    disagreement,
    groups_of_trials,
    largest_value,
    largest_where_missing,
)
from trialtensor.solvers import contraction
from trialtensor.solvers.coupled_problem import CoupledFactors, CoupledProblem
from trialtensor.solvers.runs import RestartResult


def missing_arrays(
    data: Datasets,
    kept: KeptDatasets,
    problem: CoupledProblem,
    scales: np.ndarray,
    found: list[RestartResult[CoupledFactors]],
    judged: Judged,
    trial: np.ndarray,
    shared_axis: str,
) -> dict[str, Named]:
    """Name the ridge on trials, whose factors had norms ``trial``, and what missing entries are."""
    best = found[0].result.factors
    largest = max(
        largest_where_missing(mask, partial(_told, problem, best, i)) / largest_value(each.X)
        for i, (each, mask) in enumerate(zip(problem.problems, kept.masks, strict=True))
        if mask is not None
    )
    arrays = about_missing(
        judged, largest, _apart(kept, problem, found), _shares(data, kept, judged, shared_axis)
    )
    ridge = _trial_ridge(judged.levels, trial.astype(np.float64), scales, shared_axis)
    dims = ("component",) if ridge.ndim == 1 else ("dataset", "component")
    arrays["trial_ridge"] = Named(dims, ridge)
    return arrays | _groups(data, kept, problem.n_components, shared_axis)


def _groups(
    data: Datasets, kept: KeptDatasets, n_components: int, shared_axis: str
) -> dict[str, Named]:
    """Group trials by the neurons seen in them: all together, or those of each dataset."""
    seen = [_seen(values, mask) for values, mask in zip(kept.values, kept.masks, strict=True)]
    if shared_axis == "trial":
        by_neuron = np.concatenate([each.any(axis=2) for each in seen], axis=1)
        return groups_of_trials({"neuron": by_neuron}, n_components, kept.shared)
    found = {
        name: groups_of_trials({"neuron": np.asarray(each.any(axis=0)).T}, n_components, own)
        for name, each, own in zip(data.names, seen, kept.own, strict=True)
    }
    if not any(found.values()):
        return {}
    groups = {
        name: each["groups_by_neuron"].values if each else np.where(own, 0, -1)
        for (name, each), own in zip(found.items(), kept.own, strict=True)
    }
    return {"groups_by_neuron": Named(("trial",), groups)}


def _trial_ridge(
    levels: Sequence[float], trial: np.ndarray, scales: np.ndarray, shared_axis: str
) -> np.ndarray:
    """Return the ridge on unit columns of trial factors; by dataset, in its units, if they differ.

    A trial factor of norm 1 is the balanced one over its norm, so its ridge is that times the
    square of the norm.
    """
    if shared_axis == "trial":
        return np.asarray(levels[0] * trial**2)
    return np.asarray(levels[2::2])[:, None] * trial**2 / scales[:, None] ** 2


def _shares(data: Datasets, kept: KeptDatasets, judged: Judged, shared_axis: str) -> dict[str, Any]:
    """Return the share of each row that is not determined, by axis and dataset."""
    found = judged.determination.open_shares
    other = "time" if shared_axis == "trial" else "trial"
    return {
        shared_axis: insert_empty(found[0][:, None], kept.shared)[:, 0],
        "neuron": {
            name: insert_empty(found[2 * i + 1][:, None], kept.neurons[i])[:, 0]
            for i, name in enumerate(data.names)
        },
        other: {
            name: insert_empty(found[2 * i + 2][:, None], kept.own[i])[:, 0]
            for i, name in enumerate(data.names)
        },
    }


def _apart(
    kept: KeptDatasets, problem: CoupledProblem, found: list[RestartResult[CoupledFactors]]
) -> float:
    def missing(part: tuple[int, slice]) -> np.ndarray:
        mask = kept.masks[part[0]]
        assert mask is not None, "nothing is missing"
        return ~mask[part[1]]

    parts = [
        (i, rows)
        for i, (values, mask) in enumerate(zip(kept.values, kept.masks, strict=True))
        if mask is not None
        for rows in contraction.trial_chunks(values.shape)
    ]
    return disagreement(
        found, problem.n_observed, lambda f, part: _told(problem, f, *part), missing, parts
    )


def _told(problem: CoupledProblem, factors: CoupledFactors, i: int, rows: slice) -> np.ndarray:
    """Return what a model says of some rows of a dataset, along the shared axis."""
    first, neuron, other = problem.of(factors, i)
    return contraction.reconstruct((first[rows], neuron, other))


def _seen(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.ones(values.shape, bool) if mask is None else mask
