"""Sweeps over many independent problems, one a trial, each with a momentum of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

# Each trial's problem is convex, and sweeps converge quickly. Each trial is tracked on its own, so
# a trial's result doesn't depend on the trials passed with it.
_MAX_SWEEPS, _MAX_MOMENTUM, _PATIENCE = 1000, 0.985, 2

Point = TypeVar("Point")


def follow_each(
    start: Point,
    n_trials: int,
    sweep: Callable[[Point], tuple[Point, np.ndarray]],
    pick: Callable[[np.ndarray, Point, Point], Point],
    ahead: Callable[[Point, Point, np.ndarray], Point],
    *,
    tol: float,
    rounding: np.ndarray | float = 0.0,
) -> Point:
    """Sweep with extrapolation until each trial's loss stops falling.

    Parameters
    ----------
    start : point
        What belongs to the trials, in any form that the functions know.
    n_trials : int
    sweep : callable
        From a point to the next one and its losses, (n_trials,).
    pick : callable
        Takes trials where an (n_trials,) bool array is True from the first point, others from the
        second.
    ahead : callable
        Extrapolates from the second point through the first, by an (n_trials,) array of momenta.
    tol : float
        Relative to a trial's loss.
    rounding : float or (n_trials,) array
        What losses may fall by through rounding alone.

    Returns
    -------
    point
    """
    best = previous = point = start
    loss = np.full(n_trials, np.inf)
    age, n_slow, done = np.zeros((3, n_trials), int)
    for _ in range(_MAX_SWEEPS):
        new, new_loss = sweep(point)
        better = (new_loss <= loss) | (age < 2)
        accepted = better & ~done.astype(bool)
        slow = loss - new_loss <= tol * new_loss + rounding
        n_slow = np.where(accepted, np.where(slow, n_slow + 1, 0), n_slow)
        loss = np.where(accepted, new_loss, loss)
        previous, best = pick(accepted, best, previous), pick(accepted, new, best)
        done = (n_slow >= _PATIENCE) | (loss == 0)
        if done.all():
            break
        age = np.where(accepted, age + 1, np.where(better, age, 0))
        momentum = np.minimum((age - 1) / (age + 2), _MAX_MOMENTUM).clip(0)
        point = ahead(best, previous, momentum)
    return best
