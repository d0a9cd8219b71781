"""What the passes over data with any mask do on each block: CP sweeps and their equations.

As in memory, the weighted Gram matrices factor like the products with the data:
``Q[k, n] = sum_t w_knt c_t c_t'`` serves trials and neurons. Only upper triangles are kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import as_numpy, namespace
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.together import Equations, RowUpdate, for_rows, in_blocks
from trialtensor.solvers.result import Factors

# Entries of temporaries: those of NumPy stay in the cache, other libraries need large products.
_IN_CACHE, _ON_DEVICE = 1_000_000, 20_000_000


def keep(_: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Return rows as they are: a sweep with this only sets up equations.

    Parameters
    ----------
    grams, rhs, current : arrays
    """
    return current


def pairs(factor: np.ndarray) -> np.ndarray:
    """Return the products of all pairs of columns, ``(n_axis, R (R + 1) / 2)``.

    Parameters
    ----------
    factor : (n_axis, R) array
    """
    first, second = np.triu_indices(factor.shape[1])
    return factor[:, first] * factor[:, second]


def unpack(packed: np.ndarray, rank: int) -> np.ndarray:
    """Rebuild symmetric ``(n_rows, R, R)`` matrices from their upper triangles.

    Parameters
    ----------
    packed : (n_rows, R (R + 1) / 2) array
    rank : int
    """
    first, second = np.triu_indices(rank)
    full = np.empty((packed.shape[0], rank, rank), packed.dtype)
    full[:, first, second] = packed
    full[:, second, first] = packed
    return full


def small_blocks(block: Block, n_columns: int = 1) -> Iterator[Block]:
    """Yield a block in pieces of few trials, to keep temporaries small.

    Parameters
    ----------
    block : Block
    n_columns : int
        Of a product with the data.
    """
    n_trials, *between, n_times = block.values.shape
    most = _IN_CACHE if isinstance(block.values, np.ndarray) else _ON_DEVICE
    step = max(1, most // max(1, math.prod(between) * max(n_times, n_columns)))
    for i in range(0, n_trials, step):
        own = slice(i, min(i + step, n_trials))
        observed = None if block.observed is None else block.observed[own, ...]
        part = slice(block.part.start + own.start, block.part.start + own.stop)
        yield Block(part, block.values[own, ...], observed)


def weights_of(block: Block, missing_weight: float) -> Any:
    """Return the weight of each entry: 1 where observed.

    Parameters
    ----------
    block : Block
    missing_weight : float
        Of missing entries, as zeros.
    """
    xp = namespace(block.values)
    if block.observed is None:
        return xp.ones_like(block.values)
    weights = xp.astype(block.observed, block.values.dtype)
    return weights * (1 - missing_weight) + missing_weight if missing_weight else weights


def _of_trials(
    block: Block, neuron: np.ndarray, time: np.ndarray, missing_weight: float
) -> tuple[np.ndarray, np.ndarray, Any, Any]:
    """Return the equations of trials, and data and weights contracted over time.

    The first two are NumPy arrays: Gram matrices as upper triangles, and right-hand sides.
    """
    partial = contraction.contract_time(block.values, block.array(time))
    seen = contraction.contract_time(weights_of(block, missing_weight), block.array(pairs(time)))
    rhs = contraction.trials_from_partial(partial, block.array(neuron))
    packed = contraction.trials_from_partial(seen, block.array(pairs(neuron)))
    return as_numpy(packed), as_numpy(rhs), partial, seen


@dataclass(frozen=True, eq=False)
class MaskedTrials:
    """The normal equations of trials.

    Attributes
    ----------
    neuron, time : (n_axis, R) arrays
    missing_weight : float
    """

    neuron: np.ndarray
    time: np.ndarray
    missing_weight: float
    joins: Sequence[Join] = ("rows", "rows")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return upper triangles of Gram matrices, and right-hand sides, a row for each trial."""
        n_columns = pairs(self.time[:1]).shape[1]
        found = [
            _of_trials(piece, self.neuron, self.time, self.missing_weight)[:2]
            for piece in small_blocks(block, n_columns)
        ]
        return tuple(np.concatenate(each) for each in zip(*found, strict=True))


@dataclass(frozen=True, eq=False)
class MaskedTrialsAndNeurons:
    """The first half of a sweep: new trial factors, and the normal equations of neurons.

    Attributes
    ----------
    factors : three (n_axis, R) arrays
    update : RowUpdate
    missing_weight : float
    with_grams : bool
        Also return the Gram matrices of trials, which a sweep has no further use for.
    """

    factors: Factors
    update: RowUpdate
    missing_weight: float
    with_grams: bool = False

    @property
    def joins(self) -> Sequence[Join]:
        """Sums for neurons, rows for trials."""
        joins: list[Join] = ["sum", "sum", "rows", "rows"]
        return joins if self.with_grams else joins[:3]

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return both sums for neurons, new trials, and triangles of their Gram matrices."""
        trial, neuron, time = self.factors
        found, triangles = [], []
        rhs: Any = 0.0
        grams: Any = 0.0
        for piece in small_blocks(block, pairs(time[:1]).shape[1]):
            packed, own, partial, seen = _of_trials(piece, neuron, time, self.missing_weight)
            update = for_rows(self.update, piece.part)
            new = update(0, unpack(packed, time.shape[1]), own, trial[piece.part])
            rhs = rhs + contraction.neurons_from_partial(partial, piece.array(new))
            grams = grams + contraction.neurons_from_partial(seen, piece.array(pairs(new)))
            found.append(new)
            triangles.append(packed)
        rows = np.concatenate(found)
        return (rhs, grams, rows, np.concatenate(triangles))[: len(self.joins)]


@dataclass(frozen=True, eq=False)
class MaskedTimes:
    """The second half of a sweep: the normal equations of times.

    Attributes
    ----------
    trial, neuron : (n_axis, R) arrays
    missing_weight : float
    """

    trial: np.ndarray
    neuron: np.ndarray
    missing_weight: float
    joins: Sequence[Join] = ("sum", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (n_times, R) right-hand sides and triangles of Gram matrices."""
        neuron, neuron_pairs = block.array(self.neuron), block.array(pairs(self.neuron))
        rhs: Any = 0.0
        grams: Any = 0.0
        for piece in small_blocks(block, neuron_pairs.shape[1]):
            trial = self.trial[piece.part]
            own, own_pairs = piece.array(trial), piece.array(pairs(trial))
            weights = weights_of(piece, self.missing_weight)
            rhs = rhs + contraction.times_from_data(piece.values, own, neuron)
            grams = grams + contraction.times_from_data(weights, own_pairs, neuron_pairs)
        return rhs, grams


def sweep(X: Passes, factors: Factors, update: RowUpdate, missing_weight: float) -> Equations:
    """Update all factors in two passes over data and mask.

    Parameters
    ----------
    X : Passes
    factors : three (n_axis, R) arrays
    update : RowUpdate
    missing_weight : float

    Returns
    -------
    (factors, grams, rhs)
        With the normal equations of the time factor, which was updated last.
    """
    _, neuron, time = factors
    rank = time.shape[1]
    rhs, packed, trial = X.run(MaskedTrialsAndNeurons(factors, in_blocks(update), missing_weight))
    neuron = update(1, unpack(packed, rank), rhs, neuron)
    rhs, packed = X.run(MaskedTimes(trial, neuron, missing_weight))
    grams = unpack(packed, rank)
    return (trial, neuron, update(2, grams, rhs, time)), grams, rhs


def trial_equations(
    X: Passes, factors: Factors, missing_weight: float
) -> tuple[np.ndarray, np.ndarray]:
    """Set up the normal equations of the trial factor in one pass.

    Parameters
    ----------
    X : Passes
    factors : three (n_axis, R) arrays
    missing_weight : float

    Returns
    -------
    Gram matrices ``(n_trials, R, R)`` and right-hand side ``(n_trials, R)``
    """
    _, neuron, time = factors
    packed, rhs = X.run(MaskedTrials(neuron, time, missing_weight))
    return unpack(packed, time.shape[1]), rhs


def all_equations(
    X: Passes, factors: Factors, missing_weight: float
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Set up the Gram matrices of all rows for given factors, in two passes.

    Parameters
    ----------
    X : Passes
    factors : three (n_axis, R) arrays
    missing_weight : float

    Returns
    -------
    dict
        Axis -> (n_rows, R, R) Gram matrices.
    (n_times, R) array
        Right-hand side of times, from which the loss follows.
    """
    trial, neuron, time = factors
    first = MaskedTrialsAndNeurons(factors, keep, missing_weight, with_grams=True)
    _, neurons, _, trials = X.run(first)
    rhs, times = X.run(MaskedTimes(trial, neuron, missing_weight))
    triangles = {0: trials, 1: neurons, 2: times}
    return {mode: unpack(each, time.shape[1]) for mode, each in triangles.items()}, rhs
