"""A factor or loading as bars, a line, points or an image, whatever its axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED
from trialtensor.plotting.images import draw_slice
from trialtensor.plotting.panels import count_in_whole_numbers, name_ticks, style_panel
from trialtensor.plotting.positions import AxisPositions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# How each axis is drawn unless told otherwise; any other axis is a line.
STYLES = {"neuron": "bar", "time": "line", "trial": "scatter"}
KNOWN = ("bar", "line", "scatter", "image")
RESTART: dict[str, Any] = {"color": "#555555", "alpha": 0.25}
BESIDE_BARS = "#d55e00"  # where grey would vanish on the bars


def check_styles(styles: Any, axes: Sequence[str], *, colored: bool) -> dict[str, str]:
    """Return the style of each axis.

    Parameters
    ----------
    styles : mapping of axis to style, or None
    axes : sequence of str
        Those that the model has.
    colored : bool
        Whether trials are coloured by a label, which an image of them can't be.

    Raises
    ------
    ValueError
        For an unknown axis or style, and for coloured trials as an image.
    """
    if styles is None:
        styles = {}
    if not isinstance(styles, Mapping):
        raise ValueError(f"styles: expected a dict of axis to style, got {styles!r}")
    for axis, style in styles.items():
        if axis not in axes:
            raise ValueError(f"styles: expected axes among {', '.join(axes)}, got {axis!r}")
        if style not in KNOWN:
            raise ValueError(f"styles: expected one of {', '.join(KNOWN)}, got {style!r}")
    if colored and styles.get("trial") == "image":
        raise ValueError(
            "styles: an image of trials has the colours of their values, not of color_by; leave "
            "one of them out"
        )
    return STYLES | dict(styles)


def draw_vector(
    ax: Axes,
    place: AxisPositions,
    values: np.ndarray,
    *,
    style: str,
    colors: Any = None,
    others: Sequence[np.ndarray] = (),
    zero_inside: bool = False,
) -> None:
    """Draw one vector.

    Parameters
    ----------
    ax : Axes
    place : AxisPositions
        Order, positions and names of its entries.
    values : (n,) array
        NaN leaves a gap.
    style : {"bar", "line", "scatter", "image"}
    colors : str or (n, 4) array, optional
        Of each entry; a line gets points in these colours, an image has none.
    others : sequence of (n,) arrays
        Of other restarts, drawn faintly; not over an image.
    zero_inside : bool
        Mark position zero if it lies inside, as that of times does.
    """
    if style == "image":
        _draw_strip(ax, place, values)
        return
    style_panel(ax)
    if place.are_whole:
        count_in_whole_numbers(ax)
    if zero_inside and place.positions.min() < 0 < place.positions.max():
        ax.axvline(0, color=MUTED, linewidth=0.7, linestyle=(0, (3, 3)))
    ordered = [other[place.order] for other in others]
    if colors is not None and not isinstance(colors, str):
        colors = colors[place.order]
    draw = {"bar": _draw_bars, "line": _draw_line, "scatter": _draw_points}[style]
    draw(ax, place, values[place.order], colors, ordered)
    for edge in place.edges:
        ax.axvline(edge, color=FAINT, linewidth=0.8, zorder=0)
    _limit(ax, [values, *others])
    name_ticks(ax, place)


def _draw_bars(
    ax: Axes, place: AxisPositions, heights: np.ndarray, colors: Any, others: Sequence[np.ndarray]
) -> None:
    """Draw bars from zero; a missing entry leaves its place empty."""
    from matplotlib.collections import PolyCollection

    x, seen = place.positions, np.isfinite(heights)
    # One collection: hundreds of separate bars a panel would take seconds to draw.
    half = 0.5 if len(x) > 150 else 0.4
    if not place.are_whole and len(x) > 1:
        half *= float(np.diff(np.sort(x)).min())
    left, right, top = x[seen] - half, x[seen] + half, heights[seen]
    zero = np.zeros_like(top)
    corners = np.stack([left, zero, left, top, right, top, right, zero], axis=1).reshape(-1, 4, 2)
    face = INK if colors is None else colors if isinstance(colors, str) else colors[seen]
    ax.add_collection(PolyCollection(list(corners), facecolor=face, linewidth=0))
    for other in others:
        ax.hlines(other, x - half, x + half, linewidth=1.0, color=BESIDE_BARS, alpha=0.35)
    ax.axhline(0, color=MUTED, linewidth=0.6)
    ax.set_xlim(x.min() - 2.5 * half, x.max() + 2.5 * half)


def _draw_line(
    ax: Axes, place: AxisPositions, heights: np.ndarray, colors: Any, others: Sequence[np.ndarray]
) -> None:
    x = place.positions
    ax.axhline(0, color=FAINT, linewidth=0.6)
    for other in others:
        ax.plot(x, other, linewidth=0.8, **RESTART)
    colored = colors is not None and not isinstance(colors, str)
    # A value between two gaps has no line, and would not be seen.
    alone = np.isfinite(heights) & ~np.isfinite(np.r_[np.nan, heights[:-1]])
    alone &= ~np.isfinite(np.r_[heights[1:], np.nan])
    marks = np.flatnonzero(alone).tolist()
    ax.plot(
        x,
        heights,
        color=MUTED if colored else ACCENT,
        linewidth=0.9 if colored else 1.6,
        marker="o" if marks else None,
        markevery=marks or None,
    )
    if colored:
        ax.scatter(x, heights, s=_point_size(len(x)), c=colors, linewidths=0, zorder=3)
    ax.margins(x=0.02)


def _draw_points(
    ax: Axes, place: AxisPositions, heights: np.ndarray, colors: Any, others: Sequence[np.ndarray]
) -> None:
    x, size = place.positions, _point_size(len(place.positions))
    for other in others:
        ax.scatter(x, other, s=size * 0.6, linewidths=0, zorder=1, **RESTART)
    color = ACCENT if colors is None else colors
    ax.scatter(x, heights, s=size, c=color, linewidths=0, zorder=2)
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    ax.margins(x=0.02)


def _draw_strip(ax: Axes, place: AxisPositions, values: np.ndarray) -> None:
    row = AxisPositions(np.zeros(1, dtype=int), np.zeros(1), "")
    draw_slice(ax, np.asarray(values)[None], row, place)
    ax.set_yticks([])


def _point_size(n: int) -> float:
    return float(np.clip(3200 / n, 5, 22))


def _limit(ax: Axes, curves: Sequence[np.ndarray]) -> None:
    # Zero is always in sight, so that a small modulation of a large factor looks small.
    values = np.concatenate([np.zeros(1), *curves])
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    pad = 0.08 * (high - low) or 1.0
    ax.set_ylim(low - pad * (low < 0), high + pad)
