"""The key to the trial colours: a compass, a legend or a colour bar beside an axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialtensor.plotting.colors import FAINT, INK, NO_LABEL
from trialtensor.plotting.labels import TrialLabels, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ENTRIES = 14
GAP = 0.15  # inches between the axes and its key
STRIP = 1.7  # inches kept for the key in a figure of our own


def draw_key(ax: Axes, labels: TrialLabels, *, own_figure: bool) -> None:
    """Draw the key to `labels` outside the right edge of `ax`.

    With `own_figure` the key gets a strip along the right of the figure, and the layout is
    frozen before it is drawn: a tall key would push the rows of axes apart.
    """
    figure = ax.figure
    if own_figure:
        figure.get_layout_engine().set(rect=(0, 0, 1 - STRIP / figure.get_figwidth(), 1))
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    if labels.discrete and labels.kind == "circular":
        _compass(ax, labels)
    elif labels.discrete:
        _legend(ax, labels)
    else:
        _color_bar(ax, labels)


def _inset(ax: Axes, width: float, height: float) -> Axes:
    # Sizes in inches, so that the key looks the same beside wide and narrow axes.
    box = ax.get_position()
    figure_width, figure_height = ax.figure.get_size_inches()
    across = max(box.width * figure_width, 0.1)
    up = max(box.height * figure_height, 0.1)
    return ax.inset_axes((1 + GAP / across, 1 - height / up, width / across, height / up))


def _compass(ax: Axes, labels: TrialLabels) -> None:
    inset = _inset(ax, 1.5, 1.5)
    angle = np.deg2rad(labels.levels)
    x, y = np.cos(angle), np.sin(angle)
    ring = np.linspace(0, 2 * np.pi, 100)
    inset.plot(np.cos(ring), np.sin(ring), color=FAINT, zorder=0)
    inset.scatter(x, y, s=60, c=labels.level_colors(), edgecolors="white", linewidths=0.6)
    for xi, yi, text in zip(x, y, labels.texts, strict=True):
        inset.text(1.55 * xi, 1.4 * yi, text, ha="center", va="center", fontsize=7, color=INK)
    inset.text(
        0,
        0,
        shorten(labels.name, 14).replace("_", "\n"),
        ha="center",
        va="center",
        fontsize=7,
        color=INK,
    )
    inset.set(xlim=(-2.0, 2.0), ylim=(-1.8, 1.8), aspect="equal")
    inset.axis("off")


def _legend(ax: Axes, labels: TrialLabels) -> None:
    from matplotlib.lines import Line2D

    n = len(labels.levels)
    shown = np.unique(np.linspace(0, n - 1, min(n, MAX_ENTRIES)).round().astype(int))
    colors = labels.level_colors()
    style = {"linestyle": "none", "marker": "o", "markersize": 5.5}
    handles = [
        Line2D([], [], color=colors[i], label=shorten(labels.texts[i]), **style) for i in shown
    ]
    if labels.missing.any():
        handles.append(Line2D([], [], color=NO_LABEL, label="no label", **style))
    title = labels.title if len(shown) == n else f"{labels.title}\n({len(shown)} of {n} shown)"
    box = ax.get_position()
    across = max(box.width * ax.figure.get_size_inches()[0], 0.1)
    ax.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(1 + GAP / across, 1.05),
        borderaxespad=0,
        fontsize=7,
        title_fontsize=7,
        frameon=False,
        handletextpad=0.2,
        labelspacing=0.3,
        alignment="left",
    )


def _color_bar(ax: Axes, labels: TrialLabels) -> None:
    inset = _inset(ax, 0.12, 1.1)
    bar = ax.figure.colorbar(labels.mappable(), cax=inset)
    bar.set_label(labels.title, fontsize=7)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    if labels.kind == "circular":
        bar.set_ticks([0, 90, 180, 270, 360])
    elif labels.dates:
        bar.set_ticks(*labels.date_ticks(3))
