"""Which entries were observed, of data whose mask is read block by block and never held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.namespaces import as_numpy, namespace
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Join

Axes = int | tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class Counts:
    """Numbers of observed entries: of trials x neurons, trials x times, neurons x times."""

    joins: Sequence[Join] = ("rows", "rows", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the three arrays."""
        xp = namespace(block.values)
        if block.observed is None:
            ones = xp.ones(block.values.shape, dtype=xp.uint8)
        else:
            ones = xp.astype(block.observed, xp.uint8)
        return tuple(xp.sum(ones, axis=axis, dtype=xp.int64) for axis in (2, 1, 0))


class CountedMask:
    """A mask that is elsewhere: what is asked of a bool array follows from counts.

    A kind of it has ``passes``, ``shape`` and ``sum(axis)``; a slice of trials is read.
    """

    passes: Passes

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the data."""
        return self.passes.shape

    @property
    def size(self) -> int:
        """Number of entries, observed or not."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of trials."""
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        """Read which entries of some trials were observed."""
        block = self.passes.trials(part)
        if block.observed is None:
            return np.ones(block.values.shape, bool)
        return as_numpy(block.observed)

    def sum(self, axis: Axes = None) -> Any:
        """Return the number of observed entries along axes, or of all.

        Parameters
        ----------
        axis : int or tuple of int, optional
        """
        raise NotImplementedError

    def mean(self, axis: Axes = None, dtype: None = None, out: None = None) -> Any:
        """Return the share of observed entries along axes, or of all.

        Parameters
        ----------
        axis : int or tuple of int, optional
        dtype, out : None
            Because `numpy.mean` passes them on.
        """
        found = self.sum(axis)
        return found / (self.size / np.size(found))

    def any(self, axis: Axes = None) -> Any:
        """Return whether any entry along axes was observed.

        Parameters
        ----------
        axis : int or tuple of int, optional
        """
        return self.sum(axis) > 0

    def all(self, axis: Axes = None) -> Any:
        """Return whether all entries along axes were observed.

        Parameters
        ----------
        axis : int or tuple of int, optional
        """
        found = self.sum(axis)
        return found == self.size // np.size(found)


@dataclass(frozen=True, eq=False)
class Seen(CountedMask):
    """A mask that is elsewhere: what solvers and estimators ask of one, from one pass over it.

    Stands where they take a bool array: ``any``, ``all``, ``sum`` and ``mean`` along axes follow
    from counts, and a slice of trials is read.

    Attributes
    ----------
    passes : Passes
    of_neurons : (n_trials, n_neurons) int array
        Number of observed times of each neuron in each trial.
    of_times : (n_trials, n_times) int array
        Number of observed neurons at each time of each trial.
    of_trials : (n_neurons, n_times) int array
        Number of trials in which a neuron was observed at a time.
    """

    passes: Passes
    of_neurons: np.ndarray
    of_times: np.ndarray
    of_trials: np.ndarray

    @classmethod
    def of(cls, passes: Passes) -> Seen:
        """Count in one pass.

        Parameters
        ----------
        passes : Passes
        """
        return cls(passes, *passes.run(Counts()))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_trials, n_neurons, n_times)."""
        return *self.of_neurons.shape, self.of_times.shape[1]

    def sum(self, axis: Axes = None) -> Any:
        """Return the number of observed entries along axes, or of all.

        Parameters
        ----------
        axis : int or tuple of int, optional
        """
        gone = {0, 1, 2} if axis is None else {axis} if isinstance(axis, int) else set(axis)
        gone = {each % 3 for each in gone}
        if not gone:
            raise ValueError("axis: got (), but the mask itself is not in memory")
        first = max(gone)
        counts = (self.of_trials, self.of_times, self.of_neurons)[first]
        # The first sum took the last of the axes away, so the others are where they were.
        return counts.sum(axis=tuple(gone - {first}))

    def constant_along(self) -> tuple[np.ndarray, int] | None:
        """Return the 2-D mask behind this one and the axis along which it repeats, if there is one.

        A mask repeats along an axis exactly if every count along it is none or all.

        Returns
        -------
        (n_first, n_second) bool array, {0, 1, 2}; or None
        """
        for axis, counts in ((2, self.of_neurons), (1, self.of_times), (0, self.of_trials)):
            n = self.shape[axis]
            if bool(np.all((counts == 0) | (counts == n))):
                return counts > 0, axis
        return None

    def with_data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which trials, neurons and times have any data, as three bool arrays."""
        return self.any((1, 2)), self.any((0, 2)), self.any((0, 1))

    def restricted(self, passes: Passes, kept: Sequence[np.ndarray]) -> Seen:
        """Return the mask without slices that have no data, which changes no other count.

        Parameters
        ----------
        passes : Passes
            Over the same data without these slices.
        kept : three bool arrays
            From `with_data`.
        """
        trials, neurons, times = kept
        return Seen(
            passes,
            self.of_neurons[np.ix_(trials, neurons)],
            self.of_times[np.ix_(trials, times)],
            self.of_trials[np.ix_(neurons, times)],
        )
