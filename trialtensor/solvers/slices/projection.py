"""The least-squares fit of complete data, by variable projection.

Let ``Q_a`` project onto the complement of the loadings of axis ``a``. Sums of the kind
``U_a (x) anything`` together reach the complement of ``Q_1 (x) Q_2 (x) Q_3``, so the residual of
the best slices is ``X`` projected by all three. The fit is therefore a search for three subspaces.
Given two of them, the best third is known: the leading eigenvectors of a Gram matrix. The sum of
the remaining eigenvalues is the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Triple,
    along,
    as_triple,
    contract,
    correlate,
    onto,
)
from trialtensor.solvers.unfolding import axis_gram, krylov_eigenpairs, leading_eigenpairs

# Up to this axis length, all eigenvectors of the Gram matrix cost less than passes over the data.
_LONG_AXIS = 1000
# Applications of the Gram operator per step on a long axis; the loss falls with any number.
_KRYLOV_STEPS = 2
_ROWS_FIRST = ((1, 0, 2), (2, 0, 1))


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

    @property
    def dtype(self) -> np.dtype:
        """Of the data."""
        return self.X.dtype

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Contract the data with loadings of an axis: (R, n_b, n_c).

        Parameters
        ----------
        axis : int
        loadings : (n_axis, R) array
        """
        return contract(self.X, axis, loadings)

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
        values, basis = leading_eigenpairs(gram, rank)
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
            values, vectors = leading_eigenpairs(gram, n_vectors)
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
        block = loadings[axis].astype(np.float64)
        times = partial(self._gram_times, axis, loadings)
        if not block.any():
            drawn = np.random.default_rng(0).standard_normal(block.shape)
            block = times(drawn).astype(np.float64)
        values, found = krylov_eigenpairs(times, block, rank, _KRYLOV_STEPS + 1)
        return found.astype(self.X.dtype, copy=False), max(left - float(values.sum()), 0.0)

    def _gram_times(self, axis: int, loadings: Triple, vectors: np.ndarray) -> np.ndarray:
        slices = contract(self.X, axis, vectors.astype(self.X.dtype, copy=False))
        for other in OTHERS[axis]:
            slices = slices - onto(slices, axis, other, loadings[other])
        return correlate(self.X, axis, slices)


def _rows(slices: np.ndarray, axis: int, other: int) -> np.ndarray:
    """Unfold the slices of ``axis`` along ``other``, in float64."""
    rows = slices.transpose(_ROWS_FIRST[OTHERS[axis].index(other)])
    return rows.reshape(len(rows), -1).astype(np.float64, copy=False)


def _norm2(slices: np.ndarray) -> float:
    flat = slices.ravel().astype(np.float64, copy=False)
    return float(flat @ flat)
