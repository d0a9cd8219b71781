"""Sweeps over data that is read in passes: what a pass does with a block of trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.problems import RowUpdate

# u, v, w, A, B, C: the loadings of trials, neurons, times, then the slices.
Blocks = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
# The index of a block, its Gram matrices, and the right-hand side of the residual.
Equations = tuple[int, np.ndarray, np.ndarray]
# A pass of one type: new blocks, the squares of trials, and equations of what trials share.
OnePass = Callable[..., tuple[Blocks, np.ndarray, Equations | None]]
# For each type: the block that single trials have, and the one that they share.
OWN, SHARED = (0, 4, 5), (3, 1, 2)


@dataclass(frozen=True, eq=False)
class SweepType:
    """The pass of one slicing type.

    Attributes
    ----------
    axis : {0, 1, 2}
        Of the type.
    blocks : Blocks
    update : RowUpdate
    shared : bool
        Whether the equations of what trials share are wanted.
    pass_of : callable
        From the values and the observed entries of some trials to the pass over them.
    """

    axis: int
    blocks: Blocks
    update: RowUpdate
    shared: bool
    pass_of: Callable[[np.ndarray, np.ndarray | None, int], OnePass]

    @property
    def joins(self) -> Sequence[Join]:
        """Rows of trials, and sums over them."""
        return ("rows", "rows", "sum", "sum") if self.shared else ("rows", "rows")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return what belongs to the trials, their squares, and equations of what they share."""
        observed = None if block.observed is None else as_numpy(block.observed)
        one_pass = self.pass_of(as_numpy(block.values), observed, self.axis)
        own = of_trials(self.blocks, block.part)
        blocks, squares, equations = one_pass(own, self.update, shared=self.shared)
        new = blocks[OWN[self.axis]]
        rows = new if self.axis == 0 else new.swapaxes(0, 1)
        return (rows, squares) if equations is None else (rows, squares, *equations[1:])


def of_trials(blocks: Blocks, part: slice) -> Blocks:
    """Return the blocks of some trials.

    Parameters
    ----------
    blocks : Blocks
    part : slice
        The trials.
    """
    u, v, w, A, B, C = blocks
    return u[part], v, w, A, B[:, part], C[:, part]


def joined(
    axis: int, blocks: Blocks, found: Sequence[np.ndarray]
) -> tuple[Blocks, np.ndarray, Equations | None]:
    """Return what a pass over all trials found, as one over an array returns it.

    Parameters
    ----------
    axis : {0, 1, 2}
        Of the type.
    blocks : Blocks
        Before the pass.
    found : sequence of arrays
        The joined results of `SweepType`.
    """
    rows, squares = found[:2]
    new = rows if axis == 0 else np.ascontiguousarray(rows.swapaxes(0, 1))
    u, v, w, A, B, C = (new if i == OWN[axis] else each for i, each in enumerate(blocks))
    equations = (SHARED[axis], found[2], found[3]) if len(found) > 2 else None
    return (u, v, w, A, B, C), squares, equations
