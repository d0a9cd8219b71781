"""Positions along a model's axes, and the labels of its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.data.labels import plain_labels
from trialtensor.data.missing import as_array
from trialtensor.data.per_entry import one_each
from trialtensor.models import Fitted
from trialtensor.plotting.columns import Column
from trialtensor.plotting.labels import TrialLabels, as_drawn, resolve_labels, shorten
from trialtensor.plotting.positions import (
    AxisPositions,
    Coords,
    neuron_positions,
    ordered_trials,
    other_positions,
    time_positions,
    trial_positions,
)

MAX_NAMED_BLOCKS = 6


@dataclass(frozen=True)
class Labels:
    """Trial labels of a model whose datasets may have different trials.

    Attributes
    ----------
    whole : TrialLabels
        Of all trials, for the key.
    own : dict
        Dataset (None: for the data) -> labels of its trials.
    """

    whole: TrialLabels
    own: Mapping[str | None, TrialLabels]


def coords_of(fitted: Fitted, dataset: str | None, lengths: Mapping[str, int]) -> Coords:
    """Return the coordinates that match the neurons and axis lengths of a dataset.

    Parameters
    ----------
    fitted : Fitted
    dataset : str or None
    lengths : dict
        Axis -> number of entries that are drawn.
    """
    places = fitted.arrays.get("neuron_places")
    found = {}
    for name, (axis, values) in fitted.coords.items():
        values = plain_labels(values)
        # Neurons of one array that was taken apart into datasets.
        if dataset is not None and axis == "neuron" and places is not None:
            which = np.asarray(places.values)
            if len(which) == len(values):
                values = values[which == fitted.datasets.index(dataset)]
        if len(values) == lengths.get(axis, -1):
            found[name] = (axis, values)
    return found


def resolve(fitted: Fitted, shown: Sequence[Column], label: Any, argument: str) -> Labels | None:
    """Return labels for all trials drawn; None for no label.

    Parameters
    ----------
    fitted : Fitted
    shown : list of Column
    label : str, array of shape (n_trials,), dict of such arrays by dataset, or None
    argument : str
        Name of the argument, for error messages.

    Raises
    ------
    ValueError
        If there are no such labels, or not one per trial.
    """
    if label is None:
        return None
    lengths = {
        column.dataset: column.length(fitted, "trial") for column in shown if "trial" in column.dims
    }
    if not lengths:
        raise ValueError(f"{argument}: components of {fitted.kind} have no trial factors to label")
    if not isinstance(label, Mapping):
        own = {
            dataset: resolve_labels(coords_of(fitted, dataset, {"trial": n}), label, n, argument)
            for dataset, n in lengths.items()
        }
        return Labels(next(iter(own.values())), own)
    missing = [name for name in lengths if name not in label]
    if missing:
        raise ValueError(
            f"{argument}: expected labels for each of the datasets {[*lengths]}, got {[*label]}"
            if None not in lengths
            else f"{argument}: all trials of this {fitted.kind} are the same, so expected the "
            "name of a trial coordinate or one array, got a dict"
        )
    return _by_dataset(lengths, label, argument)


def _by_dataset(
    lengths: Mapping[str | None, int], label: Mapping[Any, Any], argument: str
) -> Labels:
    # Resolved together, so that a label has one colour in all datasets.
    arrays = []
    for name, n in lengths.items():
        if as_array(label[name]).shape not in ((n,), (n, 1)):
            raise ValueError(
                f"{argument}: expected {n} labels for {name!r}, got shape {np.shape(label[name])}"
            )
        arrays.append(plain_labels(one_each(label[name], n, argument)))
    whole = resolve_labels({}, np.concatenate(arrays), sum(lengths.values()), argument)
    parts = np.split(whole.values, np.cumsum([*lengths.values()])[:-1])
    return Labels(
        whole,
        {name: replace(whole, values=part) for name, part in zip(lengths, parts, strict=True)},
    )


def axis_place(
    axis: str,
    coords: Coords,
    n: int,
    *,
    group_by: str | None = "auto",
    order: TrialLabels | None = None,
) -> AxisPositions:
    """Return the positions of the ``n`` entries of an axis.

    Parameters
    ----------
    axis : str
        Trial, neuron or time; others go by a coordinate of their name, or are numbered.
    coords : dict
    n : int
    group_by : str or None
        Of neurons, as in `positions.neuron_positions`.
    order : TrialLabels, optional
        Labels by which trials are sorted.
    """
    if axis == "trial":
        return trial_positions(coords, n) if order is None else ordered_trials(order)
    if axis == "neuron":
        return neuron_positions(coords, n, group_by)
    if axis == "time":
        return time_positions(coords, n)
    place = other_positions(axis, coords, n)
    return replace(place, label=as_drawn(place.label))


def column_places(
    fitted: Fitted, column: Column, *, group_by: str | None, order: Labels | None
) -> dict[str, AxisPositions]:
    """Return positions for the axes of a column, and those of its blocks.

    Raises
    ------
    ValueError
        If no neuron coordinate is called ``group_by``.
    """
    lengths = {axis: column.length(fitted, axis) for axis in column.dims}
    coords = coords_of(fitted, column.dataset, lengths)
    places = {
        axis: axis_place(
            axis,
            coords,
            n,
            group_by=group_by,
            order=None if order is None else order.own.get(column.dataset),
        )
        for axis, n in lengths.items()
    }
    if column.by_block:
        places["block"] = _blocks(list(fitted.blocks))
        if fitted.length(column.axis) and _ragged(fitted, column):
            places[column.axis] = replace(
                places[column.axis], label=f"{places[column.axis].label} of the block"
            )
    if "trial" in places and n_latest(fitted, column):
        places["trial"] = replace(places["trial"], label="trial of the last batch")
    return places


def n_latest(fitted: Fitted, column: Column) -> int:
    """Return the number of trials a column shows if only the latest are known; otherwise 0."""
    if "trial" not in column.dims or column.dataset is not None:
        return 0
    n = column.length(fitted, "trial")
    return n if n < fitted.shape[0] else 0


def _ragged(fitted: Fitted, column: Column) -> bool:
    lengths = {len(part.values) for each in fitted.components for part in column.parts(each)}
    return len(lengths) > 1


def _blocks(labels: Sequence[Any]) -> AxisPositions:
    n = len(labels)
    order = np.arange(n)
    shown = order[:: -(-n // MAX_NAMED_BLOCKS)]
    texts = tuple(shorten(str(labels[i]), 12) for i in shown)
    return AxisPositions(order, order.astype(np.float64), "block", tuple(map(float, shown)), texts)
