"""From what the solver found to the fitted attributes of a TrialVaryingDynamics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialtensor.data.validation import CheckedTensor
from trialtensor.models import inputs
from trialtensor.models.restart import Restart
from trialtensor.solvers import canonical, diagnostics, matching
from trialtensor.solvers.dynamics import DynamicsProblem
from trialtensor.solvers.result import Factors
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult

if TYPE_CHECKING:
    from trialtensor.models.dynamics import TrialVaryingDynamics


def store_fit(
    model: TrialVaryingDynamics,
    checked: CheckedTensor,
    neurons: np.ndarray,
    problem: DynamicsProblem,
    counts: np.ndarray,
    found: list[RestartResult[Factors]],
) -> None:
    """Set everything that ends in an underscore from a finished fit."""
    best = found[0].result
    trial, output, source = best.factors
    output, _ = canonical.unit_columns(output)
    source, _ = canonical.unit_columns(source)
    # The trials once more, exactly as ``transform`` does it.
    grams, rhs = problem.trial_equations((trial, output, source))
    trial = solve_rows(grams, rhs, nonnegative=False)
    variance = diagnostics.component_variance(grams, rhs, trial, problem.norm2)
    order = np.argsort(-variance.alone, kind="stable")
    factors = canonical.fix_signs(
        (trial[:, order], output[:, order], source[:, order]), (False, False, False)
    )
    model.loss_ = problem.loss(factors)
    unit, model.weights_ = canonical.unit_columns(factors[0])
    model.trial_factors_ = np.where((counts > 0)[:, None], unit, np.nan)
    model.output_factors_ = inputs.insert_empty(factors[1], neurons)
    model.input_factors_ = inputs.insert_empty(factors[2], neurons)
    model.n_transitions_ = counts
    model.eigenvalues_ = eigenvalues(factors, counts)
    model.spectral_radius_ = np.abs(model.eigenvalues_[:, 0])
    model.stable_ = model.spectral_radius_ < 1
    for name in ("alone", "unique", "shared"):
        setattr(model, f"explained_variance_{name}_", getattr(variance, name)[order])
    model.loss_history_ = np.append(best.loss_history, min(model.loss_, best.loss))
    model.explained_variance_ratio_ = np.float64(1 - model.loss_ / problem.norm2)
    model.triple_cosine_ = diagnostics.triple_cosine(factors)
    model.n_iter_, model.stop_reason_ = best.n_iter, best.stop_reason
    model.n_features_in_ = len(neurons)
    model._n_features_out = len(model.weights_)
    model.coords_ = checked.coords
    n_possible = len(counts) * (checked.values.shape[2] - 1)
    size = checked.values.size
    n_observed = size if checked.observed is None else int(checked.observed.sum())
    model.data_summary_ = {
        "shape": tuple(int(n) for n in checked.values.shape),
        "dtype": str(checked.values.dtype),
        "n_observed": n_observed,
        "missing_fraction": 1 - n_observed / size,
        "missing_pattern": "none" if n_observed == size else "entries",
        "treatment": (
            f"{int(counts.sum())} of {n_possible} steps from one bin to the next were complete."
        ),
    }
    model.restarts_ = _restarts(model, factors, found, problem.norm2)


def eigenvalues(factors: Factors, counts: np.ndarray) -> np.ndarray:
    """Eigenvalues of ``W_k``, from matrices of the size of the rank, largest modulus first.

    Those of ``B diag(a_k) C'`` other than zero are those of ``diag(a_k) C' B``.
    """
    trial, output, source = factors
    values = np.linalg.eigvals(trial[:, :, None] * (source.T @ output)).astype(complex)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    values[counts == 0] = np.nan
    return values


def _restarts(
    model: TrialVaryingDynamics,
    best: Factors,
    found: list[RestartResult[Factors]],
    norm2: float,
) -> list[Restart]:
    restarts: list[Restart] = []
    for restart in found:
        pairs = [canonical.unit_columns(f) for f in restart.result.factors]
        unit = (pairs[0][0], pairs[1][0], pairs[2][0])
        order, _ = matching.match_components(best, unit)
        aligned, similarity = matching.align_to(best, unit)
        # The best has been solved for once more, the others have not.
        loss = max(restart.result.loss, model.loss_) if restarts else model.loss_
        restarts.append(
            Restart(
                seed=restart.seed,
                loss=loss,
                explained_variance=1 - loss / norm2,
                similarity=similarity,
                stop_reason=restart.result.stop_reason,
                n_iter=restart.result.n_iter,
                factors=aligned,
                weights=np.prod([norms for _, norms in pairs], axis=0)[order],
            )
        )
    return restarts
