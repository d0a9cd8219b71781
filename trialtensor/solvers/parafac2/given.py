"""Trial weights and patterns of blocks, with everything else of a PARAFAC2 model given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.parafac2.compression import fewest_rows, in_span
from trialtensor.solvers.parafac2.slabs import MaskedSlabs, Slabs, pad
from trialtensor.solvers.problems import RowUpdate, free_loss

# So many sweeps and so little change: patterns and weights are then found to rounding error,
# independent of where they began.
_MAX_ITER, _TOL = 5000, 1e-13
# To see which start is best for a block.
_TRIAL_SWEEPS, _TRIAL_TOL = 20, 1e-6


@dataclass(frozen=True, eq=False)
class GivenComponents:
    """Patterns and trial weights in turn, for ``H`` and ``C`` as they are.

    With missing entries the arrays that are moved are the weights and the patterns, because
    both are needed to fill in.

    Attributes
    ----------
    slabs : Slabs or MaskedSlabs
    cross, shared : (R, R), (n_shared, R) arrays
    """

    slabs: Slabs
    cross: np.ndarray
    shared: np.ndarray

    @property
    def norm2(self) -> float:
        """Sum of squares of the observed data."""
        return self.slabs.norm2

    def patterns(self, trial: np.ndarray, X: np.ndarray | None = None) -> np.ndarray:
        """The best patterns for these weights, (n_blocks, n_rows, R)."""
        return self.slabs.patterns((trial, self.cross, self.shared), X)

    def sweep(
        self, arrays: tuple[np.ndarray, ...], update: RowUpdate
    ) -> tuple[tuple[np.ndarray, ...], float]:
        """Patterns, then weights; also the loss that they reach."""
        trial, X = arrays[0], None
        if isinstance(self.slabs, MaskedSlabs):
            X = self.slabs.filled((trial, self.cross, self.shared, arrays[1]))
        patterns = self.patterns(trial, X)
        small = self.slabs.turned_back(patterns, X)
        grams, rhs = small.trial_equations((trial, self.cross, self.shared))
        trial = update(0, grams, rhs, trial)
        if isinstance(self.slabs, MaskedSlabs):
            loss = self.slabs.loss((trial, self.cross, self.shared, patterns))
            return (trial, patterns), loss
        return (trial,), free_loss(self.norm2, grams, rhs, trial)


class Settled(NamedTuple):
    """Weights and patterns that are best for each other.

    Attributes
    ----------
    trial : (n_trials, R) array
    patterns : (n_blocks, n_rows, R) array
        ``P_b`` of every block, with rows of zeros below the shorter ones.
    loss : float
        Sum of squared errors over the observed entries.
    """

    trial: np.ndarray
    patterns: np.ndarray
    loss: float


def settle(
    blocks: Sequence[np.ndarray],
    observed: Sequence[np.ndarray | None],
    cross: np.ndarray,
    shared: np.ndarray,
    starts: Sequence[np.ndarray],
    *,
    nonnegative: bool,
) -> Settled:
    """The best weights and patterns for ``H`` and ``C``, of those that some starts lead to.

    A weight close to zero can have either sign, each a local optimum for its block. So every block
    takes the start that is best for it after some sweeps, and all go on from there.

    Parameters
    ----------
    blocks, observed : as for :func:`trialtensor.solvers.parafac2.restarts.fit_parafac2`
    cross, shared : (R, R), (n_shared, R) arrays
    starts : sequence of (n_trials, R) arrays
        Weights to begin from.
    nonnegative : bool
        Whether weights must not be negative.

    Returns
    -------
    Settled
    """
    whole = in_span(blocks, observed, shared)
    few = whole if isinstance(whole, MaskedSlabs) else fewest_rows(whole, cross.shape[1])
    problem = GivenComponents(few, cross, shared)
    edges = problem.slabs.starts[1:]
    best: np.ndarray | None = None
    lowest = np.array([])
    for start in starts:
        trial, patterns = _sweep(problem, start, nonnegative, _TRIAL_SWEEPS, _TRIAL_TOL)
        losses = _losses(problem, trial, patterns)
        if best is None:
            best, lowest = trial, losses
            continue
        better = losses < lowest - 1e-9 * np.abs(lowest)
        parts = zip(np.split(trial, edges), np.split(best, edges), better, strict=True)
        best = np.concatenate([new if improved else old for new, old, improved in parts])
        lowest = np.where(better, losses, lowest)
    assert best is not None, "settle needs at least one start"
    trial, patterns = _sweep(problem, best, nonnegative, _MAX_ITER, _TOL)
    if few is not whole:
        problem = GivenComponents(whole, cross, shared)
        patterns = problem.patterns(trial)
    loss = float(_losses(problem, trial, patterns).sum())
    if not isinstance(problem.slabs, MaskedSlabs):
        loss += problem.norm2
    return Settled(trial, patterns, loss)


def _sweep(
    problem: GivenComponents, trial: np.ndarray, nonnegative: bool, max_iter: int, tol: float
) -> tuple[np.ndarray, np.ndarray]:
    masked = isinstance(problem.slabs, MaskedSlabs)
    start = (trial, problem.patterns(trial)) if masked else (trial,)
    found: Any = minimise(
        problem,
        start,
        balance=lambda arrays: arrays,
        nonnegative=(nonnegative, False)[: len(start)],
        max_iter=max_iter,
        tol=tol,
    ).factors
    X = None
    if isinstance(problem.slabs, MaskedSlabs):
        X = problem.slabs.filled((found[0], problem.cross, problem.shared, found[1]))
    return found[0], problem.patterns(found[0], X)


def _losses(problem: GivenComponents, trial: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """Sum of squared errors of every block, up to a constant of its own."""
    slabs = problem.slabs
    if isinstance(slabs, MaskedSlabs):
        factors = (trial, problem.cross, problem.shared, patterns)
        of_trial = slabs.loss_by_trial(factors)
    else:
        small = slabs.turned_back(patterns)
        grams, rhs = small.trial_equations((trial, problem.cross, problem.shared))
        of_trial = np.sum((trial @ grams[0] - 2 * rhs) * trial, axis=1)
    return np.add.reduceat(of_trial.astype(np.float64), slabs.starts)


def first_weights(
    blocks: Sequence[np.ndarray], cross: np.ndarray, shared: np.ndarray, *, nonnegative: bool
) -> list[np.ndarray]:
    """Guesses of the trial weights of new blocks: from unconstrained patterns, and all alike.

    Without the constraint on its patterns, a block's data regressed on the shared factor is
    ``a_kr b_r`` for each component: a matrix of rank one, which gives both up to a sign. Signs are
    those with which the inner products of the patterns look most like ``H'H``.
    """
    inverse = np.linalg.pinv(shared).astype(shared.dtype, copy=False)
    products = cross.T @ cross
    if all(len(block) == 1 for block in blocks):
        free = pad([np.matmul(block, inverse.T) for block in blocks])
        weights = np.linalg.norm(free, axis=1)
        patterns = free / np.where(weights > 0, weights, 1)[:, None]
        first = _with_signs(weights, patterns, products, cross)
    else:
        guesses = []
        for block in blocks:
            weights, pattern = _rank_one(np.matmul(block, inverse.T))
            guesses.append(_with_signs(weights, pattern[None], products, cross))
        first = np.concatenate(guesses)
    first = first.astype(shared.dtype, copy=False)
    alike = np.full_like(first, max(float(np.abs(first).mean()), np.finfo(first.dtype).tiny))
    if nonnegative:
        return [np.abs(first), alike]
    turned = [first * (1 - 2 * row) for row in np.eye(first.shape[1], dtype=first.dtype)]
    return [first, alike, *turned]


def _rank_one(free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n_trials, R) and patterns (n_rows, R) of norm 1 for the trials of one block."""
    n_trials, n_rows, rank = free.shape
    if n_trials == 1:
        weights = np.linalg.norm(free, axis=1)
        return weights, free[0] / np.where(weights > 0, weights, 1)
    weights = np.empty((n_trials, rank), free.dtype)
    patterns = np.empty((n_rows, rank), free.dtype)
    for r in range(rank):
        left, size, right = np.linalg.svd(free[:, :, r], full_matrices=False)
        # Weights of one component have the same sign for the most part.
        sign = 1 if left[:, 0].sum() >= 0 else -1
        weights[:, r], patterns[:, r] = sign * size[0] * left[:, 0], sign * right[0]
    return weights, patterns


def _with_signs(
    weights: np.ndarray, patterns: np.ndarray, products: np.ndarray, cross: np.ndarray
) -> np.ndarray:
    """Weights with the signs of their block, (n_blocks, n_rows, R) patterns, and their scale."""
    _, vectors = np.linalg.eigh(np.matmul(patterns.swapaxes(1, 2), patterns) * products)
    signs = np.where(vectors[:, :, -1] < 0, -1, 1).astype(weights.dtype)
    return weights * signs / np.linalg.norm(cross, axis=0)
