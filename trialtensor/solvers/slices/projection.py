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
from scipy.linalg import lapack

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
_ROWS_FIRST = ((1, 0, 2), (2, 0, 1))
# Room for blocked steps in LAPACK, in rows of the matrix.
_LAPACK_BLOCK = 70


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
        gram = self.grams[axis]
        if gram is None:
            on_both = along(sums[b], b, c, loadings[c])
            left = self.norm2 - _norm2(sums[b]) - _norm2(sums[c]) + _norm2(on_both)
            return self._krylov(axis, rank, loadings, left)
        # The Gram matrix of X projected off both subspaces, without a projected copy: what `b`
        # takes, and what `c` takes of the rest.
        rest = sums[c] - onto(sums[c], c, b, loadings[b]) if loadings[b].shape[1] else sums[c]
        taken = [_rows(each, of, axis) for each, of in ((sums[b], b), (rest, c)) if len(each)]
        if taken:
            rows = np.concatenate(taken, axis=1) if len(taken) > 1 else taken[0]
            gram = gram - rows @ rows.T
        left = float(np.trace(gram))
        if rank == 0:
            return loadings[axis], max(left, 0.0)
        values, basis = leading_vectors(gram, rank)
        return basis.astype(self.X.dtype, copy=False), max(left - float(values.sum()), 0.0)

    def leading(self, axis: int, n_vectors: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the leading squared singular values and left singular vectors of an unfolding.

        Parameters
        ----------
        axis : int
        n_vectors : int

        Returns
        -------
        (n_vectors,) array, (n_axis, n_vectors) array
        """
        shape = self.X.shape
        gram = self.grams[axis]
        if n_vectors == 0:
            return np.empty(0), np.empty((shape[axis], 0), self.X.dtype)
        if gram is not None:
            values, vectors = leading_vectors(gram, n_vectors)
            return values, vectors.astype(self.X.dtype, copy=False)
        none = as_triple([np.zeros((n, n_vectors * (i == axis))) for i, n in enumerate(shape)])
        vectors, _ = self._krylov(axis, n_vectors, none, self.norm2)
        return np.sum(contract(self.X, axis, vectors).astype(float) ** 2, axis=(1, 2)), vectors

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


def leading_vectors(gram: np.ndarray, n_vectors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues of a symmetric matrix and their vectors, largest first.

    Parameters
    ----------
    gram : (n, n) array
        Float64.
    n_vectors : int

    Returns
    -------
    (n_vectors,) array, (n, n_vectors) array
    """
    n = len(gram)
    # Called directly: for the short axes of a small problem, scipy's checks take longer.
    values, vectors, n_found, _, failed = lapack.dsyevr(
        gram, range="I", il=n - n_vectors + 1, iu=n, lwork=_LAPACK_BLOCK * n
    )
    if failed or n_found < n_vectors:
        values, vectors = scipy.linalg.eigh(gram, check_finite=False)
        values, vectors = values[-n_vectors:], vectors[:, -n_vectors:]
    return values[:n_vectors][::-1], np.ascontiguousarray(vectors[:, :n_vectors][:, ::-1])


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
    rows = slices.transpose(_ROWS_FIRST[OTHERS[axis].index(other)])
    return rows.reshape(len(rows), -1).astype(np.float64, copy=False)


def _norm2(slices: np.ndarray) -> float:
    flat = slices.ravel().astype(np.float64, copy=False)
    return float(flat @ flat)
