"""Panels of figures: their frame, names of rows and ticks, means by label, why one is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.colors import FAINT, INK, MUTED
from trialtensor.plotting.labels import TrialLabels, as_drawn, shorten
from trialtensor.plotting.positions import AxisPositions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_ACTIVITY = "no activity"


def style_panel(ax: Axes) -> None:
    """Apply a thin frame, small numbers and few ticks."""
    from matplotlib.ticker import MaxNLocator

    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(labelsize=7, colors=INK, length=2.5, color=MUTED)
    ax.yaxis.set_major_locator(MaxNLocator(2, min_n_ticks=2))


def caption(
    ax: Axes, *, x: str | None = None, y: str | None = None, title: str | None = None
) -> None:
    """Name the axes of a panel, and the panel; what isn't given stays."""
    if x is not None:
        ax.set_xlabel(x, fontsize=8.5, color=INK)
    if y is not None:
        ax.set_ylabel(y, fontsize=8.5, color=INK)
    if title is not None:
        ax.set_title(title, fontsize=9.5, color=INK, loc="left")


def draw_legend(ax: Axes, *, above: bool = False, **options: Any) -> None:
    """Draw the legend beside a panel, or above one without a title: it can't cover anything."""
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
    if above:
        place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.01), "ncols": 4}
    ax.legend(**place, borderaxespad=0.3, frameon=False, fontsize=7.5, labelcolor=INK, **options)


def draw_label_means(ax: Axes, labels: TrialLabels, factor: np.ndarray) -> None:
    """Draw the mean of the trial factor for each label, with its 95 % interval."""
    style_panel(ax)
    groups = [group for group in labels.groups() if np.isfinite(factor[group.rows]).any()]
    means, halves = (
        (np.array(v) for v in zip(*(mean_interval(factor[g.rows]) for g in groups), strict=True))
        if groups
        else (np.empty(0), np.empty(0))
    )
    x = np.array([group.position for group in groups])
    ordered = labels.kind != "categorical"
    if ordered and len(x) > 1:
        # The tuning curve of a direction is closed: its first point comes again at the end.
        closed = labels.kind == "circular"
        ax.plot(
            np.append(x, x[0] + 360) if closed else x,
            np.append(means, means[0]) if closed else means,
            color=FAINT,
            linewidth=1.2,
            zorder=1,
        )
    for xi, mean, half, group in zip(x, means, halves, groups, strict=True):
        ax.errorbar(
            xi, mean, yerr=half, fmt="o", markersize=4.5, linewidth=1.4, color=group.color, zorder=2
        )
    _mean_ticks(ax, labels, groups)


def mean_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the mean and half width of its 95 % interval (Student's t); NaN for one value.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.plotting.panels import mean_interval
    >>> mean, half = mean_interval(np.array([1.0, 2.0, 3.0, np.nan]))
    >>> round(mean, 2), round(half, 2)
    (2.0, 2.48)
    """
    from scipy.special import stdtrit

    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2:
        return float(values.mean()) if n else float("nan"), float("nan")
    return float(values.mean()), float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n))


def row_text(name: str, unique: float) -> str:
    """Return the name of a component, with its unique explained variance if known."""
    return f"{name}\n{100 * unique:.1f} %\nunique" if np.isfinite(unique) else name


def name_row(ax: Axes, text: str) -> None:
    """Write the name of a component to the left of its first panel."""
    place: dict[str, Any] = {"rotation": 0, "ha": "right", "va": "center", "labelpad": 8}
    ax.set_ylabel(as_drawn(text), fontsize=8, color=INK, **place)


def say(ax: Axes, text: str) -> None:
    """Write in the middle of a panel why it is empty."""
    middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": ax.transAxes}
    ax.text(0.5, 0.5, text, fontsize=8, color=INK, **middle)


def leave_empty(ax: Axes, text: str) -> None:
    """Draw a panel without a frame, with the reason why it is empty."""
    style_panel(ax)
    say(ax, text)
    ax.tick_params(left=False, labelleft=False)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_color(FAINT)


def _mean_ticks(ax: Axes, labels: TrialLabels, groups: Sequence[Any]) -> None:
    if labels.kind == "circular":
        ax.set_xlim(-20, 380)
        ax.set_xticks([0, 90, 180, 270, 360])
    elif labels.kind == "categorical":
        n = len(labels.levels)
        ax.set_xlim(-0.6, max(n, 1) - 0.4)
        few = n <= 8
        ax.set_xticks(
            [g.position for g in groups] if few else [],
            [shorten(g.text, 12) for g in groups] if few else [],
        )
        if few and max((len(g.text) for g in groups), default=0) * n > 16:
            ax.tick_params(axis="x", labelrotation=40)
            for text in ax.get_xticklabels():
                text.set(ha="right", rotation_mode="anchor")
    elif labels.dates:
        ax.set_xticks(*labels.date_ticks(2))


def name_ticks(ax: Axes, place: AxisPositions) -> None:
    """Write names below the axis for positions that have them."""
    if not place.ticks:
        return
    ax.set_xticks(place.ticks, place.tick_labels)
    span = max(len(text) for text in place.tick_labels) * len(place.ticks)
    if span > 40:
        ax.tick_params(axis="x", labelrotation=90, labelsize=6)


def count_in_whole_numbers(ax: Axes) -> None:
    """Use whole-number ticks for trials, neurons or sweeps."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
