"""Fits of trial weights and patterns of blocks, with ``H`` and ``C`` of a PARAFAC2 model given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.parafac2.compression import fewest_rows, in_span
from trialtensor.solvers.parafac2.groups import pad
from trialtensor.solvers.parafac2.masked_slabs import MaskedSlabs
from trialtensor.solvers.parafac2.slabs import Slabs
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.problems import free_loss
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.ridge import Ridged

# Enough sweeps to find patterns and weights to rounding error, independently of their start.
_MAX_ITER, _TOL = 1000, 1e-13
# Sweeps to find out which start is best for a block.
_TRIAL_SWEEPS, _TRIAL_TOL = 20, 1e-6


@dataclass(frozen=True, eq=False)
class GivenComponents:
    """Alternating updates of patterns and trial weights, with ``H`` and ``C`` fixed.

    With missing entries, sweeps carry both weights and patterns along, because both are needed to
    fill in.

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

    def factors(self, trial: np.ndarray, *patterns: np.ndarray) -> Any:
        """Return all factors of the model.

        Parameters
        ----------
        trial : (n_trials, R) array
        *patterns : (n_blocks, n_rows, R) array
            With missing entries, to fill them in with.
        """
        return (trial, self.cross, self.shared, *patterns)

    def patterns(self, trial: np.ndarray, *patterns: np.ndarray) -> np.ndarray:
        """Find the best patterns for these weights, (n_blocks, n_rows, R).

        Parameters
        ----------
        trial : (n_trials, R) array
        *patterns : (n_blocks, n_rows, R) array
            As for ``factors``.
        """
        return self.slabs.patterns(self.factors(trial, *patterns))

    def sweep(
        self, arrays: tuple[np.ndarray, ...], update: RowUpdate
    ) -> tuple[tuple[np.ndarray, ...], float]:
        """Update patterns, then weights and return them with their loss.

        Parameters
        ----------
        arrays : tuple of arrays
            Weights and, with missing entries, patterns.
        update : RowUpdate
        """
        patterns, small = self.slabs.turned(self.factors(*arrays))
        grams, rhs = small.trial_equations(self.factors(arrays[0]))
        trial = update(0, grams, rhs, arrays[0])
        if isinstance(self.slabs, MaskedSlabs):
            return (trial, patterns), self.slabs.loss(self.factors(trial, patterns))
        return (trial,), free_loss(self.norm2, grams, rhs, trial)


class Settled(NamedTuple):
    """Weights and patterns that are optimal given each other.

    Attributes
    ----------
    trial : (n_trials, R) array
    patterns : (n_blocks, n_rows, R) array
        ``P_b`` of every block, the shorter ones padded with rows of zeros.
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
    ridge: np.ndarray | None = None,
    missing_weight: float = 0.0,
    max_iter: int = _MAX_ITER,
) -> Settled:
    """Find the best weights and patterns for ``H`` and ``C`` from several starts.

    A weight close to zero can have either sign, each a local optimum for its block. So each block
    takes the start that is best for it after a few sweeps, and all blocks continue from there.

    Parameters
    ----------
    blocks, observed : as for :func:`trialtensor.solvers.parafac2.restarts.fit_parafac2`
    cross, shared : (R, R), (n_shared, R) arrays
    starts : sequence of (n_trials, R) arrays
        Initial weights.
    nonnegative : bool
        Keep the weights non-negative.
    ridge : (n_trials,) or (1,) array, optional
        On the weights; the loss includes it.
    missing_weight : float
        A missing entry counts as a zero with this weight.
    max_iter : int
        Sweeps at most, with ``H`` and ``C`` as they are.

    Returns
    -------
    Settled
    """
    ridge = np.zeros(1) if ridge is None else ridge
    whole = in_span(blocks, observed, shared)
    if isinstance(whole, MaskedSlabs):
        whole = whole.weighted(missing_weight)
    few = whole if isinstance(whole, MaskedSlabs) else fewest_rows(whole, cross.shape[1])
    problem = GivenComponents(few, cross, shared)
    edges = problem.slabs.starts[1:]
    best: np.ndarray | None = None
    lowest = np.array([])
    for start in starts:
        few_sweeps = (min(max_iter, _TRIAL_SWEEPS), _TRIAL_TOL)
        trial, patterns = _sweep(problem, start, ridge, nonnegative, few_sweeps)
        losses = _losses(problem, trial, patterns, ridge)
        if best is None:
            best, lowest = trial, losses
            continue
        better = losses < lowest - 1e-9 * np.abs(lowest)
        parts = zip(np.split(trial, edges), np.split(best, edges), better, strict=True)
        best = np.concatenate([new if improved else old for new, old, improved in parts])
        lowest = np.where(better, losses, lowest)
    assert best is not None, "settle needs at least one start"
    until = (min(max_iter, _MAX_ITER), _TOL)
    trial, patterns = _sweep(problem, best, ridge, nonnegative, until)
    if few is not whole:
        problem = GivenComponents(whole, cross, shared)
        patterns = problem.patterns(trial)
    loss = float(_losses(problem, trial, patterns, ridge).sum())
    if not isinstance(problem.slabs, MaskedSlabs):
        loss += problem.norm2
    return Settled(trial, patterns, loss)


def _sweep(
    problem: GivenComponents,
    trial: np.ndarray,
    ridge: np.ndarray,
    nonnegative: bool,
    until: tuple[int, float],
) -> tuple[np.ndarray, np.ndarray]:
    masked = isinstance(problem.slabs, MaskedSlabs)
    start = (trial, problem.patterns(trial)) if masked else (trial,)
    found: Any = minimise(
        Ridged(problem, (ridge,)),
        start,
        balance=lambda arrays: arrays,
        nonnegative=(nonnegative, False)[: len(start)],
        max_iter=until[0],
        tol=until[1],
    )
    if found.stop_reason is StopReason.INTERRUPTED:
        # Half a solve is of no use here, and the caller must know.
        raise KeyboardInterrupt
    return found.factors[0], problem.patterns(*found.factors)


def _losses(
    problem: GivenComponents, trial: np.ndarray, patterns: np.ndarray, ridge: np.ndarray
) -> np.ndarray:
    """Compute the loss of each block, up to a constant per block."""
    slabs = problem.slabs
    if isinstance(slabs, MaskedSlabs):
        of_trial = slabs.loss_by_trial(problem.factors(trial, patterns))
    else:
        small = slabs.turned_back(patterns)
        grams, rhs = small.trial_equations(problem.factors(trial))
        of_trial = np.sum((trial @ grams[0] - 2 * rhs) * trial, axis=1)
    whole = of_trial.astype(np.float64) + ridge * np.sum(trial.astype(np.float64) ** 2, axis=1)
    return np.add.reduceat(whole, slabs.starts)


def first_weights(
    blocks: Sequence[np.ndarray], cross: np.ndarray, shared: np.ndarray, *, nonnegative: bool
) -> list[np.ndarray]:
    """Guess the trial weights of new blocks: from unconstrained patterns, and all equal.

    Without the constraint on its patterns, a block's data regressed on the shared factor is
    ``a_kr b_r`` for each component: a matrix of rank one, which gives both up to a sign. The signs
    chosen make the inner products of the patterns most similar to ``H'H``.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    cross, shared : (R, R), (n_shared, R) arrays
    nonnegative : bool
        Return non-negative guesses only.
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
    """Return weights (n_trials, R) and unit-norm patterns (n_rows, R) for the trials of a block."""
    n_trials, n_rows, rank = free.shape
    if n_trials == 1:
        weights = np.linalg.norm(free, axis=1)
        return weights, free[0] / np.where(weights > 0, weights, 1)
    weights = np.empty((n_trials, rank), free.dtype)
    patterns = np.empty((n_rows, rank), free.dtype)
    for r in range(rank):
        left, size, right = np.linalg.svd(free[:, :, r], full_matrices=False)
        # Most weights of a component have the same sign.
        sign = 1 if left[:, 0].sum() >= 0 else -1
        weights[:, r], patterns[:, r] = sign * size[0] * left[:, 0], sign * right[0]
    return weights, patterns


def _with_signs(
    weights: np.ndarray, patterns: np.ndarray, products: np.ndarray, cross: np.ndarray
) -> np.ndarray:
    """Give weights the signs of their block's (n_blocks, n_rows, R) patterns, and their scale."""
    _, vectors = np.linalg.eigh(np.matmul(patterns.swapaxes(1, 2), patterns) * products)
    signs = np.where(vectors[:, :, -1] < 0, -1, 1).astype(weights.dtype)
    return weights * signs / np.linalg.norm(cross, axis=0)
