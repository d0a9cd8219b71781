"""Which entries were observed of data with many axes, counted in one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from trialtensor.solvers.namespaces import namespace
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Join, join_there
from trialtensor.solvers.passes.masked_jobs import small_blocks
from trialtensor.solvers.passes.seen import Axes, CountedMask


@dataclass(frozen=True, eq=False)
class CountPairs:
    """Numbers of observed entries by pairs of axes, and of trials; where the mask varies.

    Attributes
    ----------
    n_axes : int
    """

    n_axes: int

    @property
    def joins(self) -> Sequence[Join]:
        """Rows for pairs with trials, sums for others; then trials, and what varies."""
        pairs: list[Join] = ["sum" if first else "rows" for first, _ in self.pairs]
        return [*pairs, "sum", "most"]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of axes."""
        return list(combinations(range(self.n_axes), 2))

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return a matrix for each pair, the shape of a trial, and (n_axes,) 1 where it varies."""
        found = [self._of_piece(piece) for piece in small_blocks(block)]
        return join_there(self.joins, found)

    def _of_piece(self, block: Block) -> tuple[Any, ...]:
        xp, seen = namespace(block.values), block.observed
        if seen is None:
            seen = xp.ones(block.values.shape, dtype=xp.bool)
        ones, axes = xp.astype(seen, xp.uint8), range(self.n_axes)
        pairs = (
            xp.sum(ones, axis=tuple(axis for axis in axes if axis not in pair), dtype=xp.int64)
            for pair in self.pairs
        )
        varies = xp.stack([_varies(seen, axis) for axis in axes])
        return (*pairs, xp.sum(ones, axis=0, dtype=xp.int64), varies)


def _varies(seen: Any, axis: int) -> Any:
    """Return 1 if a mask isn't the same all along an axis, as far as a block shows it."""
    xp = namespace(seen)
    if axis == 0:  # told from the counts of all blocks
        return xp.zeros((), dtype=xp.int64)
    first = seen[(slice(None),) * axis + (slice(0, 1), ...)]
    return xp.astype(xp.any(seen != first), xp.int64)


@dataclass(frozen=True, eq=False)
class FirstSeen:
    """A mask that repeats along an axis, without that axis.

    Attributes
    ----------
    axis : {1, 2}
        Of three.
    """

    axis: int
    joins: Sequence[Join] = ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (n_some_trials, n_other) bools."""
        xp = namespace(block.values)
        seen = block.observed
        if seen is None:
            seen = xp.ones(block.values.shape, dtype=xp.bool)
        return (seen[:, 0, :] if self.axis == 1 else seen[:, :, 0],)


@dataclass(frozen=True, eq=False)
class SeenAxes(CountedMask):
    """A mask with any number of axes that is elsewhere; see `Seen`.

    Attributes
    ----------
    passes : Passes
        With all axes.
    pairs : dict
        (first, second) axis -> number of observed entries of each pair of their positions.
    of_trials : int array in the shape of a trial
        Number of trials in which an entry was observed.
    varies : tuple of bool
        Axes along which the mask isn't always the same.
    """

    passes: Passes
    pairs: Mapping[tuple[int, int], np.ndarray]
    of_trials: np.ndarray
    varies: tuple[bool, ...]

    @classmethod
    def of(cls, passes: Passes) -> SeenAxes:
        """Count in one pass.

        Parameters
        ----------
        passes : Passes
        """
        job = CountPairs(passes.ndim)
        *counts, of_trials, varies = passes.run(job)
        along_trials = bool(np.any((of_trials != 0) & (of_trials != len(passes))))
        found = (along_trials, *(bool(each) for each in varies[1:]))
        return cls(passes, dict(zip(job.pairs, counts, strict=True)), of_trials, found)

    def sum(self, axis: Axes = None) -> Any:
        """Return the number of observed entries along axes, or of all.

        Parameters
        ----------
        axis : int or tuple of int, optional
            All but two axes, or more.
        """
        n = self.ndim
        gone = set(range(n)) if axis is None else {axis} if isinstance(axis, int) else set(axis)
        left = [each for each in range(n) if each not in {other % n for other in gone}]
        if len(left) > 2:
            raise ValueError(f"axis: got {axis}, but only counts of pairs of axes are in memory")
        pair = next(pair for pair in self.pairs if set(left) <= set(pair))
        return self.pairs[pair].sum(axis=tuple(i for i in (0, 1) if pair[i] not in left))

    def with_data(self) -> tuple[np.ndarray, ...]:
        """Return which slices of each axis have any data."""
        axes = range(self.ndim)
        return tuple(self.any(tuple(i for i in axes if i != axis)) for axis in axes)

    def restricted(self, passes: Passes, kept: Sequence[np.ndarray]) -> SeenAxes:
        """Return the mask without slices that have no data; it may repeat along more axes then.

        Parameters
        ----------
        passes : Passes
            Over the same data without these slices.
        kept : bool arrays, by axis
            From `with_data`.
        """
        return SeenAxes.of(passes)

    def repeats(self, shape: Sequence[int], groups: Sequence[Sequence[int]]) -> Any:
        """Return the 2-D mask behind this one, with axes in three groups.

        Parameters
        ----------
        shape : three ints
            Of the groups.
        groups : three sequences of int
            Axes of each.

        Returns
        -------
        (n_first, n_second) bool array, {0, 1, 2}; or None
            And the group along which it repeats, as `Seen.constant_along` tells of three axes.
        """
        for place in (2, 1, 0):
            if any(self.varies[axis] for axis in groups[place]):
                continue
            if place == 0:
                return self.of_trials.reshape(shape[1:]) > 0, 0
            three: Any = self.passes.reshape(*shape)  # type: ignore[attr-defined]
            return three.run(FirstSeen(place))[0], place
        return None

    def __post_init__(self) -> None:
        """Check that these are the counts of the data."""
        assert math.prod(self.of_trials.shape) * len(self.passes) == self.passes.size
