"""New trials against the neuron and time factors of a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models import inputs
from trialtensor.solvers.diagnostics import residual_sum_of_squares
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    from trialtensor.models.tca import TCA


def solve_trials(model: TCA, X: Any, mask: Any) -> np.ndarray:
    """Trial factors of ``X`` in units of ``trial_factors_``, (n_trials, R)."""
    _, trial, kept = _solve(model, X, mask)
    inputs.warn_empty((kept[0], np.ones(1, bool), np.ones(1, bool)))
    weights = np.where(model.weights_ > 0, model.weights_, 1).astype(trial.dtype)
    return inputs.insert_empty(trial / weights, kept[0])


def score_trials(model: TCA, X: Any, mask: Any) -> float:
    """Explained fraction of the sum of squares of ``X``, over entries the model knows."""
    (values, observed), trial, kept = _solve(model, X, mask)
    neuron, time = model.neuron_factors_[kept[1]], model.time_factors_[kept[2]]
    total = sum_of_squares(values)
    if total == 0:
        raise ValueError("X: every observed value is zero, so there is nothing to explain")
    return 1 - residual_sum_of_squares(values, (trial, neuron, time), observed) / total


def _check_labels(model: TCA, checked: CheckedTensor) -> None:
    """Refuse labelled neurons that are not the fitted ones, or not in their order."""
    fitted, given = model.coords_.get("neuron"), checked.coords.get("neuron")
    if fitted is None or given is None:
        return
    if not np.array_equal(fitted[1], given[1]):
        first = int(np.flatnonzero(np.asarray(fitted[1]) != np.asarray(given[1]))[0])
        raise ValueError(
            f"X: neuron {first} is labelled {given[1][first]!r}, but the model was fitted to "
            f"{fitted[1][first]!r} there; put the neurons in the same order"
        )


def _solve(
    model: TCA, X: Any, mask: Any
) -> tuple[tuple[np.ndarray, np.ndarray | None], np.ndarray, inputs.Kept]:
    checked = check_trial_tensor(X, mask=mask)
    expected = (len(model.neuron_factors_), len(model.time_factors_))
    if checked.values.shape[1:] != expected:
        raise ValueError(
            f"X: the model was fitted to {expected[0]} neurons x {expected[1]} time bins, "
            f"got {checked.values.shape[1]} x {checked.values.shape[2]}"
        )
    _check_labels(model, checked)
    # A neuron or bin that the fit never saw has no factor row to compare with.
    known_neurons = np.isfinite(model.neuron_factors_).all(axis=1)
    known_times = np.isfinite(model.time_factors_).all(axis=1)
    kept = (~checked.empty_trials, known_neurons, known_times)
    values, observed = inputs.drop_empty(checked, kept)
    dtype = np.result_type(values, model.neuron_factors_)
    values = values.astype(dtype, copy=False)
    neuron = model.neuron_factors_[known_neurons].astype(dtype, copy=False)
    time = model.time_factors_[known_times].astype(dtype, copy=False)
    problem, _ = inputs.as_problem(values, observed)
    start = np.zeros((len(values), len(model.weights_)), dtype)
    positive = inputs.nonnegative_axes(model.nonnegative)[0]
    with blas_threads_for(values.size):
        grams, rhs = problem.trial_equations((start, neuron, time))
        trial = solve_rows(grams, rhs, nonnegative=positive)
    return (values, observed), trial, kept
