"""From what the solver found to the fitted attributes of a SliceTCA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.outcome import warn_of_stop, warn_of_zeros
from trialtensor.models.restart import Restart
from trialtensor.solvers import canonical
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import RestartResult
from trialtensor.solvers.slices import Components, diagnostics, fix_gauge
from trialtensor.solvers.slices.contraction import OTHERS, Triple, as_rows, as_triple
from trialtensor.solvers.slices.new_trials import solve_trials
from trialtensor.solvers.slices.sweeps import SweepData

if TYPE_CHECKING:
    from trialtensor.models.slicetca import SliceTCA


def store_fit(
    model: SliceTCA,
    data: inputs.FitInput,
    problem: SweepData,
    found: list[RestartResult[Components]],
) -> None:
    """Set everything that ends in an underscore from a finished fit."""
    best = found[0].result
    components, loss = best.factors, best.loss
    nonnegative = bool(model.nonnegative)
    by_sweeps = nonnegative or problem.observed is not None
    if by_sweeps:
        # Exactly as ``transform`` does it, so that both agree; projections end there anyway.
        known = _without_unseen(components, problem.observed)
        components = _with_unit_trials(
            solve_trials(problem, known, nonnegative=nonnegative, gauge=model.gauge)
        )
    rounding = float(np.finfo(problem.X.dtype).eps) * problem.norm2
    if by_sweeps or loss < 1e9 * rounding:
        # Where the cheap form cancels, the residuals themselves don't.
        loss = diagnostics.residual_sum_of_squares(problem.X, components, problem.observed)
    components = _without_rounding(components)
    of_components, of_types = diagnostics.explained_variance(
        problem.X, components, problem.norm2, problem.observed
    )
    _set_components(model, components, data.kept, problem.observed)
    model.data_summary_ = _with_treatment(data.summary, problem)
    model.loss_ = loss
    model.loss_history_ = best.loss_history
    model.explained_variance_ratio_ = np.float64(1 - loss / problem.norm2)
    model.explained_variance_alone_ = of_components.alone
    model.explained_variance_unique_ = of_components.unique
    model.explained_variance_shared_ = of_components.shared
    model.type_explained_variance_alone_ = of_types.alone
    model.type_explained_variance_unique_ = of_types.unique
    model.n_iter_ = best.n_iter
    model.stop_reason_ = best.stop_reason
    model.coords_ = data.coords
    model.restarts_ = [_as_restart(found[0], loss, best.factors.loadings, data)]
    for restart in found[1:]:
        other = restart.result.loss
        if problem.observed is not None:
            # What was minimised contains the weight of what is missing.
            other = diagnostics.residual_sum_of_squares(
                problem.X, restart.result.factors, problem.observed
            )
        # The best has been solved for once more, the others have not.
        model.restarts_.append(_as_restart(restart, max(other, loss), best.factors.loadings, data))


def store_given(
    model: SliceTCA, loadings: Sequence[np.ndarray], slices: Sequence[np.ndarray]
) -> None:
    """Set everything that ends in an underscore from components alone."""
    components = fix_gauge(loadings, slices, model.gauge)
    trial, neuron, time = (np.ones(len(loading), bool) for loading in components.loadings)
    _set_components(model, components, (trial, neuron, time), None)
    n = len(model.weights_)
    for name in ("alone", "unique", "shared"):
        setattr(model, f"explained_variance_{name}_", np.full(n, np.nan))
    for name in ("alone", "unique"):
        setattr(model, f"type_explained_variance_{name}_", np.full(3, np.nan))
    model.explained_variance_ratio_ = np.float64(np.nan)
    model.loss_ = float("nan")
    model.loss_history_ = np.empty(0)
    model.n_iter_ = 0
    model.stop_reason_ = StopReason.GIVEN
    model.restarts_, model.coords_ = [], {}
    model.data_summary_ = inputs.unknown_data((len(trial), len(neuron), len(time)))


def warn_of(model: SliceTCA) -> None:
    """Warn of what the user must know before believing a fit."""
    warn_of_stop(model.stop_reason_)
    warn_of_zeros(model.weights_)


def _without_unseen(components: Components, observed: np.ndarray | None) -> Components:
    """Zeros in the cells of trial slices that no trial has shown."""
    if observed is None:
        return components
    slices = components.slices
    seen = np.where(observed.any(axis=0), slices[0], 0).astype(slices[0].dtype, copy=False)
    return components._replace(slices=(seen, slices[1], slices[2]))


def _with_unit_trials(components: Components) -> Components:
    """The scale of the trial loadings in their slices, where that of the others is."""
    (trial, neuron, time), (slices, *others) = components
    unit, size = canonical.unit_columns(trial)
    size = np.where(size > 0, size, 1).astype(trial.dtype)
    return Components((unit, neuron, time), (slices * size[:, None, None], others[0], others[1]))


def _with_treatment(summary: dict[str, Any], problem: SweepData) -> dict[str, Any]:
    """The summary of the data, with the weight of what is missing in it."""
    if problem.observed is None or not problem.missing_weight:
        return summary
    treatment = summary["treatment"].replace(inputs.LEFT_OUT, "").strip()
    pulled = (
        f"Missing entries were left out, but for a weight of {problem.missing_weight:g} (an "
        "observed entry has 1) that pulls the model towards zero there, so that cells which were "
        "hardly seen cannot run away."
    )
    return {**summary, "treatment": f"{treatment} {pulled}".strip()}


def _without_rounding(components: Components) -> Components:
    """Components that are nothing but rounding error made zero, as ``transform`` finds them."""
    strengths = [np.linalg.norm(as_rows(slices), axis=1) for slices in components.slices]
    largest = max(float(strength.max(initial=0)) for strength in strengths)
    least = 100 * float(np.finfo(components.slices[0].dtype).eps) * largest
    loadings, slices = [], []
    for loading, slice_tensor, strength in zip(*components, strengths, strict=True):
        alive = (strength > least).astype(loading.dtype)
        loadings.append(loading * alive)
        slices.append(slice_tensor * alive[:, None, None])
    return Components(as_triple(loadings), as_triple(slices))


def _set_components(
    model: SliceTCA, components: Components, kept: inputs.Kept, observed: np.ndarray | None
) -> None:
    weights = []
    for axis, name in enumerate(inputs.AXES):
        loading, slices = components.loadings[axis], components.slices[axis]
        weights.append(np.linalg.norm(as_rows(slices), axis=1))
        if observed is not None:
            seen = observed.any(axis=axis)
            slices = np.where(seen, slices, np.nan).astype(slices.dtype, copy=False)
        setattr(model, f"{name}_loadings_", inputs.insert_empty(loading, kept[axis]))
        rows, columns = (kept[other] for other in OTHERS[axis])
        setattr(model, f"{name}_slices_", _insert_empty_cells(slices, rows, columns))
    model.weights_ = np.concatenate(weights)
    model.n_features_in_ = len(model.neuron_loadings_)


def _insert_empty_cells(slices: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    if rows.all() and columns.all():
        return slices
    full = np.full((len(slices), len(rows), len(columns)), np.nan, slices.dtype)
    full[np.ix_(np.ones(len(slices), bool), rows, columns)] = slices
    return full


def _as_restart(
    restart: RestartResult[Components], loss: float, best: Triple, data: inputs.FitInput
) -> Restart:
    result = restart.result
    components = result.factors
    trial, neuron, time = (
        inputs.insert_empty(f, k) for f, k in zip(components.loadings, data.kept, strict=True)
    )
    return Restart(
        seed=restart.seed,
        loss=loss,
        explained_variance=1 - loss / data.problem.norm2,
        similarity=diagnostics.subspace_overlap(best, components.loadings),
        stop_reason=result.stop_reason,
        n_iter=result.n_iter,
        factors=(trial, neuron, time),
        weights=np.concatenate([np.linalg.norm(as_rows(s), axis=1) for s in components.slices]),
    )
