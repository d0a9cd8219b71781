"""Strength of every component in every neuron on every trial, from the data alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

# Of the mean square of a time course: time courses that are nearly the same share what they
# explain, equally in all neurons and trials, instead of taking large values of opposite sign.
RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class Strengths:
    """Least-squares problem for the strength of R components in each neuron on each trial.

    Attributes
    ----------
    components : tuple of int
        Which of the model's components these are.
    cross : (n_trials, n_neurons, R) array
        Products of the data with the components' time courses; zero where nothing was recorded.
    gram : (n_trials or 1, n_neurons or 1, R, R) array
        Products of time courses with each other, over the bins that were observed.
    seen : (n_trials, n_neurons) bool array
        Whether anything was recorded.
    power : (n_trials, n_neurons) array
        Sum of squares of the data.
    n_bins : (n_neurons,) array
        Number of entries that were observed.
    courses : (n_trials, R) array
        The components' own courses over trials, as fitted, with a mean square of 1; NaN where not
        known.
    """

    components: tuple[int, ...]
    cross: np.ndarray
    gram: np.ndarray
    seen: np.ndarray
    power: np.ndarray
    n_bins: np.ndarray
    courses: np.ndarray

    def of(self, neurons: np.ndarray) -> Strengths:
        """Keep some neurons; ``neurons`` is a bool array."""
        if neurons.all():
            return self
        gram = self.gram if self.gram.shape[1] == 1 else self.gram[:, neurons]
        cross, seen, power = (each[:, neurons] for each in (self.cross, self.seen, self.power))
        bins = self.n_bins[neurons]
        return Strengths(self.components, cross, gram, seen, power, bins, self.courses)

    @cached_property
    def ridge(self) -> np.ndarray:
        """What is added to the products of time courses of one trial, (R, R)."""
        mean = self.gram.mean(axis=(0, 1)).trace() / self.gram.shape[-1]
        return RIDGE * mean * np.eye(self.gram.shape[-1])

    def during(self, trials: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return mean strength ``(n_neurons, R)`` over trials, and the precision of each.

        Parameters
        ----------
        trials : slice or int array

        Returns
        -------
        (n_neurons, R), (n_neurons, R, R) arrays
            The second is for noise of unit variance.
        """
        gram = self.gram if len(self.gram) == 1 else self.gram[trials]
        seen = self.seen[trials].astype(np.float64)
        if gram.shape[:2] == (1, 1):
            total = seen.sum(axis=0)[:, None, None] * gram[0]
        elif gram.shape[1] == 1:
            total = np.einsum("kn,krq->nrq", seen, gram[:, 0])
        else:
            total = gram.sum(axis=0)
        precision = total + np.maximum(seen.sum(axis=0), 1)[:, None, None] * self.ridge
        cross = self.cross[trials].sum(axis=0)
        return np.linalg.solve(precision, cross[:, :, None])[:, :, 0], precision

    @cached_property
    def mean(self) -> np.ndarray:
        """Strength over all trials, (n_neurons, R)."""
        return self.during(slice(None))[0]

    @cached_property
    def deviations(self) -> np.ndarray:
        """How far each trial is from the mean of its neuron, (n_trials, n_neurons, R)."""
        inverse = np.linalg.inv(self.gram + self.ridge)
        if self.gram.shape[1] == 1:
            missed = self.cross - self.mean @ self.gram[:, 0]
            found = missed @ inverse[:, 0]
        else:
            missed = self.cross - np.einsum("knrq,nq->knr", self.gram, self.mean)
            found = np.einsum("knrq,knq->knr", inverse, missed)
        return np.where(self.seen[:, :, None], found, 0)

    @cached_property
    def fluctuation(self) -> np.ndarray:
        """Variance of components between neighbouring trials, relative to their mean, (R,)."""
        # Of differences, which changes of level hardly touch.
        steps = np.nan_to_num(np.diff(self.courses, axis=0))
        known = np.isfinite(self.courses)
        total = np.where(known, self.courses, 0).sum(axis=0)
        mean = total / np.maximum(known.sum(axis=0), 1)
        return np.asarray(np.mean(steps**2, axis=0) / 2 / np.maximum(mean**2, 1e-6))

    def keeps_sign(self, component: int, before: slice, after: slice) -> bool:
        """Return whether a component's mean has the same sign before and after."""
        means = [self.courses[trials, component] for trials in (before, after)]
        first, second = (each[np.isfinite(each)].sum() for each in means)
        return bool(first * second > 0)

    @cached_property
    def noise(self) -> np.ndarray:
        """Variance of an entry about the components, (n_neurons,).

        About the fit of every trial by itself, so that it is free of any change over trials; with
        too few bins for that, about the neuron's mean strength.
        """
        n_components = self.cross.shape[2]
        n_seen = self.seen.sum(axis=0)
        left = self.n_bins - n_components * n_seen
        missed = self.missed(self.mean + self.deviations)
        if np.any(left[n_seen > 0] < self.n_bins[n_seen > 0] / 3):
            left = self.n_bins - n_components
            missed = self.missed(self.mean[None])
        power = 1e-12 * self.power.sum(axis=0)
        variance = np.maximum(missed, power) / np.maximum(left, 1)
        # A share of all neurons' noise: that of one is uncertain, and zero if it is silent.
        return np.asarray(0.8 * variance + 0.2 * variance.mean() + np.finfo(float).tiny)

    def missed(self, strength: np.ndarray) -> np.ndarray:
        """Return the sum of squares that strengths leave of each neuron, (n_neurons,).

        Parameters
        ----------
        strength : (n_trials or 1, n_neurons, R) array
        """
        if self.gram.shape[1] == 1:
            told = strength @ self.gram[:, 0]
        else:
            told = np.einsum(
                "knrq,knq->knr", self.gram, np.broadcast_to(strength, self.cross.shape)
            )
        known = np.where(self.seen[:, :, None], 2 * self.cross - told, 0)
        return np.asarray(self.power.sum(axis=0) - (known * strength).sum(axis=(0, 2)))
