"""From trials to the second moments of their transitions, and what to say of those without."""

from __future__ import annotations

import warnings

import numpy as np

from trialtensor.data.validation import CheckedTensor
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.dynamics import DynamicsProblem, moments


def known_neurons(
    checked: CheckedTensor, neurons: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Values and what was observed ``(n_trials, n_known, n_times)`` of neurons with data."""
    observed = checked.observed
    if neurons.all():
        return checked.values, observed
    return checked.values[:, neurons], None if observed is None else observed[:, neurons]


def moments_of(
    values: np.ndarray, observed: np.ndarray | None
) -> tuple[DynamicsProblem, np.ndarray]:
    """Second moments of transitions.

    Raises
    ------
    ValueError
        If there is not one complete pair of bins.
    """
    if values.shape[2] < 2:
        raise ValueError(f"X: dynamics need trials of at least 2 time bins, got {values.shape[2]}")
    problem, counts = moments(values, observed)
    if not counts.any():
        raise ValueError(
            "X: no trial has two neighbouring time bins in which all neurons are observed; fill "
            "in what is missing, or leave out the neurons that lack most"
        )
    return problem, counts


def warn_empty(counts: np.ndarray) -> None:
    """Say which trials have no transition; ``counts`` has how many each has."""
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        shown = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
        warnings.warn(
            f"{len(empty)} of {len(counts)} trials have no two complete bins in a row (trial "
            f"{shown}); the model says nothing about them (NaN)",
            MissingSliceWarning,
            stacklevel=3,
        )
