"""Sweeps over the blocks of single trials of complete data, for given loadings and trial slices.

The data then matters only through its products with these, which are taken once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.complete import others_contracted, others_correlated
from trialtensor.solvers.slices.contraction import Components, as_rows, contract, correlate
from trialtensor.solvers.slices.sweeps import as_blocks, as_components


@dataclass(frozen=True, eq=False)
class FixedTrials:
    """Products of complete data with what trials share, all in float64.

    Attributes
    ----------
    norms2 : (n_trials,) array
        Sum of squares of each trial.
    with_slices : (n_trials, R0) array
    with_neurons : (R1, n_trials, n_times) array
    with_times : (R2, n_trials, n_neurons) array
    """

    norms2: np.ndarray
    with_slices: np.ndarray
    with_neurons: np.ndarray
    with_times: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, shared: Components) -> FixedTrials:
        """Take the products of some trials.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array
        shared : Components
            Its neuron and time loadings and trial slices.
        """
        rows = X.reshape(len(X), -1)
        norms2 = np.array([np.vdot(row, row) for row in rows.astype(np.float64, copy=False)])
        _, v, w = shared.loadings
        products = (correlate(X, 0, shared.slices[0]), contract(X, 1, v), contract(X, 2, w))
        with_slices, with_neurons, with_times = (p.astype(np.float64) for p in products)
        return cls(norms2, with_slices, with_neurons, with_times)

    def sweep_trials(self, blocks: Blocks, update: RowUpdate) -> tuple[Blocks, np.ndarray]:
        """Update the blocks of single trials; also return each trial's loss, ``(n_trials,)``.

        Parameters
        ----------
        blocks : Blocks
            In float64.
        update : RowUpdate
        """
        u, v, w, A, B, C = blocks
        if u.shape[1]:
            target = self.with_slices - others_correlated(as_components(blocks), 0)
            u = update(0, (as_rows(A) @ as_rows(A).T)[None], target, u)
        if len(B):
            others = others_contracted(as_components((u, v, w, A, B, C)), 1)
            B = _solved(4, v, self.with_neurons - others, B, update)
        if len(C):
            others = others_contracted(as_components((u, v, w, A, B, C)), 2)
            C = _solved(5, w, self.with_times - others, C, update)
        model = as_components((u, v, w, A, B, C))
        return as_blocks(model), self._losses(model)

    def _losses(self, model: Components) -> np.ndarray:
        (u, v, w), (A, B, C) = model
        rows = as_rows(A)
        told = u @ (rows @ rows.T) + others_correlated(model, 0)
        losses = self.norms2 - np.sum(u * (2 * self.with_slices - told), axis=1)
        for axis, loading, slices, with_data in (
            (1, v, B, self.with_neurons),
            (2, w, C, self.with_times),
        ):
            told = np.tensordot(loading.T @ loading, slices, axes=1)
            told += others_contracted(model, axis)
            losses -= np.sum(slices * (2 * with_data - told), axis=(0, 2))
        return np.maximum(losses, 0.0)


def _solved(
    which: int, loading: np.ndarray, target: np.ndarray, slices: np.ndarray, update: RowUpdate
) -> np.ndarray:
    """Update a slice tensor, whose rows are its cells."""
    rows, current = (np.ascontiguousarray(as_rows(each).T) for each in (target, slices))
    new = update(which, (loading.T @ loading)[None], rows, current)
    return np.ascontiguousarray(new.T).reshape(slices.shape)
