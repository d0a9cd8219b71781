"""Patterns of neurons in runs of trials: gain, direction, and activity beyond components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

N_ALTERNATIONS = 20


@dataclass(frozen=True, eq=False)
class Runs:
    """Mean activity ``(n_runs, n_neurons, n_times)`` of runs of trials, early and late."""

    means: np.ndarray
    courses: np.ndarray
    is_late: np.ndarray

    def without(self, run: Any) -> Runs:
        """Return all runs but one."""
        keep = np.arange(len(self.means)) != run
        return Runs(self.means[keep], self.courses, self.is_late[keep])

    def early(self) -> np.ndarray:
        """Return the patterns ``(n_neurons, R)`` of the mean of early runs."""
        return self.means[~self.is_late].mean(axis=0) @ np.linalg.pinv(self.courses).T

    def unknown(self, means: np.ndarray) -> np.ndarray:
        """Return activity of other neurons with time courses that components lack."""
        known = scipy.linalg.orth(self.early())
        others = means - known @ (known.T @ means)
        return others - (others @ np.linalg.pinv(self.courses).T) @ self.courses.T

    def new_patterns(self, n_new: int) -> tuple[np.ndarray, np.ndarray]:
        """Return late activity beyond components of any gain: neurons and time courses.

        That is where it is if no component rotates, so its overlap with the neurons and time
        courses of components is found too. Gains and what is new are solved for in turn.
        """
        early, late = self.early(), self.means[self.is_late].mean(axis=0)
        if not n_new:
            return np.zeros((len(early), 0)), np.zeros((late.shape[1], 0))
        scaled = [np.ravel(np.outer(a, c)) for a, c in zip(early.T, self.courses.T, strict=True)]
        known, _ = np.linalg.qr(np.stack(scaled, axis=1))
        # From what no gain could explain: a changed gain would otherwise be taken for new.
        rest = self.unknown(late[None])[0] - self.unknown(self.means[~self.is_late]).mean(axis=0)
        for _ in range(N_ALTERNATIONS):
            left, values, right = np.linalg.svd(rest, full_matrices=False)
            new = (left[:, :n_new] * values[:n_new]) @ right[:n_new]
            flat = (late - new).ravel()
            rest = new + (flat - known @ (known.T @ flat)).reshape(late.shape)
        return left[:, :n_new], right[:n_new].T

    def patterns(self, n_new: int) -> np.ndarray:
        """Return component patterns ``(n_runs, n_neurons, R)`` without the new neurons."""
        neurons, _ = self.new_patterns(n_new)
        patterns = self.means @ np.linalg.pinv(self.courses).T
        return patterns - np.einsum("nm,pm,upr->unr", neurons, neurons, patterns)


def jackknife(runs: Runs, n_new: int) -> tuple[np.ndarray, np.ndarray]:
    """Return log gain and cosine ``(R, 2)`` of every component, with standard errors."""
    variance = np.zeros((runs.courses.shape[1], 2))
    for group in (~runs.is_late, runs.is_late):
        left_out = np.array([_lengths(runs.without(i), n_new) for i in np.flatnonzero(group)])
        n = len(left_out)
        variance += (n - 1) / n * np.sum((left_out - left_out.mean(axis=0)) ** 2, axis=0)
    return _lengths(runs, n_new), np.sqrt(np.maximum(variance, 1e-24))


def _lengths(runs: Runs, n_new: int) -> np.ndarray:
    found = []
    for pattern in np.moveaxis(runs.patterns(n_new), 2, 0):
        early, late = pattern[~runs.is_late], pattern[runs.is_late]
        squared = squared_length(early), squared_length(late)
        cosine = np.mean(early @ late.T) / (np.sqrt(squared[0]) * np.sqrt(squared[1]))
        found.append((0.5 * np.log(squared[1] / squared[0]), cosine))
    return np.array(found)


def squared_length(patterns: np.ndarray) -> float:
    """Return the squared length of the mean pattern from pairs of runs, without noise bias."""
    products = patterns @ patterns.T
    n, own = len(products), np.trace(products)
    # Never 0, so that silent patterns can be divided by it; data has a largest value near 1.
    return float(max((products.sum() - own) / (n * (n - 1)), 1e-12 * own / n, 1e-200))
