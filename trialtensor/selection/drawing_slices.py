"""Drawing whole trials, and rectangles of trials x neurons, from numbers of observed entries.

Numbers of entries are all that these draws ask of data, so that it may be anywhere.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from trialtensor.selection.drawing import ATTEMPTS, UnreachableError, n_nearest


class Counts(Protocol):
    """Numbers of observed entries, as of `Counted` and `Seen`."""

    @property
    def of_neurons(self) -> np.ndarray:
        """(n_trials, n_neurons): observed times."""

    @property
    def of_times(self) -> np.ndarray:
        """(n_trials, n_times): observed neurons."""

    @property
    def of_trials(self) -> np.ndarray:
        """(n_neurons, n_times): trials."""


class Counted(NamedTuple):
    """Numbers of observed entries of an array in memory, or of one without missing entries."""

    of_neurons: np.ndarray
    of_times: np.ndarray
    of_trials: np.ndarray

    @classmethod
    def of(cls, observed: np.ndarray) -> Counted:
        """Count the entries of a bool array (n_trials, n_neurons, n_times)."""
        return cls(*(observed.sum(axis=axis) for axis in (2, 1, 0)))

    @classmethod
    def complete(cls, shape: tuple[int, int, int]) -> Counted:
        """Return the numbers of data in which nothing is missing."""
        n_trials, n_neurons, n_times = shape
        return cls(
            np.full((n_trials, n_neurons), n_times),
            np.full((n_trials, n_times), n_neurons),
            np.full((n_neurons, n_times), n_trials),
        )


def choose_trials(counts: Counts, n_test: int, rng: np.random.Generator) -> np.ndarray:
    """Draw whole trials, ``n_test`` entries to half a trial; neurons and bins keep something.

    Returns
    -------
    (n_trials,) bool array

    Raises
    ------
    UnreachableError
        If other trials are all that some neuron or time bin has.
    """
    by_trial = counts.of_neurons.sum(axis=1)
    # Every neuron and every time bin must stay observed on some other trial.
    seen = np.concatenate([counts.of_neurons > 0, counts.of_times > 0], axis=1)
    most = 0
    for attempt in range(ATTEMPTS):
        allowed = by_trial > 0
        if attempt:
            allowed &= ~_keeper_trials(seen, rng)
            most = max(most, int(by_trial[allowed].sum()))
        held = _nearest(by_trial, allowed, n_test, rng)
        if held is not None and not (seen.any(axis=0) & ~seen[~held].any(axis=0)).any():
            return held
    raise UnreachableError(most)


def choose_rectangle(
    counts: Counts, share: float, n_test: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some trials x a ``share`` of all neurons, at all times.

    Trials are added until the rectangle holds ``n_test`` entries, to half a trial of it.

    Returns
    -------
    (n_trials,), (n_neurons,) bool arrays

    Raises
    ------
    UnreachableError
        If some trial, neuron or time bin has nothing outside such rectangles.
    """
    n_neurons = counts.of_neurons.shape[1]
    size = min(max(round(share * n_neurons), 1), n_neurons - 1)
    most = 0
    for attempt in range(ATTEMPTS):
        inside = np.zeros(n_neurons, bool)
        inside[rng.permutation(n_neurons)[:size]] = True
        by_trial = counts.of_neurons[:, inside].sum(axis=1)
        allowed = by_trial > 0
        if attempt:
            allowed &= counts.of_neurons[:, ~inside].any(axis=1)
            elsewhere = counts.of_trials[~inside].any(axis=0)
            seen = [counts.of_neurons[:, inside] > 0, (counts.of_times > 0) & ~elsewhere]
            allowed &= ~_keeper_trials(np.concatenate(seen, axis=1), rng)
            most = max(most, int(by_trial[allowed].sum()))
        held = _nearest(by_trial, allowed, n_test, rng)
        if held is not None and _leaves_something(counts, held, inside):
            return held, inside
    raise UnreachableError(most)


def _nearest(
    by_trial: np.ndarray, allowed: np.ndarray, n_test: int, rng: np.random.Generator
) -> np.ndarray | None:
    """Draw trials with about ``n_test`` entries; None where there aren't as many."""
    order = rng.permutation(np.flatnonzero(allowed))
    if not len(order) or by_trial[order].sum() < n_test - by_trial.max() / 2:
        return None
    held = np.zeros(len(by_trial), bool)
    held[order[: n_nearest(by_trial[order], n_test)]] = True
    return held


def _leaves_something(counts: Counts, held: np.ndarray, inside: np.ndarray) -> bool:
    """Tell whether each slice with data has some outside of a rectangle."""
    of_neurons, of_times, of_trials = counts.of_neurons, counts.of_times, counts.of_trials
    # Outside are other trials with all neurons, and all trials with other neurons.
    trials = of_neurons[:, ~inside].any(axis=1) | ~held | ~of_neurons.any(axis=1)
    neurons = of_neurons[~held].any(axis=0) | ~inside | ~of_neurons.any(axis=0)
    times = of_times[~held].any(axis=0) | of_trials[~inside].any(axis=0) | ~of_times.any(axis=0)
    return bool(trials.all() and neurons.all() and times.all())


def _keeper_trials(seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a few trials that together show every column seen in ``seen`` (n_trials, n)."""
    keep = np.zeros(len(seen), bool)
    for column in rng.permutation(np.flatnonzero(seen.any(axis=0))):
        if not seen[keep, column].any():
            keep[rng.choice(np.flatnonzero(seen[:, column]))] = True
    return keep
