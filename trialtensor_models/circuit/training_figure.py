"""A training as one figure: paths of the hand, what is missed, what the nuclei tell, activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.plotting.grid import figure_of_size
from trialtensor.plotting.labels import as_drawn
from trialtensor_models.sessions import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WITH, WITHOUT, SHARE, NULL = "#0072B2", "#D55E00", "black", "0.6"
# From the first stage to the last.
_STAGES = ("#BDBDBD", "#56B4E9", "#0072B2", "black")
_CM = 100.0
# Where iterations are drawn on a scale that is logarithmic beyond it.
_LINEAR = 5


def plot_training(run: Run, found: xr.Dataset, figure: Any = None) -> Figure:
    """Draw a training.

    Parameters
    ----------
    run : Run
        Of (checkpoint x condition) trials.
    found : xarray.Dataset
        Its performance.
    figure : Figure or SubFigure, optional
        Drawn into; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
    """
    figure = figure_of_size(figure, (10, 8.4))
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[2.9, 2.9, 2.4])
    stages = _stages(found.sizes["checkpoint"])
    _draw_paths(top, run, found, stages)
    whole = "cosine" in found
    panels = middle.subplots(1, 1 + whole, squeeze=False)[0]
    _draw_missed(panels[0], found)
    if whole:
        _draw_message(panels[1], found)
    _draw_activity(bottom, run, found, stages)
    return figure


def _stages(n: int) -> list[int]:
    """Up to four checkpoints from the first to the last."""
    return sorted({round(k) for k in np.linspace(0, n - 1, len(_STAGES))})


def _colors(stages: list[int]) -> list[str]:
    return list(_STAGES[-len(stages) :])


def _draw_paths(part: Any, run: Run, found: xr.Dataset, stages: list[int]) -> None:
    cursor = _CM * run.behaviour["cursor"].values
    checkpoint = run.behaviour["checkpoint"].values
    half = 1.08 * np.abs(cursor[np.isin(checkpoint, stages[1:] or stages)]).max()
    panels = part.subplots(1, len(stages), squeeze=False)[0]
    for axes, stage, color in zip(panels, stages, _colors(stages), strict=True):
        for path in cursor[checkpoint == stage]:
            axes.plot(path[:, 0], path[:, 1], color=color, lw=0.8)
        axes.plot(0, 0, "+", color="0.4", ms=5, mew=0.8)
        axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal", xlabel="cursor, x (cm)")
        axes.set_title(f"iteration {int(found['iteration'][stage])}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.label_outer()
    panels[0].set_ylabel("cursor, y (cm)")


def _draw_missed(axes: Axes, found: xr.Dataset) -> None:
    x = found["iteration"].values
    axes.plot(x, found["missed"], "o-", color=WITH, ms=3, lw=1.5, label="as it is")
    if "missed_blocked" in found:
        axes.plot(
            x, found["missed_blocked"], "s--", color=WITHOUT, ms=3, lw=1.5, label="nuclei blocked"
        )
    axes.axhline(1, color="0.85", lw=0.8, zorder=0)
    axes.set(ylabel="share of the command\nthat is missed", ylim=(0, None))
    _over_iterations(axes)


def _draw_message(axes: Axes, found: xr.Dataset) -> None:
    x = found["iteration"].values
    axes.plot(x, found["cosine"], "o-", color=WITH, ms=3, lw=1.5, label="cosine with what it lacks")
    axes.plot(x, found["shuffled"], ":", color=NULL, lw=1.8, label="of other conditions")
    axes.plot(x, found["share"].clip(min=-0.2), "-", color=SHARE, lw=1.2, label="share taken away")
    axes.axhline(0, color="0.85", lw=0.8, zorder=0)
    axes.set(ylabel="message of the nuclei,\nand what cortex misses", ylim=(-0.25, 1.03))
    _over_iterations(axes)


def _over_iterations(axes: Axes) -> None:
    axes.set_xscale("symlog", linthresh=_LINEAR)
    axes.set_xlim(left=0)
    axes.set_xlabel("iteration")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3,
                borderaxespad=0.1, columnspacing=1.0, handlelength=1.6)  # fmt: skip


def _draw_activity(part: Any, run: Run, found: xr.Dataset, stages: list[int]) -> None:
    assert run.activity is not None  # runs of trainings have activity
    activity, region = run.activity.values, run.truth.region
    checkpoint = run.behaviour["checkpoint"].values
    regions = list(dict.fromkeys(region.tolist()))
    panels = part.subplots(1, len(regions), squeeze=False)[0]
    for axes, name in zip(panels, regions, strict=True):
        own = activity[:, region == name].astype(float)
        own = own - own[checkpoint == 0].mean((0, 2))[:, None]
        for stage, color in zip(stages, _colors(stages), strict=True):
            values = np.sqrt((own[checkpoint == stage] ** 2).mean((0, 1)))
            label = f"iteration {int(found['iteration'][stage])}"
            axes.plot(run.activity["time"], values, color=color, lw=1.4, label=label)
        axes.axvline(0, color="0.85", lw=0.8, zorder=0)
        axes.set_title(f"{as_drawn(name)} ({own.shape[1]})", fontsize=9)
        axes.set(xlabel="time from go (s)", ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("activity about its mean\nat first (r.m.s.)")
