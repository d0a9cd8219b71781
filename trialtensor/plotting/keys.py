"""Keys to the trial colours: a compass, a legend or a colour bar beside an axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.colors import FAINT, INK, NO_LABEL
from trialtensor.plotting.labels import TrialLabels, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ENTRIES = 14
GAP = 0.15  # inches between the axes and its key
IMAGE_GAP = 0.75  # where the colour bar of an image stands between them
MARGIN = 0.1  # inches below and to the left; text is a little larger at other resolutions
STRIP = 1.7  # inches kept for the key in a figure of our own, after the usual gap


def draw_key(ax: Axes, labels: TrialLabels, *, own_figure: bool, gap: float = GAP) -> None:
    """Draw the key to `labels` outside the right edge of `ax`, `gap` inches away.

    With `own_figure` the key gets a strip along the right of the figure, and the layout is
    frozen before it is drawn: a tall key would push the rows of axes apart.
    """
    figure: Any = ax.figure
    if own_figure:
        width, height = figure.get_size_inches()
        low = MARGIN / height
        left = MARGIN / width
        strip = (STRIP + gap - GAP) / width
        figure.get_layout_engine().set(rect=(left, low, 1 - strip - left, 1 - low))
        for _ in range(2):  # the first pass places the tick labels that the second makes room for
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
    if labels.discrete and labels.kind == "circular":
        _compass(ax, labels, gap)
    elif labels.discrete:
        _legend(ax, labels, gap)
    else:
        _color_bar(ax, labels, gap)


def _inset(ax: Axes, width: float, height: float, gap: float) -> Axes:
    # Sizes in inches, so that the key looks the same next to wide and narrow axes.
    across, up = _inches(ax)
    return ax.inset_axes((1 + gap / across, 1 - height / up, width / across, height / up))


def _inches(ax: Axes) -> tuple[float, float]:
    box = ax.get_window_extent()
    return max(box.width / ax.figure.dpi, 0.1), max(box.height / ax.figure.dpi, 0.1)


def _compass(ax: Axes, labels: TrialLabels, gap: float) -> None:
    inset = _inset(ax, 1.5, 1.5, gap)
    angle = np.deg2rad(labels.levels)
    x, y = np.cos(angle), np.sin(angle)
    ring = np.linspace(0, 2 * np.pi, 100)
    inset.plot(np.cos(ring), np.sin(ring), color=FAINT, zorder=0)
    inset.scatter(x, y, s=60, c=labels.level_colors(), edgecolors="white", linewidths=0.6)
    for xi, yi, text in zip(x, y, labels.texts, strict=True):
        inset.text(1.6 * xi, 1.45 * yi, text, ha="center", va="center", fontsize=7, color=INK)
    inset.text(
        0,
        0,
        shorten(labels.name, 14).replace("_", "_\n"),
        ha="center",
        va="center",
        fontsize=7,
        color=INK,
    )
    inset.set(xlim=(-2.0, 2.0), ylim=(-1.8, 1.8), aspect="equal")
    inset.axis("off")


def _legend(ax: Axes, labels: TrialLabels, gap: float) -> None:
    from matplotlib.lines import Line2D

    n = len(labels.levels)
    shown = np.unique(np.linspace(0, n - 1, min(n, MAX_ENTRIES)).round().astype(int))
    colors = labels.level_colors()
    style: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5.5}
    handles = [
        Line2D([], [], color=colors[i], label=shorten(labels.texts[i]), **style) for i in shown
    ]
    if labels.missing.any():
        handles.append(Line2D([], [], color=NO_LABEL, label="no label", **style))
    title = labels.title if len(shown) == n else f"{labels.title}\n({len(shown)} of {n} shown)"
    across, _ = _inches(ax)
    ax.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(1 + gap / across, 1.05),
        borderaxespad=0,
        fontsize=7,
        title_fontsize=7,
        frameon=True,  # white, so that lines between rows of panels end at it
        facecolor="white",
        edgecolor="none",
        framealpha=1,
        handletextpad=0.2,
        labelspacing=0.3,
        alignment="left",
    )


def _color_bar(ax: Axes, labels: TrialLabels, gap: float) -> None:
    inset = _inset(ax, 0.12, 1.1, gap)
    extend = "neither" if labels.kind == "circular" else labels.color_range()[2]
    bar = ax.figure.colorbar(labels.mappable(), cax=inset, extend=extend)
    bar.set_label(labels.title, fontsize=7)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    if labels.kind == "circular":
        bar.set_ticks([0, 90, 180, 270, 360])
    elif labels.dates:
        ticks, texts = labels.date_ticks(3)
        bar.set_ticks(ticks, labels=texts)
