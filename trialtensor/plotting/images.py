"""Slices as images, with colour bars and the labels of their trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.colors import (
    INK,
    MUTED,
    NO_LABEL,
    diverging_colormap,
    positive_colormap,
)
from trialtensor.plotting.panels import count_in_whole_numbers, name_ticks
from trialtensor.plotting.positions import AxisPositions, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

# Left edge and width of items to the right of an image, in widths of the image.
STRIP_AT = (1.012, 0.016)
BAR_AT = (1.045, 0.018)
PERCENTILE = 99
MAX_NAMED_ROWS = 12
# Along an axis with more cells than this, neighbours are averaged: no screen shows them singly, and
# leaving out what falls between its pixels would show noise.
MAX_CELLS = 800


def draw_slice(
    ax: Axes,
    values: np.ndarray,
    rows: AxisPositions,
    columns: AxisPositions,
    *,
    positive: bool = False,
    limit: float | None = None,
) -> AxesImage:
    """Draw a cell for each pair of row and column, with a colour bar; grey is missing.

    Parameters
    ----------
    ax : Axes
    values : array of shape (n_rows, n_columns)
        In recorded order; NaN is missing.
    rows, columns : AxisPositions
        Their order and their names; the first row is on top. Cells are equally large, also where
        positions are not evenly spaced.
    positive : bool
        Colours from zero upwards, for values that cannot be negative; by default two colours
        that meet in white at zero.
    limit : float, optional
        Where colours end; by default see `color_limit`.
    """
    ordered = values[np.ix_(rows.order, columns.order)]
    rows, columns = side_by_side(rows), side_by_side(columns)
    top = color_limit(ordered) if limit is None else limit
    (left, right), (first, last) = _span(columns), _span(rows)
    image = ax.imshow(
        np.ma.masked_invalid(_thinned(_thinned(ordered).T).T),
        aspect="auto",
        interpolation="nearest",  # a neuron doesn't blend into its neighbour
        extent=(left, right, last, first),
        cmap=(positive_colormap() if positive else diverging_colormap()).with_extremes(
            bad=NO_LABEL
        ),
        vmin=0 if positive else -top,
        vmax=top,
    )
    _style(ax, rows, columns)
    _draw_color_bar(ax, image, beyond=np.nanmax(np.abs(ordered), initial=0) > top)
    return image


def color_limit(values: np.ndarray) -> float:
    """Return the 99th percentile of the magnitude, or the largest magnitude if that is close.

    A single outlier would leave all other cells the colour of zero.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.plotting.images import color_limit
    >>> values = np.linspace(-1, 1, 1001)
    >>> color_limit(values), round(color_limit(np.append(values, 50.0)), 2)
    (1.0, 0.99)
    """
    size = np.abs(values[np.isfinite(values)])
    if not size.any():
        return 1.0
    inner, largest = float(np.percentile(size, PERCENTILE)), float(size.max())
    return largest if largest <= 1.1 * inner or inner == 0 else inner


def _thinned(values: np.ndarray) -> np.ndarray:
    """Average neighbouring rows if there are too many, over the observed entries."""
    n = len(values)
    if n <= MAX_CELLS:
        return values
    starts = np.linspace(0, n, MAX_CELLS // 2, endpoint=False).astype(int)
    seen = np.isfinite(values)
    totals = np.add.reduceat(np.where(seen, values, 0.0), starts)
    counts = np.add.reduceat(seen, starts, dtype=np.int64)
    return np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0)


def draw_label_strip(ax: Axes, colors: np.ndarray, rows: AxisPositions) -> None:
    """Draw the colour of each trial's label in a narrow strip along the right edge.

    Parameters
    ----------
    colors : array of shape (n_trials, 4)
        In recorded order.
    """
    left, width = STRIP_AT
    strip = ax.inset_axes((left, 0, width, 1))
    strip.imshow(colors[rows.order][:, None], aspect="auto", interpolation="nearest")
    strip.set(xticks=[], yticks=[])
    strip.spines[:].set_visible(False)


def _draw_color_bar(ax: Axes, image: Any, *, beyond: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    left, width = BAR_AT
    cax = ax.inset_axes((left, 0.06, width, 0.88))
    low = image.norm.vmin < 0
    extend = ("both" if low else "max") if beyond else "neither"
    bar = ax.figure.colorbar(image, cax=cax, extend=extend, extendfrac=0.04)
    bar.locator = MaxNLocator(4, symmetric=low, min_n_ticks=3)
    bar.update_ticks()
    bar.ax.tick_params(labelsize=6.5, colors=INK, length=2, color=MUTED, pad=1.5)
    bar.outline.set_visible(False)


def _span(place: AxisPositions) -> tuple[float, float]:
    """Return the range from the outer edge of the first cell to that of the last."""
    x = place.positions
    half = (x[1] - x[0]) / 2 if len(x) > 1 else 0.5
    return float(x[0] - half), float(x[-1] + half)


def _style(ax: Axes, rows: AxisPositions, columns: AxisPositions) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.spines[:].set_visible(False)
    ax.tick_params(labelsize=7, colors=INK, length=2.5, color=MUTED)
    ax.set_ylabel(rows.label.replace(", ", ",\n"), fontsize=7.5, color=INK, labelpad=2)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if rows.ticks:
        few = len(rows.ticks) <= MAX_NAMED_ROWS
        ax.set_yticks(rows.ticks if few else [], rows.tick_labels if few else [])
    if columns.are_whole:
        count_in_whole_numbers(ax)
    name_ticks(ax, columns)
    for edge in rows.edges:
        ax.axhline(edge, color=INK, linewidth=0.5)
    for edge in columns.edges:
        ax.axvline(edge, color=INK, linewidth=0.5)
