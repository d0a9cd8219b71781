"""The search for three subspaces within some directions of each axis, without the data.

All arrays are small, and yet the loss is that of the data: what it is in the directions of two axes
is kept for all positions on the third, or as many as span the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from trialtensor.solvers.slices.contraction import OTHERS, Triple, as_triple
from trialtensor.solvers.unfolding import leading_eigenpairs

# The third axis is rotated and cut where it is longer than this many times what it spans.
_LONG = 2


@dataclass(frozen=True, eq=False)
class Inside:
    """Complete data in coordinates of directions; axes without components have none.

    Attributes
    ----------
    norm2 : float
        Sum of squares of the data.
    grams : three (m, m) arrays
        Gram matrix of the data along each axis.
    on_two : three (m, n_columns) arrays
        What `contract` multiplies: for each axis, the data on it and one of the other two, side by
        side for these two.
    lengths : dict from two axes to int
        Length of what is left of the third.
    core : (m_trial, m_neuron, m_time) array
    dtype : numpy.dtype
        Of the data that all this was computed from.
    """

    norm2: float
    grams: Triple
    on_two: Triple
    lengths: Mapping[tuple[int, int], int]
    core: np.ndarray
    dtype: np.dtype

    @classmethod
    def of(
        cls,
        norm2: float,
        grams: Triple,
        pairs: Mapping[tuple[int, int], np.ndarray],
        core: np.ndarray,
        dtype: np.dtype,
    ) -> Inside:
        """Arrange the data on pairs of axes.

        Parameters
        ----------
        norm2, grams, core, dtype :
            As the attributes.
        pairs : dict from (0, 1), (0, 2), (1, 2) to an (m_first, m_second, n_third) array
        """
        both: dict[tuple[int, int], np.ndarray] = {}
        for (a, b), on_both in pairs.items():
            both[a, b] = _cut(on_both.astype(np.float64, copy=False))
            both[b, a] = both[a, b].swapaxes(0, 1)
        on_two = [
            np.concatenate([both[a, b].reshape(m, both[a, b][0].size) for b in OTHERS[a]], axis=1)
            if m
            else np.zeros((0, sum(both[a, b].shape[1] * both[a, b].shape[2] for b in OTHERS[a])))
            for a, m in enumerate(core.shape)
        ]
        lengths = {axes: each.shape[2] for axes, each in both.items()}
        return cls(norm2, grams, as_triple(on_two), lengths, core, dtype)

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Contract the data on an axis and each of the others, (R, n_columns).

        Parameters
        ----------
        axis : int
        loadings : (m, R) array
        """
        return loadings.T @ self.on_two[axis]

    def left(self, axis: int, loadings: Triple, sums: Triple) -> np.ndarray:
        """Return the Gram matrix along an axis of what the other types leave, (m, m).

        Parameters
        ----------
        axis : int
        loadings : three (m, R) arrays
            With orthonormal columns.
        sums : three arrays
            From `contract`.
        """
        b, c = OTHERS[axis]
        m = len(self.grams[axis])
        on_c = np.moveaxis(self.core, axis, 0) @ loadings[c]
        both = np.matmul(loadings[b].T, on_c).reshape(m, -1)
        gram = self.grams[axis] + both @ both.T
        for other in (b, c):
            if loadings[other].shape[1]:
                part = self._part(other, axis, sums[other])
                rows = part.swapaxes(0, 1).reshape(m, -1)
                gram -= rows @ rows.T
        return gram

    def best_loadings(
        self, axis: int, rank: int, loadings: Triple, sums: Triple
    ) -> tuple[np.ndarray, float]:
        """Find the best loadings of one axis, given the other two, and their loss.

        Parameters
        ----------
        axis, rank : int
        loadings : three (m, R) arrays
            With orthonormal columns.
        sums : three arrays
            From `contract`.
        """
        b, c = OTHERS[axis]
        values, found = leading_eigenpairs(self.left(axis, loadings, sums), rank)
        outside = self.norm2 - float(values.sum())
        for other in (b, c):
            outside -= float(np.sum(loadings[other] * (self.grams[other] @ loadings[other])))
        if loadings[b].shape[1] and loadings[c].shape[1]:
            on_both = np.matmul(loadings[c].T, self._part(b, c, sums[b]))
            outside += float(np.sum(on_both**2))
        return found, max(outside, 0.0)

    def _part(self, own: int, other: int, sums: np.ndarray) -> np.ndarray:
        """Return the sums of an axis on one of the others, (R, m_other, length)."""
        m, length = len(self.grams[other]), self.lengths[own, other]
        first = OTHERS[own].index(other) == 0
        n = m * length
        part = sums[:, :n] if first else sums[:, sums.shape[1] - n :]
        return part.reshape(len(sums), m, length)


def _cut(on_both: np.ndarray) -> np.ndarray:
    """Rotate the third axis and leave out where nothing is, (m_first, m_second, n_left)."""
    m, n, length = on_both.shape
    if not 0 < _LONG * m * n <= length:
        return on_both
    triangle = scipy.linalg.qr(on_both.reshape(m * n, length).T, mode="r", check_finite=False)[0]
    return np.ascontiguousarray(triangle[: m * n].T).reshape(m, n, m * n)
