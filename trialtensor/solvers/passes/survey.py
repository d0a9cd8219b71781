"""The first pass over data that nobody has seen yet: its size, and what can't be fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialtensor.solvers.namespaces import namespace
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.jobs import SumOfSquares, pieces


@dataclass(frozen=True, eq=False)
class Survey:
    """What one pass tells of data.

    Attributes
    ----------
    norm2 : float
        Sum of squares of observed values.
    least, most : float
        The smallest and the largest value, zeros for missing entries included.
    n_missing, n_infinite : int
        Numbers of entries.
    """

    norm2: float
    least: float
    most: float
    n_missing: int
    n_infinite: int


def survey(passes: Passes) -> Survey:
    """Look at all data once.

    Parameters
    ----------
    passes : Passes
    """
    squares, least, most, n_missing, n_infinite = passes.run(_Look())
    return Survey(float(squares), float(least), float(most), int(n_missing), int(n_infinite))


@dataclass(frozen=True, eq=False)
class _Look:
    joins: Sequence[Join] = ("sum", "least", "most", "sum", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        xp = namespace(block.values)
        found: tuple[Any, ...] = ()
        # While a piece is in the cache.
        for piece in pieces(block):
            values = piece.values
            own = (*SumOfSquares()(piece), xp.min(values), xp.max(values))
            found = own if not found else _both(xp, found, own)
        norm2, least, most = found
        missing = xp.zeros((), dtype=xp.int64)
        if block.observed is not None:
            missing = xp.sum(xp.astype(~block.observed, xp.int64))
        # Infinite values show in the extremes: no temporary of the size of the data without them.
        infinite = xp.astype(xp.isinf(least), xp.int64) + xp.astype(xp.isinf(most), xp.int64)
        return norm2, least, most, missing, infinite


def _both(xp: Any, one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return one[0] + other[0], xp.minimum(one[1], other[1]), xp.maximum(one[2], other[2])
