"""One cell of the component figure: the part of a component in one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import Component, Fitted
from trialtensor.plotting.columns import Column
from trialtensor.plotting.images import draw_slice
from trialtensor.plotting.labels import as_drawn, shorten
from trialtensor.plotting.panels import NO_ACTIVITY, leave_empty, say
from trialtensor.plotting.positions import AxisPositions
from trialtensor.plotting.vectors import draw_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Cell:
    """Settings shared by all cells of a column.

    Attributes
    ----------
    column : Column
    places : dict
        Axis -> positions of its entries.
    colors : str or (n_trials, 4) array
        Of trials.
    style : {"bar", "line", "scatter", "image"}
        Of vectors.
    others : list of (n, n_components) arrays
        Factors of other restarts.
    """

    column: Column
    places: Mapping[str, AxisPositions]
    colors: Any
    style: str
    others: Sequence[np.ndarray] = field(default_factory=list)


def draw_cell(ax: Axes, cell: Cell, component: Component, r: int) -> None:
    """Draw component number ``r`` in a column, or state why there is nothing."""
    parts = cell.column.parts(component)
    if not parts:
        leave_empty(ax, _why_absent(cell.column, component))
        return
    zero = component.weight == 0 or component.scales.get(cell.column.dataset, 1.0) == 0
    if cell.column.is_image:
        if zero:
            leave_empty(ax, NO_ACTIVITY)
        else:
            _draw_image(ax, cell, component)
        return
    values = np.asarray(parts[0].values, dtype=np.float64)
    axis = cell.column.axis
    draw_vector(
        ax,
        cell.places[axis],
        0 * values if zero else values,
        style=cell.style,
        colors=cell.colors if axis == "trial" else None,
        others=[np.asarray(other[:, r], dtype=np.float64) for other in cell.others],
        zero_inside=axis == "time",
    )
    if zero:
        say(ax, NO_ACTIVITY)


def share_text(fitted: Fitted, dataset: str, r: int) -> str | None:
    """Return a component's share in a dataset; None if unknown or zero."""
    shares = fitted.arrays.get("shares")
    if shares is None:
        return None
    share = float(shares.values[fitted.datasets.index(dataset), r])
    text = "< 1 %" if share < 0.005 else f"{100 * share:.0f} %"
    return f"{text} of it is here" if share > 0 else None


def _why_absent(column: Column, component: Component) -> str:
    elsewhere = {part.dataset for part in component.parts if part.dataset is not None}
    if column.dataset is not None and elsewhere:
        return f"only in {', '.join(map(shorten, sorted(elsewhere)))}"
    return f"has no {as_drawn(column.title.lower())}"


def _draw_image(ax: Axes, cell: Cell, component: Component) -> None:
    column = cell.column
    rows = cell.places["block" if column.by_block else column.dims[0]]
    across = cell.places[column.axis]
    if column.by_block:
        values = column.stacked(component)
    else:
        values = np.asarray(column.parts(component)[0].values, dtype=np.float64)
    draw_slice(ax, values, rows, across)
