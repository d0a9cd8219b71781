"""Applying a fitted CoupledTCA to new trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.models.coupled.datasets import (
    Datasets,
    KeptDatasets,
    split_datasets,
    without_empty_datasets,
)
from trialtensor.models.coupled.equations import as_problem, last_rows, shared_rows
from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import check_anything_known, check_labels, known_rows
from trialtensor.models.observed import insert_empty, nothing_to_explain, warn_empty
from trialtensor.models.undetermined import ridge_of
from trialtensor.solvers import contraction, diagnostics
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.threads import blas_threads_for


@dataclass(frozen=True)
class Told:
    """Settings of a CoupledTCA that solving for new trials needs.

    Attributes
    ----------
    shared : {"trial", "time"}
    groups : labels, name or None
    nonnegative : bool
        True if trial factors are constrained to be non-negative.
    """

    shared: str
    groups: Any
    nonnegative: bool


def transform(fitted: Fitted, told: Told, X: Any, mask: Any) -> Any:
    """Solve for the trial factors of new trials."""
    data, kept, trial = _solve(fitted, told, X, mask)
    if told.shared == "trial":
        warn_empty((kept.shared,), ("trial",))
        return insert_empty(trial, kept.shared)
    warn_empty(kept.own, ["trial"] * len(kept.own))
    return {
        name: insert_empty(each, own)
        for name, each, own in zip(data.names, trial, kept.own, strict=True)
    }


def score(fitted: Fitted, told: Told, X: Any, mask: Any) -> float:
    """Return the explained fraction of the sum of squares of new trials, weighted as in the fit."""
    data, kept, trial = _solve(fitted, told, X, mask)
    loss = total = 0.0
    for i, name in enumerate(data.names):
        if not kept.values[i].size:
            continue
        place = list(fitted.datasets).index(name)
        _, neuron, other = _given(fitted, told, kept, i, name, kept.values[i].dtype)
        own = (trial, other) if told.shared == "trial" else (other, trial[i])
        factors = (own[0], neuron, own[1])
        weight = float(fitted["scales"][place]) ** 2
        observed = kept.masks[i]
        loss += weight * diagnostics.residual_sum_of_squares(kept.values[i], factors, observed)
        total += weight * sum_of_squares(kept.values[i])
    nothing_to_explain(total, *kept.values)
    return 1 - loss / total


def inverse_transform(fitted: Fitted, told: Told, X: Any) -> Any:
    """Return the data that trial factors describe: a dict, or one array if the fit got one."""
    names = list(fitted.datasets)
    rank = fitted["weights"].shape[1]
    trial = X if isinstance(X, Mapping) else {name: X for name in names}
    if isinstance(X, Mapping) != (told.shared == "time"):
        raise ValueError(
            f"X: with shared={told.shared!r} trial factors are "
            f"{'an array' if told.shared == 'trial' else 'a dict with one array per dataset'}"
        )
    rebuilt: dict[str, np.ndarray] = {}
    for i, name in enumerate(names):
        if name not in trial:
            continue
        own = as_floats(trial[name], "X", None)
        if own.ndim != 2 or own.shape[1] != rank:
            raise ValueError(f"X: expected trial factors (n_trials, {rank}), got {own.shape}")
        time = fitted["time_factors"] if told.shared == "time" else fitted["time_factors"][name]
        scaled = own * fitted["weights"][i].astype(own.dtype, copy=False)
        rebuilt[name] = contraction.reconstruct((scaled, fitted["neuron_factors"][name], time))
    if not len(fitted["neuron_places"]):
        return rebuilt
    first = rebuilt[names[0]]
    whole = np.empty((len(first), len(fitted["neuron_places"]), first.shape[2]), first.dtype)
    for i, name in enumerate(names):
        whole[:, fitted["neuron_places"] == i] = rebuilt[name]
    return whole


def _given(
    fitted: Fitted, told: Told, kept: KeptDatasets, i: int, name: str, dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a dataset's weights, weighted neuron factor and other factors, without empty rows."""
    weights = fitted["weights"][list(fitted.datasets).index(name)]
    neuron = (fitted["neuron_factors"][name] * weights)[kept.neurons[i]].astype(dtype)
    if told.shared == "trial":
        return weights, neuron, fitted["time_factors"][name][kept.own[i]].astype(dtype)
    return weights, neuron, fitted["time_factors"][kept.shared].astype(dtype)


def _solve(fitted: Fitted, told: Told, X: Any, mask: Any) -> tuple[Datasets, KeptDatasets, Any]:
    """Solve for the trial factors: one array, or with shared times one for each dataset."""
    data = split_datasets(X, mask, _groups(fitted, told, X), told.shared, list(fitted.datasets))
    check_labels(fitted, data.coords)
    kept = without_empty_datasets(data, *_known(fitted, told, data))
    check_anything_known(any(values.size for values in kept.values))
    with blas_threads_for(max(values.size for values in kept.values)):
        solve = _shared_trials if told.shared == "trial" else _own_trials
        return data, kept, solve(fitted, told, data, kept)


def _groups(fitted: Fitted, told: Told, X: Any) -> Any:
    """Return the dataset of each neuron of one array, as in the fit."""
    places = fitted["neuron_places"]
    if not len(places) or isinstance(X, Mapping) or told.groups is None:
        return None
    labels = np.array(list(fitted.datasets))[places]
    fits = np.ndim(X) == 3 and len(labels) in np.shape(X)
    return labels.tolist() if fits else told.groups


def _known(
    fitted: Fitted, told: Told, data: Datasets
) -> tuple[list[tuple[np.ndarray, np.ndarray | None]], np.ndarray | None]:
    """Return which neurons, other entries and shared entries the fit has seen; None for trials.

    Raises
    ------
    ValueError
        If they are not those of the fit.
    """
    known: list[tuple[np.ndarray, np.ndarray | None]] = []
    times = None
    for name, values in zip(data.names, data.values, strict=True):
        neurons = known_rows(fitted["neuron_factors"][name])
        time = fitted["time_factors"] if told.shared == "time" else fitted["time_factors"][name]
        times = known_rows(time)
        n_times = values.shape[2 if told.shared == "trial" else 0]
        if (values.shape[1], n_times) != (len(neurons), len(times)):
            raise ValueError(
                f"X: dataset {name!r} was fitted to {len(neurons)} neurons x {len(times)} time "
                f"bins, got {values.shape[1]} neurons x {n_times}"
            )
        known.append((neurons, times if told.shared == "trial" else None))
    return known, times if told.shared == "time" else None


def _own_trials(fitted: Fitted, told: Told, data: Datasets, kept: KeptDatasets) -> list[np.ndarray]:
    found = []
    for i, name in enumerate(data.names):
        _, neuron, time = _given(fitted, told, kept, i, name, kept.values[i].dtype)
        if not kept.values[i].size:
            found.append(np.zeros((0, neuron.shape[1]), neuron.dtype))
            continue
        ridge = ridge_of(fitted)
        own = None if ridge is None else ridge[list(fitted.datasets).index(name)]
        rows = last_rows(
            kept.values[i], kept.masks[i], (time, neuron), own, nonnegative=told.nonnegative
        )
        found.append(rows)
    return found


def _shared_trials(fitted: Fitted, told: Told, data: Datasets, kept: KeptDatasets) -> np.ndarray:
    rank = fitted["weights"].shape[1]
    scales = np.array([fitted["scales"][list(fitted.datasets).index(name)] for name in data.names])
    dtype = np.result_type(fitted["weights"].dtype, *(values.dtype for values in kept.values))
    handed = replace(kept, parts=list(kept.parts))
    problem, _ = as_problem(handed, [np.arange(rank)] * len(data.names), True, scales)
    factors: list[np.ndarray] = [np.zeros((int(kept.shared.sum()), rank), dtype)]
    for i, name in enumerate(data.names):
        _, neuron, own = _given(fitted, told, kept, i, name, kept.values[i].dtype)
        factors += [(neuron * scales[i]).astype(dtype), own.astype(dtype)]
    return shared_rows(
        problem, tuple(factors), ridge=ridge_of(fitted), nonnegative=told.nonnegative
    )
