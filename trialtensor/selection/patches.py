"""Pieces of the data in which components are products of one vector an axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.models.fitted import Component, Fitted, Part
from trialtensor.selection.residual_arrays import Residuals


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of the data with its own matrix for each axis.

    Attributes
    ----------
    dataset : str or None
    trials : int array
        Its trials among all.
    values : (n_trials, n_neurons, n_times) array, or with more axes
        The residuals of the piece; NaN where not observed.
    matrices : dict
        Axis -> (n, R), constant on an axis that components don't vary along.
    present : tuple of int
        The components that are the columns; one may be absent from a dataset.
    """

    dataset: str | None
    trials: np.ndarray
    values: np.ndarray
    matrices: dict[str, np.ndarray]
    present: tuple[int, ...]


def patches(fitted: Fitted, residuals: Residuals) -> Iterator[Patch]:
    """Yield the pieces that residuals consist of: by dataset, and by block of trials.

    Parameters
    ----------
    fitted : Fitted
        Without slices.
    residuals : Residuals
    """
    arrays = zip(residuals.arrays, residuals.trials, residuals.neurons, strict=True)
    for i, (values, trials, neurons) in enumerate(arrays):
        name = residuals.names[i]
        datasets: list[str | None] = [None if name is None else str(name)]
        places = fitted.arrays.get("neuron_places")
        if name is None and fitted.datasets:
            datasets = list(fitted.datasets)
        for d, dataset in enumerate(datasets):
            own = np.arange(len(neurons))
            if len(datasets) > 1 and places is not None:
                own = np.flatnonzero(places.values == d)
            for block, of_block in fitted.blocks.items() or [(None, trials)]:
                rows = np.flatnonzero(np.isin(trials, of_block))
                if len(rows) and len(own):
                    piece = values[np.ix_(rows, own)]
                    yield _patch(fitted, dataset, block, trials[rows], piece)


def _patch(
    fitted: Fitted, dataset: str | None, block: Any, trials: np.ndarray, values: np.ndarray
) -> Patch:
    lengths = dict(zip(fitted.axes, values.shape, strict=True))

    def vector(component: Component, axis: str) -> np.ndarray:
        parts = [part for part in component.vectors(axis) if part.within(dataset, block)]
        if not parts:
            return np.ones(lengths[axis])
        return _of_trials(parts[0], trials) if axis == "trial" else parts[0].values

    present = [
        r
        for r, component in enumerate(fitted.components)
        if dataset is None or not fitted.datasets or component.scales.get(dataset, 0) > 0
    ]
    matrices = {
        axis: np.nan_to_num(
            np.reshape(
                [vector(fitted.components[r], axis) for r in present],
                (len(present), lengths[axis]),
            ).T
        )
        for axis in fitted.axes
    }
    own = dataset if dataset in fitted.datasets else None
    return Patch(own, trials, values, matrices, tuple(present))


def _of_trials(part: Part, trials: np.ndarray) -> np.ndarray:
    """Return a trial factor for the trials of this array."""
    return part.values if part.dataset is not None else part.values[trials]
