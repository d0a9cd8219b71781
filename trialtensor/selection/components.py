"""What the components of a fitted model are, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES


def axis_matrices(model: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factors of TCA, or loadings of SliceTCA: (n_trials, R), (n_neurons, R), (n_times, R).

    Raises
    ------
    ValueError
        For something that is no such model, or isn't fitted.
    """
    for kind in ("factors", "loadings"):
        if all(hasattr(model, f"{axis}_{kind}_") for axis in AXES):
            trial, neuron, time = (getattr(model, f"{axis}_{kind}_") for axis in AXES)
            return trial, neuron, time
    raise ValueError(f"model: expected a fitted TCA or SliceTCA, got {model!r}")


def is_sliced(model: Any) -> bool:
    """Whether components are a vector times a matrix."""
    return hasattr(model, "trial_slices_")


def shape_of(model: Any) -> tuple[int, int, int]:
    """(n_trials, n_neurons, n_times) of the data that a model was fitted to."""
    n_trials, n_neurons, n_times = (len(matrix) for matrix in axis_matrices(model))
    return n_trials, n_neurons, n_times


def slicing_axes(model: Any) -> np.ndarray:
    """The axis of the loading of every component of SliceTCA: 0, 1 or 2; -1 for TCA's."""
    matrices = axis_matrices(model)
    if not is_sliced(model):
        return np.full(matrices[0].shape[1], -1)
    return np.repeat([0, 1, 2], [matrix.shape[1] for matrix in matrices])


def component_tensors(model: Any) -> Iterator[np.ndarray]:
    """The data that each component stands for, one after the other.

    Components of SliceTCA come in the order trial-, neuron-, time-slicing.

    Yields
    ------
    (n_trials, n_neurons, n_times) array
        NaN where the model says nothing.
    """
    matrices = axis_matrices(model)
    if not is_sliced(model):
        for weight, *vectors in zip(model.weights_, *(m.T for m in matrices), strict=True):
            yield weight * np.multiply.outer(np.multiply.outer(vectors[0], vectors[1]), vectors[2])
        return
    for axis, matrix in enumerate(matrices):
        for loading, slab in zip(matrix.T, getattr(model, f"{AXES[axis]}_slices_"), strict=True):
            yield np.moveaxis(np.multiply.outer(loading, slab), 0, axis)
