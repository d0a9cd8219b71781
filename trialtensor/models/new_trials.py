"""New trials against the neuron and time factors of a fitted model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models import inputs
from trialtensor.solvers.diagnostics import residual_sum_of_squares
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    from trialtensor.models.slicetca import SliceTCA
    from trialtensor.models.tca import TCA


@dataclass(frozen=True, eq=False)
class NewTrials:
    """New trials, without what is empty in them or unknown to the model.

    Attributes
    ----------
    values : (n_trials, n_neurons, n_times) array
        Zeros where missing.
    observed : bool array of the same shape, or None
    kept : three bool arrays
        Which trials have data, and which neurons and bins the model knows.
    """

    values: np.ndarray
    observed: np.ndarray | None
    kept: inputs.Kept


def check_new_trials(
    model: TCA | SliceTCA, X: Any, mask: Any, known: tuple[np.ndarray, np.ndarray], dtype: Any
) -> NewTrials:
    """Check new trials against a fitted model.

    Parameters
    ----------
    model : fitted estimator
    X, mask : as for ``transform``
    known : (n_neurons,), (n_times,) bool arrays
        Which neurons and bins the fit has seen: the others can't be compared with.
    dtype : dtype of the model

    Raises
    ------
    ValueError
        For other neurons or bins than those of the fit, or as ``check_trial_tensor``.
    """
    checked = check_trial_tensor(X, mask=mask)
    expected = (len(known[0]), len(known[1]))
    if checked.values.shape[1:] != expected:
        raise ValueError(
            f"X: the model was fitted to {expected[0]} neurons x {expected[1]} time bins, "
            f"got {checked.values.shape[1]} x {checked.values.shape[2]}"
        )
    _check_labels(model, checked)
    kept = (~checked.empty_trials, *known)
    values, observed = inputs.drop_empty(checked, kept)
    return NewTrials(values.astype(np.result_type(values, dtype), copy=False), observed, kept)


def solve_trials(model: TCA, X: Any, mask: Any) -> np.ndarray:
    """Trial factors of ``X`` in units of ``trial_factors_``, (n_trials, R)."""
    new, trial = _solve(model, X, mask)
    inputs.warn_empty((new.kept[0], np.ones(1, bool), np.ones(1, bool)))
    weights = np.where(model.weights_ > 0, model.weights_, 1).astype(trial.dtype)
    return inputs.insert_empty(trial / weights, new.kept[0])


def score_trials(model: TCA, X: Any, mask: Any) -> float:
    """Explained fraction of the sum of squares of ``X``, over entries the model knows."""
    new, trial = _solve(model, X, mask)
    neuron, time = model.neuron_factors_[new.kept[1]], model.time_factors_[new.kept[2]]
    total = sum_of_squares(new.values)
    if total == 0:
        raise ValueError("X: every observed value is zero, so there is nothing to explain")
    return 1 - residual_sum_of_squares(new.values, (trial, neuron, time), new.observed) / total


def _check_labels(model: TCA | SliceTCA, checked: CheckedTensor) -> None:
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


def _solve(model: TCA, X: Any, mask: Any) -> tuple[NewTrials, np.ndarray]:
    # A neuron or bin that the fit never saw has no factor row to compare with.
    known = (
        np.isfinite(model.neuron_factors_).all(axis=1),
        np.isfinite(model.time_factors_).all(axis=1),
    )
    new = check_new_trials(model, X, mask, known, model.neuron_factors_.dtype)
    dtype = new.values.dtype
    neuron = model.neuron_factors_[known[0]].astype(dtype, copy=False)
    time = model.time_factors_[known[1]].astype(dtype, copy=False)
    problem, _ = inputs.as_problem(new.values, new.observed)
    start = np.zeros((len(new.values), len(model.weights_)), dtype)
    positive = inputs.nonnegative_axes(model.nonnegative)[0]
    with blas_threads_for(new.values.size):
        grams, rhs = problem.trial_equations((start, neuron, time))
        trial = solve_rows(grams, rhs, nonnegative=positive)
    return new, trial
