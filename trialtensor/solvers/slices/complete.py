"""Sweeps over complete data from its products with loadings and slices, without any residual.

Without a mask, all that a block needs of the data is its product with the other block of the same
type; what the other types describe follows from small products of loadings with slices. A sweep
thus reads the data six times by BLAS and writes nothing of its size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.problems import RowUpdate
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Components,
    along,
    as_rows,
    as_triple,
    contract,
    correlate,
)
from trialtensor.solvers.slices.sweeps import Blocks, as_blocks, as_components


@dataclass(frozen=True, eq=False)
class CompleteSweeps:
    """Complete data, and the block updates of `SweepData` for it.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
    norm2 : float
        Sum of squares of ``X``.
    """

    X: np.ndarray
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
    loading, total = model.loadings[axis], np.zeros_like(model.slices[axis])
    for other in OTHERS[axis]:
        if model.loadings[other].shape[1] == 0:
            continue
        # (R, R_other, n_third), then the loadings of the other axis take the second place.
        inner = _inner_first(model, axis, other, loading)
        if OTHERS[axis].index(other) == 0:
            total += np.matmul(model.loadings[other], inner)
        else:
            total += np.matmul(inner.swapaxes(1, 2), model.loadings[other].T)
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
    slices = model.slices[axis]
    total = np.zeros_like(model.loadings[axis])
    for other in OTHERS[axis]:
        if model.loadings[other].shape[1] == 0:
            continue
        # Both over (R_other, n_third): the slices of `axis` along the other's loadings, and the
        # slices of the other, which have `axis` as one of their own axes.
        ours = along(slices, axis, other, model.loadings[other])
        if OTHERS[axis].index(other) == 1:
            ours = ours.swapaxes(1, 2)
        theirs = model.slices[other]
        if OTHERS[other].index(axis) == 1:
            theirs = theirs.swapaxes(1, 2)
        # ours (R, R_other, third), theirs (R_other, n_axis, third)
        for r in range(len(theirs)):
            total += theirs[r] @ ours[:, r].T
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
        for other in OTHERS[axis]:
            if other > axis and loading.shape[1] and model.loadings[other].shape[1]:
                ours = along(model.slices[axis], axis, other, model.loadings[other])
                if OTHERS[axis].index(other) == 1:
                    ours = ours.swapaxes(1, 2)
                theirs = _inner_first(model, axis, other, loading)
                total += 2 * float(np.sum(ours.astype(np.float64) * theirs))
    return total


def _inner_first(model: Components, axis: int, other: int, loading: np.ndarray) -> np.ndarray:
    """Contract the slices of ``other`` with loadings of ``axis``: (R, R_other, n_third)."""
    inner = along(model.slices[other], other, axis, loading)
    first = OTHERS[other].index(axis) == 0
    return inner.transpose(1, 0, 2) if first else inner.transpose(2, 0, 1)
