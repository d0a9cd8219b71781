"""Fitting new trials with the neuron and time factors of a TCA."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import check_new_trials, known_rows, warn_empty_trials
from trialtensor.models.observed import Observed, insert_empty, nothing_to_explain
from trialtensor.models.undetermined import ridge_of
from trialtensor.solvers.determination import solve_open_rows
from trialtensor.solvers.diagnostics import residual_sum_of_squares
from trialtensor.solvers.threads import blas_threads_for


def transform(fitted: Fitted, X: Any, mask: Any, *, nonnegative: bool) -> np.ndarray:
    """Solve for the trial factors of ``X`` in units of ``trial_factors_``, (n_trials, R)."""
    new, trial = _solve(fitted, X, mask, nonnegative)
    warn_empty_trials(new)
    weights = fitted["weights"]
    unit = trial / np.where(weights > 0, weights, 1).astype(trial.dtype)
    return insert_empty(unit, new.kept[0])


def score(fitted: Fitted, X: Any, mask: Any, *, nonnegative: bool) -> float:
    """Return the explained fraction of the sum of squares of ``X``, over known entries."""
    new, trial = _solve(fitted, X, mask, nonnegative)
    others = _all_but_trials(fitted)
    factors = (trial, *(f[kept] for f, kept in zip(others, new.kept[1:], strict=True)))
    total = new.norm2
    nothing_to_explain(total, new.values)
    return 1 - residual_sum_of_squares(new.values, factors, new.mask) / total


def _all_but_trials(fitted: Fitted) -> list[np.ndarray]:
    return [fitted[f"{axis}_factors"] for axis in fitted.axes[1:]]


def _solve(fitted: Fitted, X: Any, mask: Any, nonnegative: bool) -> tuple[Observed, np.ndarray]:
    others = _all_but_trials(fitted)
    # A neuron or bin that the fit never saw has no factor row to compare with.
    known = [known_rows(factor) for factor in others]
    new = check_new_trials(fitted, X, mask, known, others[0].dtype, in_passes=True)
    dtype = new.values.dtype
    others = [f[rows].astype(dtype, copy=False) for f, rows in zip(others, known, strict=True)]
    start = np.zeros((len(new.values), others[0].shape[1]), dtype)
    with blas_threads_for(new.values.size):
        grams, rhs = new.problem().trial_equations((start, *others))
        ridge = ridge_of(fitted)
        trial = solve_open_rows(grams, rhs, ridge, new.missing_of_rows, nonnegative=nonnegative)
    return new, trial
