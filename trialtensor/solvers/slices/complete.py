"""Sweeps over complete data from its products with loadings and slices, without any residual.

Without a mask, all that a block needs of the data is its product with the other block of the same
type; what the other types describe follows from small products of loadings with slices. A sweep
thus reads the data six times by BLAS and writes nothing of its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Components,
    as_rows,
    as_triple,
    contract,
    correlate,
)
from trialtensor.solvers.slices.sweeps import as_blocks, as_components


@dataclass(frozen=True, eq=False)
class CompleteSweeps:
    """Complete data, and the block updates of `SweepData` for it.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array, or Surrogate
    norm2 : float
        Sum of squares of the data.
    """

    X: Any
    norm2: float

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
        model = as_components(blocks)
        explained = 0.0
        for axis in order:
            if model.loadings[axis].shape[1] == 0:
                continue
            # The trials' own block comes first, as in sweeps of single trials.
            for block in (0, 1) if axis == 0 else (1, 0):
                model, inner = self._update(model, update, axis, slices=block == 1)
            explained += inner
        return as_blocks(model), max(self.norm2 - 2 * explained + norm2_of(model), 0.0)

    def _update(
        self, model: Components, update: RowUpdate, axis: int, *, slices: bool
    ) -> tuple[Components, float]:
        """Update one block; also return the inner product of its type with the data."""
        loadings, tensors = list(model.loadings), list(model.slices)
        loading, tensor = loadings[axis], tensors[axis]
        if slices:
            with_data = contract(self.X, axis, loading)
            rows, current = as_rows(with_data).T, as_rows(tensor).T
            target = rows - as_rows(others_contracted(model, axis)).T
            gram = loading.T @ loading
            new = update(
                3 + axis, gram[None], np.ascontiguousarray(target), np.ascontiguousarray(current)
            )
            tensors[axis] = np.ascontiguousarray(new.T).reshape(tensor.shape)
        else:
            rows = correlate(self.X, axis, tensor)
            target = rows - others_correlated(model, axis)
            gram = as_rows(tensor) @ as_rows(tensor).T
            new = loadings[axis] = update(axis, gram[None], target, loading)
        inner = float(np.sum(rows.astype(np.float64, copy=False) * new))
        return Components(as_triple(loadings), as_triple(tensors)), inner


def others_contracted(model: Components, axis: int) -> np.ndarray:
    """Contract what the other two types describe with the loadings of an axis.

    Parameters
    ----------
    model : Components
    axis : int

    Returns
    -------
    (R, n_b, n_c) array
    """
    total = np.zeros_like(model.slices[axis])
    for place, other in _active_others(model, axis):
        inner = _their_slices_inside(model, axis, other)
        loading = model.loadings[other]
        if place == 0:
            total += np.matmul(loading, inner)
        else:
            total += np.matmul(inner.swapaxes(1, 2), loading.T)
    return total


def others_correlated(model: Components, axis: int) -> np.ndarray:
    """Correlate what the other two types describe with the slices of an axis.

    Parameters
    ----------
    model : Components
    axis : int

    Returns
    -------
    (n_axis, R) array
    """
    total = np.zeros_like(model.loadings[axis])
    for _, other in _active_others(model, axis):
        ours = _our_slices_inside(model, axis, other)
        for r, theirs in enumerate(_facing(model, other, axis)):
            total += theirs @ ours[:, r].T
    return total


def norm2_of(model: Components) -> float:
    """Sum the squares of what a model describes.

    Parameters
    ----------
    model : Components
    """
    total = 0.0
    for axis in range(3):
        loading, rows = model.loadings[axis], as_rows(model.slices[axis]).astype(np.float64)
        gram = loading.T.astype(np.float64) @ loading
        total += float(np.sum(gram * (rows @ rows.T)))
        for _, other in _active_others(model, axis) if loading.shape[1] else ():
            if other > axis:
                ours = _our_slices_inside(model, axis, other).astype(np.float64)
                total += 2 * float(np.sum(ours * _their_slices_inside(model, axis, other)))
    return total


def _active_others(model: Components, axis: int) -> list[tuple[int, int]]:
    """Return the other two axes as far as they have components, each with its place (0 or 1)."""
    return [
        (place, other) for place, other in enumerate(OTHERS[axis]) if model.loadings[other].shape[1]
    ]


def _facing(model: Components, axis: int, first: int) -> np.ndarray:
    """Return the slices of ``axis`` with another axis first: ``(R, n_first, n_third)``."""
    slices = model.slices[axis]
    return slices if OTHERS[axis].index(first) == 0 else slices.swapaxes(1, 2)


def _our_slices_inside(model: Components, axis: int, other: int) -> np.ndarray:
    """Contract the slices of ``axis`` with the other's loadings: ``(R, R_other, n_third)``."""
    return np.matmul(model.loadings[other].T, _facing(model, axis, other))


def _their_slices_inside(model: Components, axis: int, other: int) -> np.ndarray:
    """Contract the slices of the other with the loadings of ``axis``: ``(R, R_other, n_third)``."""
    return _our_slices_inside(model, other, axis).swapaxes(0, 1)
