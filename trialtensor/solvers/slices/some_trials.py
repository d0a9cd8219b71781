"""What belongs to a few trials of data with missing entries, for given loadings and trial slices.

Given what all trials share, a trial is a least-squares problem of its own, in three blocks: its
loadings, its neuron slices and its time slices. They are updated in turn while the residuals of a
few trials are at hand, as often as is wanted, so that the data has to be read only once.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import contiguous, in_double, namespace
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.slices.block_sweeps import Blocks, of_trials
from trialtensor.solvers.slices.contraction import as_rows
from trialtensor.solvers.slices.rows_there import applied, pairs, unpacked, update_rows


class SomeTrials:
    """A few trials, and all blocks of a model as far as these trials need them.

    Parameters
    ----------
    block : Block
        Data with zeros where missing, on any device.
    blocks : Blocks
        Of all trials, in NumPy.
    update : RowUpdater
    missing_weight : float
        A missing entry counts as a zero with this weight.

    Attributes
    ----------
    u : (n_trials, R0) array
    values : (n_trials, n_neurons, n_times) array
    cells_b, cells_c : (n_trials, n_times, R1), (n_trials, n_neurons, R2) arrays
        Neuron and time slices, a row for each cell.
    residual : (n_trials, n_neurons, n_times) array
        Of all entries, missing ones included.
    """

    def __init__(
        self, block: Block, blocks: Blocks, update: RowUpdater, missing_weight: float
    ) -> None:
        xp = self.xp = namespace(block.values)
        u, v, w, A, B, C = of_trials(blocks, block.part)
        self.update = update
        self.u, self.v, self.w = (block.array(each) for each in (u, v, w))
        self.rows = block.array(as_rows(A))
        self.cells_b = block.array(np.ascontiguousarray(B.transpose(1, 2, 0)))
        self.cells_c = block.array(np.ascontiguousarray(C.transpose(1, 2, 0)))
        self.weights = None
        if block.observed is not None:
            weights = xp.astype(block.observed, block.values.dtype)
            if missing_weight:
                weights *= 1 - missing_weight
                weights += missing_weight
            self.weights = weights
        self.values = block.values
        self.residual = self.values - self._model()

    @property
    def own(self) -> tuple[Any, Any, Any]:
        """What belongs to the trials: u, and the cells of B and C."""
        return self.u, self.cells_b, self.cells_c

    def begin_at(self, own: tuple[Any, Any, Any]) -> None:
        """Replace what belongs to the trials.

        Parameters
        ----------
        own : three arrays
            As in ``own``.
        """
        self.u, self.cells_b, self.cells_c = own
        self.residual = self.values - self._model()

    def sweep(self) -> None:
        """Update the three blocks in turn."""
        xp, (n_trials, n_neurons, n_times) = self.xp, self.residual.shape
        if self.u.shape[1]:
            target = self._weighted_rows() @ self.rows.T
            change = self._step(0, self._grams_u, target, self.u)
            self.u = self.u + change
            self._subtract(xp.reshape(change @ self.rows, self.residual.shape))
        for which, loading in ((4, self.v), (5, self.w)):
            if not loading.shape[1]:
                continue
            weighted = self.weighted()
            if which == 4:
                weighted = xp.permute_dims(weighted, (0, 2, 1))
            target = xp.matmul(weighted, loading)
            cells = self.cells_b if which == 4 else self.cells_c
            grams = self._grams_b if which == 4 else self._grams_c
            flat = (n_trials * cells.shape[1], cells.shape[2])
            change = self._step(which, grams, xp.reshape(target, flat), xp.reshape(cells, flat))
            change = xp.reshape(change, cells.shape)
            if which == 4:
                self.cells_b = cells + change
                self._subtract(_product(self.v, xp.permute_dims(change, (0, 2, 1))))
            else:
                self.cells_c = cells + change
                self._subtract(_product(change, self.w.T))

    def squares(self) -> Any:
        """Return the weighted sum of squares of each trial's residuals, in double precision."""
        xp, shape = self.xp, (self.residual.shape[0], -1)
        one, other = (xp.reshape(each, shape) for each in (self.weighted(), self.residual))
        return in_double(xp.linalg.vecdot(one, other))

    def slopes(self) -> tuple[Any, Any, Any]:
        """Return products of the weighted residuals for what trials share.

        Returns
        -------
        (R0, n_neurons, n_times), (n_neurons, R1), (n_times, R2) arrays
        """
        xp, (n, n_neurons, n_times) = self.xp, self.residual.shape
        weighted = self.weighted()
        rows = self.u.T @ xp.reshape(weighted, (n, n_neurons * n_times))
        of_v = xp.sum(xp.matmul(weighted, self.cells_b), axis=0)
        flat = xp.reshape(self.cells_c, (n * n_neurons, self.cells_c.shape[2]))
        of_w = xp.reshape(weighted, (n * n_neurons, n_times)).T @ flat
        return xp.reshape(rows, (self.u.shape[1], n_neurons, n_times)), of_v, of_w

    def weighted(self) -> Any:
        """Return the residuals times the weights of entries."""
        return self.residual if self.weights is None else self.residual * self.weights

    def _weighted_rows(self) -> Any:
        return self.xp.reshape(self.weighted(), (self.residual.shape[0], -1))

    def _step(self, which: int, grams: Any, target: Any, current: Any) -> Any:
        new = update_rows(self.update, which, grams, target + applied(grams, current), current)
        return new - current

    def _subtract(self, change: Any) -> None:
        self.residual -= change

    def _model(self) -> Any:
        xp = self.xp
        n, n_neurons, n_times = self.u.shape[0], self.v.shape[0], self.w.shape[0]
        model = xp.reshape(self.u @ self.rows, (n, n_neurons, n_times))
        # One product per trial serves both other types.
        v = xp.broadcast_to(self.v, (n, *self.v.shape))
        w = xp.broadcast_to(self.w.T, (n, *self.w.T.shape))
        left = xp.concat([v, self.cells_c], axis=2)
        right = xp.concat([xp.permute_dims(self.cells_b, (0, 2, 1)), w], axis=1)
        model += _product(left, right)
        return model

    @cached_property
    def _grams_u(self) -> Any:
        if self.weights is None:
            return (self.rows @ self.rows.T)[None, ...]
        of_pairs = contiguous(pairs(self.rows.T))
        seen = self.xp.reshape(self.weights, (self.weights.shape[0], -1)) @ of_pairs
        return unpacked(seen, self.rows.shape[0])

    @cached_property
    def _grams_b(self) -> Any:
        if self.weights is None:
            return (self.v.T @ self.v)[None, ...]
        seen = self.xp.matmul(contiguous(pairs(self.v).T), self.weights)
        seen = self.xp.permute_dims(seen, (0, 2, 1))
        return unpacked(self.xp.reshape(seen, (-1, seen.shape[2])), self.v.shape[1])

    @cached_property
    def _grams_c(self) -> Any:
        if self.weights is None:
            return (self.w.T @ self.w)[None, ...]
        seen = self.xp.matmul(self.weights, pairs(self.w))
        return unpacked(self.xp.reshape(seen, (-1, seen.shape[2])), self.w.shape[1])


def _product(left: Any, right: Any) -> Any:
    """Compute ``left @ right``, avoiding the slow loop that NumPy uses for outer products."""
    return left * right if left.shape[-1] == 1 else namespace(left, right).matmul(left, right)
