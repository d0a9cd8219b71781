"""What the passes over complete data, or data with zeros where missing, do on each block."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import in_double, namespace
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.long_sums import long_product
from trialtensor.solvers.result import Factors

# Entries of a temporary: on a processor it should stay in the cache, elsewhere it must be so large
# that starting the work takes no time.
_IN_CACHE, _ON_DEVICE = 500_000, 50_000_000
# Numbers whose squares are added up in their own precision.
_ROW = 1000
_SMALL, _HUGE = 1e-15, 1e30


def pieces(block: Block, in_cache: int = _IN_CACHE) -> Iterator[Block]:
    """Yield a block a few trials at a time, to keep temporaries small.

    Parameters
    ----------
    block : Block
    in_cache : int
        About how many entries a piece has on a processor.
    """
    n_trials, *others = block.values.shape
    most = in_cache if isinstance(block.values, np.ndarray) else _ON_DEVICE
    step = max(1, most // math.prod(others))
    start = block.part.start
    for i in range(0, n_trials, step):
        end = min(i + step, n_trials)
        values = block.values[i:end, ...]
        seen = None if block.observed is None else block.observed[i:end, ...]
        yield Block(slice(start + i, start + end), values, seen)


def squares(values: Any) -> Any:
    """Return the sum of squares, added up in float64, as an array without axes.

    In memory, single precision is converted in rows that are short enough to lose nothing that
    it has, and to stay in the cache: a copy of all of it in double would take three times as long.

    Parameters
    ----------
    values : array
    """
    xp = namespace(values)
    flat = xp.reshape(values, (-1,))
    if isinstance(flat, np.ndarray) and flat.dtype == np.float32:
        n = len(flat) // _ROW * _ROW
        rows, rest = flat[:n].reshape(-1, _ROW), flat[n:].astype(np.float64)
        with np.errstate(over="ignore"):
            total = np.linalg.vecdot(rows, rows).sum(dtype=np.float64) + np.dot(rest, rest)
        # Otherwise squares of single precision may not be numbers that it has.
        if _SMALL < total < _HUGE:
            return total
    flat = in_double(flat)
    return xp.linalg.vecdot(flat, flat)


@dataclass(frozen=True, eq=False)
class SumOfSquares:
    """The sum of squares, in float64."""

    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return it as an array without axes."""
        total = 0.0
        for piece in pieces(block):
            with np.errstate(over="ignore"):  # such units are refused by this infinite sum
                total = total + squares(piece.values)
        return (total,)


@dataclass(frozen=True, eq=False)
class Extremes:
    """The smallest and the largest value."""

    joins: Sequence[Join] = ("least", "most")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return both as arrays without axes."""
        xp = namespace(block.values)
        return xp.min(block.values), xp.max(block.values)


@dataclass(frozen=True, eq=False)
class SquaresBelowZero:
    """The sum of squares, and that of negative values."""

    joins: Sequence[Join] = ("sum", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return both as arrays without axes."""
        xp = namespace(block.values)
        total = 0.0
        for piece in pieces(block):
            below = xp.where(piece.values < 0, piece.values, xp.zeros_like(piece.values))
            total = total + SumOfSquares()(Block(piece.part, below))[0]
        return (*SumOfSquares()(block), total)


@dataclass(frozen=True, eq=False)
class AxisGram:
    """The Gram matrix of the unfolding along neurons or times.

    Attributes
    ----------
    axis : {1, 2}
    """

    axis: int
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return it in double precision, (n_axis, n_axis)."""
        X = block.values
        xp = namespace(X)
        if self.axis == 2:
            flat = xp.reshape(X, (-1, X.shape[2]))
            return (long_product(flat.T, flat),)
        gram: Any = 0.0
        for piece in pieces(block):
            rows = xp.reshape(xp.permute_dims(piece.values, (1, 0, 2)), (X.shape[1], -1))
            gram = gram + long_product(rows, rows.T)
        return (gram,)


@dataclass(frozen=True, eq=False)
class GramTimes:
    """The Gram matrix of the unfolding along an axis times a few columns.

    Attributes
    ----------
    axis : int
        Any but that of trials.
    rows : (n_axis, m) array
    """

    axis: int
    rows: np.ndarray
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (n_axis, m), in double precision."""
        rows, total = block.array(self.rows), 0.0
        for piece in pieces(block):
            X, place = contraction.three_around(piece.values, self.axis)
            xp = namespace(X)
            if place == 2:
                flat = xp.reshape(X, (-1, X.shape[2]))
                found = flat.T @ (flat @ rows)
            else:
                found = xp.sum(xp.matmul(X, xp.matmul(xp.permute_dims(X, (0, 2, 1)), rows)), axis=0)
            total = total + in_double(found)
        return (total,)


@dataclass(frozen=True, eq=False)
class Project:
    """The data in the coordinates of a basis of one axis.

    Attributes
    ----------
    axis : {0, 1, 2}
    basis : (n_axis, n_core) array
    """

    axis: int
    basis: np.ndarray

    @property
    def joins(self) -> Sequence[Join]:
        """Trials of the core are sums over trials; otherwise each trial has its own."""
        return ("sum",) if self.axis == 0 else ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the block along the basis."""
        basis = self.basis[block.part] if self.axis == 0 else self.basis
        return (contraction.project(block.values, self.axis, block.array(basis)),)


@dataclass(frozen=True, eq=False)
class Contract:
    """Weighted sums along an axis.

    Attributes
    ----------
    axis : {0, 1, 2}
    loadings : (n_axis, R) array
    """

    axis: int
    loadings: np.ndarray

    @property
    def joins(self) -> Sequence[Join]:
        """Sums over trials, or a row for each trial."""
        return ("sum",) if self.axis == 0 else ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (R, n_neurons, n_times) for trials, otherwise (n_trials, R, n_other)."""
        X = block.values
        xp = namespace(X)
        if self.axis == 0:
            return (contraction.project(X, 0, block.array(self.loadings[block.part])),)
        loadings = block.array(self.loadings)
        if self.axis == 1:
            return (xp.matmul(loadings.T, X),)
        return (xp.permute_dims(contraction.contract_time(X, loadings), (1, 0, 2)),)


@dataclass(frozen=True, eq=False)
class Correlate:
    """Inner products of the data slices along an axis with other slices.

    Attributes
    ----------
    axis : {0, 1, 2}
    slices : (R, n_b, n_c) array
    """

    axis: int
    slices: np.ndarray

    @property
    def joins(self) -> Sequence[Join]:
        """A row for each trial, or sums over trials."""
        return ("rows",) if self.axis == 0 else ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (n_axis, R), in double precision where summed over trials."""
        X = block.values
        xp = namespace(X)
        if self.axis == 0:
            rows = block.array(self.slices.reshape(len(self.slices), -1))
            found = long_product(xp.reshape(X, (X.shape[0], -1)), rows.T)
            return (xp.astype(found, X.dtype, copy=False),)
        by_trial = block.array(self.slices[:, block.part].transpose(1, 2, 0))
        unfolded = X if self.axis == 1 else xp.permute_dims(X, (0, 2, 1))
        return (xp.sum(xp.matmul(unfolded, by_trial), axis=0),)


class Model(Protocol):
    """A model of all trials that can be asked for some of them."""

    def of_trials(self, block: Block) -> Any:
        """Return what the model says of the trials of a block, in the namespace of the block.

        Parameters
        ----------
        block : Block
        """


@dataclass(frozen=True, eq=False)
class CPModel:
    """A CP model.

    Attributes
    ----------
    factors : (n_axis, R) arrays
    """

    factors: Factors

    def of_trials(self, block: Block) -> Any:
        """Return what the model says of the trials of a block.

        Parameters
        ----------
        block : Block
        """
        trial, *others = self.factors
        own = (trial[block.part], *others)
        return contraction.reconstruct(tuple(block.array(each) for each in own))


@dataclass(frozen=True, eq=False)
class ResidualSquares:
    """The sum of squared residuals of observed entries.

    Attributes
    ----------
    model : Model
    """

    model: Model
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return it as an array without axes, in double precision."""
        xp = namespace(block.values)
        total = 0.0
        for piece in pieces(block):
            residual = self.model.of_trials(piece)
            residual -= piece.values
            if piece.observed is not None:
                residual = xp.where(piece.observed, residual, xp.zeros_like(residual))
            total = total + squares(residual)
        return (total,)
