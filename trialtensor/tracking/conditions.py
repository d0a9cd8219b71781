"""Conditions of trials that take turns, and whether the order of trials is time."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.per_entry import trials_first
from trialtensor.tracking.series import check_labels

FEWEST = 2  # trials of a condition
TURNS = 3  # runs of trials per label from which labels take turns


def condition_base(conditions: Any, n_trials: int) -> np.ndarray:
    """Return a constant, and what sets each condition apart, ``(n_conditions, n_trials)``.

    The constant is the level of the average trial.

    Raises
    ------
    ValueError
        For a condition with a single trial, and fewer than 3 trials a condition.
    """
    base = np.ones((1, n_trials))
    if conditions is None:
        return base
    names, codes = check_labels(conditions, n_trials, "conditions")
    counts = np.array([np.sum(codes == c) for c in range(len(names))], dtype=int)
    if len(names) and (counts.min() < FEWEST or 3 * len(names) > n_trials):
        rarest = names[int(np.argmin(counts))]
        raise ValueError(
            f"conditions: expected at least {FEWEST} trials of each, and 3 on average, got "
            f"{len(names)} in {n_trials} trials, {counts.min()} of {rarest!r}"
        )
    # Trials without a condition are one more; the last follows from the others.
    known = np.unique(codes)
    apart = (codes == known[:-1, None]).astype(float)
    return np.vstack([base, apart - apart.mean(axis=1, keepdims=True)])


def take_turns(codes: np.ndarray) -> bool:
    """Return whether labels alternate, as targets do, rather than come in blocks.

    Parameters
    ----------
    codes : (n_trials,) array of int
        As from `check_labels`.

    Examples
    --------
    >>> take_turns(np.arange(40) % 4), take_turns(np.repeat([0, 1, 0], 20))
    (True, False)
    """
    known = codes[codes >= 0]
    runs = 1 + int(np.count_nonzero(np.diff(known)))
    return len(known) > 0 and runs >= TURNS * len(np.unique(known))


def why_no_time(trials: Any, conditions: Any) -> list[str]:
    """Return why the order of trials may not be that in which they were recorded.

    Parameters
    ----------
    trials : (n_trials,) array
        Their coordinate, or None.
    conditions : (n_trials,) array, optional
        That should take turns.
    """
    reasons = []
    if trials is not None:
        numbers = np.asarray(trials)
        if numbers.dtype.kind in "iufmM" and np.any(np.diff(numbers) < np.zeros(1, numbers.dtype)):
            reasons.append(
                "Trials aren't in the order of their numbers: the order of trials is not time, and "
                "what changes along it isn't learning. Sort them first."
            )
    if conditions is not None:
        given = trials_first(conditions)
        _, codes = check_labels(given, len(given), "conditions")
        if len(np.unique(codes)) > 1 and not take_turns(codes):
            reasons.append(
                "Conditions come in blocks rather than take turns: the order of trials is not "
                "time alone, and learning can't be told from what sets conditions apart."
            )
    return reasons
