"""Slabs of data, one per trial, and alternating sweeps over them.

A sweep solves for the patterns first: ``P_b`` is the orthonormal matrix closest to
``sum_k X_k C diag(a_k) H'``. Multiplied by their transposed patterns, all slabs have the same few
rows, which leaves a small CP problem with factors ``A``, ``H``, ``C``;
:class:`trialtensor.solvers.problems.DenseProblem` runs one sweep of it. Its loss is that of the
whole data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from trialtensor.solvers.parafac2.groups import Group
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.problems import DenseProblem

# Trial factor (n_trials, R), H (R, R), and the factor of the axis that all blocks share.
# Below this ratio of singular values, squaring them (as the fast method does) is unsafe.
_SAFE = 1e-5


def closest_orthonormal(Z: np.ndarray, n_rows: np.ndarray | None = None) -> np.ndarray:
    """Find the matrix with orthonormal columns closest to each of ``Z``.

    Uses the inverse root of ``Z'Z``, several times faster than singular vectors of many small
    matrices, and singular vectors where ``Z`` is nearly rank-deficient.

    Parameters
    ----------
    Z : (n, n_rows, R) array
        With at least as many rows as columns.
    n_rows : (n,) int array, optional
        Number of rows of each that aren't padding; all by default. A direction that ``Z`` doesn't
        determine is chosen within these rows.

    Returns
    -------
    (n, n_rows, R) array
    """
    Z = Z.astype(np.float64, copy=False)
    squares, vectors = np.linalg.eigh(np.matmul(Z.swapaxes(1, 2), Z))
    safe = squares[:, 0] > _SAFE**2 * squares[:, -1]
    roots = 1 / np.sqrt(np.where(safe[:, None], squares, 1))
    P = np.matmul(Z, np.matmul(vectors * roots[:, None, :], vectors.swapaxes(1, 2)))
    # One Newton-Schulz step removes the rounding error of the squares.
    P = 1.5 * P - 0.5 * np.matmul(P, np.matmul(P.swapaxes(1, 2), P))
    for i in np.flatnonzero(~safe):
        real = slice(None) if n_rows is None else slice(n_rows[i])
        left, _, right = np.linalg.svd(Z[i, real], full_matrices=False)
        P[i] = 0
        P[i, real] = left @ right
    return P


@dataclass(frozen=True, eq=False)
class Slabs:
    """Complete data, or a core of it.

    Attributes
    ----------
    groups : tuple of Group
        All blocks, in order.
    norm2 : float
        Sum of squares of the data.
    basis : (n_shared_of_the_data, n_shared) array, optional
        Orthonormal; the data is the slabs times this on the shared axis.
    """

    groups: tuple[Group, ...]
    norm2: float
    basis: np.ndarray | None = None

    # True if a sweep fills in missing entries, so that it should do so only once.
    fills: ClassVar[bool] = False
    missing_weight: ClassVar[float] = 0.0

    @property
    def X(self) -> np.ndarray:
        """The largest group, whose size sets the number of threads."""
        return max(self.groups, key=lambda group: group.size).X

    @property
    def blocks(self) -> list[np.ndarray]:
        """The data of each block, (n_trials, n_rows, n_shared)."""
        return [block for group in self.groups for block in group.blocks]

    @cached_property
    def starts(self) -> np.ndarray:
        """The first trial of every block."""
        return np.concatenate([group.first_trial + group.starts for group in self.groups])

    @cached_property
    def n_rows(self) -> np.ndarray:
        """Number of rows of every block."""
        return np.array([block.shape[1] for block in self.blocks])

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return sum(group.n_trials for group in self.groups)

    @property
    def n_shared(self) -> int:
        """Length of the axis that blocks share."""
        return int(self.groups[0].blocks[0].shape[2])

    @property
    def size(self) -> int:
        """Number of entries."""
        return sum(block.size for block in self.blocks)

    def filled(self, group: Group, factors: Any = None) -> np.ndarray:
        """Return the data of a group, without gaps.

        Parameters
        ----------
        group : Group
        factors : ``A``, ``H``, ``C``, optional
        """
        return group.X

    def _targets(self, group: Group, X: np.ndarray, factors: Any) -> np.ndarray:
        """Compute ``sum_k X_k C diag(a_k) H'`` of every block, (n_blocks, n_rows, R)."""
        trial, cross, shared = factors[:3]
        small = shared if self.basis is None else self.basis.T @ shared
        with_shared = (X.reshape(-1, X.shape[2]) @ small).reshape(*X.shape[:2], -1)
        with_shared *= trial[group.trials, None, :]
        if len(group.blocks) < len(X):
            with_shared = np.add.reduceat(with_shared, group.starts, axis=0)
        return with_shared @ cross.T

    def _no_patterns(self, factors: Any) -> np.ndarray:
        shape = (len(self.starts), int(self.n_rows.max()), factors[1].shape[1])
        return np.zeros(shape, self.groups[0].blocks[0].dtype)

    def patterns(self, factors: Any) -> np.ndarray:
        """Find the best ``P_b`` for these factors, (n_blocks, n_rows, R).

        Parameters
        ----------
        factors : ``A``, ``H``, ``C``
        """
        targets = self._no_patterns(factors)
        for group in self.groups:
            found = self._targets(group, self.filled(group, factors), factors)
            targets[group.which, : group.n_rows] = found
        return closest_orthonormal(targets, self.n_rows).astype(targets.dtype, copy=False)

    def _small(self, patterns: np.ndarray) -> np.ndarray:
        return np.empty((self.n_trials, patterns.shape[2], self.n_shared), patterns.dtype)

    def _turn_back(
        self, group: Group, X: np.ndarray, patterns: np.ndarray, small: np.ndarray
    ) -> None:
        """Put ``P_b' X_k`` of a group in its place."""
        own, out = patterns[group.which, : group.n_rows], small[group.trials]
        if len(own) == len(X):
            np.matmul(own.swapaxes(1, 2), X, out=out)
            return
        ends = [*group.starts[1:], len(X)]
        for pattern, first, last in zip(own, group.starts, ends, strict=True):
            np.matmul(pattern.T, X[first:last], out=out[first:last])

    def _problem(self, small: np.ndarray) -> DenseProblem:
        return DenseProblem(small, self.norm2, None, (None, None, self.basis))

    def turned_back(self, patterns: np.ndarray, factors: Any = None) -> DenseProblem:
        """Build the CP problem of ``P_b' X_k``, (n_trials, R, n_shared).

        Parameters
        ----------
        patterns : (n_blocks, n_rows, R) array
        factors : ``A``, ``H``, ``C`` and patterns, optional
            To fill in missing entries with.
        """
        small = self._small(patterns)
        for group in self.groups:
            self._turn_back(group, self.filled(group, factors), patterns, small)
        return self._problem(small)

    def turned(self, factors: Any) -> tuple[np.ndarray, DenseProblem]:
        """Find the best patterns, and build the CP problem that they leave.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and, with missing entries, patterns
        """
        if not self.fills:
            patterns = self.patterns(factors)
            return patterns, self.turned_back(patterns)
        patterns = self._no_patterns(factors)
        small = self._small(patterns)
        for group in self.groups:
            X = self.filled(group, factors)
            targets = self._targets(group, X, factors)
            best = closest_orthonormal(targets, self.n_rows[group.which])
            patterns[group.which, : group.n_rows] = best
            self._turn_back(group, X, patterns, small)
        return patterns, self._problem(small)

    def sweep(self, factors: Any, update: RowUpdate) -> tuple[Any, float]:
        """Update the patterns, then run one sweep of the CP problem; also return its loss.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C``
        update : RowUpdate
        """
        return self.turned(factors)[1].sweep(factors, update)
