"""The least-squares fit of complete data, by variable projection.

Let ``Q_a`` project onto the complement of the loadings of axis ``a``. Sums of the kind
``U_a (x) anything`` together reach the complement of ``Q_1 (x) Q_2 (x) Q_3``, so the residual of
the best slices is ``X`` projected by all three. The fit is therefore a search for three subspaces.
Given two of them, the best third is known: the leading eigenvectors of a Gram matrix. The sum of
the remaining eigenvalues is the loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Triple,
    along,
    as_triple,
    contract,
    correlate,
    onto,
)
from trialtensor.solvers.unfolding import axis_gram

# Up to this axis length, all eigenvectors of the Gram matrix cost less than passes over the data.
_LONG_AXIS = 1000
# Applications of the Gram operator per step on a long axis; the loss falls with any number.
_KRYLOV_STEPS = 2
_PATIENCE = 2
# Trials come last, so that their loadings are exactly stationary, as those of new trials are.
_ORDER = (1, 2, 0)


@dataclass(frozen=True, eq=False)
class ProjectionProblem:
    """Complete data, and the Gram matrices that all starts share.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
    norm2 : float
        Sum of squares of ``X``.
    grams : three arrays or None
        Gram matrix of the unfolding along each axis, float64; None where the axis is long.
    """

    X: np.ndarray
    norm2: float
    grams: tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]

    @classmethod
    def of(cls, X: np.ndarray, norm2: float, ranks: tuple[int, int, int]) -> ProjectionProblem:
        """Build the problem from complete data.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array
        norm2 : float
            Sum of squares of ``X``.
        ranks : three ints
            Trial-, neuron- and time-slicing components.
        """
        trial, neuron, time = (
            # A Krylov space can't have more dimensions than the axis.
            axis_gram(X, axis) if n <= max(_LONG_AXIS, (_KRYLOV_STEPS + 1) * rank) else None
            for axis, (n, rank) in enumerate(zip(X.shape, ranks, strict=True))
        )
        return cls(X, norm2, (trial, neuron, time))

    def best_loadings(
        self, axis: int, rank: int, loadings: Triple, sums: Triple
    ) -> tuple[np.ndarray, float]:
        """Find the best loadings of one axis, given the other two, and their loss.

        Parameters
        ----------
        axis, rank : int
        loadings : three (n_axis, R) arrays
            With orthonormal columns.
        sums : three arrays
            The data contracted with the loadings of each axis.

        Returns
        -------
        (n_axis, rank) array, float
        """
        b, c = OTHERS[axis]
        on_both = along(sums[b], b, c, loadings[c])
        gram = self.grams[axis]
        if gram is None:
            left = self.norm2 - _norm2(sums[b]) - _norm2(sums[c]) + _norm2(on_both)
            return self._krylov(axis, rank, loadings, left)
        # The Gram matrix of X projected off both subspaces, without a projected copy.
        rows_b, rows_c = _rows(sums[b], b, axis), _rows(sums[c], c, axis)
        rows_both = _rows(on_both, b, axis)
        gram = gram - rows_b @ rows_b.T - rows_c @ rows_c.T + rows_both @ rows_both.T
        n = len(gram)
        left = float(np.trace(gram))
        if rank == 0:
            return loadings[axis], max(left, 0.0)
        values, vectors = scipy.linalg.eigh(
            gram, subset_by_index=[n - rank, n - 1], check_finite=False
        )
        basis = np.ascontiguousarray(vectors[:, ::-1]).astype(self.X.dtype, copy=False)
        return basis, max(left - float(values.sum()), 0.0)

    def _krylov(
        self, axis: int, rank: int, loadings: Triple, left: float
    ) -> tuple[np.ndarray, float]:
        """Find the best loadings in a block Krylov space that contains the current ones."""
        if rank == 0:
            return loadings[axis], max(left, 0.0)
        # In float32 the blocks would lose their orthogonality.
        block = loadings[axis].astype(np.float64)
        if not block.any():
            drawn = np.random.default_rng(0).standard_normal(block.shape)
            block = self._apply_gram(axis, drawn, loadings).astype(np.float64)
        basis, images = np.empty((len(block), 0)), []
        for _ in range(_KRYLOV_STEPS + 1):
            block = _new_directions(block, basis)
            basis = np.concatenate([basis, block], axis=1)
            block = self._apply_gram(axis, block, loadings).astype(np.float64)
            images.append(block)
        small = basis.T @ np.concatenate(images, axis=1)
        values, vectors = scipy.linalg.eigh((small + small.T) / 2, check_finite=False)
        found = basis @ vectors[:, : -rank - 1 : -1]
        if found.shape[1] < rank:
            # The data has no further directions along this axis.
            fill = np.random.default_rng(0).standard_normal((len(found), rank - found.shape[1]))
            found = np.concatenate([found, _new_directions(fill, found)], axis=1)
        loss = max(left - float(values[-rank:].sum()), 0.0)
        return found.astype(self.X.dtype, copy=False), loss

    def _apply_gram(self, axis: int, vectors: np.ndarray, loadings: Triple) -> np.ndarray:
        slices = contract(self.X, axis, vectors.astype(self.X.dtype, copy=False))
        for other in OTHERS[axis]:
            slices = slices - onto(slices, axis, other, loadings[other])
        return correlate(self.X, axis, slices)


def minimise_projections(
    problem: ProjectionProblem, start: Triple, *, max_iter: int, tol: float
) -> SolverResult[Triple]:
    """Search for the three subspaces until the loss stops falling.

    Parameters
    ----------
    problem : ProjectionProblem
    start : three (n_axis, R) arrays
        Orthonormal columns, or zeros to start from nothing.
    max_iter : int
        Maximum number of sweeps over the three axes.
    tol : float
        Stop after two consecutive sweeps that each lower the loss by less than ``tol`` times the
        loss.

    Returns
    -------
    SolverResult
        With orthonormal loadings as factors. After Ctrl-C, the best so far.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first sweep finished.
    """
    loadings = list(start)
    sums = [contract(problem.X, axis, loadings[axis]) for axis in range(3)]
    rounding = 10 * float(np.finfo(problem.X.dtype).eps) * problem.norm2
    best, history = start, []
    loss, n_slow, reason = np.inf, 0, StopReason.MAX_ITER
    try:
        for _ in range(max_iter):
            for axis in _ORDER:
                rank = loadings[axis].shape[1]
                loadings[axis], new_loss = problem.best_loadings(
                    axis, rank, as_triple(loadings), as_triple(sums)
                )
                sums[axis] = contract(problem.X, axis, loadings[axis])
            best = as_triple(loadings)
            gain, loss = loss - new_loss, min(loss, new_loss)
            history.append(loss)
            if loss <= rounding:
                reason = StopReason.EXACT
                break
            n_slow = n_slow + 1 if gain <= tol * loss else 0
            if n_slow >= _PATIENCE:
                reason = StopReason.CONVERGED
                break
    except KeyboardInterrupt:
        if not history:
            raise
        reason = StopReason.INTERRUPTED
    return SolverResult(best, loss, np.array(history), len(history), reason)


def _new_directions(block: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return orthonormal directions of ``block`` outside ``basis``; there may be few or none."""
    size = np.linalg.norm(block, axis=0)
    block = block[:, size > 0] / size[size > 0]
    # Two rounds of orthogonalisation are enough.
    for _ in range(2):
        block = block - basis @ (basis.T @ block)
    left, values, _ = scipy.linalg.svd(block, full_matrices=False, check_finite=False)
    left = left[:, values > 1e-10]
    return left - basis @ (basis.T @ left)


def _rows(slices: np.ndarray, axis: int, other: int) -> np.ndarray:
    """Unfold the slices of ``axis`` along ``other``, in float64."""
    rows = np.moveaxis(slices, 1 + OTHERS[axis].index(other), 0)
    return rows.reshape(len(rows), -1).astype(np.float64)


def _norm2(slices: np.ndarray) -> float:
    flat = slices.ravel().astype(np.float64, copy=False)
    return float(flat @ flat)
