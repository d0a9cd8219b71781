"""Residuals of one array or of several, summed by trial and by neuron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.models.layout import Layout


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of each array of the data, with their positions among all trials and neurons.

    Attributes
    ----------
    arrays : list of (n_trials, n_neurons, n_times) arrays, or with more axes
        NaN where not observed.
    trials, neurons : tuples of int arrays
    names : tuple
        Of the arrays, if they are several.
    """

    arrays: Sequence[np.ndarray]
    trials: Sequence[np.ndarray]
    neurons: Sequence[np.ndarray]
    names: Sequence[Any] = (None,)

    @classmethod
    def of(cls, array: np.ndarray) -> Residuals:
        """Wrap the residuals of a single array."""
        return cls([array], [np.arange(len(array))], [np.arange(array.shape[1])])

    @classmethod
    def within(cls, layout: Layout, arrays: Sequence[np.ndarray]) -> Residuals:
        """Wrap the residuals of data with this layout."""
        return cls(arrays, layout.trials, layout.neurons, layout.names)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield each array with its trials and neurons; all axes after these two as one."""
        arrays = (each.reshape(*each.shape[:2], -1) for each in self.arrays)
        return iter(zip(arrays, self.trials, self.neurons, strict=True))

    @property
    def n_trials(self) -> int:
        """Number of trials in all arrays together."""
        return 1 + max(int(each.max()) for each in self.trials)

    @property
    def n_neurons(self) -> int:
        """Number of neurons in all arrays together."""
        return 1 + max(int(each.max()) for each in self.neurons)

    def neuron_power(self) -> np.ndarray:
        """Return the mean square of each neuron, 0 without data."""
        sums, counts = self.sums((0, 2))
        return sums / np.maximum(counts, 1)

    def sums(
        self, others: tuple[int, int], scales: Sequence[Any] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return sums of squares and entry counts for each trial or neuron.

        Parameters
        ----------
        others : two ints
            The axes to sum over: (1, 2) for trials, (0, 2) for neurons.
        scales : list of arrays, optional
            Weights of the squares.
        """
        n = self.n_trials if others == (1, 2) else self.n_neurons
        total, counts = np.zeros(n), np.zeros(n, int)
        for i, (values, trials, neurons) in enumerate(self):
            scale = 1.0 if scales is None else scales[i]
            place = trials if others == (1, 2) else neurons
            total[place] += np.nansum(np.square(values) * scale, axis=others, dtype=np.float64)
            counts[place] += np.isfinite(values).sum(axis=others)
        return total, counts

    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """Average each neuron over time bins on each trial; also return which have data."""
        total = np.zeros((self.n_trials, self.n_neurons))
        counts = np.zeros(total.shape, int)
        for values, trials, neurons in self:
            place = np.ix_(trials, neurons)
            total[place] += np.nansum(values, axis=2, dtype=np.float64)
            counts[place] += np.isfinite(values).sum(axis=2)
        return total / np.maximum(counts, 1), counts > 0
