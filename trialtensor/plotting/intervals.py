"""Estimates with their intervals, one below another, as in a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.plotting.colors import FAINT, INK
from trialtensor.plotting.panels import style_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_intervals(
    ax: Axes,
    names: Sequence[str],
    estimates: np.ndarray,
    ends: np.ndarray,
    *,
    sure: np.ndarray | None = None,
    reference: float | None = None,
    color: str = INK,
) -> None:
    """Draw a point and a line for each, the first on top.

    Parameters
    ----------
    ax : Axes
    names : sequence of str
        Along the vertical axis, ready for a figure.
    estimates : (n,) array
        NaN is not estimated: the row says so.
    ends : (2, n) array
        Lower and upper; infinite ends are arrows at the edge.
    sure : (n,) bool array, optional
        Which are filled; all by default.
    reference : float, optional
        Where nothing happens, a dotted line.
    color : str
    """
    style_panel(ax)
    n = len(names)
    ends = np.asarray(ends, dtype=np.float64)
    sure = np.ones(n, bool) if sure is None else sure
    known = np.concatenate([estimates, ends.ravel(), [] if reference is None else [reference]])
    known = known[np.isfinite(known)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    pad = 0.06 * (high - low) or 0.5
    ax.set_xlim(low - pad, high + pad)
    if not np.isfinite(estimates).any():
        ax.set_xticks([])
    if reference is not None:
        ax.axvline(reference, color=FAINT, linewidth=1.0, zorder=0)
    for y, (middle, left, right, filled) in enumerate(zip(estimates, *ends, sure, strict=True)):
        if not np.isfinite(middle):
            ax.annotate(
                "not estimated",
                (0.5, y),
                xycoords=("axes fraction", "data"),
                ha="center",
                va="center",
                fontsize=7.5,
                color=INK,
                bbox={"facecolor": "white", "linewidth": 0, "pad": 1.5},
            )
            continue
        inside = np.clip(np.nan_to_num([left, right], nan=middle), *ax.get_xlim())
        ax.plot(inside, [y, y], color=color, linewidth=1.2, zorder=2)
        for end, place, arrow in zip((left, right), inside, "<>", strict=True):
            if np.isinf(end):
                ax.plot(place, y, arrow, color=color, markersize=4, clip_on=False, zorder=2)
        face = color if filled else "white"
        ax.plot(middle, y, "o", color=color, markerfacecolor=face, markersize=5, zorder=3)
    ax.set_yticks(range(n), names, fontsize=8, color=INK)
    ax.set_ylim(n - 0.4, -0.6)
