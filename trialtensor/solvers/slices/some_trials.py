"""What belongs to a few trials of data with missing entries, for given loadings and trial slices.

Given what all trials share, a trial is a least-squares problem of its own, in three blocks: its
loadings, its neuron slices and its time slices. They are updated in turn while the residuals of a
few trials are at hand, as often as is wanted, so that the data has to be read only once.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import contiguous, in_double, namespace
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.slices.block_sweeps import Blocks, of_trials
from trialtensor.solvers.slices.contraction import as_rows
from trialtensor.solvers.slices.rows_there import applied, pairs, unpacked, update_rows


class Room:
    """Arrays of the size of a few trials, which are used again for the next ones.

    New memory takes longer than what is done in it.
    """

    def __init__(self) -> None:
        self._held: dict[str, np.ndarray] = {}
        self.pairs_of_rows: Any = None

    def array(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array with any content.

        Parameters
        ----------
        name : str
            What it is for; what was there before is lost.
        shape, dtype :
            Of the array.
        """
        n = math.prod(shape)
        held = self._held.get(name)
        if held is None or held.size < n or held.dtype != dtype:
            held = self._held[name] = np.empty(n, dtype)
        return held[:n].reshape(shape)


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
    room : Room, optional
        For the temporaries of one piece after the other of the same model.

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
        self,
        block: Block,
        blocks: Blocks,
        update: RowUpdater,
        missing_weight: float,
        room: Room | None = None,
    ) -> None:
        self.xp = namespace(block.values)
        u, v, w, A, B, C = of_trials(blocks, block.part)
        self.update = update
        self.u, self.v, self.w = (block.array(each) for each in (u, v, w))
        self.rows = block.array(as_rows(A))
        self.cells_b = block.array(np.ascontiguousarray(B.transpose(1, 2, 0)))
        self.cells_c = block.array(np.ascontiguousarray(C.transpose(1, 2, 0)))
        self.values, self.room = block.values, room or Room()
        self.weights = None
        if block.observed is not None:
            weights = self._new("weights", block.observed)
            if missing_weight:
                weights *= 1 - missing_weight
                weights += missing_weight
            self.weights = weights
        self._measure()

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
        self._measure()

    def sweep(self) -> None:
        """Update the three blocks in turn."""
        xp, n_trials = self.xp, self.residual.shape[0]
        if self.u.shape[1]:
            target = xp.reshape(self.weighted(), (n_trials, -1)) @ self.rows.T
            change = self._step(0, self._grams_u, target, self.u)
            self.u = self.u + change
            self.residual -= self._told_by_rows(change)
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
                self.residual -= self._product(self.v, xp.permute_dims(change, (0, 2, 1)))
            else:
                self.cells_c = cells + change
                self.residual -= self._product(change, self.w.T)

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
        if self.weights is None:
            return self.residual
        if not isinstance(self.residual, np.ndarray):
            return self.residual * self.weights
        return np.multiply(self.residual, self.weights, out=self._scratch)

    def _step(self, which: int, grams: Any, target: Any, current: Any) -> Any:
        new = update_rows(self.update, which, grams, target + applied(grams, current), current)
        return new - current

    def _measure(self) -> None:
        """Compute the residuals."""
        xp = self.xp
        n = self.u.shape[0]
        # One product per trial serves both other types.
        v = xp.broadcast_to(self.v, (n, *self.v.shape))
        w = xp.broadcast_to(self.w.T, (n, *self.w.T.shape))
        left = xp.concat([v, self.cells_c], axis=2)
        right = xp.concat([xp.permute_dims(self.cells_b, (0, 2, 1)), w], axis=1)
        self.residual = self._new("residual", self.values)
        self.residual -= self._told_by_rows(self.u)
        self.residual -= self._product(left, right)

    def _told_by_rows(self, weights: Any) -> Any:
        """Combine the trial slices."""
        if not isinstance(weights, np.ndarray):
            return self.xp.reshape(weights @ self.rows, self.values.shape)
        out = self._scratch.reshape(len(weights), -1)
        return np.matmul(weights, self.rows, out=out).reshape(self.values.shape)

    def _product(self, left: Any, right: Any) -> Any:
        """Compute ``left @ right``, avoiding the slow loop of NumPy for outer products."""
        if not isinstance(left, np.ndarray):
            return self.xp.matmul(left, right)
        product = np.multiply if left.shape[-1] == 1 else np.matmul
        return product(left, right, out=self._scratch)

    def _new(self, name: str, content: Any) -> Any:
        """Return a copy of an array, as numbers of the type of the data."""
        if not isinstance(content, np.ndarray):
            return self.xp.astype(content, self.values.dtype, copy=True)
        found = self.room.array(name, content.shape, self.values.dtype)
        np.copyto(found, content)
        return found

    @property
    def _scratch(self) -> np.ndarray:
        return self.room.array("scratch", self.values.shape, self.values.dtype)

    @cached_property
    def _grams_u(self) -> Any:
        if self.weights is None:
            return (self.rows @ self.rows.T)[None, ...]
        if self.room.pairs_of_rows is None:
            self.room.pairs_of_rows = contiguous(pairs(self.rows.T))
        seen = self.xp.reshape(self.weights, (self.weights.shape[0], -1)) @ self.room.pairs_of_rows
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
