"""Panels of the component figures, one function each: neurons, times, trials, means by label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED
from trialtensor.plotting.labels import TrialLabels, as_drawn, shorten
from trialtensor.plotting.positions import AxisPositions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_ACTIVITY = "no activity"
RESTART: dict[str, Any] = {"color": "#555555", "alpha": 0.25}


def style_panel(ax: Axes) -> None:
    """Apply a thin frame, small numbers and few ticks."""
    from matplotlib.ticker import MaxNLocator

    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(labelsize=7, colors=INK, length=2.5, color=MUTED)
    ax.yaxis.set_major_locator(MaxNLocator(2, min_n_ticks=2))


def draw_neurons(
    ax: Axes, place: AxisPositions, factor: np.ndarray, others: Sequence[np.ndarray] = ()
) -> None:
    """Draw bars from zero; a missing neuron leaves its place empty."""
    from matplotlib.collections import PolyCollection

    style_panel(ax)
    count_in_whole_numbers(ax)
    heights, x = factor[place.order], place.positions
    seen = np.isfinite(heights)
    # One collection: hundreds of separate bars a panel would take seconds to draw.
    half = 0.5 if len(x) > 150 else 0.4
    left, right, top = x[seen] - half, x[seen] + half, heights[seen]
    zero = np.zeros_like(top)
    corners = np.stack([left, zero, left, top, right, top, right, zero], axis=1).reshape(-1, 4, 2)
    ax.add_collection(PolyCollection(list(corners), facecolor=INK, linewidth=0))
    for other in others:
        ax.hlines(
            other[place.order], x - half, x + half, linewidth=1.0, color="#d55e00", alpha=0.35
        )
    ax.axhline(0, color=MUTED, linewidth=0.6)
    for edge in place.edges:
        ax.axvline(edge, color=FAINT, linewidth=0.8)
    _limits(ax, [factor, *others])
    ax.set_xlim(x[0] - 1, x[-1] + 1)
    name_ticks(ax, place)


def draw_times(
    ax: Axes, place: AxisPositions, factor: np.ndarray, others: Sequence[np.ndarray] = ()
) -> None:
    """Draw a line over time, marking time zero if it lies inside the trial."""
    style_panel(ax)
    if place.are_whole:
        count_in_whole_numbers(ax)
    x = place.positions
    if x.min() < 0 < x.max():
        ax.axvline(0, color=MUTED, linewidth=0.7, linestyle=(0, (3, 3)))
    ax.axhline(0, color=FAINT, linewidth=0.6)
    for other in others:
        ax.plot(x, other, linewidth=0.8, **RESTART)
    marker = "o" if len(x) == 1 else None
    ax.plot(x, factor, color=ACCENT, linewidth=1.6, marker=marker)
    _limits(ax, [factor, *others])
    ax.margins(x=0.02)
    name_ticks(ax, place)


def draw_trials(
    ax: Axes,
    place: AxisPositions,
    factor: np.ndarray,
    colors: Any,
    others: Sequence[np.ndarray] = (),
) -> None:
    """Draw one point per trial, coloured by its label."""
    style_panel(ax)
    count_in_whole_numbers(ax)
    x = place.positions
    size = float(np.clip(3200 / len(x), 5, 22))
    for other in others:
        ax.scatter(x, other[place.order], s=size * 0.6, linewidths=0, zorder=1, **RESTART)
    if not isinstance(colors, str):
        colors = colors[place.order]
    ax.scatter(x, factor[place.order], s=size, c=colors, linewidths=0, zorder=2)
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    for edge in place.edges:
        ax.axvline(edge, color=FAINT, linewidth=0.8, zorder=0)
    _limits(ax, [factor, *others])
    ax.margins(x=0.02)
    name_ticks(ax, place)


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


def _limits(ax: Axes, curves: Sequence[np.ndarray]) -> None:
    # Zero is always in sight, so that a small modulation of a large factor looks small.
    values = np.concatenate([np.zeros(1), *curves])
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    pad = 0.08 * (high - low) or 1.0
    ax.set_ylim(low - pad * (low < 0), high + pad)
