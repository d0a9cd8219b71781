"""Patterns that differ between blocks of trials, and how alike they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import Component, Fitted
from trialtensor.plotting.cells import Cell, draw_cell
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import ACCENT, INK
from trialtensor.plotting.columns import IMAGE_WIDTH, Column, columns, fitted_of
from trialtensor.plotting.grid import ROW_HEIGHT, take_axes
from trialtensor.plotting.images import draw_slice
from trialtensor.plotting.labels import as_drawn
from trialtensor.plotting.panels import NO_ACTIVITY, caption, leave_empty, name_row, row_text
from trialtensor.plotting.places import column_places
from trialtensor.plotting.positions import AxisPositions
from trialtensor.plotting.vectors import draw_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHIFT_WIDTH = 2.6


def plot_blocks(
    model: Any, *, components: Any = None, group_neurons_by: str | None = "auto", axes: Any = None
) -> np.ndarray:
    """Plot how the patterns of each component differ between blocks of trials, or sessions.

    One row per component. On the left are its patterns, blocks from top to bottom; beside them the
    cosine between the patterns of every pair of blocks, 1 where they are the same up to a factor
    (only if blocks have the same neurons). Time courses by block (``Parafac2(varying="time")``)
    have a third column: by how much the course of each block comes later than their mean, at the
    lag with the largest cross-correlation.

    Parameters
    ----------
    model : fitted Parafac2, or another whose factors differ between blocks of trials
    components : sequence of int or str, optional
        Draw these, in this order, as in `plot_factors`.
    group_neurons_by : str or None
        As in `plot_factors`.
    axes : array of Axes, shape (n_components, n_columns), optional
        By default of a new figure.

    Returns
    -------
    ndarray of Axes, shape (n_components, n_columns)
        One to three columns.

    Raises
    ------
    ValueError
        If no factors differ between blocks, for another shape of axes, and for components that
        aren't there.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    References
    ----------
    Harshman 1972, UCLA Working Papers in Phonetics 22, 30-47, for Parafac2.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import Parafac2, make_parafac2
    >>> X = make_parafac2(n_trials=8, n_neurons=(7, 7, 7), random_state=0).X
    >>> model = Parafac2(2, n_init=1, random_state=0).fit(
    ...     np.concatenate(X), blocks=np.repeat(["Mon", "Tue", "Wed"], 8)
    ... )
    >>> plot_blocks(model).shape
    (2, 2)
    """
    fitted = fitted_of(model)
    varying = [column for column in columns(fitted) if column.by_block]
    if not varying:
        raise ValueError(
            f"model: factors of this {fitted.kind} are the same in all blocks of trials; "
            "plot_factors draws them"
        )
    rows = [fitted.components[r] for r in choose(components, [c.name for c in fitted.components])]
    panels = [(column, what) for column in varying for what in _panels(fitted, column)]
    widths = [SHIFT_WIDTH if what == "shift" else IMAGE_WIDTH for _, what in panels]
    size = (sum(widths) + 1.0, max(ROW_HEIGHT * 1.2 * len(rows) + 0.75, 2.3))
    shape = (len(rows), len(panels))
    axes = take_axes(
        axes, shape, size, each="a row for each component", sharex="col", width_ratios=widths
    )
    for i, (column, what) in enumerate(panels):
        places = column_places(fitted, column, group_by=group_neurons_by, order=None)
        for ax, component in zip(axes[:, i], rows, strict=True):
            if component.weight == 0:
                leave_empty(ax, NO_ACTIVITY)
            elif what == "patterns":
                draw_cell(ax, Cell(column, places, None, "line"), component, 0)
            elif what == "similarity":
                values = pattern_similarity(column, component)
                draw_slice(ax, values, places["block"], places["block"], limit=1.0)
            else:
                _draw_shifts(ax, places, shifts(column, component, places["time"].positions))
        _name(axes[:, i], column, what, places)
    for ax, component in zip(axes[:, 0], rows, strict=True):
        name_row(ax, row_text(component.label, component.explained_variance_unique))
    for ax in axes[:-1].flat:
        ax.tick_params(labelbottom=False)
    return axes


def pattern_similarity(column: Column, component: Component) -> np.ndarray:
    """Return the cosine between the patterns of every two blocks, (n_blocks, n_blocks).

    Over the entries that both have; NaN where there are none.
    """
    values = column.stacked(component)
    seen = np.isfinite(values)
    known = np.where(seen, values, 0.0)
    power = known**2 @ seen.T  # of each block, over what the other has too
    size = np.sqrt(power * power.T)
    found = np.full(size.shape, np.nan)
    return np.clip(np.divide(known @ known.T, size, out=found, where=size > 0), -1, 1)


def shifts(column: Column, component: Component, times: np.ndarray) -> np.ndarray:
    """Return by how much the time course of each block comes later than the mean, (n_blocks,).

    In the unit of ``times``, which should be evenly spaced.
    """
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    courses = np.nan_to_num(column.stacked(component))
    mean = courses.mean(axis=0)
    lags = [int(np.argmax(np.correlate(course, mean, "full"))) for course in courses]
    return step * (np.array(lags) - (courses.shape[1] - 1))


def _panels(fitted: Fitted, column: Column) -> Sequence[str]:
    lengths = {len(p.values) for each in fitted.components for p in column.parts(each)}
    ragged = fitted.arrays.get("ragged")
    apart = len(lengths) > 1 or (ragged is not None and bool(ragged.values))
    # Entry i is the same neuron in all blocks only if all have the same neurons.
    comparable = column.axis != "neuron" or not apart
    several = len(fitted.blocks) > 1
    shifted = several and column.axis == "time"
    return ["patterns", *["similarity"] * (several and comparable), *["shift"] * shifted]


def _draw_shifts(ax: Axes, places: dict[str, AxisPositions], found: np.ndarray) -> None:
    draw_vector(ax, places["block"], found, style="scatter", colors=ACCENT)
    low, high = min(found.min(), 0.0), max(found.max(), 0.0)
    pad = 0.15 * (high - low) or 1.0
    ax.set_ylim(low - pad, high + pad)


def _name(axes: np.ndarray, column: Column, what: str, places: dict[str, AxisPositions]) -> None:
    if what == "patterns":
        caption(axes[0], title=as_drawn(column.title))
        caption(axes[-1], x=places[column.axis].label)
        return
    title = "Cosine between blocks"
    if what == "shift":
        label = places["time"].label
        unit = label[label.index("(") :] if "(" in label else "(bins)"
        title = f"Later than the mean {unit}"
    caption(axes[0], title=title)
    caption(axes[-1], x="block")
    axes[-1].xaxis.label.set_color(INK)
