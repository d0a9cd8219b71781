"""Mean activity of every neuron and trial, in the data and in the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.data.elsewhere import kind_of
from trialtensor.explore.quantised import pooled
from trialtensor.models import TrialEstimator, elsewhere
from trialtensor.solvers.namespaces import as_numpy

# Of a mean over time; finer can't be seen in a small panel.
MAX_BINS = 100


@dataclass(eq=False)
class Sums:
    """Sums over trials and over neurons of one array, block of trials by block.

    All axes between neurons and times are averaged too.

    Attributes
    ----------
    neurons, neuron_counts : (n_neurons, n_times) arrays
        Over trials: the sum of what is known, and how many entries that is.
    trials, trial_counts : (n_trials, n_times) arrays
        Over neurons.
    """

    neurons: np.ndarray
    neuron_counts: np.ndarray
    trials: np.ndarray
    trial_counts: np.ndarray

    @classmethod
    def of(cls, blocks: Iterator[np.ndarray]) -> Sums:
        """Add up blocks of trials, (n, n_neurons, ..., n_times) with NaN where unknown."""
        neurons: Any = 0.0
        neuron_counts: Any = 0
        trials, trial_counts = [], []
        for block in blocks:
            flat = block.reshape(*block.shape[:2], -1, block.shape[-1])
            known = np.isfinite(flat)
            filled = flat if known.all() else np.where(known, flat, 0)
            neurons = neurons + filled.sum(axis=(0, 2), dtype=np.float64)
            neuron_counts = neuron_counts + known.sum(axis=(0, 2))
            trials.append(filled.sum(axis=(1, 2), dtype=np.float64))
            trial_counts.append(known.sum(axis=(1, 2)))
        return cls(neurons, neuron_counts, np.concatenate(trials), np.concatenate(trial_counts))


@dataclass(eq=False)
class Means:
    """Means of the arrays of a model's data, each with its positions among trials and neurons.

    Attributes
    ----------
    sums : list of Sums
    trials, neurons : lists of int arrays
        Indices of each array's trials and neurons.
    names : list
        Of the arrays; None for a single one.
    """

    sums: list[Sums]
    trials: list[np.ndarray] = field(default_factory=list)
    neurons: list[np.ndarray] = field(default_factory=list)
    names: list[Any] = field(default_factory=lambda: [None])

    def count(self, axis: str) -> int:
        """Return the number of trials or neurons of all arrays together."""
        places = self.trials if axis == "trial" else self.neurons
        return 1 + max(int(each.max(initial=-1)) for each in places)

    def mean(self, axis: str, dataset: str | None, which: np.ndarray) -> np.ndarray | None:
        """Return the mean activity of some trials or neurons over time, pooled to few bins.

        Parameters
        ----------
        axis : {"trial", "neuron"}
        dataset : str or None
            Take only the array of that name, if there is one.
        which : (n,) int array
            Indices among all trials or neurons.

        Returns
        -------
        (n, at most 100) array or None
            None where arrays have different times, or other entries than those asked for.
        """
        own = [i for i, name in enumerate(self.names) if str(name) == dataset]
        own = own or list(range(len(self.sums)))
        n_times = {self.sums[i].neurons.shape[-1] for i in own}
        places = self.trials if axis == "trial" else self.neurons
        n = 1 + max(int(places[i].max(initial=-1)) for i in own)
        if len(n_times) > 1 or np.max(which, initial=-1) >= n:
            return None
        total, counts = np.zeros((n, *n_times)), np.zeros((n, *n_times))
        for i in own:
            sums = self.sums[i]
            total[places[i]] += sums.trials if axis == "trial" else sums.neurons
            counts[places[i]] += sums.trial_counts if axis == "trial" else sums.neuron_counts
        with np.errstate(invalid="ignore"):
            found = total[which] / counts[which]
        return pooled(found, MAX_BINS)


def means_with_data(model: TrialEstimator, X: Any, mask: Any) -> tuple[Means, Means | None]:
    """Return means of the data, and of what the model says of the same entries.

    Parameters
    ----------
    model : fitted model
    X, mask : the data of the fit

    Returns
    -------
    data, model : Means
        The second is None for data read block by block, whose model isn't built in memory, and for
        kinds that can't give back data.

    Raises
    ------
    ValueError
        For data of another shape than that of the fit.
    """
    if elsewhere.is_in_blocks(X):
        return _in_blocks(model, X, mask), None
    if kind_of(X) == "device":
        X, mask = as_numpy(X), None if mask is None else as_numpy(mask)
    layout = model.layout(X, mask)
    model.check_layout(layout)
    data = layout.with_nan()
    about = (list(layout.trials), list(layout.neurons), list(layout.names))
    found = Means([Sums.of(iter([each])) for each in data], *about)
    try:
        residuals = layout.arrays(model.residuals(X, mask=mask))
    except NotImplementedError:
        return found, None
    told = [values - np.asarray(each) for values, each in zip(data, residuals, strict=True)]
    return found, Means([Sums.of(iter([each])) for each in told], *about)


def _in_blocks(model: TrialEstimator, X: Any, mask: Any) -> Means:
    """Read data once, a few trials at a time."""
    fitted = model.fitted_
    expected = (fitted.length("trial"), *fitted.shape[1:])
    if tuple(X.shape) != expected and sorted(X.shape) != sorted(expected):
        raise ValueError(f"X: expected the data of the fit, {expected}, got {tuple(X.shape)}")
    sums = Sums.of(np.asarray(block) for block in elsewhere.blocks_of(X, mask))
    n_trials, n_neurons = len(sums.trials), len(sums.neurons)
    return Means([sums], [np.arange(n_trials)], [np.arange(n_neurons)])
