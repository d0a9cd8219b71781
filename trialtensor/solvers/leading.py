"""The strongest patterns of past trials, used to find components that appeared later.

If trial factors may have any sign, a CP model fits the trials exactly as well as it fits their
``neuron x time`` singular vectors times singular values: these are the trials rotated by an
orthogonal matrix. The leading ones are updated as trials arrive (Brand 2002, "Incremental singular
value decomposition of uncertain data with missing values") and form a data set of a few trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.acceleration import balance, minimise
from trialtensor.solvers.initialization import random_start, svd_start
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.problems import DenseProblem, free_loss
from trialtensor.solvers.result import Factors
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.streaming import Past

_ROWS_AT_A_TIME = 200
_MAX_ITER, _TOL = 30, 1e-7
# Sweeps from a new start, and the fraction of the loss that must remain to be gained to try one.
_FRESH_SWEEPS, _TO_GAIN = 200, 0.005
# Fractions by which the loss must fall to replace trial factors fitted to the trials: without a
# constraint, and where these are non-negative, which the new ones need not be.
_BETTER, _MUCH_BETTER = 1e-4, 5e-3


@dataclass(frozen=True, eq=False)
class Leading:
    """The strongest patterns of all trials so far.

    Attributes
    ----------
    patterns : (n_patterns, n_neurons, n_times) array
        Orthogonal to each other, strongest first; each has the sum of squares that it has in the
        trials.
    n_most : int
        Maximum number of patterns.
    """

    patterns: np.ndarray
    n_most: int

    def and_trials(self, X: np.ndarray) -> Leading:
        """Return the patterns updated with more trials.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array
            Complete data.
        """
        shape = self.patterns.shape[1:]
        flat = self.patterns.reshape(-1, shape[0] * shape[1])
        for first in range(0, len(X), _ROWS_AT_A_TIME):
            part = X[first : first + _ROWS_AT_A_TIME]
            both = np.concatenate([flat, part.reshape(len(part), -1)], dtype=np.float64)
            _, vectors = np.linalg.eigh(both @ both.T)
            flat = vectors[:, : -self.n_most - 1 : -1].T @ both
        return Leading(flat.reshape(-1, *shape), self.n_most)

    def most_explained(self, n_components: int) -> float:
        """Return the largest sum of squares that ``n_components`` components can explain.

        Parameters
        ----------
        n_components : int
        """
        strongest = self.patterns[:n_components]
        return float(np.vdot(strongest, strongest))


def n_patterns(n_components: int) -> int:
    """Return the number of patterns to keep: one per component, and some candidates.

    Parameters
    ----------
    n_components : int
    """
    return 3 * n_components + 15


def of_model(gram: np.ndarray, neuron: np.ndarray, time: np.ndarray) -> Leading:
    """Compute the patterns of past trials from their model alone.

    Parameters
    ----------
    gram : (R, R) array
        Inner products of the trial factors.
    neuron, time : (n_neurons, R), (n_times, R) arrays
    """
    values, vectors = np.linalg.eigh(gram)
    trial = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    patterns = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    nobody = Leading(np.zeros((0, len(neuron), len(time))), n_patterns(len(gram)))
    return nobody.and_trials(patterns)


def look_again(
    leading: Leading,
    past: Past,
    neuron: np.ndarray,
    time: np.ndarray,
    nonnegative: tuple[bool, ...],
    *,
    fresh: bool,
) -> tuple[Past, np.ndarray, np.ndarray]:
    """Replace the model of all trials so far if their strongest patterns allow a better one.

    Parameters
    ----------
    leading : Leading
    past : Past
    neuron, time : (n_neurons, R), (n_times, R) arrays
        The current factors, with columns of norm 1.
    nonnegative : three bools, by axis
    fresh : bool
        Also try new starts, if enough of the loss remains to be gained.

    Returns
    -------
    Past, (n_neurons, R) array, (n_times, R) array
        Unchanged unless the loss falls enough. The new ``Past`` then remembers the trial factors
        that fit the patterns best, whatever their sign.
    """
    if nonnegative[0] and not all(nonnegative):
        # Patterns don't tell which signs of neuron and time factors give positive trial factors.
        return past, neuron, time
    problem = DenseProblem(leading.patterns, past.norm2)
    signs = (False, *nonnegative[1:])
    now = _with_trials(problem, neuron, time)
    best = minimise(problem, now, balance=balance, nonnegative=signs, max_iter=_MAX_ITER, tol=_TOL)
    bound = past.norm2 - leading.most_explained(neuron.shape[1])
    if fresh and best.loss - bound > _TO_GAIN * best.loss:
        rng = np.random.default_rng(0)
        for begin in (svd_start, random_start):
            start = begin(problem, neuron.shape[1], rng, signs)
            other = minimise(
                problem, start, balance=balance, nonnegative=signs, max_iter=_FRESH_SWEEPS, tol=_TOL
            )
            best = min(best, other, key=lambda found: found.loss)
    if nonnegative[0]:
        # Compare both models without the constraint, or every new model would seem better.
        enough = (1 - _MUCH_BETTER) * _past_of(problem, now).loss(neuron, time)
    else:
        enough = (1 - _BETTER) * past.loss(neuron, time)
    if best.loss >= enough:
        return past, neuron, time
    found = _like(now, best.factors)
    return _past_of(problem, found), found[1], found[2]


def loss_on(leading: Leading, past: Past, neuron: np.ndarray, time: np.ndarray) -> float:
    """Compute the loss of other components on the patterns, with their best trial factors.

    Parameters
    ----------
    leading : Leading
    past : Past
        Provides the sum of squares of all trials.
    neuron, time : (n_neurons, R), (n_times, R) arrays
    """
    problem = DenseProblem(leading.patterns, past.norm2)
    start = np.zeros((len(problem.X), neuron.shape[1]))
    grams, rhs = problem.trial_equations((start, neuron, time))
    return free_loss(problem.norm2, grams, rhs, solve_rows(grams, rhs, nonnegative=False))


def _with_trials(problem: DenseProblem, neuron: np.ndarray, time: np.ndarray) -> Factors:
    start = np.zeros((len(problem.X), neuron.shape[1]))
    grams, rhs = problem.trial_equations((start, neuron, time))
    return solve_rows(grams, rhs, nonnegative=False), neuron, time


def _past_of(problem: DenseProblem, factors: Factors) -> Past:
    trial = factors[0]
    return Past(np.tensordot(trial.T, problem.X, axes=1), trial.T @ trial, problem.norm2)


def _like(before: Factors, found: Factors) -> Factors:
    """Give ``found`` the order and signs of ``before``, and unit-norm neuron and time factors."""
    order, _ = match_components(before, found)
    neuron, time = (
        _unit(after[:, order], own) for after, own in zip(found[1:], before[1:], strict=True)
    )
    norms = [
        np.sum(n * f[:, order], axis=0) for n, f in zip((neuron, time), found[1:], strict=True)
    ]
    return found[0][:, order] * norms[0] * norms[1], neuron, time


def _unit(factor: np.ndarray, like: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(factor, axis=0)
    signs = np.where(np.sum(factor * like, axis=0) < 0, -1, 1)
    return factor * signs / np.where(norms > 0, norms, 1)
