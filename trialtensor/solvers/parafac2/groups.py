"""Groups of blocks that are worked on at once, as views of the data where these can be had."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

# Blocks of fewer entries than this are stacked: one product of all is faster than many small ones.
_SMALL_BLOCK = 8_000
# About how many entries are copied or filled in at once.
_LIMIT = 500_000


@dataclass(frozen=True, eq=False)
class Group:
    """Consecutive blocks.

    Attributes
    ----------
    blocks : list of (n_trials, n_rows, n_shared) arrays
    first_block, first_trial : int
        Their places among all.
    observed : list of bool arrays or None, optional
        False where missing, for each block; None if the blocks are complete.
    """

    blocks: list[np.ndarray]
    first_block: int
    first_trial: int
    observed: list[np.ndarray | None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what other processes need; they stack blocks themselves."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def which(self) -> slice:
        """The blocks."""
        return slice(self.first_block, self.first_block + len(self.blocks))

    @property
    def trials(self) -> slice:
        """Their trials."""
        return slice(self.first_trial, self.first_trial + self.n_trials)

    @cached_property
    def n_trials(self) -> int:
        """Number of trials."""
        return sum(map(len, self.blocks))

    @cached_property
    def n_rows(self) -> int:
        """Rows of the longest block."""
        return max(block.shape[1] for block in self.blocks)

    @cached_property
    def size(self) -> int:
        """Number of entries once stacked."""
        return self.n_trials * self.n_rows * self.blocks[0].shape[2]

    @cached_property
    def starts(self) -> np.ndarray:
        """First trial of each block, within the group."""
        return np.cumsum([0, *(len(block) for block in self.blocks[:-1])])

    @cached_property
    def block_of_trial(self) -> np.ndarray:
        """Block of each trial, within the group."""
        return np.repeat(np.arange(len(self.blocks)), [len(block) for block in self.blocks])

    @cached_property
    def X(self) -> np.ndarray:
        """Blocks stacked, (n_trials, n_rows, n_shared); kept, if it isn't a view."""
        return self.stacked()

    @cached_property
    def _view(self) -> np.ndarray | None:
        return _joined(self.blocks)

    @cached_property
    def _view_of_masks(self) -> np.ndarray | None:
        masks = [mask for mask in self.observed or () if mask is not None]
        return _joined(masks) if len(masks) == len(self.blocks) else None

    def stacked(self) -> np.ndarray:
        """Stack blocks: a view if they lie beside each other."""
        return pad(self.blocks) if self._view is None else self._view

    def seen(self) -> np.ndarray:
        """Stack masks: True where observed, and in padded rows either way."""
        if self._view_of_masks is not None:
            return self._view_of_masks
        assert self.observed is not None, "a complete group has no mask"
        pairs = zip(self.blocks, self.observed, strict=True)
        return pad([np.ones(block.shape, bool) if seen is None else seen for block, seen in pairs])

    def split(self, whole: np.ndarray) -> list[np.ndarray]:
        """Split a stacked array into those of the blocks, without padding."""
        edges = [*self.starts, self.n_trials]
        pairs = zip(self.blocks, itertools.pairwise(edges), strict=True)
        return [whole[i:j, : block.shape[1]] for block, (i, j) in pairs]


def pad(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Stack blocks ``(n_trials, n_rows, n_shared)``, padding short ones with rows of zeros.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    """
    n_rows = max(block.shape[1] for block in blocks)
    n_trials = sum(len(block) for block in blocks)
    whole = np.zeros((n_trials, n_rows, blocks[0].shape[2]), blocks[0].dtype)
    first = 0
    for block in blocks:
        whole[first : first + len(block), : block.shape[1]] = block
        first += len(block)
    return whole


def make_groups(
    blocks: Sequence[np.ndarray], observed: Sequence[np.ndarray | None] | None = None
) -> tuple[Group, ...]:
    """Group blocks for work with few, large products and without copies of large arrays.

    Complete blocks that lie beside each other in memory are one group; of the others small ones
    are stacked, a few at a time. With missing entries a group is filled in at once in every
    sweep, so it is a few blocks even where more could be a view.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    observed : sequence of bool arrays or None, optional
        None if nothing is missing.
    """
    groups: list[Group] = []
    first_block = first_trial = 0
    while first_block < len(blocks):
        rest = blocks[first_block:]
        n = _n_beside(rest) if observed is None else 1
        if n == 1:
            n = _n_stacked(rest, _SMALL_BLOCK if observed is None else _LIMIT)
        seen = None if observed is None else list(observed[first_block : first_block + n])
        group = Group(list(rest[:n]), first_block, first_trial, seen)
        groups.append(group)
        first_block, first_trial = first_block + n, first_trial + group.n_trials
    return tuple(groups)


def _n_beside(blocks: Sequence[np.ndarray]) -> int:
    """Count how many blocks, from the first, lie beside each other in memory."""
    n = 1
    while n < len(blocks) and _follows(blocks[n - 1], blocks[n]):
        n += 1
    return n


def _n_stacked(blocks: Sequence[np.ndarray], largest: int) -> int:
    """Count how many blocks, from the first, to stack: small ones of similar numbers of rows."""
    n, n_trials, n_rows, size = 1, len(blocks[0]), blocks[0].shape[1], blocks[0].size
    for block in blocks[1:]:
        n_trials, n_rows = n_trials + len(block), max(n_rows, block.shape[1])
        size += block.size
        padded = n_trials * n_rows * block.shape[2]
        if max(block.size, blocks[0].size) > largest or padded > min(_LIMIT, 2 * size):
            break
        n += 1
    return n


def _joined(blocks: Sequence[np.ndarray]) -> np.ndarray | None:
    """Return a view of blocks that lie beside each other; None if they don't."""
    if _n_beside(blocks) < len(blocks):
        return None
    first = blocks[0]
    if len(blocks) == 1:
        return first
    shape = (sum(map(len, blocks)), *first.shape[1:])
    whole = np.lib.stride_tricks.as_strided(first, shape, first.strides, writeable=False)
    return np.asarray(whole)


def _follows(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two parts of one array are successive, so that they are one part of it."""
    same = first.base is not None and first.base is second.base
    end = first.__array_interface__["data"][0] + first.nbytes
    return (
        same
        and first.shape[1:] == second.shape[1:]
        and first.flags.c_contiguous
        and second.flags.c_contiguous
        and end == second.__array_interface__["data"][0]
    )
