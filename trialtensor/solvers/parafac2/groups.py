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
# With a mask, there is a copy of the data already: keep another one up to this many entries only.
_KEPT = 2_000_000


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
    kept : bool
        Keep stacked arrays that aren't views, to be faster at the cost of memory.
    """

    blocks: list[np.ndarray]
    first_block: int
    first_trial: int
    observed: list[np.ndarray | None] | None = None
    kept: bool = True

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

    @property
    def X(self) -> np.ndarray:
        """Blocks stacked, (n_trials, n_rows, n_shared): a view if they lie beside each other."""
        return self._stacked if self.kept or self._are_joined else pad(self.blocks)

    @property
    def seen(self) -> np.ndarray:
        """Masks stacked: True where observed, and in padded rows either way."""
        return self._seen if self.kept or self._masks_are_joined else pad(self._masks)

    @cached_property
    def _are_joined(self) -> bool:
        return _beside(self.blocks)

    @cached_property
    def _stacked(self) -> np.ndarray:
        return _join(self.blocks) if self._are_joined else pad(self.blocks)

    @property
    def _masks(self) -> list[np.ndarray]:
        assert self.observed is not None, "a complete group has no mask"
        pairs = zip(self.blocks, self.observed, strict=True)
        return [np.ones(block.shape, bool) if mask is None else mask for block, mask in pairs]

    @cached_property
    def _masks_are_joined(self) -> bool:
        known = [mask for mask in self.observed or () if mask is not None]
        return len(known) == len(self.blocks) and _beside(known)

    @cached_property
    def _seen(self) -> np.ndarray:
        return _join(self._masks) if self._masks_are_joined else pad(self._masks)

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

    Blocks that lie beside each other in memory are one group; of the others small ones are
    stacked, a few at a time. With missing entries a group is filled in at once in every sweep, so
    it is a few blocks even where more could be a view.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    observed : sequence of bool arrays or None, optional
        None if nothing is missing.
    """
    groups: list[Group] = []
    first_block = first_trial = 0
    kept = observed is None or sum(block.size for block in blocks) <= _KEPT
    while first_block < len(blocks):
        most = len(blocks)
        if observed is not None:
            most = max(1, _LIMIT // max(1, blocks[first_block].size))
        n = _n_beside(blocks, first_block, most)
        if n == 1:
            n = _n_stacked(blocks, first_block)
        seen = None if observed is None else list(observed[first_block : first_block + n])
        group = Group(
            list(blocks[first_block : first_block + n]), first_block, first_trial, seen, kept
        )
        groups.append(group)
        first_block, first_trial = first_block + n, first_trial + group.n_trials
    return tuple(groups)


def _n_beside(blocks: Sequence[np.ndarray], first: int, most: int) -> int:
    """Count how many blocks, from the first, lie beside each other in memory."""
    last = min(first + most, len(blocks)) - 1
    n = first
    while n < last and _follows(blocks[n], blocks[n + 1]):
        n += 1
    return n - first + 1


def _n_stacked(blocks: Sequence[np.ndarray], first: int) -> int:
    """Count how many blocks, from the first, to stack: small ones of similar numbers of rows."""
    n_trials = n_rows = size = n = 0
    for block in itertools.islice(blocks, first, None):
        n_trials, n_rows = n_trials + len(block), max(n_rows, block.shape[1])
        size += block.size
        padded = n_trials * n_rows * block.shape[2]
        large = max(block.size, blocks[first].size) > _SMALL_BLOCK
        if n and (large or padded > min(_LIMIT, 2 * size)):
            break
        n += 1
    return n


def _beside(blocks: Sequence[np.ndarray]) -> bool:
    return _n_beside(blocks, 0, len(blocks)) == len(blocks)


def _join(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Return a view of blocks that lie beside each other."""
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
