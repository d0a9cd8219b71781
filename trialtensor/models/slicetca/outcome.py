"""Building a fitted SliceTCA from the solver's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.comparison import as_restart, origins
from trialtensor.models.fitted import FitRecord, Fitted, Named, Restart
from trialtensor.models.observed import FitInput, Kept, insert_empty
from trialtensor.models.parts import explained, make_components, unexplained
from trialtensor.models.summary import LEFT_OUT, unknown_data
from trialtensor.models.undetermined import largest_value, largest_where_missing
from trialtensor.solvers import canonical
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.runs import RestartResult
from trialtensor.solvers.slices import Components, diagnostics, fix_gauge
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Triple,
    as_rows,
    as_triple,
    reconstruct,
)
from trialtensor.solvers.slices.judged import Judged, judge
from trialtensor.solvers.slices.new_trials import solve_trials
from trialtensor.solvers.slices.sweeps import SweepData


def describe(
    data: FitInput,
    problem: SweepData,
    found: list[RestartResult[Components]],
    *,
    nonnegative: bool,
    gauge: str,
) -> Fitted:
    """Describe a finished fit."""
    best = found[0].result
    components, loss = best.factors, best.loss
    by_sweeps = nonnegative or problem.observed is not None
    if by_sweeps:
        # Exactly as ``transform`` does it, so that both agree; projections end there anyway.
        known = _without_unseen(components, problem.observed)
        components = _with_unit_trials(
            solve_trials(problem, known, nonnegative=nonnegative, gauge=gauge)
        )
    components, judged = _judged(problem, components, found, loss, by_sweeps=by_sweeps)
    loss, of_components, of_types, largest, others = judged
    arrays = _arrays(components, data.kept, problem.observed)
    arrays |= explained(of_components)
    for name in ("alone", "unique"):
        arrays[f"type_explained_variance_{name}"] = Named(("type",), getattr(of_types, name))
    if problem.observed is not None:
        arrays["largest_missing"] = Named((), largest / largest_value(problem.X))
    record = FitRecord(
        loss=loss,
        loss_history=best.loss_history,
        explained_variance_ratio=np.float64(1 - loss / problem.norm2),
        n_iter=best.n_iter,
        stop_reason=best.stop_reason,
        restarts=_restarts(data, found, loss, others),
    )
    summary = _with_treatment(data.summary, problem)
    return assemble(arrays, record=record, data=summary, coords=data.coords)


def _judged(
    problem: SweepData,
    components: Components,
    found: list[RestartResult[Components]],
    loss: float,
    *,
    by_sweeps: bool,
) -> tuple[Components, Judged]:
    """Return the model without rounding error, and what the data says of it."""
    X, norm2, observed = problem.X, problem.norm2, problem.observed
    others = [each.result.factors for each in found[1:]]
    if isinstance(X, Passes) and observed is not None:
        components = _without_rounding(components)
        return components, judge(X, components, norm2, others)
    if by_sweeps or loss < 1e9 * float(np.finfo(X.dtype).eps) * norm2:
        # The cheap form can cancel; the residuals themselves can't.
        loss = diagnostics.residual_sum_of_squares(X, components, observed)
    components = _without_rounding(components)
    variances = diagnostics.explained_variance(X, components, norm2, observed)
    losses, largest = [each.result.loss for each in found[1:]], 0.0
    if observed is not None:
        # The objective includes the weighted missing entries.
        losses = [diagnostics.residual_sum_of_squares(X, each, observed) for each in others]
        largest = largest_where_missing(
            observed, lambda part: reconstruct(diagnostics.some_trials(components, part))
        )
    return components, Judged(loss, *variances, largest, losses)


def given(loadings: Sequence[np.ndarray], slices: Sequence[np.ndarray], gauge: str) -> Fitted:
    """Describe components from elsewhere; their fit to the data isn't known."""
    components = fix_gauge(loadings, slices, gauge)
    trial, neuron, time = (np.ones(len(loading), bool) for loading in components.loadings)
    arrays = _arrays(components, (trial, neuron, time), None)
    arrays |= unexplained(len(arrays["weights"].values))
    for name in ("alone", "unique"):
        arrays[f"type_explained_variance_{name}"] = Named(("type",), np.full(3, np.nan))
    summary = unknown_data((len(trial), len(neuron), len(time)))
    return assemble(arrays, record=FitRecord.given(), data=summary, coords={})


def assemble(
    arrays: Mapping[str, Named], *, record: FitRecord, data: dict[str, Any], coords: dict[str, Any]
) -> Fitted:
    """Combine arrays with the record of their fit."""
    return Fitted(
        "SliceTCA",
        arrays,
        make_components(arrays),
        record,
        data,
        coords,
        identified="subspaces",
    )


def components_of(fitted: Fitted) -> Components:
    """Return loadings and slices in the form of the solvers."""
    u, v, w = (fitted[f"{axis}_loadings"] for axis in AXES)
    A, B, C = (fitted[f"{axis}_slices"] for axis in AXES)
    return Components((u, v, w), (A, B, C))


def _without_unseen(components: Components, observed: np.ndarray | None) -> Components:
    """Set cells of trial slices that were never observed to zero."""
    if observed is None:
        return components
    slices = components.slices
    seen = np.where(observed.any(axis=0), slices[0], 0).astype(slices[0].dtype, copy=False)
    return components._replace(slices=(seen, slices[1], slices[2]))


def _with_unit_trials(components: Components) -> Components:
    """Move the scale of the trial loadings into their slices, as for the other types."""
    (trial, neuron, time), (slices, *others) = components
    unit, size = canonical.unit_columns(trial)
    size = np.where(size > 0, size, 1).astype(trial.dtype)
    return Components((unit, neuron, time), (slices * size[:, None, None], others[0], others[1]))


def _with_treatment(summary: dict[str, Any], problem: SweepData) -> dict[str, Any]:
    """Add the weight of missing entries to the summary of the data."""
    if problem.observed is None or not problem.missing_weight:
        return summary
    treatment = summary["treatment"].replace(LEFT_OUT, "").strip()
    pulled = (
        f"Missing entries were left out, but for a weight of {problem.missing_weight:g} (an "
        "observed entry has 1) that pulls the model towards zero there, so that cells which were "
        "hardly seen cannot run away."
    )
    return {**summary, "treatment": f"{treatment} {pulled}".strip()}


def _without_rounding(components: Components) -> Components:
    """Set components that are only rounding error to zero, as ``transform`` finds them."""
    strengths = [np.linalg.norm(as_rows(slices), axis=1) for slices in components.slices]
    largest = max(float(strength.max(initial=0)) for strength in strengths)
    least = 100 * float(np.finfo(components.slices[0].dtype).eps) * largest
    loadings, slices = [], []
    for loading, slice_tensor, strength in zip(*components, strengths, strict=True):
        alive = (strength > least).astype(loading.dtype)
        loadings.append(loading * alive)
        slices.append(slice_tensor * alive[:, None, None])
    return Components(as_triple(loadings), as_triple(slices))


def _arrays(components: Components, kept: Kept, observed: np.ndarray | None) -> dict[str, Named]:
    """Return loadings, slices and weights, NaN where there was no data."""
    loadings, cells, weights = {}, {}, []
    for axis, name in enumerate(AXES):
        loading, slices = components.loadings[axis], components.slices[axis]
        weights.append(np.linalg.norm(as_rows(slices), axis=1))
        if observed is not None:
            seen = observed.any(axis=axis)
            slices = np.where(seen, slices, np.nan).astype(slices.dtype, copy=False)
        rows, columns = (kept[other] for other in OTHERS[axis])
        component = f"{name}_component"
        loadings[f"{name}_loadings"] = Named((name, component), insert_empty(loading, kept[axis]))
        cells[f"{name}_slices"] = Named(
            (component, *(AXES[other] for other in OTHERS[axis])),
            _insert_empty_cells(slices, rows, columns),
        )
    return {**loadings, **cells, "weights": Named(("component",), np.concatenate(weights))}


def _insert_empty_cells(slices: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    if rows.all() and columns.all():
        return slices
    full = np.full((len(slices), len(rows), len(columns)), np.nan, slices.dtype)
    full[np.ix_(np.ones(len(slices), bool), rows, columns)] = slices
    return full


def _restarts(
    data: FitInput,
    found: list[RestartResult[Components]],
    loss: float,
    others: list[float],
) -> list[Restart]:
    best = found[0].result.factors.loadings
    numbers = origins(found)
    restarts = [_restart(data, found[0], loss, best, numbers[0])]
    for restart, origin, other in zip(found[1:], numbers[1:], others, strict=True):
        # The best has been solved for once more, the others have not.
        restarts.append(_restart(data, restart, max(other, loss), best, origin))
    return restarts


def _restart(
    data: FitInput,
    restart: RestartResult[Components],
    loss: float,
    best: Triple,
    origin: int | None,
) -> Restart:
    components = restart.result.factors
    return as_restart(
        restart,
        loss,
        data.problem.norm2,
        diagnostics.subspace_overlap(best, components.loadings),
        tuple(insert_empty(f, k) for f, k in zip(components.loadings, data.kept, strict=True)),
        np.concatenate([np.linalg.norm(as_rows(s), axis=1) for s in components.slices]),
        joint=False,
        origin=origin,
    )
