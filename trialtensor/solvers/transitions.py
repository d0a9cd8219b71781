"""Steps from one bin of a trial to the next: the space they span, and fits of single trials.

Everything here reads the states themselves, a trial at a time, and never their second moments:
moments square the ratio of a small direction to a large one, so that they show no direction below
1e-8 of the largest, nor a residual below that beside a large offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

Step = tuple[np.ndarray, np.ndarray]
# Rounding errors of a product of matrices, in units of epsilon and of the norms of both.
_ROUNDING = 4


@dataclass(frozen=True, eq=False)
class Transitions:
    """All pairs of complete neighbouring bins of some trials.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
        What is missing is never read, and may have any value.
    observed : bool array of the same shape, or None
    neurons : (n_neurons,) bool array, optional
        The neurons to take, all by default; the states of a trial are copied without the others
        when they are needed.
    taken : (n_trials, n_times - 1) bool array, optional
        The steps to take, by the bin that they start from; all by default.
    """

    X: np.ndarray
    observed: np.ndarray | None = None
    neurons: np.ndarray | None = None
    taken: np.ndarray | None = None

    @property
    def n_neurons(self) -> int:
        """Number of neurons in a state."""
        return self.X.shape[1] if self.neurons is None else int(self.neurons.sum())

    @property
    def nil(self) -> float:
        """The ratio to the data below which a direction or a residual is nothing.

        ``eps ** (3 / 4)``, 2e-12 in double and 6e-6 in single precision: between what the data's
        rounding leaves behind (some ``eps``, more after a chain of matrix products) and the point
        from which on an input factor that reads the direction predicts nothing. Such a factor is
        ``1 / ratio`` times as large as others, so of its predictions ``eps / ratio`` is rounding
        error: ``eps ** (1 / 4)`` at this cut.
        """
        return float(np.finfo(self.X.dtype).eps) ** 0.75

    @property
    def complete(self) -> np.ndarray | None:
        """True for each bin in which no neuron is missing, (n_trials, n_times); None for all."""
        if self.observed is None:
            return None
        taken = slice(None) if self.neurons is None else self.neurons
        return np.stack([seen[taken].all(axis=0) for seen in self.observed])

    @property
    def pairs(self) -> np.ndarray | None:
        """True for each step from a complete bin to another, (n_trials, n_times - 1)."""
        whole = self.complete
        if whole is None:
            return self.taken
        both = whole[:, :-1] & whole[:, 1:]
        return both if self.taken is None else both & self.taken

    @property
    def counts(self) -> np.ndarray:
        """Number of transitions of each trial."""
        pairs = self.pairs
        if pairs is None:
            return np.full(len(self.X), self.X.shape[2] - 1)
        return np.asarray(pairs.sum(axis=1))

    def __iter__(self) -> Iterator[Step]:
        """Yield the states before and after every transition of each trial, in double precision."""
        pairs = self.pairs
        for k, trial in enumerate(self.X):
            trial = trial if self.neurons is None else trial[self.neurons]
            before, after = trial[:, :-1], trial[:, 1:]
            if pairs is not None:
                before, after = before[:, pairs[k]], after[:, pairs[k]]
            yield before.astype(np.float64), after.astype(np.float64)


def span(states: Iterable[np.ndarray], nil: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the directions that states span, by triangles of one stretch of them after the other.

    Parameters
    ----------
    states : iterable of (n_neurons, n_states) arrays
    nil : float
        Leave out directions smaller than this times the largest.

    Returns
    -------
    (n_neurons, n_directions) array
        Orthonormal; of one direction at least.
    (n_directions,) array
        Singular values of all states together, largest first; not all 0 unless all states are.
    """
    triangle: np.ndarray | None = None
    waiting: list[np.ndarray] = []
    for each in states:
        waiting.append(each.T)
        # Stretches of a few times the triangle: its own rows cost little then.
        if sum(map(len, waiting)) >= 4 * len(each):
            triangle, waiting = _shorter(triangle, waiting), []
    triangle = _shorter(triangle, waiting)
    _, sizes, directions = np.linalg.svd(triangle, full_matrices=False)
    kept = max(1, int(np.count_nonzero(sizes > nil * sizes[0])))
    return directions[:kept].T, sizes[:kept]


def _shorter(triangle: np.ndarray | None, waiting: list[np.ndarray]) -> np.ndarray:
    rows = waiting if triangle is None else [triangle, *waiting]
    return np.asarray(np.linalg.qr(np.concatenate(rows), mode="r"))


def solve_trials(steps: Transitions, output: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Solve for the strength of each component on each trial, by least squares on its states.

    Orthogonal bases of the output factor and of what the input factors read replace the normal
    equations, which would square the condition number. Input factors that read small directions
    beside large ones leave rounding errors in what they read; where only these would determine a
    strength, as where nothing does, the solution is the smallest.

    Parameters
    ----------
    steps : Transitions
    output, source : (n_neurons, R) arrays

    Returns
    -------
    (n_trials, R) array
        Zero for a trial without transitions.
    """
    rank = output.shape[1]
    found = np.zeros((len(steps.X), rank))
    frame, outputs = np.linalg.qr(output)
    epsilon = _ROUNDING * float(np.finfo(np.float64).eps) * float(np.linalg.norm(source))
    driven = float(np.linalg.norm(outputs))
    for k, (before, after) in enumerate(steps):
        rounding = epsilon * float(np.linalg.norm(before))
        left, sizes, basis = np.linalg.svd(source.T @ before, full_matrices=False)
        kept = sizes > rounding
        if not kept.any():
            continue
        read = (left[:, kept] * sizes[kept]).T
        columns = (outputs[:, None] * read[None]).reshape(-1, rank)
        target = (frame.T @ after @ basis[kept].T).ravel()
        ratio = driven * rounding / float(np.linalg.norm(columns, 2))
        found[k] = np.linalg.lstsq(columns, target, rcond=ratio)[0]
    return found


def equations(
    steps: Transitions, output: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Form the normal equations of the trial factor, (n_trials, R, R) and (n_trials, R).

    Parameters
    ----------
    steps : Transitions
    output, source : (n_neurons, R) arrays
    """
    rank = output.shape[1]
    grams, rhs = np.zeros((len(steps.X), rank, rank)), np.zeros((len(steps.X), rank))
    products = output.T @ output
    for k, (before, after) in enumerate(steps):
        read = source.T @ before
        grams[k] = read @ read.T * products
        rhs[k] = np.sum((output.T @ after) * read, axis=1)
    return grams, rhs


def residual_sum_of_squares(
    steps: Transitions, trial: np.ndarray, output: np.ndarray, source: np.ndarray
) -> tuple[float, float]:
    """Sum the squared residuals of all transitions, and the squares of what is predicted.

    Parameters
    ----------
    steps : Transitions
    trial : (n_trials, R) array
    output, source : (n_neurons, R) arrays
    """
    loss = total = 0.0
    for strength, (before, after) in zip(trial, steps, strict=True):
        residual = after - (output * strength) @ (source.T @ before)
        loss += float(np.vdot(residual, residual))
        total += float(np.vdot(after, after))
    return loss, total
