"""Second moments of the transitions of trials, and solving for new trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from trialtensor.data.notices import warn
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import check_labels, known_rows
from trialtensor.models.observed import Observed, without_empty
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.dynamics import DynamicsProblem, moments
from trialtensor.solvers.row_updates import solve_rows


def known_neurons(checked: CheckedTensor, neurons: np.ndarray) -> Observed:
    """Keep the neurons that have data, and all trials and bins."""
    n_trials, _, n_times = checked.values.shape
    kept = (np.ones(n_trials, bool), neurons, np.ones(n_times, bool))
    return without_empty(checked.values, checked.observed, kept)


def moments_of(data: Observed) -> tuple[DynamicsProblem, np.ndarray]:
    """Compute second moments of transitions, and count the transitions of each trial.

    Raises
    ------
    ValueError
        If there is not one complete pair of bins.
    """
    if data.values.shape[2] < 2:
        raise ValueError(
            f"X: dynamics need trials of at least 2 time bins, got {data.values.shape[2]}"
        )
    problem, counts = moments(data.values, data.mask)
    if not counts.any():
        raise ValueError(
            "X: no trial has two neighbouring time bins in which all neurons are observed; fill "
            "in missing entries, or leave out the neurons with the most of them"
        )
    return problem, counts


def with_transitions(problem: DynamicsProblem, counts: np.ndarray) -> DynamicsProblem:
    """Drop trials without a transition, so that they can't affect the others."""
    kept = counts > 0
    if kept.all():
        return problem
    return replace(problem, now=problem.now[kept], step=problem.step[kept])


def first_state(data: Observed) -> np.ndarray:
    """Average the first fully observed bin over trials, (n_neurons,)."""
    if data.mask is None:
        return np.asarray(data.values[:, :, 0].mean(axis=0))
    complete = np.asarray(data.mask.all(axis=1))
    trials = np.flatnonzero(complete.any(axis=1))
    bins = complete[trials].argmax(axis=1)
    return np.asarray(data.values[trials, :, bins].mean(axis=0))


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


def new_moments(fitted: Fitted, X: Any, mask: Any) -> tuple[DynamicsProblem, np.ndarray]:
    """Compute second moments of the transitions of new trials, for neurons that the fit has seen.

    Raises
    ------
    ValueError
        For other neurons than those of the fit.
    """
    checked = check_trial_tensor(X, mask=mask)
    neurons = known_rows(fitted["output_factors"])
    if checked.values.shape[1] != len(neurons):
        raise ValueError(
            f"X: the model was fitted to {len(neurons)} neurons, got {checked.values.shape[1]}"
        )
    check_labels(fitted, checked)
    return moments_of(known_neurons(checked, neurons))


def solve(fitted: Fitted, problem: DynamicsProblem, counts: np.ndarray) -> np.ndarray:
    """Solve for the trial factors of new trials, (n_trials, R); NaN without a transition."""
    output, source = known_factors(fitted)
    weights = fitted["weights"]
    start = np.zeros((len(counts), len(weights)))
    grams, rhs = problem.trial_equations((start, output * weights, source))
    trial = solve_rows(grams, rhs, nonnegative=False)
    trial[counts == 0] = np.nan
    return trial


def known_factors(fitted: Fitted) -> tuple[np.ndarray, np.ndarray]:
    """Return the output and input factors of the neurons that the fit has seen."""
    neurons = known_rows(fitted["output_factors"])
    return fitted["output_factors"][neurons], fitted["input_factors"][neurons]
