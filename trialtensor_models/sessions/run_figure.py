"""A run as one figure: hand paths, learning curve, activity of regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.plotting.grid import figure_of_size
from trialtensor.plotting.labels import as_drawn
from trialtensor_models.sessions.phases import Phase, phases_of
from trialtensor_models.sessions.run_panels import (
    ABOUT_MEAN,
    Square,
    draw_answers,
    draw_learning,
    draw_paths,
    draw_targets,
    regions_of,
    strength,
    targets_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

_MOST_WIDE = 4  # panels in a row whose label is long


def plot_run(
    activity: xr.DataArray | None,
    behaviour: xr.Dataset,
    truth: Any,
    figure: Any = None,
) -> Figure:
    """Draw a run; see `trialtensor_models.Run.plot`.

    Parameters
    ----------
    activity : xarray.DataArray or None
    behaviour : xarray.Dataset
    truth : Truth
    figure : Figure or SubFigure, optional
        Drawn into; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
    """
    check_drawable(behaviour, "adaptation")
    choices, moves = "correct" in behaviour, "hand" in behaviour
    heights = [*([2.5] * moves), 3.6 if choices else 2.4, *([2.1] * (activity is not None))]
    figure = figure_of_size(figure, (10, sum(heights)))
    parts = figure.subfigures(len(heights), 1, height_ratios=heights)
    rows = iter(np.ravel(parts))
    phases = phases_of(truth.schedule)
    if moves:
        _paths(next(rows), behaviour, truth, phases)
    _learning(next(rows), behaviour, truth)
    if activity is not None:
        if "region" not in activity.coords:
            activity = activity.assign_coords(region=("neuron", ["all"] * activity.sizes["neuron"]))
        _activity(next(rows), activity, phases)
    return figure


def check_drawable(behaviour: xr.Dataset, *names: str) -> None:
    """Refuse to draw behaviour that lacks something, as that of other simulators may.

    Parameters
    ----------
    behaviour : xarray.Dataset
    *names : str
        What is needed of it.
    """
    missing = [name for name in names if name not in behaviour]
    if missing:
        hint = "; Training.plot draws checkpoints of a circuit" if "checkpoint" in behaviour else ""
        raise ValueError(f"behaviour: it has no {missing[0]} by trial to draw{hint}")


def _paths(part: SubFigure, behaviour: xr.Dataset, truth: Any, phases: list[Phase]) -> None:
    hand = behaviour["hand"].values
    targets = targets_of(behaviour, truth.configuration)
    shown = np.concatenate([phase.trials for phase in phases])
    square = Square.around(hand[shown], targets)
    panels = part.subplots(1, len(phases), squeeze=False)[0]
    for axes, phase in zip(panels, phases, strict=True):
        draw_targets(axes, targets)
        draw_paths(axes, hand[phase.trials], phase.color, square)
        axes.set_title(as_drawn(phase.name), fontsize=9)
        axes.set_xlabel("hand, x (cm)")
        axes.label_outer()
    panels[0].set_ylabel("hand, y (cm)")


def _learning(part: SubFigure, behaviour: xr.Dataset, truth: Any) -> None:
    fast, slow = (np.asarray(each, dtype=float) for each in (truth.fast, truth.slow))
    choices = "correct" in behaviour
    panels = part.subplots(1 + choices, 1, sharex=True, squeeze=False)[:, 0]
    draw_learning(panels[0], behaviour, truth.schedule, fast, slow)
    panels[0].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    if choices:
        draw_answers(panels[1], behaviour["correct"].values, truth.schedule)
        panels[0].set_xlabel("")
        panels[1].set_xlabel("trial")


def _activity(part: SubFigure, activity: xr.DataArray, phases: list[Phase]) -> None:
    regions = regions_of(activity)
    time = activity["time"].values
    panels = part.subplots(1, len(regions), squeeze=False)[0]
    seconds = "time from go (s)" if len(regions) <= _MOST_WIDE else "time (s)"
    for axes, region in zip(panels, regions, strict=True):
        for phase in phases:
            label = as_drawn(phase.name)
            values = strength(activity, region, phase.trials)
            axes.plot(time, values, color=phase.color, lw=1.5, label=label)
        n = int(np.sum(activity["region"].values == region))
        axes.axvline(0, color="0.85", lw=0.8, zorder=0)
        about = "\nabout the mean" if region == ABOUT_MEAN else ""
        axes.set_title(f"{as_drawn(region)} ({n}){about}", fontsize=9)
        axes.set(xlabel=seconds, ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("activity (r.m.s. of neurons,\nmodel's units)")
    panels[-1].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
