"""New trials against a fitted CoupledTCA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.coupled_outcome import as_problem, last_rows
from trialtensor.models.datasets import Datasets, KeptDatasets, split_datasets, without_empty
from trialtensor.solvers import contraction, diagnostics
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    from trialtensor.models.coupled import CoupledTCA


def transform(model: CoupledTCA, X: Any, mask: Any) -> Any:
    """Trial factors of new trials."""
    data, kept, trial = _solve(model, X, mask)
    if model.shared == "trial":
        return inputs.insert_empty(trial, kept.shared)
    return {
        name: inputs.insert_empty(each, own)
        for name, each, own in zip(data.names, trial, kept.own, strict=True)
    }


def score(model: CoupledTCA, X: Any, mask: Any) -> float:
    """Explained fraction of the sum of squares of new trials, weighed as in the fit."""
    data, kept, trial = _solve(model, X, mask)
    loss = total = 0.0
    for i, name in enumerate(data.names):
        place = model.dataset_names_.index(name)
        _, neuron, other = _given(model, kept, i, name, kept.values[i].dtype)
        own = (trial, other) if model.shared == "trial" else (other, trial[i])
        factors = (own[0], neuron, own[1])
        weight = float(model.scales_[place]) ** 2
        observed = kept.observed[i]
        loss += weight * diagnostics.residual_sum_of_squares(kept.values[i], factors, observed)
        total += weight * sum_of_squares(kept.values[i])
    if total == 0:
        raise ValueError("X: every observed value is zero, so there is nothing to explain")
    return 1 - loss / total


def inverse_transform(model: CoupledTCA, X: Any) -> Any:
    """What trial factors stand for: a dict of arrays, or one array if the fit got one."""
    names = model.dataset_names_
    rank = model.weights_.shape[1]
    trial = X if isinstance(X, Mapping) else {name: X for name in names}
    if isinstance(X, Mapping) != (model.shared == "time"):
        raise ValueError(
            f"X: with shared={model.shared!r} trial factors are "
            f"{'an array' if model.shared == 'trial' else 'a dict with an array a dataset'}"
        )
    rebuilt: dict[str, np.ndarray] = {}
    for i, name in enumerate(names):
        if name not in trial:
            continue
        own = np.asarray(trial[name])
        if own.ndim != 2 or own.shape[1] != rank:
            raise ValueError(f"X: expected trial factors (n_trials, {rank}), got {own.shape}")
        time = model.time_factors_ if model.shared == "time" else model.time_factors_[name]
        scaled = own * model.weights_[i].astype(own.dtype, copy=False)
        rebuilt[name] = contraction.reconstruct((scaled, model.neuron_factors_[name], time))
    if not len(model.neuron_places_):
        return rebuilt
    first = rebuilt[names[0]]
    whole = np.empty((len(first), len(model.neuron_places_), first.shape[2]), first.dtype)
    for i, name in enumerate(names):
        whole[:, model.neuron_places_ == i] = rebuilt[name]
    return whole


def _given(
    model: CoupledTCA, kept: KeptDatasets, i: int, name: str, dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, weighted neuron factor, and what else is known of a dataset, without empty rows."""
    weights = model.weights_[model.dataset_names_.index(name)]
    neuron = (model.neuron_factors_[name] * weights)[kept.neurons[i]].astype(dtype)
    if model.shared == "trial":
        return weights, neuron, model.time_factors_[name][kept.own[i]].astype(dtype)
    return weights, neuron, model.time_factors_[kept.shared].astype(dtype)


def _solve(model: CoupledTCA, X: Any, mask: Any) -> tuple[Datasets, KeptDatasets, Any]:
    """The trial factors, one array for all datasets or with shared times one for each."""
    data = split_datasets(X, mask, _groups(model, X), model.shared, model.dataset_names_)
    kept = without_empty(data, _known(model, data))
    with blas_threads_for(max(values.size for values in kept.values)):
        solve = _shared_trials if model.shared == "trial" else _own_trials
        return data, kept, solve(model, data, kept)


def _groups(model: CoupledTCA, X: Any) -> Any:
    """Which dataset each neuron of one array belongs to: as in the fit."""
    places = model.neuron_places_
    if not len(places) or isinstance(X, Mapping) or model.groups is None:
        return None
    labels = np.array(model.dataset_names_)[places]
    fits = np.ndim(X) == 3 and len(labels) in np.shape(X)
    return labels.tolist() if fits else model.groups


def _known(model: CoupledTCA, data: Datasets) -> list[tuple[np.ndarray, np.ndarray]]:
    """Which neurons and other entries of each dataset the fit has seen.

    Raises
    ------
    ValueError
        If they are not those of the fit.
    """
    known = []
    for name, values in zip(data.names, data.values, strict=True):
        neurons = np.isfinite(model.neuron_factors_[name]).all(axis=1)
        time = model.time_factors_ if model.shared == "time" else model.time_factors_[name]
        times = np.isfinite(time).all(axis=1)
        n_times = values.shape[2 if model.shared == "trial" else 0]
        if (values.shape[1], n_times) != (len(neurons), len(times)):
            raise ValueError(
                f"X: dataset {name!r} was fitted to {len(neurons)} neurons x {len(times)} time "
                f"bins, got {values.shape[1]} neurons x {n_times}"
            )
        own = times if model.shared == "trial" else np.ones(values.shape[2], bool)
        known.append((neurons, own))
    return known


def _own_trials(model: CoupledTCA, data: Datasets, kept: KeptDatasets) -> list[np.ndarray]:
    found = []
    for i, name in enumerate(data.names):
        _, neuron, time = _given(model, kept, i, name, kept.values[i].dtype)
        rows = last_rows(
            kept.values[i], kept.observed[i], time, neuron, nonnegative=model._nonnegative()[2]
        )
        found.append(rows)
    return found


def _shared_trials(model: CoupledTCA, data: Datasets, kept: KeptDatasets) -> np.ndarray:
    rank = model.weights_.shape[1]
    scales = np.array([model.scales_[model.dataset_names_.index(name)] for name in data.names])
    dtype = np.result_type(model.weights_.dtype, *(values.dtype for values in kept.values))
    problem, _ = as_problem(kept, [np.arange(rank)] * len(data.names), True, scales)
    factors: list[np.ndarray] = [np.zeros((int(kept.shared.sum()), rank), dtype)]
    for i, name in enumerate(data.names):
        _, neuron, own = _given(model, kept, i, name, kept.values[i].dtype)
        factors += [(neuron * scales[i]).astype(dtype), own.astype(dtype)]
    grams, rhs = problem.shared_equations(tuple(factors))
    return solve_rows(grams, rhs, nonnegative=model._nonnegative()[0])
