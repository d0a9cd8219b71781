"""The search for three subspaces within the leading singular vectors of each axis.

There, a step needs only a few small arrays: the core, and for two axes the Gram matrix of the data
in coordinates of both, summed over the whole of the third. So the loss is that of the full data,
and many starts together cost less than one on the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.slices.contraction import OTHERS, Triple, along, as_triple, contract
from trialtensor.solvers.slices.projection import ProjectionProblem

# Directions of each axis beyond twice the components, as many as memory allows.
_MARGIN = 6
_MOST = 30


@dataclass(frozen=True, eq=False)
class Core:
    """Data in coordinates of leading singular vectors; axes without components have none.

    Attributes
    ----------
    bases : three (n_axis, m) arrays
    norm2 : float
        Sum of squares of the data.
    values : three (m,) arrays
        Squared singular values.
    pairs : dict from two axes to an (m_first^2, m_second^2) array
        Gram matrices of the data in coordinates of both axes, summed over the third.
    core : (m_trial, m_neuron, m_time) array
    """

    bases: Triple
    norm2: float
    values: Triple
    pairs: dict[tuple[int, int], np.ndarray]
    core: np.ndarray

    @property
    def dtype(self) -> np.dtype:
        """Of the bases, as of the data."""
        return self.bases[0].dtype

    @classmethod
    def of(cls, problem: ProjectionProblem, ranks: tuple[int, int, int]) -> Core | None:
        """Compress a problem; None with more components than this is good for.

        Parameters
        ----------
        problem : ProjectionProblem
        ranks : three ints
            Trial-, neuron- and time-slicing components.
        """
        sizes = [
            min(n, 2 * rank + _MARGIN) if rank else 0
            for n, rank in zip(problem.X.shape, ranks, strict=True)
        ]
        if max(sizes) > _MOST:
            return None
        leading = [problem.leading(axis, size) for axis, size in enumerate(sizes)]
        values, bases = (as_triple([pair[i] for pair in leading]) for i in range(2))
        pairs: dict[tuple[int, int], np.ndarray] = {}
        by_trial = contract(problem.X, 0, bases[0])
        on_both = along(by_trial, 0, 1, bases[1])
        add_pair(pairs, (0, 1), on_both)
        add_pair(pairs, (0, 2), along(by_trial, 0, 2, bases[2]).swapaxes(1, 2))
        by_neuron = contract(problem.X, 1, bases[1])
        add_pair(pairs, (1, 2), along(by_neuron, 1, 2, bases[2]).swapaxes(1, 2))
        core = np.matmul(on_both, bases[2]).astype(np.float64)
        return cls(bases, problem.norm2, values, pairs, core)

    def improve(
        self, starts: Triple, order: tuple[int, ...], n_sweeps: int
    ) -> tuple[Triple, np.ndarray]:
        """Run a few sweeps from many starts at once; also return the losses.

        Parameters
        ----------
        starts : three (n_starts, m, R) arrays
            Orthonormal columns, in coordinates of the bases.
        order : tuple of axes
            Order of the steps, of the axes that have components.
        n_sweeps : int

        Returns
        -------
        three (n_starts, m, R) arrays, (n_starts,) array
        """
        loadings = list(starts)
        squares = [_squares(each) for each in starts]
        for _ in range(n_sweeps):
            for axis in order:
                _, vectors = np.linalg.eigh(self._left(axis, loadings, squares))
                loadings[axis] = vectors[:, :, -loadings[axis].shape[2] :]
                squares[axis] = _squares(loadings[axis])
        return as_triple(loadings), self._losses(loadings, squares)

    def _left(self, axis: int, loadings: list[np.ndarray], squares: list[np.ndarray]) -> np.ndarray:
        """Return the Gram matrix along an axis of what the other types leave, for every start."""
        b, c = OTHERS[axis]
        m = len(self.values[axis])
        taken = squares[b] @ self.pairs[b, axis] + squares[c] @ self.pairs[c, axis]
        rows = self._on_both(axis, loadings)
        both = rows @ rows.swapaxes(1, 2)
        return np.diag(self.values[axis]) - taken.reshape(-1, m, m) + both

    def _on_both(self, axis: int, loadings: list[np.ndarray]) -> np.ndarray:
        """Contract the core with the loadings of the other two axes: (n_starts, m, R_b R_c)."""
        b, c = OTHERS[axis]
        core = np.ascontiguousarray(np.moveaxis(self.core, axis, 0))
        m, n_b, n_c = core.shape
        n_starts, _, r_b = loadings[b].shape
        r_c = loadings[c].shape[2]
        on_c = np.matmul(core.reshape(m * n_b, n_c), loadings[c]).reshape(n_starts, m, n_b, r_c)
        both = np.matmul(loadings[b].swapaxes(1, 2)[:, None], on_c)
        return both.reshape(n_starts, m, r_b * r_c)

    def _losses(self, loadings: list[np.ndarray], squares: list[np.ndarray]) -> np.ndarray:
        losses = np.full(len(squares[0]), self.norm2)
        for axis in range(3):
            losses -= squares[axis][:, :: len(self.values[axis]) + 1] @ self.values[axis]
        for a, b in ((0, 1), (0, 2), (1, 2)):
            losses += np.sum((squares[a] @ self.pairs[a, b]) * squares[b], axis=1)
        rows = np.matmul(loadings[0].swapaxes(1, 2), self._on_both(0, loadings))
        return losses - np.sum(rows**2, axis=(1, 2))


def add_pair(
    pairs: dict[tuple[int, int], np.ndarray], axes: tuple[int, int], on_both: np.ndarray
) -> None:
    """Sum the products of data in coordinates of two axes over the third, in both orders.

    Parameters
    ----------
    pairs : dict
        Gets both Gram matrices.
    axes : two axes
    on_both : (m_first, m_second, n_third) array
    """
    m, n, n_third = on_both.shape
    rows = on_both.reshape(m * n, n_third).astype(np.float64)
    gram = (rows @ rows.T).reshape(m, n, m, n).transpose(0, 2, 1, 3)
    pairs[axes] = np.ascontiguousarray(gram).reshape(m * m, n * n)
    pairs[axes[::-1]] = np.ascontiguousarray(pairs[axes].T)


def _squares(loadings: np.ndarray) -> np.ndarray:
    """Flatten the projectors onto loadings, (n_starts, m^2)."""
    return (loadings @ loadings.swapaxes(1, 2)).reshape(len(loadings), -1)
