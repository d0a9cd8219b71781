"""What can be pointed at: the trials, neurons and times of a model, with their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.data.labels import as_names, plain_labels
from trialtensor.explore.labels import as_payload, block_labels, labels_of
from trialtensor.models import Fitted
from trialtensor.plotting.columns import Column
from trialtensor.plotting.labels import TrialLabels, cut
from trialtensor.plotting.places import Labels, axis_place, coords_of, n_latest
from trialtensor.plotting.positions import AxisPositions

# Sorted, selected and looked at one by one; entries of the other axes have an order of their own.
SORTED = ("trial", "neuron")
MAX_NAME = 60
MAX_DATASET = 24


@dataclass(frozen=True, eq=False)
class Entity:
    """The entries of one axis, of one dataset if that has its own.

    Attributes
    ----------
    key : str
        Its name in the page.
    axis : str
    dataset : str or None
    n : int
    place : AxisPositions
        In the order of the data.
    labels : list of TrialLabels
    names : list of str or None
        Of the entries, where the data names them.
    even : bool
        True if entries are drawn in equal steps, since an image needs that.
    """

    key: str
    axis: str
    dataset: str | None
    n: int
    place: AxisPositions
    labels: list[TrialLabels] = field(default_factory=list)
    names: list[str] | None = None
    even: bool = False

    @property
    def sorts(self) -> bool:
        """Whether its entries can be sorted and selected."""
        return self.axis in SORTED

    @property
    def positions(self) -> np.ndarray:
        """Where its entries are drawn, shape (n,)."""
        x = np.empty(self.n)
        x[self.place.order] = self.place.positions
        steps = np.diff(x)
        if self.even and self.n > 1 and not np.allclose(steps, steps[0], rtol=1e-3):
            return np.arange(self.n, dtype=np.float64)
        return x

    @property
    def title(self) -> str:
        """How its axis is called, with the unit."""
        moved = not np.array_equal(self.positions, self._given())
        return f"{self.axis}, in the order of the data" if moved else self.place.label

    def _given(self) -> np.ndarray:
        x = np.empty(self.n)
        x[self.place.order] = self.place.positions
        return x

    def payload(self) -> dict[str, Any]:
        """Return it for the page."""
        return {
            "axis": self.axis,
            "dataset": None if self.dataset is None else cut(self.dataset, MAX_DATASET),
            "n": self.n,
            "sorts": self.sorts,
            "x": self.positions,
            "title": self.title.replace("\\$", "$"),
            "names": self.names,
            "labels": [as_payload(label) for label in self.labels],
            "ticks": dict(zip(map(str, self.place.ticks), self.place.tick_labels, strict=True))
            if not self.sorts
            else {},
        }


def entities_of(
    fitted: Fitted, shown: Iterable[Column], color_by: Labels | None
) -> dict[tuple[str, str | None, int], Entity]:
    """Return what the columns of a model show, by axis, dataset and number of entries.

    Parameters
    ----------
    fitted : Fitted
    shown : iterable of Column
    color_by : Labels, optional
        Trial labels that were given beside those of the data.
    """
    found: dict[tuple[str, str | None, int], Entity] = {}
    columns = list(shown)
    for column in columns:
        for axis in column.dims:
            n = column.length(fitted, axis)
            place = (axis, column.dataset, n)
            even = any(each.is_image and axis in each.dims for each in columns)
            if place not in found and n:
                found[place] = _entity(fitted, column, axis, n, color_by, even)
    return found


def _entity(
    fitted: Fitted, column: Column, axis: str, n: int, color_by: Labels | None, even: bool
) -> Entity:
    dataset = column.dataset
    coords = coords_of(fitted, dataset, {axis: n})
    labels = labels_of(axis, coords)
    if axis == "trial":
        labels = _with_given(labels, color_by, dataset, n)
        blocks = block_labels(fitted.blocks, n)
        if blocks is not None and not any(each.name == "block" for each in labels):
            labels.append(blocks)
    place = axis_place(axis, coords, n, group_by=None)
    if axis == "trial" and n_latest(fitted, column):
        place = AxisPositions(place.order, place.positions, "trial of the last batch")
    key = axis if dataset is None else f"{axis} of {dataset}"
    return Entity(f"{key} ({n})", axis, dataset, n, place, labels, _names(axis, coords, n), even)


def _with_given(
    labels: list[TrialLabels], given: Labels | None, dataset: str | None, n: int
) -> list[TrialLabels]:
    """Put the labels that were asked for first, whether the data has them or not."""
    own = None if given is None else given.own.get(dataset)
    if own is None or len(own.values) != n:
        return labels
    return [own, *(each for each in labels if each.name != own.name)]


def _names(axis: str, coords: Any, n: int) -> list[str] | None:
    if axis not in coords or coords[axis][0] != axis:
        return None
    values = plain_labels(coords[axis][1])
    if len(values) != n or axis == "time":
        return None
    return ["" if name is None else cut(str(name), MAX_NAME) for name in as_names(values)]
