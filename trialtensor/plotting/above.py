"""Names above a panel, in as many rows as they need so that none overlaps another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 4.0  # points between neighbours
LINE = 1.3  # height of a row, in font sizes


def name_above(
    ax: Axes,
    names: Sequence[tuple[float, str]],
    *,
    color: str,
    size: float = 8.0,
    start: float = 2.0,
) -> float:
    """Write each name above its position, and return the height in points that is used up.

    Names stay inside the width of the panel where they fit; the layout makes room for the rows.

    Parameters
    ----------
    ax : Axes
        Its limits must be set.
    names : sequence of (position in data, text)
    color : str
    size : float
        Of the font, in points.
    start : float
        Points above the panel at which the first row begins.
    """
    if not names:
        return start
    # A little less: the layout may still make the panel narrower.
    width = 0.9 * ax.get_window_extent().width * 72 / ax.figure.dpi
    low, high = ax.get_xlim()
    texts = [
        ax.annotate(
            name,
            (place, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0.0, start),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=size,
            color=color,
        )
        for place, name in names
    ]
    wide = np.array([each.get_window_extent().width * 72 / ax.figure.dpi for each in texts])
    at = np.array([(place - low) / (high - low) * width for place, _ in names])
    centres, rows = in_rows(at, wide, width)
    for text, shift, row in zip(texts, centres - at, rows, strict=True):
        text.set_position((float(shift), start + LINE * size * row))
    return float(start + LINE * size * (rows.max() + 1))


def heighten(axes: np.ndarray, points: Sequence[float]) -> None:
    """Make a figure of our own higher by what names above its panels take, in points."""
    figure = axes[0].figure
    width, height = figure.get_size_inches()
    figure.set_size_inches((width, height + sum(points) / 72))


def in_rows(at: np.ndarray, wide: np.ndarray, room: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre and the row of each of several names, from left to right.

    Parameters
    ----------
    at, wide : (n,) arrays
        Where each should be centred, and its width.
    room : float
        Width of the panel.

    Examples
    --------
    >>> centres, rows = in_rows(np.array([2.0, 8.0, 50.0]), np.array([10.0, 10.0, 10.0]), 100.0)
    >>> centres.tolist(), rows.tolist()
    ([5.0, 8.0, 50.0], [0, 1, 0])
    """
    centres = np.clip(at, wide / 2, np.maximum(room - wide / 2, wide / 2))
    rows = np.zeros(len(at), dtype=int)
    ends: list[float] = []  # of the last name in each row
    for i in np.argsort(at, kind="stable"):
        left = centres[i] - wide[i] / 2
        row = next((r for r, end in enumerate(ends) if left >= end + GAP), len(ends))
        ends[row : row + 1] = [centres[i] + wide[i] / 2]
        rows[i] = row
    return centres, rows
