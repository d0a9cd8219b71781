"""Building a fitted CoupledTCA from the solver's result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.comparison import aligned_restarts, unit_factors
from trialtensor.models.coupled.datasets import Datasets, KeptDatasets
from trialtensor.models.coupled.equations import signed, solved
from trialtensor.models.coupled.missing import missing_arrays
from trialtensor.models.fitted import FitRecord, Fitted, Named, Restart
from trialtensor.models.observed import insert_empty, warn_empty
from trialtensor.models.parts import explained, make_components
from trialtensor.models.split_components import subspace_shares
from trialtensor.models.summary import LEFT_OUT, count_observed, describe_data
from trialtensor.models.undetermined import judge
from trialtensor.solvers import diagnostics
from trialtensor.solvers.coupled_problem import CoupledFactors, CoupledProblem, ridge_scale
from trialtensor.solvers.diagnostics import ComponentVariance
from trialtensor.solvers.result import Factors
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult

# The axis that differs between datasets, by the shared axis.
OWN_AXIS = {"trial": "time", "time": "trial"}


def describe(
    data: Datasets,
    kept: KeptDatasets,
    problem: CoupledProblem,
    scales: np.ndarray,
    found: list[RestartResult[CoupledFactors]],
    *,
    private_to: np.ndarray,
    nonnegative: tuple[bool, bool, bool],
    shared_axis: str,
) -> Fitted:
    """Describe a finished fit; ``nonnegative`` is for shared, neuron and own factors, in order."""
    best, scale = found[0].result, ridge_scale(problem)
    judged = None if scale is None else judge(problem, best.factors, scale)
    levels = None if judged is None else judged.levels
    shared, neurons, own, strength, trial = solved(
        problem, best.factors, nonnegative, shared_axis, levels
    )
    order = np.lexsort((-np.sum(strength**2, axis=0), private_to))
    shared, strength = shared[:, order], strength[:, order]
    neurons, own = ([each[:, order] for each in part] for part in (neurons, own))
    private_to = private_to[order]
    shared, neurons, own = signed(shared, neurons, own, strength, nonnegative)
    losses = _losses(kept, problem, shared, neurons, own, strength)
    norms = np.array([each.norm2 for each in problem.problems])
    loss = float(losses.sum())
    energy = strength**2 / norms[:, None]
    total = energy.sum(axis=0)
    arrays = _factors(data, kept, shared, neurons, own, shared_axis)
    by_dataset = ("dataset", "component")
    arrays |= {
        "weights": Named(by_dataset, (strength / scales[:, None]).astype(shared.dtype)),
        "shares": Named(by_dataset, energy / np.where(total > 0, total, 1)),
        "subspace_shares": Named(
            by_dataset, subspace_shares(shared, neurons, own, strength / norms[:, None] ** 0.5)
        ),
        "private_to": Named(("component",), private_to),
        "explained_variance_by_dataset": Named(("dataset",), 1 - losses / norms),
        "scales": Named(("dataset",), scales),
        "neuron_places": Named(("neuron",), _places(data)),
    }
    arrays |= explained(_variance(problem, shared, neurons, own, strength))
    blocks = [(shared, n * s, o) for n, o, s in zip(neurons, own, strength, strict=True)]
    arrays["triple_cosine"] = Named((), diagnostics.coupled_cosine(blocks))
    alone = {}
    if shared_axis == "trial":
        alone = _alone(data, kept, problem, neurons, own, strength, nonnegative[0])
    arrays["dataset_trial_factors"] = Named(("trial", "component"), alone)
    if judged is not None:
        arrays |= missing_arrays(
            data, kept, problem, scales, found, judged, trial[..., order], shared_axis
        )
    restarts = _restarts(problem, found, loss, shared_axis)
    record = FitRecord.of(best, loss, float(norms.sum()), restarts)
    summary = _summary(data, kept, shared_axis)
    return assemble(arrays, record=record, data=summary, coords=data.coords)


def assemble(
    arrays: Mapping[str, Named], *, record: FitRecord, data: dict[str, Any], coords: dict[str, Any]
) -> Fitted:
    """Combine arrays with the record of their fit."""
    names = tuple(arrays["neuron_factors"].values)
    private_to = arrays["private_to"].values.tolist()
    alone, weights = arrays["dataset_trial_factors"].values, arrays["weights"].values
    components = make_components(
        arrays,
        parts=[f"{axis}_factors" for axis in AXES],
        private_to={r: names[i] for r, i in enumerate(private_to) if i >= 0},
        courses={name: alone[name] * weights[i] for i, name in enumerate(names) if name in alone},
    )
    return Fitted("CoupledTCA", arrays, components, record, data, coords, datasets=names)


def to_variables(fitted: Fitted) -> dict[str, Any]:
    """Return arrays for an xarray.Dataset; neurons of one array keep their own order."""
    places = fitted["neuron_places"]
    joined = len(places) > 0
    variables: dict[str, Any] = {}
    for name, (dims, values) in ((n, (a.dims, a.values)) for n, a in fitted.arrays.items()):
        if name == "dataset_trial_factors":
            continue
        if not isinstance(values, dict):
            variables[name] = (dims, values)
        elif dims[0] == "neuron" and joined:
            first = next(iter(values.values()))
            whole = np.empty((len(places), *first.shape[1:]))
            for i, dataset in enumerate(fitted.datasets):
                whole[places == i] = values[dataset]
            variables[name] = (dims, whole)
        elif joined:
            stacked = np.array([values[dataset] for dataset in fitted.datasets])
            variables[name] = (("dataset", *dims), stacked)
        else:
            for dataset, each in values.items():
                variables[f"{name}_{dataset}"] = ((f"{dims[0]}_{dataset}", *dims[1:]), each)
    return variables


def warn_missing(data: Datasets, kept: KeptDatasets, shared: str) -> None:
    """Warn about shared entries, neurons and others without any data."""
    by_axis = (kept.shared, np.concatenate(kept.neurons), np.concatenate(kept.own))
    warn_empty(by_axis if shared == "trial" else by_axis[::-1])


def _losses(
    kept: KeptDatasets,
    problem: CoupledProblem,
    shared: np.ndarray,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    strength: np.ndarray,
) -> np.ndarray:
    """Compute the squared error of each dataset, as weighted in the fit."""
    parts = zip(problem.problems, neurons, own, strength, kept.masks, strict=True)
    return np.array(
        [
            diagnostics.residual_sum_of_squares(
                each.X,
                (
                    shared,
                    neuron.astype(shared.dtype, copy=False)
                    * weights.astype(shared.dtype, copy=False),
                    other,
                ),
                mask,
            )
            for each, neuron, other, weights, mask in parts
        ]
    )


def _variance(
    problem: CoupledProblem,
    shared: np.ndarray,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    strength: np.ndarray,
) -> ComponentVariance:
    """Return the share of all datasets that each component explains, as weighted in the fit."""
    factors: list[np.ndarray] = [shared]
    for i, (neuron, other) in enumerate(zip(neurons, own, strict=True)):
        factors += [(neuron * strength[i]).astype(shared.dtype), other]
    everywhere = [np.arange(shared.shape[1])] * len(neurons)
    whole = CoupledProblem(problem.problems, everywhere, shared.shape[1])
    grams, rhs = whole.shared_equations(tuple(factors))
    return diagnostics.component_variance(grams, rhs, shared, problem.norm2)


def _factors(
    data: Datasets,
    kept: KeptDatasets,
    shared: np.ndarray,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    shared_axis: str,
) -> dict[str, Named]:
    """Return factors by axis, in a dict by dataset unless all datasets share them."""
    found: dict[str, Any] = {shared_axis: insert_empty(shared, kept.shared)}
    for axis, factors, keeps in (
        ("neuron", neurons, kept.neurons),
        (OWN_AXIS[shared_axis], own, kept.own),
    ):
        found[axis] = {
            name: insert_empty(factor, keep)
            for name, factor, keep in zip(data.names, factors, keeps, strict=True)
        }
    return {f"{axis}_factors": Named((axis, "component"), found[axis]) for axis in AXES}


def _alone(
    data: Datasets,
    kept: KeptDatasets,
    problem: CoupledProblem,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    strength: np.ndarray,
    nonnegative: bool,
) -> dict[str, np.ndarray]:
    """Solve for the trial factors that each dataset alone would have."""
    alone = {}
    for i, name in enumerate(data.names):
        columns = np.flatnonzero(strength[i] > 0)
        each = problem.problems[i]
        found = np.full((len(each.X), strength.shape[1]), np.nan, each.X.dtype)
        if not len(columns):
            alone[name] = insert_empty(found, kept.shared)
            continue
        neuron = (neurons[i] * strength[i])[:, columns].astype(each.X.dtype)
        start = np.zeros((len(each.X), len(columns)), each.X.dtype)
        grams, rhs = each.trial_equations((start, neuron, own[i][:, columns]))
        found[:, columns] = solve_rows(grams, rhs, nonnegative=nonnegative)
        observed = kept.masks[i]
        if observed is not None:
            found[~observed.any(axis=(1, 2))] = np.nan
        alone[name] = insert_empty(found, kept.shared)
    return alone


def _places(data: Datasets) -> np.ndarray:
    if data.neurons is None:
        return np.empty(0, int)
    places = np.empty(sum(map(len, data.neurons)), int)
    for i, own in enumerate(data.neurons):
        places[own] = i
    return places


def _summary(data: Datasets, kept: KeptDatasets, shared: str) -> dict[str, Any]:
    size, n_observed = count_observed(data.values, data.observed)
    n_shared = len(kept.shared)
    n_neurons = sum(values.shape[1] for values in data.values)
    n_own = max(values.shape[2] for values in data.values)
    missing = any(mask is not None for mask in kept.masks)
    return describe_data(
        (n_shared, n_neurons, n_own) if shared == "trial" else (n_own, n_neurons, n_shared),
        data.values[0].dtype,
        size,
        n_observed,
        "entries" if missing else "none",
        LEFT_OUT if n_observed < size else "Nothing was missing.",
        n_datasets=len(data.names),
    )


def _restarts(
    problem: CoupledProblem,
    found: list[RestartResult[CoupledFactors]],
    loss: float,
    shared_axis: str,
) -> list[Restart]:
    """Align every restart to the best, with the factors of all datasets stacked."""

    def expand(factors: Factors) -> Factors:
        return factors if shared_axis == "trial" else (factors[2], factors[1], factors[0])

    return aligned_restarts(
        found, None, loss, problem.norm2, units=lambda f: _stacked(problem, f), expand=expand
    )


def _stacked(problem: CoupledProblem, factors: CoupledFactors) -> tuple[Factors, np.ndarray]:
    """Return the unit factors of all datasets, stacked, and their scale."""
    rank = problem.n_components
    stacks: list[list[np.ndarray]] = [[], []]
    for i, columns in enumerate(problem.columns):
        for stack, each in zip(stacks, factors[2 * i + 1 : 2 * i + 3], strict=True):
            padded = np.zeros((len(each), rank), each.dtype)
            padded[:, columns] = each
            stack.append(padded)
    neurons, own = (np.concatenate(stack) for stack in stacks)
    return unit_factors((factors[0], neurons, own))
