"""Patterns of neurons, averaged over a few neighbouring trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data import check_trial_tensor
from trialtensor.data.arrays import exponent_of, refuse_sparse, scaled, whole
from trialtensor.data.labels import plain_labels
from trialtensor.data.parsing import by_axis
from trialtensor.data.per_entry import one_each


def check_tensor(X: Any, argument: str = "X") -> np.ndarray:
    """Return a trial tensor ``(n_trials, n_neurons, n_times)`` of float64, NaN where missing.

    In a unit in which products fit: no comparison of patterns depends on it.
    """
    checked = check_trial_tensor(X, name=argument)
    values = np.asarray(checked.values, dtype=np.float64)
    values = scaled(values, -exponent_of(values))
    return values if checked.observed is None else np.where(checked.observed, values, np.nan)


def trial_coordinate(X: Any) -> np.ndarray | None:
    """Return the trial coordinate of a tensor, if it has one."""
    labelled = by_axis(X, None, None, "X")[2]
    if labelled is None or "trial" not in labelled.indexes:
        return None
    return labelled.indexes["trial"].to_numpy()


def check_trials(
    trials: Any, n_trials: int, argument: str, n_needed: int, along: Any = None
) -> np.ndarray:
    """Return the indices of some trials, from indices, a slice or a mask, in order.

    ``along`` is the trial coordinate of the data, for a mask that has one of its own.

    Raises
    ------
    ValueError
        For trials that aren't there, and for fewer than ``n_needed``.
    """
    refuse_sparse(trials, argument)
    if isinstance(trials, slice):
        trials = np.arange(n_trials)[trials]
    if np.ndim(trials) == 0:
        raise ValueError(f"{argument}: expected several trials, got {trials!r}")
    given = plain_labels(whole(trials, argument))
    if given.dtype.kind == "O":
        raise ValueError(f"{argument}: expected integers or booleans, got an object array")
    if given.ndim != 1 or given.dtype.kind not in "biu":
        raise ValueError(f"{argument}: expected indices of trials, or True or False for each")
    if given.dtype.kind == "b":
        if len(given) != n_trials:
            raise ValueError(
                f"{argument}: expected True or False for each of the {n_trials} trials, got "
                f"{len(given)}"
            )
        given = np.flatnonzero(plain_labels(one_each(trials, n_trials, argument, along=along)))
    if len(given) and (given.min() < 0 or given.max() >= n_trials):
        raise ValueError(
            f"{argument}: expected trials 0 to {n_trials - 1}, got {given.min()} to {given.max()}"
        )
    given = np.unique(given)
    if len(given) < n_needed:
        raise ValueError(f"{argument}: expected at least {n_needed} trials, got {len(given)}")
    return given


def unit_means(X: np.ndarray, trials: np.ndarray, n_units: int) -> np.ndarray:
    """Average ``n_units`` runs of trials of similar length, ``(n_units, n_neurons, n_times)``.

    NaN where a neuron has no value at that time in any trial of the run.
    """
    means = np.empty((n_units, *X.shape[1:]))
    for i, part in enumerate(np.array_split(trials, n_units)):
        seen = np.isfinite(X[part])
        total = np.where(seen, X[part], 0.0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            means[i] = total / seen.sum(axis=0)
    return means


def whole_cells(units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the neurons and times to keep so that every mean is known.

    Times go first as long as they miss a larger share than neurons do: trials end early, and
    neurons are lost.
    """
    seen = np.isfinite(units).all(axis=0)
    neurons, times = np.ones(len(seen), bool), np.ones(seen.shape[1], bool)
    while not seen[np.ix_(neurons, times)].all():
        part = seen[np.ix_(neurons, times)]
        by_neuron, by_time = part.mean(axis=1), part.mean(axis=0)
        if by_time.min() <= by_neuron.min():
            times[np.flatnonzero(times)[by_time == by_time.min()]] = False
        else:
            neurons[np.flatnonzero(neurons)[by_neuron == by_neuron.min()]] = False
    return neurons, times
