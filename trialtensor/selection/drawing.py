"""Drawing held-out entries so that no trial, neuron or time bin loses all its data.

Every function takes ``observed``, a bool array (n_trials, n_neurons, n_times). A plain draw is
taken where it leaves something of every slice; only where it doesn't, entries that stay are set
aside first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trialtensor.data.axes import AXES

OTHERS = ((1, 2), (0, 2), (0, 1))
# Draws until one is found that leaves something everywhere; patterns with little slack need some.
ATTEMPTS = 10


class Held(NamedTuple):
    """Entries removed by a draw.

    Attributes
    ----------
    test : bool array
        Observed entries that are held out.
    out : bool array
        Entries not to fit to: ``test``, and guards that belong to neither side.
    """

    test: np.ndarray
    out: np.ndarray


class UnreachableError(Exception):
    """Too few entries could be held out; ``most`` is how many could."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


def first_bare(observed: np.ndarray, train: np.ndarray) -> tuple[str, int] | None:
    """Return the first axis and slice left without entries, such as ("neuron", 3)."""
    for axis, others in enumerate(OTHERS):
        bare = observed.any(axis=others) & ~train.any(axis=others)
        if bare.any():
            return AXES[axis], int(bare.argmax())
    return None


def draw_entries(observed: np.ndarray, n_test: int, rng: np.random.Generator) -> Held:
    """Draw single entries, exactly ``n_test`` of them.

    Raises
    ------
    UnreachableError
        If that would leave a slice with nothing.
    """
    most = 0
    for attempt in range(ATTEMPTS):
        allowed = observed if attempt == 0 else observed & ~_keepers(observed, rng)
        candidates = np.flatnonzero(allowed)
        most = max(most, len(candidates) if attempt else 0)
        if len(candidates) < n_test:
            continue
        test = np.zeros(observed.shape, bool)
        test.reshape(-1)[rng.choice(candidates, n_test, replace=False, shuffle=False)] = True
        if first_bare(observed, observed & ~test) is None:
            return Held(test, test)
    raise UnreachableError(most)


def draw_blocks(
    observed: np.ndarray, length: int, guard: int, n_test: int, rng: np.random.Generator
) -> Held:
    """Draw blocks of successive bins of one neuron on one trial, ``n_test`` to half a block.

    First every pair of trial and neuron gets blocks at random places, all arrangements being
    equally likely; then blocks are taken at random from all of them. A pair gets one block fewer
    than fit into it, as long as those are enough: when it is full, blocks can't be anywhere else.

    Raises
    ------
    UnreachableError
        If that would leave a slice with nothing, or blocks and guards don't fit.
    """
    n_times = observed.shape[2]
    full = (n_times + guard) // (length + guard)
    most = 0
    for attempt in range(ATTEMPTS):
        for n_blocks in range(max(full - 1, 1), full + 1):
            blocks = _Blocks.arrange(observed, length, guard, n_blocks, rng)
            forbidden = None if attempt == 0 else _keepers(observed, rng)
            order = rng.permutation(blocks.allowed(forbidden))
            counts = blocks.counts.reshape(-1)[order]
            most = max(most, int(counts.sum()) if attempt else 0)
            if not len(order) or counts.sum() < n_test - length / 2:
                continue
            held = blocks.take(order[: n_nearest(counts, n_test)])
            if first_bare(observed, observed & ~held.out) is None:
                return held
    raise UnreachableError(most)


class _Blocks(NamedTuple):
    """Blocks that can be held out together: ``starts`` (n_trials * n_neurons, n_blocks)."""

    observed: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    length: int
    guard: int

    @classmethod
    def arrange(
        cls,
        observed: np.ndarray,
        length: int,
        guard: int,
        n_blocks: int,
        rng: np.random.Generator,
    ) -> _Blocks:
        """Place ``n_blocks`` in every pair of trial and neuron, a guard or more apart."""
        n_trials, n_neurons, n_times = observed.shape
        spare = n_times - n_blocks * length - (n_blocks - 1) * guard
        # Blocks and spare bins in any order: choose which of these places are blocks.
        places = rng.random((n_trials * n_neurons, spare + n_blocks)).argsort(axis=1)
        chosen = np.sort(places[:, :n_blocks], axis=1)
        starts = chosen + np.arange(n_blocks) * (length + guard - 1)
        counts = _sums(observed, starts, starts + length)
        return cls(observed, starts, counts, length, guard)

    def allowed(self, keep: np.ndarray | None) -> np.ndarray:
        """Return blocks with observed entries but, guards included, none of ``keep``."""
        good = self.counts > 0
        if keep is not None:
            first, last = self._with_guard()
            good &= _sums(keep, first, last) == 0
        return np.flatnonzero(good)

    def take(self, chosen: np.ndarray) -> Held:
        """Hold out these blocks."""
        cells = chosen // self.starts.shape[1]
        starts = self.starts.reshape(-1)[chosen]
        first, last = (each.reshape(-1)[chosen] for each in self._with_guard())
        test = _runs(self.observed.shape, cells, starts, starts + self.length)
        return Held(test & self.observed, _runs(self.observed.shape, cells, first, last))

    def _with_guard(self) -> tuple[np.ndarray, np.ndarray]:
        n_times = self.observed.shape[2]
        first = np.maximum(self.starts - self.guard, 0)
        return first, np.minimum(self.starts + self.length + self.guard, n_times)


def n_nearest(counts: np.ndarray, target: int) -> int:
    """Return how many of the first ``counts`` give the sum nearest to ``target``.

    Examples
    --------
    >>> n_nearest(np.array([5, 5, 3]), 9)
    2
    """
    sums = np.cumsum(counts)
    return int(np.abs(sums - target).argmin()) + 1


def _keepers(observed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a few observed entries, at least one in every trial, neuron and bin with any."""
    keep = np.zeros(observed.shape, bool)
    for axis, others in enumerate(OTHERS):
        lacking = observed.any(axis=others) & ~keep.any(axis=others)
        of_axis, kept = np.moveaxis(observed, axis, 0), np.moveaxis(keep, axis, 0)
        for index in rng.permutation(np.flatnonzero(lacking)):
            entry = rng.choice(np.flatnonzero(of_axis[index]))
            kept[(index, *np.unravel_index(entry, kept.shape[1:]))] = True
    return keep


def _sums(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Sum over bins ``first`` to ``last`` (exclusive) of every pair of trial and neuron."""
    total = np.zeros((values.shape[0] * values.shape[1], values.shape[2] + 1), np.int32)
    np.cumsum(values.reshape(len(total), -1), axis=1, out=total[:, 1:])
    return np.take_along_axis(total, last, axis=1) - np.take_along_axis(total, first, axis=1)


def _runs(
    shape: tuple[int, ...], cells: np.ndarray, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Mark ``first`` to ``last`` (exclusive) as True in each of these pairs of trial and neuron."""
    steps = np.zeros((shape[0] * shape[1], shape[2] + 1), np.int32)
    np.add.at(steps, (cells, first), 1)
    np.add.at(steps, (cells, last), -1)
    return (steps.cumsum(axis=1)[:, :-1] > 0).reshape(shape)
