"""From what the solver found to the fitted attributes of a CoupledTCA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.datasets import Datasets, KeptDatasets
from trialtensor.models.restart import Restart
from trialtensor.solvers import canonical, diagnostics, matching
from trialtensor.solvers.coupled import CoupledFactors, CoupledProblem
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult

if TYPE_CHECKING:
    from trialtensor.models.coupled import CoupledTCA


def as_problem(
    kept: KeptDatasets,
    columns: Sequence[np.ndarray],
    balanced: bool,
    scales: np.ndarray | None = None,
) -> tuple[CoupledProblem, np.ndarray]:
    """The problem, and what each dataset was multiplied by so that it counts as it should."""
    if scales is None:
        norms = np.array([sum_of_squares(values) for values in kept.values])
        scales = np.sqrt(norms.mean() / norms) if balanced else np.ones(len(norms))
    problems = []
    for values, observed, scale in zip(kept.values, kept.observed, scales, strict=True):
        scaled = values if scale == 1 else (values * scale).astype(values.dtype, copy=False)
        problems.append(inputs.as_problem(scaled, observed)[0])
    n_components = 1 + max(int(own.max(initial=-1)) for own in columns)
    return CoupledProblem(problems, columns, n_components), scales


def store_fit(
    model: CoupledTCA,
    data: Datasets,
    kept: KeptDatasets,
    problem: CoupledProblem,
    scales: np.ndarray,
    found: list[RestartResult[CoupledFactors]],
) -> None:
    """Set everything that ends in an underscore from a finished fit."""
    nonnegative = model._nonnegative()
    best = found[0].result
    shared, neurons, own, strength = _solved(problem, best.factors, nonnegative, model.shared)
    order = np.lexsort((-np.sum(strength**2, axis=0), model.private_to_))
    shared, strength = shared[:, order], strength[:, order]
    neurons, own = ([each[:, order] for each in part] for part in (neurons, own))
    model.private_to_ = model.private_to_[order]
    shared, neurons, own = _signed(shared, neurons, own, strength, nonnegative)
    losses = np.array([
        diagnostics.residual_sum_of_squares(
            each.X, (shared, neuron * w, other), observed
        )
        for each, neuron, w, other, observed in zip(
            problem.problems, _typed(neurons, shared), _typed(strength, shared), own,
            kept.observed, strict=True,
        )
    ])  # fmt: skip
    norms = np.array([each.norm2 for each in problem.problems])
    model.dataset_names_ = list(data.names)
    model.scales_ = scales
    model.weights_ = (strength / scales[:, None]).astype(shared.dtype)
    energy = strength**2 / norms[:, None]
    total = energy.sum(axis=0)
    model.shares_ = energy / np.where(total > 0, total, 1)
    model.explained_variance_by_dataset_ = 1 - losses / norms
    model.loss_ = float(losses.sum())
    model.loss_history_ = np.append(best.loss_history, min(model.loss_, best.loss))
    model.explained_variance_ratio_ = np.float64(1 - model.loss_ / norms.sum())
    model.n_iter_, model.stop_reason_ = best.n_iter, best.stop_reason
    model.coords_ = data.coords
    model.neuron_places_ = _places(data)
    model.data_summary_ = _summary(data, kept, model.shared)
    model._n_features_out = len(order)
    _set_factors(model, data, kept, shared, neurons, own)
    model.dataset_trial_factors_ = {}
    if model.shared == "trial":
        model.dataset_trial_factors_ = _alone(model, data, kept, problem, neurons, own, strength)
    model.restarts_ = _restarts(problem, found, model)


def to_xarray(model: CoupledTCA, as_dataset: Callable[..., Any]) -> Any:
    """Everything fitted, with the neurons of one array in their own order."""
    variables: dict[str, Any] = {
        "weights": (("dataset", "component"), model.weights_),
        "shares": (("dataset", "component"), model.shares_),
    }
    joined = len(model.neuron_places_) > 0
    for axis in inputs.AXES:
        factors = getattr(model, f"{axis}_factors_")
        if not isinstance(factors, dict):
            variables[f"{axis}_factors"] = ((axis, "component"), factors)
        elif axis == "neuron" and joined:
            whole = np.empty((len(model.neuron_places_), model.weights_.shape[1]))
            for i, name in enumerate(model.dataset_names_):
                whole[model.neuron_places_ == i] = factors[name]
            variables["neuron_factors"] = (("neuron", "component"), whole)
        elif joined:
            stacked = np.array([factors[name] for name in model.dataset_names_])
            variables[f"{axis}_factors"] = (("dataset", axis, "component"), stacked)
        else:
            for name, each in factors.items():
                variables[f"{axis}_factors_{name}"] = ((f"{axis}_{name}", "component"), each)
    return as_dataset(model, variables).assign_coords(dataset=list(model.dataset_names_))


def warn_empty(data: Datasets, kept: KeptDatasets, shared: str) -> None:
    """Tell of shared entries, neurons and others without any data."""
    everything = np.concatenate(kept.neurons)
    others = np.concatenate(kept.own)
    by_axis = (kept.shared, everything, others)
    trial, neuron, time = by_axis if shared == "trial" else by_axis[::-1]
    inputs.warn_empty((trial, neuron, time))


def _solved(
    problem: CoupledProblem,
    factors: CoupledFactors,
    nonnegative: tuple[bool, bool, bool],
    shared_axis: str,
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Trial factors solved for once more, as ``transform`` does; scale in strengths.

    Returns unit columns of all ``n_components`` for every tensor (zeros where it lacks one), and
    ``(n_tensors, n_components)`` strengths.
    """
    n_tensors, rank = len(problem.problems), problem.n_components
    if shared_axis == "trial":
        grams, rhs = problem.shared_equations(factors)
        shared = solve_rows(grams, rhs, nonnegative=nonnegative[0])
        factors = (shared, *factors[1:])
    else:
        solved = [factors[0]]
        for i, each in enumerate(problem.problems):
            shared, neuron, _ = problem.of(factors, i)
            solved += [neuron, _own_rows(each.X, problem, i, shared, neuron, nonnegative[2])]
        factors = tuple(solved)
    shared, size = canonical.unit_columns(factors[0])
    strength = np.zeros((n_tensors, rank))
    neurons, own = [], []
    for i, columns in enumerate(problem.columns):
        whole = []
        strength[i, columns] = size[columns]
        for factor in factors[2 * i + 1 : 2 * i + 3]:
            unit, norms = canonical.unit_columns(factor)
            strength[i, columns] *= norms
            padded = np.zeros((len(factor), rank), factor.dtype)
            padded[:, columns] = unit
            whole.append(padded)
        neurons.append(whole[0])
        own.append(whole[1])
    return shared, neurons, own, strength


def _own_rows(
    X: np.ndarray,
    problem: CoupledProblem,
    i: int,
    shared: np.ndarray,
    neuron: np.ndarray,
    nonnegative: bool,
) -> np.ndarray:
    """The factor of the last axis, exactly."""
    each = problem.problems[i]
    observed = getattr(each, "observed", None)
    pattern = getattr(each, "pattern", None)
    if pattern is not None:
        observed = pattern.as_mask(X.shape)
    return last_rows(X, observed, shared, neuron, nonnegative=nonnegative)


def last_rows(
    X: np.ndarray,
    observed: np.ndarray | None,
    first: np.ndarray,
    middle: np.ndarray,
    *,
    nonnegative: bool,
) -> np.ndarray:
    """The factor of the last axis for given others, exactly."""
    turned = np.ascontiguousarray(X.transpose(2, 1, 0))
    seen = None if observed is None else np.ascontiguousarray(observed.transpose(2, 1, 0))
    problem, _ = inputs.as_problem(turned, seen)
    start = np.zeros((len(turned), first.shape[1]), first.dtype)
    grams, rhs = problem.trial_equations((start, middle, first))
    return solve_rows(grams, rhs, nonnegative=nonnegative)


def _typed(arrays: Any, like: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(each).astype(like.dtype, copy=False) for each in arrays]


def _signed(
    shared: np.ndarray,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    strength: np.ndarray,
    nonnegative: tuple[bool, bool, bool],
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Positively skewed factors, as far as the sign of the shared factor allows it.

    It is what most of the strength would have; a tensor that would have the other keeps its own
    axis positively skewed, and its neurons take the sign that is left.
    """
    skew = [canonical.skewness_sign(n) * canonical.skewness_sign(o)
            for n, o in zip(neurons, own, strict=True)]  # fmt: skip
    votes = np.sum(strength**2 * np.array(skew), axis=0)
    flip = np.where((votes < 0) & (not nonnegative[0]), -1, 1).astype(shared.dtype)
    signed_neurons, signed_own = [], []
    for neuron, other in zip(neurons, own, strict=True):
        of_own = flip if nonnegative[1] else canonical.skewness_sign(other)
        signed_own.append(other * of_own)
        signed_neurons.append(neuron * of_own * flip)
    return shared * flip, signed_neurons, signed_own


def _set_factors(
    model: CoupledTCA,
    data: Datasets,
    kept: KeptDatasets,
    shared: np.ndarray,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
) -> None:
    other = "time" if model.shared == "trial" else "trial"
    setattr(model, f"{model.shared}_factors_", inputs.insert_empty(shared, kept.shared))
    for axis, factors, keeps in (("neuron", neurons, kept.neurons), (other, own, kept.own)):
        by_name = {
            name: inputs.insert_empty(factor, keep)
            for name, factor, keep in zip(data.names, factors, keeps, strict=True)
        }
        setattr(model, f"{axis}_factors_", by_name)


def _alone(
    model: CoupledTCA,
    data: Datasets,
    kept: KeptDatasets,
    problem: CoupledProblem,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    strength: np.ndarray,
) -> dict[str, np.ndarray]:
    """The trial factors that each dataset by itself would have."""
    alone = {}
    for i, name in enumerate(data.names):
        columns = np.flatnonzero(strength[i] > 0)
        each = problem.problems[i]
        neuron = (neurons[i] * strength[i])[:, columns].astype(each.X.dtype)
        start = np.zeros((len(each.X), len(columns)), each.X.dtype)
        grams, rhs = each.trial_equations((start, neuron, own[i][:, columns]))
        found = np.full((len(each.X), strength.shape[1]), np.nan, each.X.dtype)
        found[:, columns] = solve_rows(grams, rhs, nonnegative=model._nonnegative()[0])
        observed = kept.observed[i]
        if observed is not None:
            found[~observed.any(axis=(1, 2))] = np.nan
        alone[name] = inputs.insert_empty(found, kept.shared)
    return alone


def _places(data: Datasets) -> np.ndarray:
    if data.neurons is None:
        return np.empty(0, int)
    places = np.empty(sum(map(len, data.neurons)), int)
    for i, own in enumerate(data.neurons):
        places[own] = i
    return places


def _summary(data: Datasets, kept: KeptDatasets, shared: str) -> dict[str, Any]:
    size = sum(values.size for values in data.values)
    n_observed = sum(
        values.size if seen is None else int(seen.sum())
        for values, seen in zip(data.values, data.observed, strict=True)
    )
    n_shared = len(kept.shared)
    n_neurons = sum(values.shape[1] for values in data.values)
    n_own = max(values.shape[2] for values in data.values)
    missing = any(seen is not None for seen in kept.observed)
    return {
        "shape": (n_shared, n_neurons, n_own)
        if shared == "trial"
        else (n_own, n_neurons, n_shared),
        "dtype": str(data.values[0].dtype),
        "n_datasets": len(data.names),
        "n_observed": n_observed,
        "missing_fraction": 1 - n_observed / size,
        "missing_pattern": "entries" if missing else "none",
        "treatment": inputs.LEFT_OUT if n_observed < size else "Nothing was missing.",
    }


def _restarts(
    problem: CoupledProblem, found: list[RestartResult[CoupledFactors]], model: CoupledTCA
) -> list[Restart]:
    """Every restart, aligned to the best; the factors of all datasets under each other."""
    restarts: list[Restart] = []
    best = None
    for restart in found:
        shared, neurons, own, strength = _stacked(problem, restart.result.factors)
        unit = (shared, neurons, own)
        best = unit if best is None else best
        order, _ = matching.match_components(best, unit)
        aligned, similarity = matching.align_to(best, unit)
        loss = max(restart.result.loss, model.loss_) if restarts else model.loss_
        if model.shared == "time":
            aligned = (aligned[2], aligned[1], aligned[0])
        restarts.append(
            Restart(
                seed=restart.seed,
                loss=loss,
                explained_variance=1 - loss / problem.norm2,
                similarity=similarity,
                stop_reason=restart.result.stop_reason,
                n_iter=restart.result.n_iter,
                factors=aligned,
                weights=strength[order],
            )
        )
    return restarts


def _stacked(
    problem: CoupledProblem, factors: CoupledFactors
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rank = problem.n_components
    stacks: list[list[np.ndarray]] = [[], []]
    for i, columns in enumerate(problem.columns):
        for stack, each in zip(stacks, factors[2 * i + 1 : 2 * i + 3], strict=True):
            padded = np.zeros((len(each), rank), each.dtype)
            padded[:, columns] = each
            stack.append(padded)
    pairs = [
        canonical.unit_columns(each) for each in (factors[0], *(np.concatenate(s) for s in stacks))
    ]
    strength = np.prod([norms for _, norms in pairs], axis=0)
    return pairs[0][0], pairs[1][0], pairs[2][0], strength
