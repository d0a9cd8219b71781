"""The table as a picture: curves above, numbers below, built in and emergent apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.labels import as_drawn
from trialtensor.plotting.panels import draw_legend
from trialtensor_models.phenomena.cast import Cast
from trialtensor_models.phenomena.paradigms import opposite, recovery, retention, washout
from trialtensor_models.phenomena.printing import shown
from trialtensor_models.phenomena.rows import Row
from trialtensor_models.phenomena.subjects import Curve
from trialtensor_models.sessions import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NETWORK, TWO_STATE, ONE_RATE = "#0072B2", "#D55E00", "#999999"  # told apart by the colour-blind
_CONTROLS = {"untrained": ("^", "#009E73"), "non-recurrent": ("s", "#CC79A7")}
_CURVES = {
    "learning, washout, relearning": washout,
    "reversal to zero, then error clamp": recovery,
    "opposite rotation": opposite,
    "retention in the clamp": retention,
}
_TITLES = {
    False: "Built in: follows from calibrated rates, wiring or training",
    True: "Emergent: can fail",
}
_INCH = 0.24  # of a row


def plot_phenomena(cast: Cast, rows: Iterable[Row], *, curves: bool = True) -> Figure:
    """Adaptation in four schedules, and all numbers beside what was asked of them.

    Parameters
    ----------
    cast : Cast
    rows : iterable of Row
    curves : bool
        Whether to draw adaptation by trial, which simulates the schedules that no row needed yet.
    """
    import matplotlib.pyplot as plt

    rows = [row for row in rows if row.asks]
    kinds = [kind for kind in _TITLES if any(row.emergent == kind for row in rows)]
    counts = [sum(row.emergent == kind for row in rows) for kind in kinds]
    tall = [4.8] * curves + [0.8 + _INCH * sum(counts) + 0.5 * len(kinds)]
    figure = plt.figure(figsize=(12, sum(tall)), layout="constrained")
    parts = np.ravel(figure.subfigures(len(tall), 1, height_ratios=tall))  # type: ignore[arg-type]
    if curves:
        panels = parts[0].subplots(2, 2).flat
        for axes, (title, schedule) in zip(panels, _CURVES.items(), strict=True):
            _curves(axes, cast, schedule)
            axes.set_title(title, fontsize=10)
        draw_legend(parts[0].axes[1])
    heights = [count + 1 for count in counts]
    panels = np.ravel(parts[-1].subplots(max(len(kinds), 1), 1, height_ratios=heights or None))
    for axes, kind in zip(panels, kinds, strict=False):
        _numbers(axes, [row for row in rows if row.emergent == kind])
        axes.set_title(_TITLES[kind], fontsize=10, loc="left")
        axes.set_xlabel("what is far outside is drawn at the edge", fontsize=8, color="0.4")
    if kinds:
        _legend(parts[-1], panels[0])
    return figure


def _curves(axes: Axes, cast: Cast, schedule: Schedule) -> None:
    curves = cast.networks.curves(schedule)
    for i, curve in enumerate(curves):
        axes.plot(
            curve.adaptation, color=NETWORK, lw=0.7, alpha=0.5, label=None if i else "networks"
        )
    for name, networks in cast.controls.items():
        color = _CONTROLS[name][1]
        axes.plot(_mean(networks.curves(schedule)), color=color, lw=1.4, label=f"{name}, mean")
    for name, color, style in (("two-state", TWO_STATE, "-"), ("one-rate", ONE_RATE, "--")):
        if name in cast.theories:
            curve = cast.theories[name].curves(schedule)[0]
            axes.plot(curve.adaptation, color=color, lw=1.6, ls=style, label=name)
    for edge in np.flatnonzero(np.diff(curves[0].block)):
        axes.axvline(edge + 0.5, color="0.8", lw=0.8, zorder=0)
    axes.axhline(0, color="0.8", lw=0.8, zorder=0)
    axes.set(xlabel="trial", ylabel="adaptation / rotation")
    axes.spines[["top", "right"]].set_visible(False)


def _mean(curves: list[Curve]) -> np.ndarray:
    """Blocks that end early end at different trials; the mean goes as far as all do."""
    n = min(len(curve.adaptation) for curve in curves)
    return np.mean([curve.adaptation[:n] for curve in curves], axis=0)


def _numbers(axes: Axes, rows: list[Row]) -> None:
    """Each row on a scale of its own, on which the accepted range is from 0 to 1."""
    axes.axvspan(0, 1, color="0.92", zorder=0)
    for y, row in enumerate(rows):
        place = _scale(row)
        low, high = row.network.interval
        axes.plot([place(low), place(high)], [y, y], color=NETWORK, lw=2, zorder=2)
        axes.plot(
            place(row.network.mean), y, "o", color=NETWORK, ms=6, zorder=5, label="network, 95 %"
        )
        for name, (marker, color) in _CONTROLS.items():
            if name in row.controls:
                axes.plot(
                    place(row.controls[name].mean), y, marker, mfc="none", mec=color, mew=1.4,
                    ms=6, zorder=3, label=f"{name} cortex",
                )  # fmt: skip
        if "two-state" in row.theories:
            value = place(row.theories["two-state"])
            axes.plot(value, y, "D", color=TWO_STATE, ms=4, zorder=4, label="two-state model")
        verdict = "" if row.holds else "missed" if row.expected else "known gap"
        axes.text(2.03, y, f"{shown(row.network.mean)}  {verdict}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [as_drawn(row.name) for row in rows], fontsize=8)
    axes.set(xlim=(-1, 2), ylim=(len(rows) - 0.4, -0.6), xticks=[0, 1])
    axes.set_xticklabels(["least accepted", "most accepted"], fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)


def _legend(figure: Any, axes: Axes) -> None:
    """One entry for each label, however many rows have it."""
    entries = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        entries.values(), entries.keys(), frameon=False, fontsize=8, ncols=len(entries),
        loc="outside upper right",
    )  # fmt: skip


def _scale(row: Row) -> Callable[[float], float]:
    """To units of the accepted range; an open end is put where the network fits in."""
    low, high = row.accepted
    width = max(abs(row.network.mean - (low if np.isfinite(low) else high)), 0.5) * 1.5
    if np.isinf(low):
        low = high - width
    if np.isinf(high):
        high = low + width
    return lambda value: float(np.clip((value - low) / (high - low), -0.98, 1.98))
