"""What passes along one of many axes do on each block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import in_double, like, namespace
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.jobs import AxisGram
from trialtensor.solvers.passes.masked_jobs import small_blocks
from trialtensor.solvers.result import Factors


@dataclass(frozen=True, eq=False)
class Values:
    """The data itself."""

    joins: Sequence[Join] = ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the block, with zeros where missing."""
        return (block.values,)


@dataclass(frozen=True, eq=False)
class GramAlong:
    """The Gram matrix of the unfolding along an axis.

    Attributes
    ----------
    axis : int
        Any but that of trials.
    """

    axis: int
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return it in double precision, (n_axis, n_axis)."""
        X, place = contraction.three_around(block.values, self.axis)
        return AxisGram(place)(Block(slice(0, X.shape[0]), X))


@dataclass(frozen=True, eq=False)
class CoreOfMany:
    """The data, filled in by a CP model, times the pseudo-inverses of the factors of all axes.

    Attributes
    ----------
    factors, inverses : (n_axis, R), (R, n_axis) arrays
    """

    factors: Factors
    inverses: Sequence[np.ndarray]
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return an array with R entries along each axis, in double precision."""
        total: Any = 0.0
        first, *others = self.inverses
        for piece in small_blocks(block):
            data = in_double(piece.values)
            if piece.observed is not None:
                own = (self.factors[0][piece.part], *self.factors[1:])
                model = contraction.reconstruct(tuple(like(data, each) for each in own))
                data = namespace(data).where(piece.observed, data, model)
            for axis in reversed(range(1, len(data.shape))):
                data = contraction.project(data, axis, like(data, others[axis - 1].T))
            total = total + contraction.project(data, 0, like(data, first[:, piece.part].T))
        return (total,)
