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
        by_neuron = xp.matmul(contiguous(block.array(neuron).T), X)
        neuron_image = xp.sum(xp.matmul(X, xp.permute_dims(by_neuron, (0, 2, 1))), axis=0)
        by_time = contraction.project(X, 2, block.array(time))
        flat = xp.reshape(X, (-1, X.shape[2]))
        of_time = xp.reshape(by_time, (flat.shape[0], time.shape[1]))
        time_image = long_product(of_time.T, flat).T
        slices = block.array(self.slices)
        rows = xp.reshape(slices, (slices.shape[0], X.shape[1] * X.shape[2]))
        trial_image = long_product(xp.reshape(X, (X.shape[0], -1)), rows.T)
        trial_image, time_image = (
            xp.astype(each, X.dtype, copy=False) for each in (trial_image, time_image)
        )
        by_time = xp.permute_dims(by_time, (0, 2, 1))
        return by_trial, by_neuron, by_time, trial_image, neuron_image, time_image
