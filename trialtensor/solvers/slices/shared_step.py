"""The step of what all trials share, from products of the residuals with what trials have.

Given what belongs to trials, neuron and time loadings and trial slices are one least-squares
problem. Its right-hand side is known from a pass. Its Gram matrix would be large, so that weights
stand in which are those of an entry averaged over trials: exactly right if they don't depend on the
trial, and otherwise a step that can be taken only after its loss is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.contraction import Triple, as_rows

# Rounds through the three blocks, each of which is exact given the others.
_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class SharedStep:
    """The quadratic form that a step minimises.

    Attributes
    ----------
    blocks : Blocks
    slopes : three arrays
        (R0, n_neurons, n_times), (n_neurons, R1), (n_times, R2): products of the weighted
        residuals with what belongs to trials.
    weights : (n_neurons, n_times) array
        Of entries, averaged over trials; ones make a step that can't raise the loss.
    """

    blocks: Blocks
    slopes: Triple
    weights: np.ndarray

    def taken(self, update: RowUpdater) -> tuple[Blocks, float]:
        """Return the blocks after the step, and by how much the form falls.

        Parameters
        ----------
        update : RowUpdater
        """
        v, w, A = self.blocks[1:4]
        changes = {"v": np.zeros_like(v), "w": np.zeros_like(w), "A": np.zeros_like(A)}
        for _ in range(_ROUNDS):
            for name, which, step in (
                ("A", 3, self._of_A),
                ("v", 1, self._of_v),
                ("w", 2, self._of_w),
            ):
                if self.blocks[which].size:
                    changes[name] = step(update, changes)
        new = tuple(
            each + changes[name] if name else each
            for each, name in zip(self.blocks, ("", "v", "w", "A", "", ""), strict=True)
        )
        # At the minimum of a quadratic form, half of what the slope promises.
        gain = sum(
            float(np.sum(slope.astype(np.float64) * changes[name]))
            for slope, name in zip(self.slopes, ("A", "v", "w"), strict=True)
        )
        u, v, w, A, B, C = new
        return (u, v, w, A, B, C), gain

    def _of_A(self, update: RowUpdater, changes: dict[str, np.ndarray]) -> np.ndarray:
        A, weights = self.blocks[3], self.weights
        told = np.einsum("irt,nr->int", self._u_b, changes["v"], optimize=True)
        told += np.einsum("isn,ts->int", self._u_c, changes["w"], optimize=True)
        # Divided by the weights, all cells share one Gram matrix; those without data stay.
        seen = weights > 0
        rhs = np.where(seen, self.slopes[0] / np.where(seen, weights, 1) - told, 0)
        return self._solved(3, self._u_u[None], as_rows(rhs).T, as_rows(A).T, update).T.reshape(
            A.shape
        )

    def _of_v(self, update: RowUpdater, changes: dict[str, np.ndarray]) -> np.ndarray:
        dA = changes["A"] * self.weights
        rhs = self.slopes[1] - np.einsum("int,irt->nr", dA, self._u_b, optimize=True)
        if changes["w"].size:
            rhs -= np.einsum("nt,ts,rsnt->nr", self.weights, changes["w"], self._b_c, optimize=True)
        return self._solved(1, self._grams_v, rhs, self.blocks[1], update)

    def _of_w(self, update: RowUpdater, changes: dict[str, np.ndarray]) -> np.ndarray:
        dA = changes["A"] * self.weights
        rhs = self.slopes[2] - np.einsum("int,isn->ts", dA, self._u_c, optimize=True)
        if changes["v"].size:
            rhs -= np.einsum("nt,nr,rsnt->ts", self.weights, changes["v"], self._b_c, optimize=True)
        return self._solved(2, self._grams_w, rhs, self.blocks[2], update)

    def _solved(
        self,
        which: int,
        grams: np.ndarray,
        rhs: np.ndarray,
        current: np.ndarray,
        update: RowUpdater,
    ) -> np.ndarray:
        """Return the change of rows whose right-hand side is that of a change."""
        dtype = current.dtype
        grams, current = grams.astype(dtype, copy=False), np.ascontiguousarray(current)
        if len(grams) == 1:
            at = current @ grams[0]
        else:
            at = np.matmul(grams, current[:, :, None])[:, :, 0]
        target = np.ascontiguousarray(rhs.astype(dtype, copy=False)) + at
        return update(which, grams, target, current) - current

    @cached_property
    def _u_u(self) -> np.ndarray:
        u = self.blocks[0]
        return u.T @ u

    @cached_property
    def _u_b(self) -> np.ndarray:
        """Inner products of trial loadings and neuron slices over trials, (R0, R1, n_times)."""
        return np.tensordot(self.blocks[0], self.blocks[4], axes=(0, 1))

    @cached_property
    def _u_c(self) -> np.ndarray:
        return np.tensordot(self.blocks[0], self.blocks[5], axes=(0, 1))

    @cached_property
    def _b_c(self) -> np.ndarray:
        """Inner products of neuron and time slices over trials, (R1, R2, n_neurons, n_times)."""
        B, C = self.blocks[4:]
        found = [[(c.T @ b) for c in C] for b in B]
        return np.array(found).reshape(len(B), len(C), C.shape[2], B.shape[2])

    @cached_property
    def _grams_v(self) -> np.ndarray:
        B = self.blocks[4]
        squares = np.einsum("rkt,skt->trs", B, B, optimize=True)
        return np.tensordot(self.weights, squares, axes=(1, 0))

    @cached_property
    def _grams_w(self) -> np.ndarray:
        C = self.blocks[5]
        squares = np.einsum("rkn,skn->nrs", C, C, optimize=True)
        return np.tensordot(self.weights.T, squares, axes=(1, 0))
