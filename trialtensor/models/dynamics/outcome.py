"""Building a fitted TrialVaryingDynamics from the solver's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.data.validation import CheckedTensor
from trialtensor.models.comparison import aligned_restarts
from trialtensor.models.dynamics import trials
from trialtensor.models.fitted import FitRecord, Fitted, Named
from trialtensor.models.observed import insert_empty
from trialtensor.models.parts import explained, make_components
from trialtensor.models.summary import count_observed, describe_data
from trialtensor.solvers import canonical, diagnostics, transitions
from trialtensor.solvers.result import Factors, SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult
from trialtensor.solvers.smooth_dynamics import smooth_course
from trialtensor.solvers.smoothness_choice import strength_of
from trialtensor.solvers.transitions import Transitions

RESTART_AXES = ("trial", "neuron", "neuron")


def describe(
    checked: CheckedTensor,
    neurons: np.ndarray,
    steps: Transitions,
    found: list[RestartResult[Factors]],
    smoothness: float,
    places: np.ndarray,
) -> Fitted:
    """Describe a finished fit; ``neurons`` marks those with data, ``places`` order trials."""
    best, counts, dtype = found[0].result, steps.counts, checked.values.dtype
    output, source = (_stored(canonical.unit_columns(f)[0], dtype) for f in best.factors[1:])
    # The trials once more, exactly as ``transform`` does it.
    each = trial = transitions.solve_trials(steps, output, source)
    grams, rhs = transitions.equations(steps, output, source)
    metric, rough = _metric(grams, counts, smoothness), 0.0
    if smoothness:
        trial, rough = smooth_course(grams, rhs, metric, places)
    loss, norm2 = transitions.residual_sum_of_squares(steps, trial, output, source)
    variance = diagnostics.component_variance(grams, rhs, trial, norm2)
    order = np.argsort(-variance.alone, kind="stable")
    factors = canonical.fix_signs(
        (trial[counts > 0][:, order], output[:, order], source[:, order]), (False, False, False)
    )
    arrays = _arrays(factors, neurons, counts, trials.first_state(steps), dtype)
    arrays |= explained(variance, order)
    sign = _signs(trial[:, order], factors[0], counts)
    arrays |= _smoothing(smoothness, metric[np.ix_(order, order)] * np.outer(sign, sign))
    arrays["single_trials"] = _by_itself(each[:, order] * sign, counts, arrays["weights"], dtype)
    arrays["triple_cosine"] = Named((), diagnostics.triple_cosine(factors))
    total = loss + rough
    restarts = aligned_restarts(
        found,
        factors,
        total,
        norm2,
        expand=lambda f: (insert_empty(f[0], counts > 0), f[1], f[2]),
        axes=RESTART_AXES,
    )
    best = _as_measured(best, total, steps.nil**2 * norm2)
    # As in other fits with a penalty, the last entry of the history is the loss without it.
    record = FitRecord.of(replace(best, loss=loss), loss, norm2, restarts)
    summary = _summary(checked, counts)
    return assemble(arrays, record=record, data=summary, coords=checked.coords)


def _metric(grams: np.ndarray, counts: np.ndarray, smoothness: float) -> np.ndarray:
    """Return what a bend of the course costs: the mean change of a prediction, times a strength.

    In units of trial factors as they are before each has norm 1.
    """
    if not smoothness:
        return np.zeros(grams.shape[1:])
    return strength_of(smoothness, counts) * grams.sum(axis=0) / counts.sum()


def _signs(before: np.ndarray, after: np.ndarray, counts: np.ndarray) -> np.ndarray:
    products = np.sum(before[counts > 0] * after, axis=0)
    return np.where(products < 0, -1.0, 1.0)


def _smoothing(smoothness: float, metric: np.ndarray) -> dict[str, Named]:
    return {
        "smoothness": Named((), float(smoothness)),
        "roughness_cost": Named(("component", "other_component"), metric),
    }


def _by_itself(trial: np.ndarray, counts: np.ndarray, weights: Named, dtype: np.dtype) -> Named:
    scale = np.where(weights.values > 0, weights.values, 1)
    found = np.where(counts[:, None] > 0, trial / scale, np.nan)
    return Named(("trial", "component"), found.astype(dtype, copy=False))


def _stored(factor: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round a factor to the precision in which it will be kept."""
    return factor.astype(dtype, copy=False).astype(np.float64, copy=False)


def _as_measured(
    best: SolverResult[Factors], loss: float, exact_below: float
) -> SolverResult[Factors]:
    """Make the record of the sweeps agree with the loss that the residuals of the data show.

    Kept factors that read small directions beside large ones lose digits, so that the residuals
    can be larger than in the span; and a fit is exact only if it is in the data.
    """
    reason = best.stop_reason
    if reason is StopReason.EXACT and loss > exact_below:
        reason = StopReason.CONVERGED
    history = np.maximum(best.loss_history, loss)
    return replace(best, loss=loss, loss_history=history, stop_reason=reason)


def assemble(
    arrays: Mapping[str, Named], *, record: FitRecord, data: dict[str, Any], coords: dict[str, Any]
) -> Fitted:
    """Combine arrays with the record of their fit."""
    courses = None
    if "single_trials" in arrays:
        # What happens over trials is read from trials, each by itself: a smooth course is made so.
        courses = {None: arrays["single_trials"].values * arrays["weights"].values}
    components = make_components(arrays, courses=courses)
    return Fitted("TrialVaryingDynamics", arrays, components, record, data, coords)


def eigenvalues(factors: Factors) -> np.ndarray:
    """Compute the eigenvalues of ``W_k`` from rank-sized matrices, largest modulus first.

    Those of ``B diag(a_k) C'`` other than zero are those of ``diag(a_k) C' B``.
    """
    trial, output, source = factors
    values = np.linalg.eigvals(trial[:, :, None] * (source.T @ output)).astype(complex)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1)


def _arrays(
    factors: Factors,
    neurons: np.ndarray,
    counts: np.ndarray,
    first_state: np.ndarray,
    dtype: np.dtype,
) -> dict[str, Named]:
    unit, weights = canonical.unit_columns(factors[0])
    modes = insert_empty(eigenvalues(factors), counts > 0)
    radius = np.abs(modes[:, 0])
    trial = insert_empty(unit, counts > 0)
    state = insert_empty(first_state[:, None], neurons)[:, 0]
    per_trial = ("trial",)
    return {
        "trial_factors": Named(("trial", "component"), trial.astype(dtype, copy=False)),
        "output_factors": _of_neurons(factors[1], neurons, dtype),
        "input_factors": _of_neurons(factors[2], neurons, dtype),
        "weights": Named(("component",), weights.astype(dtype, copy=False)),
        "eigenvalues": Named(("trial", "eigenvalue"), modes),
        "spectral_radius": Named(per_trial, radius),
        "stable": Named(per_trial, radius < 1),
        "n_transitions": Named(per_trial, counts),
        "first_state": Named(("neuron",), state.astype(dtype, copy=False)),
    }


def _of_neurons(factor: np.ndarray, neurons: np.ndarray, dtype: np.dtype) -> Named:
    whole = insert_empty(factor, neurons).astype(dtype, copy=False)
    return Named(("neuron", "component"), whole)


def _summary(checked: CheckedTensor, counts: np.ndarray) -> dict[str, Any]:
    n_possible = len(counts) * (checked.values.shape[2] - 1)
    size, n_observed = count_observed([checked.values], [checked.observed])
    return describe_data(
        checked.values.shape,
        checked.values.dtype,
        size,
        n_observed,
        "none" if n_observed == size else "entries",
        f"{int(counts.sum())} of {n_possible} steps from one bin to the next were complete.",
    )
