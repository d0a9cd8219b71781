"""The search for three subspaces within some directions of each axis, without the data.

All arrays are as small as the directions are few, and yet the loss is that of the data: what an
axis outside of its directions has to say is summed up in Gram matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.slices.contraction import OTHERS, Triple
from trialtensor.solvers.unfolding import leading_eigenpairs


@dataclass(frozen=True, eq=False)
class Inside:
    """Complete data in coordinates of directions; axes without components have none.

    Attributes
    ----------
    norm2 : float
        Sum of squares of the data.
    grams : three (m, m) arrays
        Gram matrix of the data along each axis.
    pairs : dict from two axes to an (m_first^2, m_second^2) array
        Gram matrices of the data in coordinates of both axes, summed over the third.
    core : (m_trial, m_neuron, m_time) array
    dtype : numpy.dtype
        Of the data that all this was computed from.
    """

    norm2: float
    grams: Triple
    pairs: dict[tuple[int, int], np.ndarray]
    core: np.ndarray
    dtype: np.dtype

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Return the loadings themselves, which are all that the other axes need.

        Parameters
        ----------
        axis : int
        loadings : (m, R) array
        """
        return loadings.T

    def left(self, axis: int, loadings: Triple) -> np.ndarray:
        """Return the Gram matrix along an axis of what the other types leave, (m, m).

        Parameters
        ----------
        axis : int
        loadings : three (m, R) arrays
            With orthonormal columns.
        """
        b, c = OTHERS[axis]
        m = len(self.grams[axis])
        taken = _square(loadings[b]) @ self.pairs[b, axis]
        taken += _square(loadings[c]) @ self.pairs[c, axis]
        on_c = np.moveaxis(self.core, axis, 0) @ loadings[c]
        both = np.matmul(loadings[b].T, on_c).reshape(m, -1)
        return self.grams[axis] - taken.reshape(m, m) + both @ both.T

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
            Not used.
        """
        b, c = OTHERS[axis]
        values, found = leading_eigenpairs(self.left(axis, loadings), rank)
        b_square, c_square = _square(loadings[b]), _square(loadings[c])
        outside = self.norm2 - b_square @ self.grams[b].ravel() - c_square @ self.grams[c].ravel()
        outside += (b_square @ self.pairs[b, c]) @ c_square
        return found, max(float(outside - values.sum()), 0.0)


def _square(loadings: np.ndarray) -> np.ndarray:
    """Flatten the projector onto loadings, (m^2,)."""
    return (loadings @ loadings.T).ravel()
