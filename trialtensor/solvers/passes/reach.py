"""All products of SliceTCA with the data, for all three axes in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import contiguous, namespace
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.long_sums import long_product

# Entries of a trial from which on products with one trial take as long as reading it.
_LARGE = 200_000


class Reached(NamedTuple):
    """What one pass tells of some directions of each axis.

    Attributes
    ----------
    sums : three (R_axis, n_b, n_c) arrays
        The data contracted with the directions of each axis, in the library of the passes.
    trial_image : (n_trials, n_slices) array
        Inner products of trials with slices: the Gram matrix of trials times the directions that
        the slices are contractions with.
    neuron_image, time_image : (n_neurons, R1), (n_times, R2) arrays
        The Gram matrix of these axes times their directions.
    """

    sums: tuple[Any, Any, Any]
    trial_image: Any
    neuron_image: Any
    time_image: Any


@dataclass(frozen=True, eq=False)
class Reach:
    """Contractions with directions of each axis, and their images by the Gram matrices.

    A trial has all that the images of neurons and times need of it. Those of trials need the
    contraction of all trials first: they are ``slices``, and come from the pass before.

    Attributes
    ----------
    directions : three (n_axis, R_axis) arrays
    slices : (n_slices, n_neurons, n_times) array
    """

    directions: tuple[np.ndarray, np.ndarray, np.ndarray]
    slices: np.ndarray
    joins: Sequence[Join] = ("sum", "rows", "rows", "rows", "sum", "sum")

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the three contractions and the three images, trials first."""
        X = block.values
        xp = namespace(X)
        trial, neuron, time = self.directions
        by_trial = contraction.project(X, 0, block.array(trial[block.part]))
        if isinstance(X, np.ndarray) and X[:1].size > _LARGE:
            by_neuron, by_time, neuron_image, time_image = _trial_by_trial(X, neuron, time)
        else:
            by_neuron, by_time, neuron_image, time_image = _all_at_once(block, neuron, time)
        slices = block.array(self.slices)
        rows = xp.reshape(slices, (slices.shape[0], X.shape[1] * X.shape[2]))
        trial_image = long_product(xp.reshape(X, (X.shape[0], -1)), rows.T)
        trial_image, time_image = (
            xp.astype(each, X.dtype, copy=False) for each in (trial_image, time_image)
        )
        return by_trial, by_neuron, by_time, trial_image, neuron_image, time_image


def _all_at_once(block: Block, neuron: np.ndarray, time: np.ndarray) -> tuple[Any, ...]:
    """Return both contractions, trials first, and both images."""
    X = block.values
    xp = namespace(X)
    by_neuron = xp.matmul(contiguous(block.array(neuron).T), X)
    neuron_image = xp.sum(xp.matmul(X, xp.permute_dims(by_neuron, (0, 2, 1))), axis=0)
    by_time = contraction.project(X, 2, block.array(time))
    flat = xp.reshape(X, (-1, X.shape[2]))
    of_time = xp.reshape(by_time, (flat.shape[0], time.shape[1]))
    time_image = long_product(of_time.T, flat).T
    return by_neuron, xp.permute_dims(by_time, (0, 2, 1)), neuron_image, time_image


def _trial_by_trial(X: np.ndarray, neuron: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, ...]:
    """Do the same in three products while a trial is in the cache, two of which are one."""
    (n_trials, n_neurons, n_times), dtype = X.shape, X.dtype
    r, s = neuron.shape[1], time.shape[1]
    # A row for each neuron direction, then one for each time direction of this trial.
    left = np.empty((r + s, n_neurons), dtype)
    left[:r] = neuron.T
    time = np.ascontiguousarray(time, dtype)
    by_neuron, by_time = (
        np.empty((n_trials, r, n_times), dtype),
        np.empty((n_trials, s, n_neurons), dtype),
    )
    neuron_image, time_image = np.zeros((n_neurons, r)), np.zeros((s, n_times))
    for k, trial in enumerate(X):
        by_time[k] = left[r:] = (trial @ time).T
        both = left @ trial
        by_neuron[k] = both[:r]
        time_image += both[r:]
        neuron_image += trial @ both[:r].T
    return by_neuron, by_time, neuron_image.astype(dtype), time_image.T
