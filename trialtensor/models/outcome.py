"""From what the solver found to the fitted attributes of a TCA."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from trialtensor.models import inputs
from trialtensor.models.restart import Restart
from trialtensor.models.warnings import DegeneracyWarning, InterruptedFitWarning
from trialtensor.solvers import canonical, contraction, diagnostics, matching
from trialtensor.solvers.normal_equations import full_gram
from trialtensor.solvers.problems import free_loss
from trialtensor.solvers.result import Factors, SolverResult, StopReason
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult

if TYPE_CHECKING:
    from trialtensor.models.tca import TCA

# Two components whose cosine is below this cancel each other for all practical purposes.
_DEGENERATE = -0.9


def store_fit(
    model: TCA,
    data: inputs.FitInput,
    found: list[RestartResult[Factors]],
    nonnegative: tuple[bool, bool, bool],
) -> None:
    """Set everything that ends in an underscore from a finished fit."""
    best, problem = found[0].result, data.problem
    factors, grams, rhs, core_consistency = _finish(data, best, nonnegative)
    loss = _exact_loss(data, factors, grams, rhs)
    variance = diagnostics.component_variance(grams, rhs, factors[0], problem.norm2)
    order = np.argsort(-variance.alone, kind="stable")
    _set_factors(model, factors, order, nonnegative, data.kept)
    model.loss_ = loss
    # The final solve for the trials lowers the loss a last time.
    model.loss_history_ = np.append(best.loss_history, min(loss, best.loss))
    model.explained_variance_ratio_ = np.float64(1 - loss / problem.norm2)
    model.explained_variance_alone_ = variance.alone[order]
    model.explained_variance_unique_ = variance.unique[order]
    model.explained_variance_shared_ = variance.shared[order]
    model.n_iter_ = best.n_iter
    model.stop_reason_ = best.stop_reason
    model.core_consistency_ = core_consistency
    model.triple_cosine_ = diagnostics.triple_cosine(factors)
    model.coords_ = data.coords
    model.data_summary_ = data.summary
    model.restarts_ = _restarts(model, data, found)


def store_given(model: TCA, weights: np.ndarray, factors: Sequence[np.ndarray]) -> None:
    """Set everything that ends in an underscore from factors alone; fit quality is unknown."""
    given, neuron, time = (np.asarray(f) for f in factors)
    neuron, neuron_norms = canonical.unit_columns(neuron)
    time, time_norms = canonical.unit_columns(time)
    trial, scale = canonical.unit_columns(given * weights * neuron_norms * time_norms)
    everything = tuple(np.ones(len(f), bool) for f in (trial, neuron, time))
    _set_rows(model, (trial, neuron, time), scale, (everything[0], everything[1], everything[2]))
    for name in ("alone", "unique", "shared"):
        setattr(model, f"explained_variance_{name}_", np.full(len(scale), np.nan))
    model.explained_variance_ratio_ = np.float64(np.nan)
    model.loss_ = model.core_consistency_ = float("nan")
    model.loss_history_ = np.empty(0)
    model.n_iter_ = 0
    model.stop_reason_ = StopReason.GIVEN
    model.triple_cosine_ = diagnostics.triple_cosine((trial, neuron, time))
    model.restarts_, model.coords_ = [], {}
    model.data_summary_ = inputs.unknown_data((len(trial), len(neuron), len(time)))


def warn_of(model: TCA) -> None:
    """Warn of what the user must know before believing a fit."""
    warn_of_stop(model.stop_reason_)
    warn_of_zeros(model.weights_)
    if model.triple_cosine_ < _DEGENERATE:
        warnings.warn(
            f"two components cancel each other (cosine {model.triple_cosine_:.3f}): use fewer "
            "components, or nonnegative=True where the data allows it",
            DegeneracyWarning,
            stacklevel=3,
        )


def warn_of_stop(reason: StopReason) -> None:
    """Warn of a fit that hasn't converged."""
    if reason is StopReason.INTERRUPTED:
        warnings.warn(reason.advice, InterruptedFitWarning, stacklevel=4)
    elif reason is StopReason.MAX_ITER:
        warnings.warn(reason.advice, ConvergenceWarning, stacklevel=4)


def warn_of_zeros(weights: np.ndarray) -> None:
    """Warn of components that are nothing."""
    n_dead = int(np.sum(weights == 0))
    if n_dead:
        warnings.warn(
            f"{n_dead} of {len(weights)} components are zero: use fewer components, or "
            "none that must be non-negative where the data is below zero",
            DegeneracyWarning,
            stacklevel=4,
        )


def _finish(
    data: inputs.FitInput, best: SolverResult[Factors], nonnegative: tuple[bool, bool, bool]
) -> tuple[Factors, np.ndarray, np.ndarray, float]:
    """Solve for the trials once more, exactly as ``transform`` does; all scale in the trials.

    Also the normal equations of that solve, and the core consistency of the result: on complete
    data one pass serves both.
    """
    trial, neuron, time = best.factors
    neuron, _ = canonical.unit_columns(neuron)
    time, _ = canonical.unit_columns(time)
    if data.observed is None:
        partial = contraction.contract_time(data.problem.X, time)
        grams = full_gram((trial, neuron, time), 0)
        rhs = contraction.trials_from_partial(partial, neuron)
        factors = (solve_rows(grams, rhs, nonnegative=nonnegative[0]), neuron, time)
        consistency = diagnostics.core_consistency_from_partial(partial, factors)
    else:
        grams, rhs = data.problem.trial_equations((trial, neuron, time))
        factors = (solve_rows(grams, rhs, nonnegative=nonnegative[0]), neuron, time)
        consistency = diagnostics.core_consistency(data.problem.X, factors, data.observed)
    return factors, grams, rhs, consistency


def _exact_loss(
    data: inputs.FitInput, factors: Factors, grams: np.ndarray, rhs: np.ndarray
) -> float:
    """The loss to full precision, from the residuals where the cheap form cancels."""
    problem = data.problem
    loss = free_loss(problem.norm2, grams, rhs, factors[0])
    rounding = float(np.finfo(problem.X.dtype).eps) * problem.norm2
    if loss > 1e9 * rounding:
        return loss
    return diagnostics.residual_sum_of_squares(problem.X, factors, data.observed)


def _set_factors(
    model: TCA,
    factors: Factors,
    order: np.ndarray,
    nonnegative: tuple[bool, bool, bool],
    kept: inputs.Kept,
) -> None:
    trial, neuron, time = (f[:, order] for f in factors)
    trial, weights = canonical.unit_columns(trial)
    _set_rows(model, canonical.fix_signs((trial, neuron, time), nonnegative), weights, kept)


def _set_rows(model: TCA, factors: Factors, weights: np.ndarray, kept: inputs.Kept) -> None:
    for axis, factor, keep in zip(inputs.AXES, factors, kept, strict=True):
        setattr(model, f"{axis}_factors_", inputs.insert_empty(factor, keep))
    model.weights_ = weights
    model._n_features_out = len(weights)
    model.n_features_in_ = len(model.neuron_factors_)


def _restarts(
    model: TCA, data: inputs.FitInput, found: list[RestartResult[Factors]]
) -> list[Restart]:
    own = (model.trial_factors_, model.neuron_factors_, model.time_factors_)
    trial, neuron, time = (f[k] for f, k in zip(own, data.kept, strict=True))
    best = (trial, neuron, time)
    restarts = [_as_restart(data, found[0], model.loss_, 1.0, best, model.weights_)]
    for restart in found[1:]:
        pairs = [canonical.unit_columns(f) for f in restart.result.factors]
        unit = (pairs[0][0], pairs[1][0], pairs[2][0])
        order, _ = matching.match_components(best, unit)
        aligned, similarity = matching.align_to(best, unit)
        weights = np.prod([norms for _, norms in pairs], axis=0)[order]
        # The best has been solved for once more, the others have not.
        loss = max(restart.result.loss, model.loss_)
        restarts.append(_as_restart(data, restart, loss, similarity, aligned, weights))
    return restarts


def _as_restart(
    data: inputs.FitInput,
    restart: RestartResult[Factors],
    loss: float,
    similarity: float,
    factors: Factors,
    weights: np.ndarray,
) -> Restart:
    trial, neuron, time = (
        inputs.insert_empty(f, k) for f, k in zip(factors, data.kept, strict=True)
    )
    return Restart(
        seed=restart.seed,
        loss=loss,
        explained_variance=1 - loss / data.problem.norm2,
        similarity=similarity,
        stop_reason=restart.result.stop_reason,
        n_iter=restart.result.n_iter,
        factors=(trial, neuron, time),
        weights=weights,
    )
