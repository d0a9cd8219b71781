"""The strongest patterns of trials that are gone, to find components that came later.

A CP model whose trial factors may have any sign fits trials as well as it fits their singular
vectors in ``neuron x time``, times singular values: these are trials turned by an orthogonal
matrix. The leading ones are kept up to date as trials come (Brand 2002, "Incremental singular
value decomposition of uncertain data with missing values"), and are a data set of a few trials.
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
# A new start needs longer, and the part of the loss that there must be to gain by it.
_FRESH_SWEEPS, _TO_GAIN = 200, 0.005
# The part of the loss that is worth giving up trial factors that were fitted to the trials, and
# that it takes where these are non-negative, which the new ones need not be.
_BETTER, _MUCH_BETTER = 1e-4, 5e-3


@dataclass(frozen=True, eq=False)
class Leading:
    """The strongest patterns of all trials so far.

    Attributes
    ----------
    patterns : (n_patterns, n_neurons, n_times) array
        Orthogonal to each other, strongest first; their sums of squares are those that they have
        in the trials.
    n_most : int
        How many are kept.
    """

    patterns: np.ndarray
    n_most: int

    def and_trials(self, X: np.ndarray) -> Leading:
        """With more trials, complete ones."""
        shape = self.patterns.shape[1:]
        flat = self.patterns.reshape(-1, shape[0] * shape[1])
        for first in range(0, len(X), _ROWS_AT_A_TIME):
            part = X[first : first + _ROWS_AT_A_TIME]
            both = np.concatenate([flat, part.reshape(len(part), -1)], dtype=np.float64)
            _, vectors = np.linalg.eigh(both @ both.T)
            flat = vectors[:, : -self.n_most - 1 : -1].T @ both
        return Leading(flat.reshape(-1, *shape), self.n_most)

    def most_explained(self, n_components: int) -> float:
        """What no model with so many components can explain more of."""
        strongest = self.patterns[:n_components]
        return float(np.vdot(strongest, strongest))


def n_patterns(n_components: int) -> int:
    """How many patterns are kept: those of the components, and some that may become one."""
    return 3 * n_components + 15


def of_model(gram: np.ndarray, neuron: np.ndarray, time: np.ndarray) -> Leading:
    """Of trials of which only a model is left."""
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
    nonnegative: tuple[bool, bool, bool],
    *,
    fresh: bool,
) -> tuple[Past, np.ndarray, np.ndarray]:
    """Another model of all trials so far, if their strongest patterns ask for it.

    Parameters
    ----------
    leading : Leading
    past : Past
    neuron, time : (n_neurons, R), (n_times, R) arrays
        Columns of norm 1, as they are now.
    nonnegative : three bools, by axis
    fresh : bool
        Whether to try new starts as well, where there is something to gain.

    Returns
    -------
    Past, (n_neurons, R) array, (n_times, R) array
        As they came, unless the loss falls by a part that matters. Trial factors that are then
        remembered are those that are best for the patterns, whatever their sign.
    """
    if nonnegative[0] and not all(nonnegative):
        # Patterns don't say which sign of neuron and time factors makes trial factors positive.
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
        # Without the constraint on both sides, or every model would seem better than the present.
        enough = (1 - _MUCH_BETTER) * _past_of(problem, now).loss(neuron, time)
    else:
        enough = (1 - _BETTER) * past.loss(neuron, time)
    if best.loss >= enough:
        return past, neuron, time
    found = _like(now, best.factors)
    return _past_of(problem, found), found[1], found[2]


def loss_on(leading: Leading, past: Past, neuron: np.ndarray, time: np.ndarray) -> float:
    """Sum of squared errors of the patterns, with the best trial factors for other components.

    Parameters
    ----------
    leading : Leading
    past : Past
        Its sum of squares is that of all trials.
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
    """Neuron and time factors of norm 1 in the order and with the signs they had before."""
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
