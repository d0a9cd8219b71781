"""The benchmark as a picture: a panel a score, a line a method, a mark a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.grid import figure_of_size
from trialtensor.plotting.labels import as_drawn
from trialtensor_models.recovery.text import SHOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trialtensor_models.recovery.entry import Entry

# Told apart by the colour-blind, and by their marks.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKS = "osD^vP*"
_TITLES = {
    "fast": "fast curve (R²)",
    "slow": "slow curve (R²)",
    "change subspace": "neurons that change (overlap)",
    "region": "region of the fast part (AUC)",
}


def plot_benchmark(entries: Sequence[Entry], figure: Any = None) -> Figure:
    """Draw scores, filled where p is at most .05, and 95 % of their nulls.

    Parameters
    ----------
    entries : sequence of Entry
    figure : Figure or SubFigure, optional
        Drawn into; by default a new one.
    """
    from matplotlib.lines import Line2D

    methods = list(dict.fromkeys(entry.method for entry in entries))
    problems = list(dict.fromkeys(entry.problem for entry in entries))
    height = 1.3 + 0.42 * len(methods)
    figure = figure_of_size(figure, (12, height))
    panels = figure.subplots(1, len(SHOWN), sharey=True)
    for axes, score in zip(panels, SHOWN, strict=True):
        _panel(axes, entries, score, methods, problems)
    panels[0].set_yticks(range(len(methods)), [as_drawn(name) for name in methods])
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    handles = [
        Line2D([], [], ls="", marker=_mark(i), color=_color(i), label=as_drawn(name))
        for i, name in enumerate(problems)
    ]
    handles.append(Line2D([], [], ls="", marker="|", color="0.5", ms=9, label="95 % of the null"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 6), frameon=False,
        fontsize=8, title="filled: p ≤ .05", title_fontsize=8,
    )  # fmt: skip
    return figure


def _panel(
    axes: Axes, entries: Sequence[Entry], score: str, methods: list[str], problems: list[str]
) -> None:
    for entry in entries:
        if entry.score != score or np.isnan(entry.value):
            continue
        i = problems.index(entry.problem)
        y = methods.index(entry.method) + 0.7 * ((i + 0.5) / len(problems) - 0.5)
        face = _color(i) if entry.p_value <= 0.05 else "white"
        axes.plot([entry.chance, entry.value], [y, y], color="0.88", lw=1, zorder=1)
        axes.plot(entry.chance, y, "|", color="0.5", ms=6, zorder=2)
        axes.plot(entry.value, y, _mark(i), mfc=face, mec=_color(i), ms=5, zorder=3)
    for y, name in enumerate(methods):
        own = [entry for entry in entries if entry.method == name]
        if all(entry.remark for entry in own):
            why = own[0].remark.partition(":")[0]
            axes.text(0.5, y, why, ha="center", va="center", fontsize=8, color="0.5")
        if y:
            axes.axhline(y - 0.5, color="0.93", lw=0.8, zorder=0)
    axes.set_title(_TITLES[score], fontsize=9)
    axes.set(xlim=(-0.05, 1.05), xlabel="score")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _color(i: int) -> str:
    return _COLORS[i % len(_COLORS)]


def _mark(i: int) -> str:
    return _MARKS[i % len(_MARKS)]
