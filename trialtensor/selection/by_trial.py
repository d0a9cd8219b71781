"""Drawing entries of large data trial by trial, each trial from a seed of its own.

No array of the size of the data is needed, and the same seed gives the same masks in memory, on
disk and on a cluster, whatever the blocks. A few entries that stay are set aside first: one of each
trial, and for each neuron and time bin one on some trial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trialtensor.selection.drawing import Held, UnreachableError, n_nearest
from trialtensor.selection.drawing_slices import Counts

# Numbers of entries above which data is drawn from trial by trial, wherever it is.
LARGE = 10_000_000


class Kept(NamedTuple):
    """Trials on which neurons and time bins keep an entry; -1 for those without any.

    Attributes
    ----------
    of_neurons, of_times : (n_neurons,), (n_times,) int arrays
    """

    of_neurons: np.ndarray
    of_times: np.ndarray

    @classmethod
    def draw(cls, counts: Counts, rng: np.random.Generator) -> Kept:
        """Draw them from trials that have such an entry."""
        return cls(_one_each(counts.of_neurons, rng), _one_each(counts.of_times, rng))

    def by_trial(self, n_trials: int) -> np.ndarray:
        """Return at most how many entries each trial keeps."""
        kept = np.concatenate(self)
        return 1 + np.bincount(kept[kept >= 0], minlength=n_trials)

    def entries(self, trial: int, seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the entries that a trial keeps, (n, 2): neurons and times."""
        neurons = np.flatnonzero(self.of_neurons == trial)
        times = np.flatnonzero(self.of_times == trial)
        found = [(neuron, rng.choice(np.flatnonzero(seen[neuron]))) for neuron in neurons]
        found += [(rng.choice(np.flatnonzero(seen[:, time])), time) for time in times]
        if not found and seen.any():
            neuron = rng.choice(np.flatnonzero(seen.any(axis=1)))
            found = [(neuron, rng.choice(np.flatnonzero(seen[neuron])))]
        return np.array(found, int).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class ByTrial:
    """What is held out of large data.

    Attributes
    ----------
    seed : numpy.random.SeedSequence
    quota : (n_trials,) int array
        Entries to hold out of each trial.
    kept : Kept
    """

    seed: np.random.SeedSequence
    quota: np.ndarray
    kept: Kept

    def __call__(self, trials: np.ndarray, observed: np.ndarray) -> Held:
        """Return what is held out of some trials.

        Parameters
        ----------
        trials : int array
        observed : (n_some_trials, n_neurons, n_times) bool array
        """
        test = np.zeros(observed.shape, bool)
        out = self._out(test)
        for row, trial in enumerate(trials.tolist()):
            key = (*self.seed.spawn_key, trial)
            rng = np.random.default_rng(np.random.SeedSequence(self.seed.entropy, spawn_key=key))
            if self.quota[trial]:
                keep = self.kept.entries(trial, observed[row], rng)
                self._draw(trial, observed[row], keep, rng, test[row], out[row])
        return Held(test, out)

    def _out(self, test: np.ndarray) -> np.ndarray:
        return test

    def _draw(
        self,
        trial: int,
        seen: np.ndarray,
        keep: np.ndarray,
        rng: np.random.Generator,
        test: np.ndarray,
        out: np.ndarray,
    ) -> None:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class EntriesByTrial(ByTrial):
    """Single entries of large data."""

    @classmethod
    def plan(cls, counts: Counts, n_test: int, seed: np.random.SeedSequence) -> EntriesByTrial:
        """Divide ``n_test`` entries between trials.

        Raises
        ------
        UnreachableError
            If there aren't as many.
        """
        by_trial = counts.of_neurons.sum(axis=1)
        kept = Kept.draw(counts, np.random.default_rng(seed))
        room = np.maximum(by_trial - kept.by_trial(len(by_trial)), 0)
        if room.sum() < n_test:
            raise UnreachableError(int(room.sum()))
        return cls(seed, _divided(room, n_test), kept)

    def _draw(
        self,
        trial: int,
        seen: np.ndarray,
        keep: np.ndarray,
        rng: np.random.Generator,
        test: np.ndarray,
        out: np.ndarray,
    ) -> None:
        allowed = seen.copy()
        allowed[keep[:, 0], keep[:, 1]] = False
        candidates = np.flatnonzero(allowed)
        chosen = rng.choice(len(candidates), self.quota[trial], replace=False, shuffle=False)
        test.reshape(-1)[candidates[chosen]] = True


@dataclass(frozen=True, eq=False)
class BlocksByTrial(ByTrial):
    """Blocks of bins of large data.

    Blocks of a neuron on one trial are drawn from a row of places, a guard apart.

    Attributes
    ----------
    length, guard : int
    n_first : int
        Bins in which a row may begin. If all bins of a block and its guard, blocks are equally
        likely everywhere.
    """

    length: int
    guard: int
    n_first: int

    @classmethod
    def plan(
        cls, counts: Counts, length: int, guard: int, n_test: int, seed: np.random.SeedSequence
    ) -> BlocksByTrial:
        """Divide about ``n_test`` entries between trials, whole blocks where nothing is missing.

        Raises
        ------
        UnreachableError
            If blocks and guards don't fit.
        """
        (n_trials, n_neurons), n_times = counts.of_neurons.shape, counts.of_times.shape[1]
        by_trial = counts.of_neurons.sum(axis=1)
        kept = Kept.draw(counts, np.random.default_rng(seed))
        full, pitch = (n_times + guard) // (length + guard), length + guard
        unit = length if (by_trial == n_neurons * n_times).all() else 1
        # A row that begins anywhere has room for one block fewer; otherwise all must fit.
        for n_places, n_first in ((full - 1, pitch), (full, n_times + guard - full * pitch + 1)):
            # An entry that stays is in the way of two blocks of its row at most.
            room = by_trial * (n_places * length / n_times)
            room = np.maximum(room - 2 * length * kept.by_trial(n_trials), 0)
            room = np.floor(room / unit + 1e-6)
            if room.sum() * unit >= n_test - length / 2:
                n = min(round(n_test / unit), int(room.sum()))
                return cls(seed, unit * _divided(room, n), kept, length, guard, n_first)
        raise UnreachableError(int(room.sum() * unit))

    def _out(self, test: np.ndarray) -> np.ndarray:
        return np.zeros_like(test) if self.guard else test

    def _draw(
        self,
        trial: int,
        seen: np.ndarray,
        keep: np.ndarray,
        rng: np.random.Generator,
        test: np.ndarray,
        out: np.ndarray,
    ) -> None:
        n_neurons, n_times = seen.shape
        pitch = self.length + self.guard
        n_places, last = (n_times + self.guard) // pitch, n_times - self.length
        starts = rng.integers(0, self.n_first, (n_neurons, 1)) + pitch * np.arange(n_places)
        counts = _sums(seen, np.minimum(starts, last), self.length)
        good = (counts > 0) & (starts <= last)
        for neuron, time in keep.tolist():
            away = time - starts[neuron]
            good[neuron] &= (away < -self.guard) | (away >= self.length + self.guard)
        order = rng.permutation(np.flatnonzero(good))
        if not len(order):
            return
        chosen = order[: n_nearest(counts.reshape(-1)[order], int(self.quota[trial]))]
        cells, begin = chosen // n_places, starts.reshape(-1)[chosen]
        _mark(test, cells, begin, self.length)
        if self.guard:
            _mark(out, cells, begin - self.guard, self.length + 2 * self.guard)
        test &= seen


def _one_each(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw for each column a row where it isn't zero; -1 for columns of zeros."""
    places = np.cumsum(counts > 0, axis=0)
    n = places[-1]
    nth = rng.integers(0, np.maximum(n, 1)) + 1
    return np.where(n > 0, (places == nth).argmax(axis=0), -1)


def _divided(room: np.ndarray, n: int) -> np.ndarray:
    """Divide ``n`` in proportion to the room, in whole numbers."""
    ends = np.floor(np.cumsum(room, dtype=np.float64) / max(room.sum(), 1) * n + 0.5)
    return np.minimum(np.diff(ends, prepend=0), room).astype(np.int64)


def _sums(seen: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Count the entries in runs of bins, of neurons that these begin in."""
    if seen.all():
        return np.full(starts.shape, length)
    total = np.zeros((len(seen), seen.shape[1] + 1), np.int32)
    np.cumsum(seen, axis=1, out=total[:, 1:])
    return np.take_along_axis(total, starts + length, 1) - np.take_along_axis(total, starts, 1)


def _mark(entries: np.ndarray, cells: np.ndarray, begin: np.ndarray, length: int) -> None:
    """Mark runs of bins, as far as they are in the trial."""
    times = begin[:, None] + np.arange(length)
    inside = (times >= 0) & (times < entries.shape[1])
    entries[np.broadcast_to(cells[:, None], times.shape)[inside], times[inside]] = True
