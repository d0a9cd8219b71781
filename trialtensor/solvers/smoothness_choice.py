"""How smooth the course of dynamics is, by how well steps are predicted that the fit hasn't seen.

Every trial hides one quarter of its bins at a time, another one than its neighbours do. So trials
that have nothing to do with each other are told from trials that resemble their neighbours: the
first are predicted best from the rest of the same trial, with no penalty at all, and the second
from their neighbours too. Holding out whole trials could not say that trials are independent.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trialtensor.solvers.dynamics import first_factors, sweeps
from trialtensor.solvers.dynamics_problem import DynamicsProblem, coordinates, in_coordinates
from trialtensor.solvers.result import Factors, StopReason
from trialtensor.solvers.runs import Start
from trialtensor.solvers.smooth_dynamics import SmoothDynamics
from trialtensor.solvers.smoothing import ORDER
from trialtensor.solvers.transitions import Transitions

# Parts of a trial that are hidden in turn.
_PARTS = 4
# A course that is smooth over this share of the trials is nearly a straight line.
_STIFFEST = 1 / 3
# Sweeps for each candidate, from where the last one has led: enough to compare predictions.
_MAX_ITER, _TOL = 100, 1e-4


def strength_of(smoothness: float, counts: np.ndarray) -> float:
    """Return the strength of the penalty that smooths over ``smoothness`` trials.

    Averages over neighbours, which a smoothing spline takes, have a width of the root of order
    ``2 * ORDER`` of the penalty relative to the data of a trial (Silverman 1984).

    Parameters
    ----------
    smoothness : float
        In trials.
    counts : (n_trials,) int array
        Steps of each trial.
    """
    return float(counts[counts > 0].mean()) * smoothness ** (2 * ORDER)


def smoothest(smoothness: float, places: np.ndarray) -> float:
    """Limit the number of trials to smooth over to what there are: beyond, courses are straight.

    Parameters
    ----------
    smoothness : float
    places : (n_trials,) int array
        Where the trials are in time.
    """
    n_places = int(places.max()) + 1
    return min(smoothness, float(n_places)) if n_places > ORDER else 0.0


def candidates(n_trials: int) -> list[float]:
    """List the numbers of trials to smooth over that are tried, stiffest first, 0 last.

    Parameters
    ----------
    n_trials : int
    """
    if n_trials <= ORDER:
        return [0.0]
    doublings = int(np.log2(max(n_trials * _STIFFEST, 1)))
    return [2.0**i for i in range(doublings, -2, -1)] + [0.0]


def choose_smoothness(steps: Transitions, n_components: int, start: Start) -> float:
    """Return the number of trials to smooth over that predicts hidden steps best; 0 is possible.

    Parameters
    ----------
    steps : Transitions
        Of trials in order, evenly spaced.
    n_components : int
    start : Start
        Of the fits to the steps that are not hidden.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: there is no fit yet.
    """
    tried = candidates(len(steps.X))
    if len(tried) == 1:
        return tried[0]
    strengths = [strength_of(each, steps.counts) for each in tried]
    frame = coordinates(steps)
    errors = np.zeros(len(tried))
    for part in range(_PARTS):
        hidden = _hidden(steps, part)
        errors += _errors(steps, hidden, frame, strengths, n_components, start)
    return tried[int(np.argmin(errors))]


def _hidden(steps: Transitions, part: int) -> np.ndarray:
    """Return which steps are hidden, (n_trials, n_times - 1): a stretch of every trial."""
    n_trials, n_steps = len(steps.X), steps.X.shape[2] - 1
    part_of_step = np.arange(n_steps) * _PARTS // n_steps
    return np.asarray((part_of_step + np.arange(n_trials)[:, None]) % _PARTS == part)


def _errors(
    steps: Transitions,
    hidden: np.ndarray,
    frame: tuple[np.ndarray, np.ndarray],
    strengths: list[float],
    n_components: int,
    start: Start,
) -> np.ndarray:
    """Return the squared errors of the hidden steps for each strength, by a path of warm starts."""
    shown, held = replace(steps, taken=~hidden), replace(steps, taken=hidden)
    errors = np.zeros(len(strengths))
    if not shown.counts.any() or not held.counts.any():
        return errors
    states, truth = in_coordinates(shown, *frame), in_coordinates(held, *frame)
    places, asked = np.flatnonzero(shown.counts), np.flatnonzero(held.counts)
    problem = SmoothDynamics(states, places, len(steps.X), strengths[0])
    factors = first_factors(problem, start, n_components)
    for i, strength in enumerate(strengths):
        factors = _swept(replace(problem, strength=strength), factors)
        errors[i] = _predicted(truth, factors, asked)
    return errors


def _swept(problem: SmoothDynamics, factors: Factors) -> Factors:
    found = sweeps(problem, factors, _MAX_ITER, _TOL)
    if found.stop_reason is StopReason.INTERRUPTED:
        raise KeyboardInterrupt
    return found.factors


def _predicted(truth: DynamicsProblem, factors: Factors, asked: np.ndarray) -> float:
    trial, output, source = factors
    return truth.loss((trial[asked], output, source))
