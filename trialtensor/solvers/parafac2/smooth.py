"""PARAFAC2 whose patterns change little from one block to the next.

The penalty is ``s sum_b tr(D_b (A'A * C'C) D_b') / n_trials`` of changes ``D_b = B_{b+1} - B_b`` of
patterns: the squared change of what a mean trial would be with the patterns of the next block.
Patterns have fixed inner products, so that it is linear in each ``P_b``, and every step of the
alternating fit stays exact: a polar factor for ``P_b``, least squares for all else.

*Source*: Chatzis, Schenker, Cohen & Acar 2023, "tPARAFAC2: tracking evolving patterns in
(incomplete) temporal data", with an exact step in place of ADMM.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.degeneracy import LARGE, as_precise, judge
from trialtensor.solvers.diagnostics import triple_cosine
from trialtensor.solvers.parafac2.options import Parafac2Model, Parafac2Options
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class SmoothBlocks:
    """The data of blocks with the same rows, in order, and a penalty on changes between them.

    Attributes
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    observed : sequence of bool arrays or None
        Missing entries are filled in by the model before every sweep, which can't raise the loss.
    strength : float
        Of the penalty, ``s``: the number of trials that weigh as much as a change.
    """

    blocks: Sequence[np.ndarray]
    observed: Sequence[np.ndarray | None]
    strength: float

    @property
    def norm2(self) -> float:
        """Sum of squares of the observed data."""
        return sum(sum_of_squares(block) for block in self.blocks)

    @property
    def n_trials(self) -> int:
        """Number of trials of all blocks."""
        return sum(map(len, self.blocks))

    def rows(self) -> list[slice]:
        """List the trials of each block among all trials."""
        edges = np.cumsum([0, *map(len, self.blocks)])
        return [slice(i, j) for i, j in itertools.pairwise(edges)]

    def sweep(self, arrays: Arrays, update: RowUpdate) -> tuple[Arrays, float]:
        """Update patterns, weights, inner products and the shared factor, with their loss.

        Parameters
        ----------
        arrays : ``A``, ``H``, ``C``, and ``P`` of all blocks, (n_blocks, n_rows, R)
        update : RowUpdate
        """
        trial, cross, shared, patterns = arrays
        # One block at a time: missing entries are filled in twice rather than the data copied.
        read = [np.matmul(self._filled(b, arrays), shared) for b in range(len(self.blocks))]
        patterns = self._patterns(read, trial, cross, shared, patterns)
        turned = [np.matmul(P.T, X) for P, X in zip(patterns, read, strict=True)]

        scale, changes = self.strength / self.n_trials, np.diff(patterns, axis=0)
        bends = np.einsum("bir,bis->rs", changes, changes)
        rhs = np.concatenate([np.einsum("rs,krs->ks", cross, each) for each in turned])
        gram = (cross.T @ cross + scale * cross.T @ bends @ cross) * (shared.T @ shared)
        trial = update(0, gram[None], rhs, trial)

        target = np.einsum("krs,ks->rs", np.concatenate(turned), trial)
        gram = (trial.T @ trial) * (shared.T @ shared)
        # (1 + s Q) H G = rhs: rows are tied by the bends Q, but not by anything else.
        target = np.linalg.solve(np.eye(len(bends)) + scale * bends, target)
        cross = update(1, gram[None], target, cross)

        rhs = np.zeros_like(shared)
        for b, own in enumerate(self.rows()):
            turned_back = np.matmul((patterns[b] @ cross).T, self._filled(b, arrays))
            rhs += np.einsum("krt,kr->tr", turned_back, trial[own])
        gram = (trial.T @ trial) * (cross.T @ cross + scale * cross.T @ bends @ cross)
        shared = update(2, gram[None], rhs, shared)
        found = trial, cross, shared, patterns
        return found, self.loss(found)

    def _filled(self, b: int, arrays: Arrays) -> np.ndarray:
        seen = self.observed[b]
        if seen is None:
            return self.blocks[b]
        return np.where(seen, self.blocks[b], self._told(b, arrays))

    def _told(self, b: int, arrays: Arrays) -> np.ndarray:
        trial, cross, shared, patterns = arrays
        own = trial[self.rows()[b]]
        return np.asarray(np.matmul(own[:, None, :] * (patterns[b] @ cross), shared.T))

    def _patterns(
        self,
        read: Sequence[np.ndarray],
        trial: np.ndarray,
        cross: np.ndarray,
        shared: np.ndarray,
        patterns: np.ndarray,
    ) -> np.ndarray:
        """Update one block after the other, each the best for its data and its neighbours."""
        found = patterns.copy()
        tie = cross @ ((trial.T @ trial) * (shared.T @ shared)) @ cross.T
        tie *= self.strength / self.n_trials
        for b, own in enumerate(self.rows()):
            target = np.einsum("knr,kr->nr", read[b], trial[own]) @ cross.T
            for other in (b - 1, b + 1):
                if 0 <= other < len(found):
                    target = target + found[other] @ tie
            left, _, right = np.linalg.svd(target, full_matrices=False)
            found[b] = left @ right
        return found

    def loss(self, arrays: Arrays) -> float:
        """Return the squared errors of observed entries, and the penalty.

        Parameters
        ----------
        arrays : as for ``sweep``
        """
        total = self.penalty(arrays)
        for b, (X, seen) in enumerate(zip(self.blocks, self.observed, strict=True)):
            residual = X - self._told(b, arrays)
            if seen is not None:
                residual *= seen
            total += float(np.vdot(residual, residual))
        return total

    def penalty(self, arrays: Arrays) -> float:
        """Return the penalty on changes between blocks.

        Parameters
        ----------
        arrays : as for ``sweep``
        """
        trial, cross, shared, patterns = arrays
        changes = np.matmul(np.diff(patterns, axis=0), cross)
        metric = (trial.T @ trial) * (shared.T @ shared)
        rough = np.einsum("bir,rs,bis->", changes, metric, changes, optimize=True)
        return self.strength * float(rough) / self.n_trials


def smoothed(
    problem: SmoothBlocks, start: Parafac2Model, options: Parafac2Options
) -> SolverResult[Parafac2Model]:
    """Sweep with the penalty from a fit without it.

    Parameters
    ----------
    problem : SmoothBlocks
    start : Parafac2Model
    options : Parafac2Options

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C before it is done: the fit without a penalty is whole.
    """
    found = minimise(
        problem,
        _aligned(problem, start, options),
        balance=lambda arrays: arrays,
        nonnegative=(*options.nonnegative, False),
        max_iter=options.max_iter,
        tol=options.tol,
        accelerate=False,
    )
    if found.stop_reason is StopReason.INTERRUPTED:
        raise KeyboardInterrupt
    dtype = start.shared.dtype
    trial, cross, shared, patterns = (each.astype(dtype, copy=False) for each in found.factors)
    return found.with_factors(Parafac2Model(trial, cross, shared, list(patterns)))


def judged(
    problem: SmoothBlocks, found: SolverResult[Parafac2Model], options: Parafac2Options
) -> SolverResult[Parafac2Model]:
    """Mark a result whose components cancel each other, with the penalty, too.

    The penalty is on changes of patterns, so that it doesn't stop components from growing.

    Parameters
    ----------
    problem : SmoothBlocks
    found : SolverResult
    options : Parafac2Options

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C.
    """
    size = sum(block.size for block in problem.blocks)
    if size < LARGE:  # In single precision, rounding hides how components grow.
        problem = replace(problem, blocks=[each.astype(np.float64) for each in problem.blocks])

    def go_on(model: Parafac2Model, n_sweeps: int, tol: float) -> SolverResult[Parafac2Model]:
        trial, cross, shared, *patterns = as_precise(
            [*model[:3], *model.patterns], problem.blocks[0]
        )
        precise = Parafac2Model(trial, cross, shared, patterns)
        return smoothed(problem, precise, replace(options, max_iter=n_sweeps, tol=tol))

    results, interrupted = judge(
        [RestartResult(None, found)],
        lambda model: triple_cosine(model[:3]),
        go_on,
        tol=options.tol,
        size=size,
    )
    if interrupted:
        raise KeyboardInterrupt
    return results[0].result


def _aligned(problem: SmoothBlocks, start: Parafac2Model, options: Parafac2Options) -> Arrays:
    """Give every block the sign in which it resembles the one before."""
    trial, patterns = start.trial.copy(), np.array(start.patterns)
    if not options.nonnegative_trial:
        tie = start.cross @ ((trial.T @ trial) * (start.shared.T @ start.shared)) @ start.cross.T
        for b, own in enumerate(problem.rows()):
            if b and float(np.vdot(patterns[b], patterns[b - 1] @ tie)) < 0:
                patterns[b], trial[own] = -patterns[b], -trial[own]
    return trial, start.cross, start.shared, patterns
