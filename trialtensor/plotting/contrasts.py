"""Means of blocks of trials, and their differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.data.shown import p_equation
from trialtensor.plotting.colors import ACCENT, FAINT, INK
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.intervals import draw_intervals
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption, draw_legend
from trialtensor.tracking.contrasts import BlockContrasts

ALPHA = 0.05
LOWER = 0.28  # how far ends are drawn below means, in rows
MOST_PAIRS = 15


def plot_contrasts(
    contrasts: Any, *, units: str | None = None, alpha: float = ALPHA, axes: Any = None
) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.block_contrasts`.

    On the left, the mean of each block with its interval, and below it, in blue, the level that the
    block ends with. On the right, differences of the means of two blocks, filled where the p value,
    adjusted for their number, is at most ``alpha``; of more than 15 pairs those with the lowest.

    Parameters
    ----------
    contrasts : trialtensor.tracking.BlockContrasts
    units : str, optional
        Of the series, such as "°".
    alpha : float
    axes : (2,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (2,) array of Axes

    Raises
    ------
    ValueError
        For another number of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import block_contrasts
    >>> labels = np.repeat(["baseline", "adaptation"], 20)
    >>> values = np.repeat([0.0, 1.0], 20) + np.random.default_rng(0).normal(size=40)
    >>> plot_contrasts(block_contrasts(values, labels)).shape
    (2,)
    """
    check_instance("contrasts", contrasts, BlockContrasts, "a BlockContrasts")
    blocks = contrasts.blocks
    pairs = contrasts.contrasts
    if len(pairs) > MOST_PAIRS:
        kept = np.sort(np.argsort(pairs["p_adjusted"].to_numpy(), kind="stable")[:MOST_PAIRS])
        pairs = pairs.iloc[kept]
    height = 1.1 + 0.42 * max(len(blocks), len(pairs))
    axes = take_axes(axes, (1, 2), (10.0, height), each="blocks and differences").ravel()
    names = [
        f"{shorten(str(row['block']))}\n({row['n_trials']} trials)"
        for row in blocks.to_dict("records")
    ]
    means = blocks["mean"].to_numpy(dtype=np.float64)
    draw_intervals(axes[0], names, means, blocks[["low", "high"]].to_numpy(float).T)
    _draw_ends(axes[0], blocks)
    unit = f" ({shorten(units)})" if units else ""
    caption(axes[0], x=f"level{unit}", title="Blocks")
    words = [
        f"{shorten(str(row['block']), 16)} − {shorten(str(row['minus']), 16)}\n"
        f"{p_equation(row['p_adjusted'])}"
        for row in pairs.to_dict("records")
    ]
    sure = pairs["p_adjusted"].to_numpy(dtype=np.float64) <= alpha
    ends = pairs[["low", "high"]].to_numpy(dtype=np.float64).T
    differences = pairs["difference"].to_numpy(dtype=np.float64)
    draw_intervals(axes[1], words, differences, ends, sure=sure, reference=0.0)
    title = "Differences of means"
    if len(pairs) < len(contrasts.contrasts):
        title += f" ({len(pairs)} of {len(contrasts.contrasts)})"
    caption(axes[1], x=f"difference{unit}", title=title)
    return axes


def _draw_ends(ax: Any, blocks: Any) -> None:
    """Draw the level on the last trial of each block below its mean."""
    y = np.arange(len(blocks)) + LOWER
    low, high = blocks[["end_low", "end_high"]].to_numpy(dtype=np.float64).T
    ax.hlines(y, low, high, color=ACCENT, linewidth=1.2)
    ax.plot(blocks["end"], y, "D", color=ACCENT, markersize=4, label="at its end")
    ax.plot([], [], "o-", color=INK, markersize=5, linewidth=1.2, label="mean")
    known = np.concatenate([low, high])
    known = known[np.isfinite(known)]
    left, right = ax.get_xlim()
    pad = 0.04 * (right - left)
    ax.set_xlim(
        min(left, known.min(initial=left + pad) - pad),
        max(right, known.max(initial=right - pad) + pad),
    )
    ax.grid(axis="x", color=FAINT, linewidth=0.4)
    ax.set_axisbelow(True)
    draw_legend(ax)
