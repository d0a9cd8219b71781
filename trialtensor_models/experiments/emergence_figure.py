"""The figure of what emerges where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.plotting.panels import draw_legend
from trialtensor_models.experiments.region_codes import REGIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trialtensor_models.experiments.region_courses import Emergence

# Okabe & Ito, for colour-blind readers.
COLORS = dict(
    zip(
        REGIONS,
        ("#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7"),
        strict=True,
    )
)
_NULLS = {"own": "black", "other training": "0.55", "other conditions": "0.8"}
_PERFORMANCE = {
    "missed": ("#0072B2", "missed"),
    "missed_blocked": ("#D55E00", "missed, nuclei blocked"),
    "cosine": ("black", "cosine of nuclei and residual"),
    "shuffled": ("0.65", "cosine, other conditions"),
    "share": ("#009E73", "share of the residual taken away"),
}


def plot_emergence(found: Emergence) -> Figure:
    """Courses by region, onsets, what is shared, and what the nuclei tell.

    Parameters
    ----------
    found : Emergence

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    arms = list(found.codes)
    n = max(3, len(arms))
    figure, axes = plt.subplots(2, n, figsize=(4 * n, 6.6), layout="constrained", squeeze=False)
    for ax, arm in zip(axes[0], arms, strict=False):
        _draw_courses(ax, found.codes[arm]["hand"])
        ax.set(title=arm, ylim=(-0.5, 1), xlabel="iteration")
    axes[0, 0].set_ylabel("R² of the hand's direction\nin a context not trained on")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=6, frameon=False)
    _draw_onsets(axes[1, 0], found)
    _draw_shared(axes[1, 1], found)
    if found.performance is not None:
        _draw_performance(axes[1, 2], found.performance)
    for ax in [*axes[0, len(arms) :], *axes[1, 3:]]:
        ax.set_visible(False)
    if found.performance is None:
        axes[1, 2].set_visible(False)
    for ax in axes.ravel():
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_courses(ax: Any, hand: xr.DataArray) -> None:
    iterations = hand["iteration"].values
    for region in hand["region"].values:
        values = hand.sel(region=region).transpose("seed", "checkpoint").values
        ax.plot(iterations, values.T, color=COLORS[region], lw=0.5, alpha=0.5)
        ax.plot(iterations, values.mean(0), color=COLORS[region], lw=2, label=region)
    ax.axhline(0, color="0.85", lw=0.8, zorder=0)


def _draw_onsets(ax: Any, found: Emergence) -> None:
    markers = ("o", "s", "^", "D")
    for shift, (arm, onsets) in enumerate(found.onsets.items()):
        last = float(found.codes[arm]["iteration"].values[-1])
        for row, region in enumerate(onsets["region"].values):
            values = onsets.sel(region=region).values / last
            height = row + 0.22 * (shift - 1)
            ax.plot(
                values, np.full(len(values), height), markers[shift % 4], color=COLORS[region],
                ms=4.5, mfc="none" if shift == 1 else COLORS[region],
            )  # fmt: skip
            if np.isnan(values).any():
                text = f"{int(np.isnan(values).sum())} never"
                ax.text(1.02, height, text, fontsize=6, va="center", color="0.4")
    for shift, arm in enumerate(found.onsets):
        fill = "none" if shift == 1 else "0.3"
        ax.plot([], [], markers[shift % 4], color="0.3", mfc=fill, ms=4.5, label=arm)
    regions = found.onsets[next(iter(found.onsets))]["region"].values
    ax.set(
        xlim=(0, 1), ylim=(len(regions) - 0.5, -0.6), yticks=range(len(regions)),
        yticklabels=regions, xlabel="onset (share of the training)",
    )  # fmt: skip
    draw_legend(ax, above=True)


def _draw_shared(ax: Any, found: Emergence) -> None:
    for row, each in enumerate(found.coupling.values()):
        shared = each["explained"].mean("side")
        for shift, (null, color) in enumerate(_NULLS.items()):
            values = shared.sel(null=null).isel(checkpoint=[0, -1]).values
            for seed in values:
                ax.plot(
                    [row + 0.26 * (shift - 1) - 0.07, row + 0.26 * (shift - 1) + 0.07], seed,
                    "-", color=color, lw=1.2, marker="o", ms=3.5,
                )  # fmt: skip
            if row == 0:
                ax.plot([], [], "-o", color=color, ms=3.5, lw=1.2, label=null)
    ax.set(
        xlim=(-0.6, len(found.coupling) - 0.4), ylim=(0.4, 0.9), xticks=range(len(found.coupling)),
        xticklabels=list(found.coupling),
        ylabel="explained by shared components,\nbefore and after training",
    )  # fmt: skip
    draw_legend(ax, above=True)


def _draw_performance(ax: Any, performance: xr.Dataset) -> None:
    iterations = performance["iteration"]
    iterations = iterations.isel(seed=0) if "seed" in iterations.dims else iterations
    for name, (color, label) in _PERFORMANCE.items():
        values = performance[name].transpose("seed", "checkpoint").values
        ax.plot(iterations, values.T, color=color, lw=0.5, alpha=0.5)
        ax.plot(iterations, values.mean(0), color=color, lw=2, label=label)
    ax.set(xlabel="iteration", ylabel="share, cosine", ylim=(-0.2, 2.4), title="local")
    ax.legend(loc="upper right", fontsize=7, frameon=False)
