"""Slabs of data, one per trial, and alternating sweeps over them.

A sweep solves for the patterns first: ``P_b`` is the orthonormal matrix closest to
``sum_k X_k C diag(a_k) H'``. Multiplied by their transposed patterns, all slabs have the same few
rows, which leaves a small CP problem with factors ``A``, ``H``, ``C``;
:class:`trialtensor.solvers.problems.DenseProblem` runs one sweep of it. Its loss is that of the
whole data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import balance
from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.problems import DenseProblem, RowUpdate
from trialtensor.solvers.result import Factors

# Trial factor (n_trials, R), H (R, R), and the factor of the axis that all blocks share.
# With missing entries also the patterns, which determine the next values to fill in.
FilledFactors = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
# Below this ratio of singular values, squaring them (as the fast method does) is unsafe.
_SAFE = 1e-5


def pad(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Stack blocks ``(n_trials, n_rows, n_shared)``, padding short ones with rows of zeros.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    """
    n_rows = max(block.shape[1] for block in blocks)
    n_trials = sum(len(block) for block in blocks)
    whole = np.zeros((n_trials, n_rows, blocks[0].shape[2]), blocks[0].dtype)
    first = 0
    for block in blocks:
        whole[first : first + len(block), : block.shape[1]] = block
        first += len(block)
    return whole


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
    X : (n_trials, n_rows, n_shared) array
        Blocks stacked, with rows padded with zeros (`pad`).
    starts : (n_blocks,) int array
        The first trial of every block.
    norm2 : float
        Sum of squares of the data.
    basis : (n_shared_of_the_data, n_shared) array, optional
        Orthonormal; the data is ``X`` times this on the shared axis.
    n_rows : (n_blocks,) int array, optional
        Rows of each block that aren't padding; needed if the patterns are used elsewhere.
    """

    X: np.ndarray
    starts: np.ndarray
    norm2: float
    basis: np.ndarray | None = None
    n_rows: np.ndarray | None = None

    @property
    def block_of_trial(self) -> np.ndarray:
        """Index of the block of each trial."""
        sizes = np.diff(np.append(self.starts, len(self.X)))
        return np.repeat(np.arange(len(self.starts)), sizes)

    def targets(self, factors: Factors, X: np.ndarray | None = None) -> np.ndarray:
        """Compute ``sum_k X_k C diag(a_k) H'`` of every block, (n_blocks, n_rows, R).

        Parameters
        ----------
        factors : ``A``, ``H``, ``C``
        X : array of the shape of the slabs, optional
            Filled-in data; that of the slabs by default.
        """
        trial, cross, shared = factors
        X = self.X if X is None else X
        small = shared if self.basis is None else self.basis.T @ shared
        with_shared = (X.reshape(-1, X.shape[2]) @ small).reshape(*X.shape[:2], -1)
        with_shared *= trial[:, None, :]
        if len(self.starts) < len(X):
            with_shared = np.add.reduceat(with_shared, self.starts, axis=0)
        return with_shared @ cross.T

    def patterns(self, factors: Factors, X: np.ndarray | None = None) -> np.ndarray:
        """Find the best ``P_b`` for these factors, (n_blocks, n_rows, R).

        Parameters
        ----------
        factors : ``A``, ``H``, ``C``
        X : array of the shape of the slabs, optional
            Filled-in data; that of the slabs by default.
        """
        targets = self.targets(factors, X)
        return closest_orthonormal(targets, self.n_rows).astype(self.X.dtype, copy=False)

    def turned_back(self, patterns: np.ndarray, X: np.ndarray | None = None) -> DenseProblem:
        """Build the CP problem of ``P_b' X_k``, (n_trials, R, n_shared).

        Parameters
        ----------
        patterns : (n_blocks, n_rows, R) array
        X : array of the shape of the slabs, optional
            Filled-in data; that of the slabs by default.
        """
        X = self.X if X is None else X
        small = np.empty((len(X), patterns.shape[2], X.shape[2]), X.dtype)
        ends = np.append(self.starts[1:], len(X))
        if len(self.starts) == len(X):
            np.matmul(patterns.swapaxes(1, 2), X, out=small)
        else:
            for pattern, first, last in zip(patterns, self.starts, ends, strict=True):
                np.matmul(pattern.T, X[first:last], out=small[first:last])
        return DenseProblem(small, self.norm2, None, (None, None, self.basis))

    def sweep(self, factors: Any, update: RowUpdate) -> tuple[Any, float]:
        """Update the patterns, then run one sweep of the CP problem; also return its loss.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C``
        update : RowUpdate
        """
        return self.turned_back(self.patterns(factors)).sweep(factors, update)


@dataclass(frozen=True, eq=False)
class MaskedSlabs(Slabs):
    """Data with missing entries, which the model fills in before every sweep (EM).

    The sum of squared errors of filled-in data bounds the loss from above and equals it at the
    current model, so a sweep that lowers one lowers the other.

    Attributes
    ----------
    observed : bool array of the shape of ``X``
        True in padded rows, which are known to be zero.
    """

    observed: np.ndarray = field(default_factory=lambda: np.ones(0, bool))

    def filled(self, factors: FilledFactors) -> np.ndarray:
        """Return the data with missing entries filled in by the model.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        """
        X = self.X.copy()
        for part in trial_chunks(X.shape):
            np.copyto(X[part], self.model(factors, part), where=~self.observed[part])
        return X

    def model(self, factors: FilledFactors, part: slice) -> np.ndarray:
        """Return the model of some trials.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        part : slice
            The trials.
        """
        trial, cross, shared, patterns = factors
        weighted = (patterns @ cross)[self.block_of_trial[part]] * trial[part][:, None, :]
        return np.matmul(weighted, shared.T)

    def loss_by_trial(self, factors: FilledFactors) -> np.ndarray:
        """Return the sum of squared errors over the observed entries of each trial.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        """
        parts = []
        for part in trial_chunks(self.X.shape):
            error = (self.X[part] - self.model(factors, part)) * self.observed[part]
            flat = error.reshape(len(error), -1).astype(np.float64, copy=False)
            parts.append(np.einsum("ki,ki->k", flat, flat))
        return np.concatenate(parts)

    def loss(self, factors: FilledFactors) -> float:
        """Return the sum of squared errors over the observed entries.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        """
        return float(self.loss_by_trial(factors).sum())

    def sweep(self, factors: Any, update: RowUpdate) -> tuple[Any, float]:
        """Fill in, update patterns, sweep the CP problem; also return the loss on observed entries.

        Parameters
        ----------
        factors : ``A``, ``H``, ``C`` and patterns
        update : RowUpdate
        """
        X = self.filled(factors)
        patterns = self.patterns(factors[:3], X)
        new, _ = self.turned_back(patterns, X).sweep(factors[:3], update)
        found = (*new, patterns)
        return found, self.loss(found)


def balance_filled(factors: FilledFactors) -> FilledFactors:
    """Apply `balance` to the three factors; patterns have no scale.

    Parameters
    ----------
    factors : ``A``, ``H``, ``C`` and patterns
    """
    return (*balance(factors[:3]), factors[3])
