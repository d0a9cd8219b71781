"""Mean activity that the components alone say, without data and without the model's tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.explore.means import Means, Sums
from trialtensor.models import Component, Fitted, Part


def means_of_components(fitted: Fitted) -> Means | None:
    """Sum what the components say over trials, and over neurons.

    Products of vectors and slices are summed one by one, so that no array is larger than
    (n_neurons, n_times) or (n_trials, n_times) beyond the parts themselves.

    Parameters
    ----------
    fitted : Fitted

    Returns
    -------
    Means or None
        None if components say nothing of entries over time, or differ in length between blocks.
    """
    names: Sequence[str | None] = fitted.datasets or (None,)
    found = [_of_dataset(fitted, name) for name in names]
    sums = [each for each in found if each is not None]
    if len(sums) < len(found):
        return None
    lengths = [len(each.neurons) for each in sums]
    starts = np.cumsum([0, *lengths])[:-1]
    return Means(
        sums,
        [np.arange(len(each.trials)) for each in sums],
        [start + np.arange(n) for start, n in zip(starts, lengths, strict=True)],
        list(names),
    )


def _of_dataset(fitted: Fitted, dataset: str | None) -> Sums | None:
    lengths = {axis: fitted.length(axis, dataset) for axis in fitted.axes}
    n_trials, n_neurons, n_times = lengths["trial"], lengths["neuron"], lengths["time"]
    neurons, trials = np.zeros((n_neurons, n_times)), np.zeros((n_trials, n_times))
    blocks: Mapping[Any, np.ndarray] = fitted.blocks or {None: np.arange(n_trials)}
    for block, rows in blocks.items():
        if np.max(rows, initial=-1) >= n_trials:
            return None
        for component in fitted.components:
            parts = _parts(component, dataset, block, np.asarray(rows))
            scale = component.scales.get(dataset, 1.0)
            own = {**lengths, "trial": len(rows)}
            if any(_misfits(part, own) for part in parts):
                return None
            neurons += scale * _summed(parts, own, ("neuron", "time"))
            trials[rows] += scale * _summed(parts, own, ("trial", "time"))
    others = int(
        np.prod([n for axis, n in lengths.items() if axis not in ("trial", "neuron", "time")])
    )
    return Sums(
        neurons,
        np.full(neurons.shape, n_trials * others),
        trials,
        np.full(trials.shape, n_neurons * others),
    )


def _parts(component: Component, dataset: str | None, block: Any, rows: np.ndarray) -> list[Part]:
    """Return the parts that describe a block, with only its trials, and zero where unknown."""
    found = []
    for part in component.parts:
        if part.within(dataset, block):
            values = np.nan_to_num(np.asarray(part.values, dtype=np.float64))
            if "trial" in part.dims:
                values = values.take(rows, axis=part.dims.index("trial"))
            found.append(Part(part.name, part.dims, values))
    return found


def _misfits(part: Part, lengths: Mapping[str, int]) -> bool:
    return any(
        axis not in lengths or n != lengths[axis]
        for axis, n in zip(part.dims, part.values.shape, strict=True)
    )


def _summed(parts: Sequence[Part], lengths: Mapping[str, int], kept: tuple[str, ...]) -> np.ndarray:
    """Return the product of parts, summed over all axes but two."""
    letter = {axis: chr(ord("a") + i) for i, axis in enumerate(lengths)}
    present = {axis for part in parts for axis in part.dims}
    absent = int(np.prod([n for axis, n in lengths.items() if axis not in (*present, *kept)]))
    target = [axis for axis in kept if axis in present]
    terms = ",".join("".join(letter[axis] for axis in part.dims) for part in parts)
    result = np.einsum(
        f"{terms}->{''.join(letter[axis] for axis in target)}",
        *(part.values for part in parts),
        optimize="greedy",
    )
    shape = [lengths[axis] if axis in present else 1 for axis in kept]
    whole = np.broadcast_to(result.reshape(shape), [lengths[axis] for axis in kept])
    return np.asarray(absent * whole)
