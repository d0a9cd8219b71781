"""Dynamics whose matrices change smoothly from trial to trial.

The penalty is ``s sum_k |(W_{k-1} - 2 W_k + W_{k+1}) S^{1/2}|^2``, where ``S`` is the mean second
moment of states: the squared bend of the course of the matrices, counted by what it changes in a
prediction. In the coordinates of :mod:`trialtensor.solvers.dynamics_problem` ``S`` is the identity,
so that it is ``s sum_k d_k' (B'B * C'C) d_k`` of the second differences ``d`` of trial factors. It
depends on the matrices only, not on how components share their scale, and each step of the
alternating fit stays an exact least-squares solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.dynamics_problem import DynamicsProblem, in_span
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.result import Factors
from trialtensor.solvers.smoothing import differences, roughness, smooth_rows
from trialtensor.solvers.transitions import Transitions


@dataclass(frozen=True, eq=False)
class SmoothDynamics:
    """All transitions, and a penalty on bends of the course of their matrices.

    Attributes
    ----------
    states : DynamicsProblem
        Of the trials that have transitions.
    places : (n_with_transitions,) int array
        Where these are among all trials, which are evenly spaced. A place may have several.
    n_trials : int
        Trials, those without a transition included: the others determine their factors.
    strength : float
        Of the penalty, ``s``: the number of steps that weigh as much.
    """

    states: DynamicsProblem
    places: np.ndarray
    n_trials: int
    strength: float

    @property
    def X(self) -> np.ndarray:
        """The array whose size sets the number of threads."""
        return self.states.X

    @property
    def norm2(self) -> float:
        """Sum of squares of what is predicted."""
        return self.states.norm2

    @property
    def exact_below(self) -> float:
        """The loss of a model that predicts all states to rounding error."""
        return self.states.exact_below

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update the trial, output and input factors in turn and return them with their loss.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        update : RowUpdate

        Returns
        -------
        factors
        float
            The squared errors and the penalty.
        """
        trial, output, source = factors
        inner, driven = self.states.products(source)
        read, written = source.T @ source, output.T @ output
        trial = self._trials(inner * written, np.einsum("nr,knr->kr", output, driven), factors)

        own, changes = trial[self.places], differences(trial)
        bends = self.strength * (changes.T @ changes)
        gram = np.einsum("kr,krs,ks->rs", own, inner, own, optimize=True) + read * bends
        output = update(1, gram[None], np.einsum("knr,kr->nr", driven, own), output)
        del driven, inner

        ridge = (output.T @ output) * bends
        source = self.states.inputs_given(own, output, source, ridge)
        return (trial, output, source), self.loss((trial, output, source))

    def _trials(self, grams: np.ndarray, rhs: np.ndarray, factors: Factors) -> np.ndarray:
        trial, output, source = factors
        everywhere = np.zeros((self.n_trials, *grams.shape[1:])), np.zeros(trial.shape)
        for whole, part in zip(everywhere, (grams, rhs), strict=True):
            np.add.at(whole, self.places, part)
        return smooth_rows(*everywhere, self.metric(output, source), trial)

    def metric(self, output: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Return what a difference of trial factors costs, (R, R).

        Parameters
        ----------
        output, source : (n, R) arrays
        """
        return self.strength * (output.T @ output) * (source.T @ source)

    def loss(self, factors: Factors) -> float:
        """Return the sum of squared errors of all one-step predictions, and the penalty.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        """
        trial, output, source = factors
        errors = self.states.loss((trial[self.places], output, source))
        return errors + roughness(trial, self.metric(output, source))


def problem_of(
    steps: Transitions, strength: float, places: np.ndarray
) -> DynamicsProblem | SmoothDynamics:
    """Reduce transitions to the span of their states, and tie trials to their neighbours.

    Parameters
    ----------
    steps : Transitions
    strength : float
        Of the penalty; 0 for trials that aren't tied.
    places : (n_trials,) int array
        Where the trials are in time.
    """
    states = in_span(steps)
    if not strength:
        return states
    return SmoothDynamics(states, places[steps.counts > 0], int(places.max()) + 1, strength)


def smooth_course(
    grams: np.ndarray, rhs: np.ndarray, metric: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, float]:
    """Solve for the trial factors of trials that a penalty ties; also return the penalty.

    Parameters
    ----------
    grams, rhs : (n_trials, R, R), (n_trials, R) arrays
        Normal equations of every trial, zero where nothing is known of it.
    metric : (R, R) array
        As :meth:`SmoothDynamics.metric` returns it.
    places : (n_trials,) int array
        Where the trials are in time.

    Returns
    -------
    (n_trials, R) array
    float
    """
    n_places, rank = int(places.max()) + 1, rhs.shape[1]
    everywhere = np.zeros((n_places, rank, rank)), np.zeros((n_places, rank))
    for whole, part in zip(everywhere, (grams, rhs), strict=True):
        np.add.at(whole, places, part)
    found = smooth_rows(*everywhere, metric, np.zeros((n_places, rank)))
    return found[places], roughness(found, metric)
