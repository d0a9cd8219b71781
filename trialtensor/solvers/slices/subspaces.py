"""The search for three subspaces: exact steps of one axis at a time, extrapolated where slow.

Where components overlap strongly, exact steps cross plateaus in thousands of sweeps. Subspaces are
therefore extrapolated as factors are, by :func:`trialtensor.solvers.acceleration.descend`.
Contractions are linear in the loadings, so those of an extrapolated subspace follow from those of
the two it comes from, without a pass over the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Protocol

import numpy as np

from trialtensor.solvers.acceleration import descend, rounding
from trialtensor.solvers.result import SolverResult
from trialtensor.solvers.slices.contraction import Triple, as_triple

# Trials come last, so that their loadings are exactly stationary, as those of new trials are.
ORDER = (1, 2, 0)
_PATIENCE = 2
# Plain sweeps at first: easy fits are done by then, and steps far from the optimum mislead.
_PLAIN_SWEEPS = 4


@dataclass(frozen=True, eq=False)
class Point:
    """Three subspaces, and the data contracted with each.

    Attributes
    ----------
    loadings, sums : three arrays each
    """

    loadings: Triple
    sums: Triple


class Steps(Protocol):
    """Exact steps, on the data itself or within some directions of each axis."""

    @property
    def norm2(self) -> float:
        """Sum of squares of the data."""

    @property
    def dtype(self) -> np.dtype:
        """Of the numbers that the loss is computed from."""

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Return what the steps of other axes need of these loadings, linear in them.

        Parameters
        ----------
        axis : int
        loadings : (n_axis, R) array
        """

    def best_loadings(
        self, axis: int, rank: int, loadings: Triple, sums: Triple
    ) -> tuple[np.ndarray, float]:
        """Find the best loadings of one axis, given the other two, and their loss.

        Parameters
        ----------
        axis, rank : int
        loadings : three (n_axis, R) arrays
        sums : three arrays
            From ``contract``.
        """


def minimise_projections(
    problem: Steps,
    start: Triple,
    *,
    max_iter: int,
    tol: float,
    first: Sequence[int] = ORDER,
) -> SolverResult[Triple]:
    """Search for the three subspaces until the loss stops falling.

    Parameters
    ----------
    problem : Steps
    start : three (n_axis, R) arrays
        Orthonormal columns, or zeros to start from nothing.
    max_iter : int
        Maximum number of sweeps over the three axes, including rejected ones.
    tol : float
        Stop after two consecutive sweeps that each lower the loss by less than ``tol`` times the
        loss.
    first : sequence of three axes, optional
        Order of the steps of the first sweep; later sweeps end with the trials.

    Returns
    -------
    SolverResult
        With orthonormal loadings as factors. After Ctrl-C, the best so far.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first sweep finished.
    """
    orders = chain([first], repeat(ORDER))
    sums = [problem.contract(axis, start[axis]) for axis in range(3)]
    moved = _active(start, ORDER)[1:]
    found = descend(
        lambda point: _sweep(problem, point, _active(start, next(orders))),
        Point(start, as_triple(sums)),
        lambda best, previous, momentum: _extrapolate(best, previous, momentum, moved),
        max_iter=max_iter,
        tol=tol,
        patience=_PATIENCE,
        exact_below=rounding(problem.dtype, problem.norm2),
        n_plain=_PLAIN_SWEEPS,
    )
    return found.with_factors(found.factors.loadings)


def _active(loadings: Triple, order: Sequence[int]) -> list[int]:
    return [axis for axis in order if loadings[axis].shape[1]]


def _sweep(problem: Steps, point: Point, order: Sequence[int]) -> tuple[Point, float]:
    loadings, sums, loss = list(point.loadings), list(point.sums), np.inf
    for axis in order:
        rank = loadings[axis].shape[1]
        loadings[axis], loss = problem.best_loadings(
            axis, rank, as_triple(loadings), as_triple(sums)
        )
        sums[axis] = problem.contract(axis, loadings[axis])
    return Point(as_triple(loadings), as_triple(sums)), loss


def _extrapolate(best: Point, previous: Point, momentum: float, axes: Sequence[int]) -> Point:
    """Move the subspaces of some axes on along the way that they came."""
    loadings, sums = list(best.loadings), list(best.sums)
    for axis in axes:
        new, old = best.loadings[axis], previous.loadings[axis]
        # The part of the step that leaves the old subspace; turns within it mean nothing.
        inside = old.T @ new
        ahead = (1 + momentum) * new - momentum * (old @ inside)
        turn = _inverse_root(ahead.T @ ahead)
        loadings[axis] = ahead @ turn
        steps = (1 + momentum) * turn.T, -momentum * (inside @ turn).T
        sums[axis] = _mix(steps[0], best.sums[axis]) + _mix(steps[1], previous.sums[axis])
    return Point(as_triple(loadings), as_triple(sums))


def _mix(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    return (weights @ sums.reshape(len(sums), -1)).reshape(sums.shape)


def _inverse_root(gram: np.ndarray) -> np.ndarray:
    """Return the matrix that makes vectors with this Gram matrix orthonormal."""
    values, vectors = np.linalg.eigh(gram.astype(np.float64, copy=False))
    return (vectors / np.sqrt(values)).astype(gram.dtype, copy=False)
