"""What the passes that judge a fit do on each block: models where entries are missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import as_numpy, in_double, namespace
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.jobs import Model
from trialtensor.solvers.passes.masked_jobs import small_blocks
from trialtensor.solvers.result import Factors


@dataclass(frozen=True, eq=False)
class LargestWhereMissing:
    """The largest size of a model where entries are missing, 0 if none is.

    Attributes
    ----------
    model : Model
    """

    model: Model
    joins: Sequence[Join] = ("most",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return it as an array without axes."""
        largest = 0.0
        if block.observed is not None:
            for piece in small_blocks(block):
                sizes = _only(abs(self.model.of_trials(piece)), ~piece.observed)
                largest = max(largest, float(namespace(sizes).max(sizes)))
        return (np.asarray(largest),)


@dataclass(frozen=True, eq=False)
class Apart:
    """Sums of squares that say how far models differ where entries are missing.

    Attributes
    ----------
    best : Model
    rivals : sequence of Model
    """

    best: Model
    rivals: Sequence[Model]
    joins: Sequence[Join] = ("sum", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return those of ``best`` where entries are missing and seen, and of each difference.

        Also the numbers of missing and seen entries.
        """
        sums, apart = np.zeros(4), np.zeros(len(self.rivals))
        for piece in small_blocks(block):
            whole = in_double(self.best.of_trials(piece))
            where = _missing(piece)
            size, n_missing = _squares(_only(whole, where)), _count(where)
            seen, n_all = _squares(whole) - size, math.prod(whole.shape)
            sums += [size, seen, n_missing, n_all - n_missing]
            for i, rival in enumerate(self.rivals):
                apart[i] += _squares(_only(in_double(rival.of_trials(piece)) - whole, where))
        return sums, apart


@dataclass(frozen=True, eq=False)
class SmallCore:
    """The data, filled in by a CP model, times the pseudo-inverses of trials and neurons.

    Attributes
    ----------
    factors : three (n_axis, R) arrays
    inverses : two (R, n_axis) arrays
        Of trials and neurons.
    """

    factors: Factors
    inverses: tuple[np.ndarray, np.ndarray]
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return a (R, R, R) array: time components of the data, by trials and neurons."""
        total: Any = 0.0
        for piece in small_blocks(block):
            part, xp = piece.part, namespace(piece.values)
            own = tuple(piece.array(f) for f in (self.factors[0][part], *self.factors[1:]))
            data = piece.values
            if piece.observed is not None:
                data = xp.where(piece.observed, data, contraction.reconstruct(own))
            partial = in_double(contraction.contract_time(data, own[2]))
            trial, neuron = (
                in_double(piece.array(each))
                for each in (self.inverses[0][:, part], self.inverses[1])
            )
            total = total + xp.matmul(xp.matmul(trial, partial), neuron.T)
        return (total,)


def _missing(block: Block) -> Any:
    if block.observed is not None:
        return ~block.observed
    xp = namespace(block.values)
    return xp.zeros_like(block.values, dtype=xp.bool)


def _only(values: Any, where: Any) -> Any:
    xp = namespace(values)
    return xp.where(where, values, xp.zeros_like(values))


def _squares(values: Any) -> float:
    xp = namespace(values)
    flat = xp.reshape(values, (-1,))
    return float(as_numpy(xp.linalg.vecdot(flat, flat)))


def _count(where: Any) -> int:
    xp = namespace(where)
    return int(xp.sum(xp.astype(where, xp.uint8), dtype=xp.int64))
