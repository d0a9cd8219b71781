"""Patterns of neurons in runs of trials, early and late."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg


@dataclass(frozen=True, eq=False)
class Runs:
    """Mean activity of runs of trials.

    Attributes
    ----------
    means : (n_runs, n_neurons, n_times) array
    courses : (n_times, R) array
    is_late : (n_runs,) bool array
    trials : list of int arrays
        The trials of each run.
    """

    means: np.ndarray
    courses: np.ndarray
    is_late: np.ndarray
    trials: list[np.ndarray]

    @cached_property
    def patterns(self) -> np.ndarray:
        """Strengths of every component in every neuron, ``(n_runs, n_neurons, R)``."""
        return np.asarray(self.means @ self.weights)

    @cached_property
    def weights(self) -> np.ndarray:
        """Weights of times, ``(n_times, R)``, that give patterns."""
        return np.linalg.pinv(self.courses).T

    @cached_property
    def beyond(self) -> np.ndarray:
        """Activity with time courses that components lack, ``(n_runs, n_neurons, n_times - R)``."""
        return np.asarray(self.means @ scipy.linalg.null_space(self.courses.T))

    @cached_property
    def early(self) -> np.ndarray:
        """Mean of early runs."""
        return np.asarray(self.means[~self.is_late].mean(axis=0))

    @cached_property
    def late(self) -> np.ndarray:
        """Mean of late runs."""
        return np.asarray(self.means[self.is_late].mean(axis=0))

    @cached_property
    def early_patterns(self) -> np.ndarray:
        """Patterns ``(n_neurons, R)`` of the mean of early runs."""
        return self.early @ self.weights

    @cached_property
    def late_patterns(self) -> np.ndarray:
        """Patterns ``(n_neurons, R)`` of the mean of late runs."""
        return self.late @ self.weights

    @cached_property
    def unexplained(self) -> np.ndarray:
        """Early activity that components lack: a background, which isn't new later."""
        return self.early - self.early_patterns @ self.courses.T


def difference(values: np.ndarray, is_late: np.ndarray) -> np.ndarray:
    """Return the mean of late runs minus that of early runs."""
    return np.asarray(values[is_late].mean(axis=0) - values[~is_late].mean(axis=0))


def run_weights(is_late: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return normal weights of runs: their sums over `deviations` are noise of `difference`."""
    sizes = np.where(is_late, is_late.sum(), (~is_late).sum())
    return np.asarray(rng.normal(size=(n_draws, len(is_late))) / np.sqrt(sizes * (sizes - 1)))


def deviations(values: np.ndarray, is_late: np.ndarray) -> np.ndarray:
    """Subtract the mean of its own set from every run."""
    found = np.array(values, dtype=np.float64)
    for group in (is_late, ~is_late):
        found[group] -= found[group].mean(axis=0)
    return found


def squared_length(patterns: np.ndarray) -> float:
    """Return the squared length of the mean pattern from pairs of runs, without noise bias."""
    products = patterns @ patterns.T
    n, own = len(products), np.trace(products)
    # Never 0, so that silent patterns can be divided by it; data has a largest value near 1.
    return float(max((products.sum() - own) / (n * (n - 1)), 1e-12 * own / n, 1e-200))
