"""The panels of a model: which parts of its components stand together, and their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.explore.entities import Entity
from trialtensor.explore.quantised import pooled, quantised
from trialtensor.models import Component, Fitted
from trialtensor.plotting.columns import Column, has_loadings_and_slices
from trialtensor.plotting.images import color_limit
from trialtensor.plotting.labels import cut
from trialtensor.plotting.overlays import other_restarts

Entities = Mapping[tuple[str, str | None, int], Entity]
STYLES = {"neuron": "bar", "trial": "point"}
# Bytes that all images of a page may take before they are pooled.
IMAGE_BYTES = 1_200_000
MAX_TIMES = 100
FEWEST_CELLS = 50
# Restarts in tabs beside the best one; the next ones would say the same.
MAX_RESTARTS = 8


@dataclass(frozen=True, eq=False)
class Panel:
    """One plot: the same part of several components.

    Attributes
    ----------
    column : Column
    family : int
        Panels of one family have the same components, in the same lanes.
    components : list of int
    entity : Entity
        Along the horizontal axis.
    rows : Entity or None
        Down an image; None for blocks of trials, and for vectors.
    values : list of arrays or None
        For each component; None where it has no such part.
    restarts : list of lists of arrays or None
        The same of other restarts; empty where these aren't kept.
    beside_image : bool
        True if a panel of its family is an image, which needs higher lanes.
    notes : list of str
        Why the lane of a component is empty; empty text where it isn't.
    """

    column: Column
    family: int
    components: list[int]
    entity: Entity
    rows: Entity | None
    values: list[np.ndarray | None]
    restarts: list[list[np.ndarray | None]]
    beside_image: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def is_image(self) -> bool:
        """True if lanes hold images."""
        return self.column.is_image

    @property
    def style(self) -> str:
        """How a vector is drawn."""
        return STYLES.get(self.entity.axis, "line")

    @property
    def width(self) -> float:
        """Relative to others beside it."""
        return self.column.width

    @property
    def title(self) -> str:
        """What it shows, with the axis down an image."""
        if not self.is_image:
            return self.column.title
        down = "block" if self.column.by_block else self.column.dims[0]
        return self.column.title if down == "block" else f"{self.column.title} ({down}s down)"

    def payload(self, name: str) -> dict[str, Any]:
        """Return it for the page.

        Parameters
        ----------
        name : str
            Of its plot.
        """
        return {
            "plot": name,
            "family": self.family,
            "components": self.components,
            "entity": self.entity.key,
            "rows": None if self.rows is None else self.rows.key,
            "image": self.is_image,
            "bars": not self.is_image and self.style == "bar",
            "notes": self.notes,
            "values": [self._levels(values, 8 if self.is_image else 16) for values in self.values],
            "restarts": [[self._levels(values, 8) for values in each] for each in self.restarts],
        }

    def _levels(self, values: np.ndarray | None, bits: int) -> dict[str, Any] | None:
        if values is None:
            return None
        if not self.is_image:
            return quantised(values, bits=bits)
        top = color_limit(values) or 1.0
        return {**quantised(np.clip(values, -top, top), bits=8), "top": float(top)}


def panels_of(
    fitted: Fitted, shown: Sequence[Column], entities: Entities, *, restarts: bool
) -> list[Panel]:
    """Return the panels of a model, in the order in which they are read.

    Parameters
    ----------
    fitted : Fitted
    shown : list of Column
    entities : dict
    restarts : bool
        Keep the factors of other restarts.
    """
    others = other_restarts(fitted)[:MAX_RESTARTS] if restarts else []
    families = _families(fitted, shown)
    room = _room(fitted, shown)
    found = []
    for column in shown:
        family = next(i for i, (columns, _) in enumerate(families) if column in columns)
        members = families[family][1]
        axis = column.axis
        at = (axis, column.dataset, column.length(fitted, axis))
        if at not in entities:
            continue
        down = None if column.by_block or not column.is_image else column.dims[0]
        rows = None if down is None else entities[down, column.dataset, column.length(fitted, down)]
        values = [_values(column, fitted.components[r], at[2], room) for r in members]
        own = _restarts(column, others, members)
        image = any(each.is_image for each in families[family][0])
        found.append(
            Panel(
                column,
                family,
                members,
                entities[at],
                rows,
                values,
                own,
                image,
                _notes(column, fitted, members),
            )
        )
    # A loading is read before its slice.
    loadings_first = has_loadings_and_slices(fitted)
    return sorted(found, key=lambda each: (each.family, loadings_first and each.is_image))


def _families(fitted: Fitted, shown: Sequence[Column]) -> list[tuple[list[Column], list[int]]]:
    """Group columns that share components, such as a loading and its slice."""
    groups: list[tuple[list[Column], list[int]]] = []
    for r, component in enumerate(fitted.components):
        own = [column for column in shown if column.parts(component)]
        joined = [group for group in groups if any(column in group[0] for column in own)]
        columns = list(dict.fromkeys([*(c for group in joined for c in group[0]), *own]))
        members = [*(i for group in joined for i in group[1]), r]
        groups = [group for group in groups if group not in joined] + [(columns, sorted(members))]
    return sorted(groups, key=lambda group: group[1])


def _values(column: Column, component: Component, n: int, room: int) -> np.ndarray | None:
    """Return what a component has in a column; zero where it has no activity."""
    parts = column.parts(component)
    if not parts:
        return None
    zero = component.weight == 0 or component.scales.get(column.dataset, 1.0) == 0
    if not column.is_image:
        values = np.asarray(parts[0].values, dtype=np.float64)
        return 0 * values if zero else values
    if column.by_block:
        whole = np.full((len(parts), n), np.nan)
        for row, part in zip(whole, parts, strict=True):
            row[: len(part.values)] = part.values
    else:
        whole = np.asarray(parts[0].values)
        if column.axis == "time":
            whole = pooled(whole, MAX_TIMES)
    # The longer one first, so that images stay as fine as possible.
    for axis in np.argsort(whole.shape)[::-1]:
        whole = pooled(whole, max(room // whole.shape[1 - axis], FEWEST_CELLS), axis=int(axis))
    return 0 * whole if zero else whole


def _notes(column: Column, fitted: Fitted, members: Sequence[int]) -> list[str]:
    return [_note(column, fitted.components[r]) for r in members]


def _note(column: Column, component: Component) -> str:
    if not column.parts(component):
        elsewhere = sorted({str(p.dataset) for p in component.parts if p.dataset is not None})
        return f"only in {', '.join(cut(name, 20) for name in elsewhere)}" if elsewhere else "none"
    zero = component.weight == 0 or component.scales.get(column.dataset, 1.0) == 0
    return "no activity" if zero else ""


def _room(fitted: Fitted, shown: Sequence[Column]) -> int:
    """Return the number of cells that each image may have."""
    n = sum(bool(column.parts(c)) for column in shown if column.is_image for c in fitted.components)
    return IMAGE_BYTES // max(n, 1)


def _restarts(
    column: Column, others: Sequence[Any], members: Sequence[int]
) -> list[list[np.ndarray | None]]:
    """Return the same column of other restarts; empty where they didn't keep it."""
    key = column.name, column.dataset
    if column.is_image or not all(key in curves for curves in others):
        return []
    return [[np.asarray(curves[key][:, r]) for r in members] for curves in others]
