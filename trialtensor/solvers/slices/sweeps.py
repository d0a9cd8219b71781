"""SliceTCA by alternating sweeps, for data with missing entries and for non-negative components.

Projectors don't commute with a mask, and non-negative slices aren't projections. But each block
(the loadings, or the slices, of one type) is still a least-squares problem in rows, solved exactly
on the observed entries. A sweep updates six blocks, and
:func:`trialtensor.solvers.acceleration.minimise` extrapolates between sweeps.

Trial loadings, neuron slices and time slices belong to single trials. A sweep solves them while a
few trials are in the processor's cache and sums up in the same pass what the other three blocks
need, so it reads the data three times, once per type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.normal_equations import quadratic
from trialtensor.solvers.passes import Passes, RowUpdate
from trialtensor.solvers.slices.block_sweeps import Blocks, Equations, OnePass
from trialtensor.solvers.slices.contraction import Components, as_rows

# Entries per chunk of trials; several arrays of this size should fit into the cache.
_CHUNK = 100_000


def as_blocks(components: Components) -> Blocks:
    """Return the arrays of a model as sweeps update them.

    Parameters
    ----------
    components : Components
    """
    return (*components.loadings, *components.slices)


def as_components(blocks: Blocks) -> Components:
    """Invert ``as_blocks``.

    Parameters
    ----------
    blocks : Blocks
    """
    u, v, w, A, B, C = blocks
    return Components((u, v, w), (A, B, C))


def balance_blocks(blocks: Blocks) -> Blocks:
    """Spread each component's scale evenly over its loading and its slice.

    Parameters
    ----------
    blocks : Blocks
    """
    loadings, slices = [], []
    for loading, slice_tensor in zip(blocks[:3], blocks[3:], strict=True):
        size = np.linalg.norm(loading, axis=0)
        slice_size = np.linalg.norm(as_rows(slice_tensor), axis=1)
        alive = (size > 0) & (slice_size > 0)
        scale = np.ones_like(size)
        scale[alive] = np.sqrt(slice_size[alive] / size[alive])
        loadings.append(loading * scale)
        slices.append(slice_tensor / scale[:, None, None])
    u, v, w = loadings
    A, B, C = slices
    return u, v, w, A, B, C


@dataclass(frozen=True, eq=False)
class SweepData:
    """Data, its observed entries, and the exact block updates.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array, or Passes
        Zeros where missing.
    norm2 : float
        Sum of squares of the observed data.
    observed : bool array of the shape of ``X``, or None
        Passes know it themselves.
    missing_weight : float
        A missing entry counts as a zero with this weight, against 1 for an observed one.
    """

    X: Any
    norm2: float
    observed: np.ndarray | None = None
    missing_weight: float = 0.0

    @property
    def has_missing(self) -> bool:
        """True if entries are missing."""
        known = isinstance(self.X, Passes) and self.X.has_missing
        return known or self.observed is not None

    def sweep(
        self, blocks: Blocks, update: RowUpdate, order: tuple[int, ...] = (0, 1, 2)
    ) -> tuple[Blocks, float]:
        """Update the loadings and slices of each type in turn and return them with their loss.

        Parameters
        ----------
        blocks : Blocks
        update : RowUpdate
        order : tuple of axes, optional
        """
        loss = self.norm2
        for one_pass in self._passes(blocks, order):
            blocks, squares, equations = one_pass(blocks, update, shared=True)
            if equations is not None:
                blocks, loss = _update_shared(blocks, update, equations, float(squares.sum()))
        return blocks, loss

    def sweep_trials(self, blocks: Blocks, update: RowUpdate) -> tuple[Blocks, np.ndarray]:
        """Update only the blocks of single trials; also return each trial's loss, ``(n_trials,)``.

        Parameters
        ----------
        blocks : Blocks
        update : RowUpdate
        """
        squares = np.zeros(len(self.X))
        for one_pass in self._passes(blocks, (0, 1, 2)):
            blocks, squares, _ = one_pass(blocks, update, shared=False)
        return blocks, squares

    def _passes(self, blocks: Blocks, order: tuple[int, ...]) -> list[OnePass]:
        """Return the passes of the types that have components."""
        return [self._pass(axis) for axis in order if blocks[axis].shape[1]]

    def _pass(self, axis: int) -> OnePass:
        """Return the pass of a type."""
        return (self._sweep_trials, self._sweep_neurons, self._sweep_times)[axis]

    def _sweep_trials(
        self, blocks: Blocks, update: RowUpdate, *, shared: bool
    ) -> tuple[Blocks, np.ndarray, Equations | None]:
        u, v, w, A, B, C = blocks
        u = u.copy()
        rows = as_rows(A)
        pairs = np.ascontiguousarray(_pairs(rows.T))
        rhs, grams = np.zeros_like(rows), np.zeros((_n_pairs(len(A)), rows.shape[1]), rows.dtype)
        squares = np.zeros(len(self.X))
        for part, residual, weights in self._residuals(blocks):
            flat = as_rows(residual)
            seen = None if weights is None else weights.reshape(flat.shape)
            own = self._grams(rows.T, None if seen is None else seen @ pairs)
            target = _weighted(flat, seen) @ rows.T
            new = update(0, own, target + apply_grams(own, u[part]), u[part])
            flat -= (new - u[part]) @ rows
            u[part] = new
            weighted = _weighted(flat, seen)
            squares[part] = _dots(weighted, flat)
            if not shared:
                continue
            rhs += new.T @ weighted
            if seen is not None:
                grams += _pairs(new).T @ seen
        blocks = (u, v, w, A, B, C)
        if not shared:
            return blocks, squares, None
        return blocks, squares, (3, self._grams(u, grams.T), np.ascontiguousarray(rhs.T))

    def _sweep_neurons(
        self, blocks: Blocks, update: RowUpdate, *, shared: bool
    ) -> tuple[Blocks, np.ndarray, Equations | None]:
        u, v, w, A, B, C = blocks
        B = B.copy()
        rank = len(B)
        rhs, grams = np.zeros_like(v), np.zeros((len(v), _n_pairs(rank)), v.dtype)
        squares = np.zeros(len(self.X))
        for part, residual, weights in self._residuals(blocks):
            # (trials, times, R): one row per cell.
            cells = np.ascontiguousarray(B[:, part].transpose(1, 2, 0))
            seen = None if weights is None else np.matmul(_pairs(v).T, weights).swapaxes(1, 2)
            own = self._grams(v, seen)
            current = cells.reshape(-1, rank)
            target = np.matmul(v.T, _weighted(residual, weights)).swapaxes(1, 2).reshape(-1, rank)
            new = update(4, own, target + apply_grams(own, current), current)
            change = (new - current).reshape(cells.shape).swapaxes(1, 2)
            residual -= _product(v, np.ascontiguousarray(change))
            cells = new.reshape(cells.shape)
            B[:, part] = cells.transpose(2, 0, 1)
            weighted = _weighted(residual, weights)
            squares[part] = _dots(weighted, residual)
            if not shared:
                continue
            rhs += np.matmul(weighted, cells).sum(axis=0)
            if weights is not None:
                grams += np.matmul(weights, _pairs(cells)).sum(axis=0)
        blocks = (u, v, w, A, B, C)
        if not shared:
            return blocks, squares, None
        return blocks, squares, (1, self._grams(B.reshape(rank, -1).T, grams), rhs)

    def _sweep_times(
        self, blocks: Blocks, update: RowUpdate, *, shared: bool
    ) -> tuple[Blocks, np.ndarray, Equations | None]:
        u, v, w, A, B, C = blocks
        C = C.copy()
        rank = len(C)
        rhs, grams = np.zeros_like(w), np.zeros((len(w), _n_pairs(rank)), w.dtype)
        squares = np.zeros(len(self.X))
        for part, residual, weights in self._residuals(blocks):
            cells = np.ascontiguousarray(C[:, part].transpose(1, 2, 0))
            seen = None if weights is None else np.matmul(weights, _pairs(w))
            own = self._grams(w, seen)
            current = cells.reshape(-1, rank)
            target = np.matmul(_weighted(residual, weights), w).reshape(-1, rank)
            new = update(5, own, target + apply_grams(own, current), current)
            residual -= _product((new - current).reshape(cells.shape), w.T)
            C[:, part] = new.reshape(cells.shape).transpose(2, 0, 1)
            weighted = _weighted(residual, weights)
            squares[part] = _dots(weighted, residual)
            if not shared:
                continue
            rhs += weighted.reshape(-1, len(w)).T @ new
            if weights is not None:
                grams += weights.reshape(-1, len(w)).T @ _pairs(new)
        blocks = (u, v, w, A, B, C)
        if not shared:
            return blocks, squares, None
        return blocks, squares, (2, self._grams(C.reshape(rank, -1).T, grams), rhs)

    def _residuals(self, blocks: Blocks) -> Iterator[tuple[slice, np.ndarray, np.ndarray | None]]:
        """Yield chunks of trials with their residuals and the weights of their entries."""
        u, v, w, A, B, C = blocks
        rows = as_rows(A)
        for part in trial_chunks(self.X.shape, _CHUNK):
            # In place, because writing another array of this size takes as long as the work.
            residual = (u[part] @ rows).reshape(-1, *A.shape[1:])
            np.subtract(self.X[part], residual, out=residual)
            # One product per trial serves both other types.
            n = len(residual)
            left = np.empty((n, len(v), len(B) + len(C)), v.dtype)
            left[:, :, : len(B)], left[:, :, len(B) :] = v, C[:, part].transpose(1, 2, 0)
            right = np.empty((n, len(B) + len(C), len(w)), v.dtype)
            right[:, : len(B)], right[:, len(B) :] = B[:, part].swapaxes(0, 1), w.T
            residual -= _product(left, right)
            weights = None
            if self.observed is not None:
                # np.where and np.maximum would take several times as long.
                weights = self.observed[part].astype(residual.dtype)
                if self.missing_weight:
                    weights *= 1 - self.missing_weight
                    weights += self.missing_weight
            yield part, residual, weights

    def _grams(self, design: np.ndarray, packed: np.ndarray | None) -> np.ndarray:
        """Return the Gram matrices of row problems: from weighted pairs, or one for all rows."""
        if self.observed is None or packed is None:
            return (design.T @ design)[None]
        return unpack(packed.reshape(-1, packed.shape[-1]), design.shape[1])


def _update_shared(
    blocks: Blocks,
    update: RowUpdate,
    equations: Equations,
    squares: float,
) -> tuple[Blocks, float]:
    """Update a block from the residual's right-hand side; also return the new loss."""
    which, grams, rhs = equations
    block = blocks[which]
    # The rows of a slice tensor are its cells.
    is_slices = which >= 3
    current = np.ascontiguousarray(as_rows(block).T) if is_slices else block
    new = update(which, grams, rhs + apply_grams(grams, current), current)
    change = (new - current).astype(np.float64, copy=False)
    loss = squares - 2 * float(np.sum(rhs * change)) + quadratic(grams, change)
    new = np.ascontiguousarray(new.T).reshape(block.shape) if is_slices else new
    u, v, w, A, B, C = (new if i == which else each for i, each in enumerate(blocks))
    return (u, v, w, A, B, C), max(loss, 0.0)


def apply_grams(grams: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Compute ``H x`` for every row, with one shared Gram matrix or one per row.

    Parameters
    ----------
    grams : (1 or n, R, R) array
    rows : (n, R) array
    """
    if grams.shape[0] == 1:
        return rows @ grams[0]
    return np.matmul(grams, rows[:, :, None])[:, :, 0]


def unpack(packed: np.ndarray, rank: int) -> np.ndarray:
    """Rebuild symmetric (n, R, R) matrices from their upper triangles (n, R (R + 1) / 2).

    Parameters
    ----------
    packed : (n, R (R + 1) / 2) array
    rank : int
    """
    first, second = np.triu_indices(rank)
    full = np.empty((len(packed), rank, rank), packed.dtype)
    full[:, first, second] = packed
    full[:, second, first] = packed
    return full


def _pairs(factor: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(factor.shape[-1])
    return factor[..., first] * factor[..., second]


def _n_pairs(rank: int) -> int:
    return rank * (rank + 1) // 2


def _weighted(residual: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return residual if weights is None else residual * weights


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compute ``left @ right``, avoiding the slow loop that NumPy uses for outer products."""
    return left * right if left.shape[-1] == 1 else np.matmul(left, right)


def _dots(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute the inner product of two arrays for each trial."""
    rows, columns = first.reshape(len(first), 1, -1), second.reshape(len(second), -1, 1)
    return np.matmul(rows, columns)[:, 0, 0]
