"""Transitions of given trials, and solving for new trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.notices import warn
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import check_labels, known_rows
from trialtensor.models.observed import check_scale
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.smooth_dynamics import smooth_course
from trialtensor.solvers.transitions import (
    Transitions,
    equations,
    residual_sum_of_squares,
    solve_trials,
)


def check(X: Any, mask: Any) -> CheckedTensor:
    """Check trials, and leave what is missing as it is: no transition contains it."""
    return check_trial_tensor(X, mask=mask, fill=False)


def check_units(steps: Transitions) -> None:
    """Refuse data without signal, and units in which products overflow or underflow.

    Raises
    ------
    ValueError
        As :func:`trialtensor.models.observed.check_scale`.
    """
    norm2, extremes = 0.0, [0.0]
    taken = slice(None) if steps.neurons is None else steps.neurons
    for k, trial in enumerate(steps.X):
        values = trial[taken]
        if steps.observed is not None:
            values = values[steps.observed[k][taken]]
        if values.size:
            extremes += [values.min(), values.max()]
            values = values.astype(np.float64, copy=False)
            norm2 += float(np.vdot(values, values))
    size = len(steps.X) * steps.n_neurons * steps.X.shape[2]
    check_scale(np.array(extremes, steps.X.dtype), norm2, size)


def transitions(checked: CheckedTensor, neurons: np.ndarray) -> Transitions:
    """Take the transitions of all trials, for neurons that have data.

    Raises
    ------
    ValueError
        If there is not one complete pair of bins.
    """
    n_times = checked.values.shape[2]
    if n_times < 2:
        raise ValueError(f"X: dynamics need trials of at least 2 time bins, got {n_times}")
    chosen = None if neurons.all() else neurons
    steps = Transitions(checked.values, checked.observed, chosen)
    if not steps.counts.any():
        raise ValueError(
            "X: no trial has two neighbouring time bins in which all neurons are observed; fill "
            "in missing entries, or leave out the neurons with the most of them"
        )
    return steps


def first_state(steps: Transitions) -> np.ndarray:
    """Average the first fully observed bin over trials, (n_neurons,)."""
    complete = steps.complete
    if complete is None:
        return np.asarray(steps.X[:, :, 0].mean(axis=0))
    trials = np.flatnonzero(complete.any(axis=1))
    bins = complete[trials].argmax(axis=1)
    states = steps.X[trials, :, bins]
    if steps.neurons is not None:
        states = states[:, steps.neurons]
    return np.asarray(states.mean(axis=0))


def warn_missing(counts: np.ndarray) -> None:
    """Warn about trials without a transition; ``counts`` has the number for each trial."""
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        shown = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
        warn(
            f"{len(empty)} of {len(counts)} trials have no two complete bins in a row (trial "
            f"{shown}); the model says nothing about them (NaN)",
            MissingSliceWarning,
        )


def new_transitions(fitted: Fitted, X: Any, mask: Any) -> Transitions:
    """Take the transitions of new trials, for the neurons that the fit has seen.

    Raises
    ------
    ValueError
        For other neurons than those of the fit.
    """
    checked = check(X, mask)
    neurons = known_rows(fitted["output_factors"])
    if checked.values.shape[1] != len(neurons):
        raise ValueError(
            f"X: the model was fitted to {len(neurons)} neurons, got {checked.values.shape[1]}"
        )
    check_labels(fitted, checked.coords)
    return transitions(checked, neurons)


def solve(fitted: Fitted, steps: Transitions) -> np.ndarray:
    """Solve for the trial factors of new trials, (n_trials, R); NaN without a transition.

    Each by itself, in a smooth fit too: new trials may be any, in any order, such as those of a
    shuffled fold, and must not depend on which others are given with them.
    """
    weights = fitted["weights"].astype(np.float64)
    trial = solve_trials(steps, *known_factors(fitted)) / np.where(weights > 0, weights, 1)
    trial[steps.counts == 0] = np.nan
    return trial


def course(fitted: Fitted, steps: Transitions) -> np.ndarray:
    """Solve for the strengths of the trials of the fit, times their weights, (n_trials, R).

    Without a transition that is 0 or, in a smooth fit, what its neighbours suggest.
    """
    factors = known_factors(fitted)
    if not smoothness_of(fitted):
        return solve_trials(steps, *factors)
    places = np.arange(len(steps.X))
    return smooth_course(*equations(steps, *factors), fitted["roughness_cost"], places)[0]


def smoothness_of(fitted: Fitted) -> float:
    """Return the number of trials that were smoothed over; files of old fits don't have it."""
    return float(fitted["smoothness"]) if "smoothness" in fitted.arrays else 0.0


def explained(fitted: Fitted, steps: Transitions) -> float:
    """Return the fraction of the sum of squares of new trials that the model explains.

    Raises
    ------
    ValueError
        If there is nothing to explain.
    """
    factors = known_factors(fitted)
    trial = np.nan_to_num(solve(fitted, steps)) * fitted["weights"]
    loss, total = residual_sum_of_squares(steps, trial, *factors)
    if total == 0:
        raise ValueError("X: every bin that can be predicted is zero")
    return 1 - loss / total


def known_factors(fitted: Fitted) -> tuple[np.ndarray, np.ndarray]:
    """Return the output and input factors of the neurons that the fit has seen."""
    neurons = known_rows(fitted["output_factors"])
    output, source = fitted["output_factors"][neurons], fitted["input_factors"][neurons]
    return output.astype(np.float64), source.astype(np.float64)
