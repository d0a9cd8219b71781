"""Parts of figures of runs: hand paths, activity of regions, learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.plotting.labels import as_drawn
from trialtensor_models.sessions.phases import blocks_of_trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAST, SLOW, BOTH = "#D55E00", "#0072B2", "black"  # told apart by the colour-blind
_CM = 100.0
ABOUT_MEAN = "purkinje"  # its changes would not be seen on top of its resting rate
_RUNNING = 10  # trials over which answers are averaged
_ON_A_CIRCLE = {"distance", "n_targets"}


@dataclass(frozen=True)
class Square:
    """The part of the plane that panels of paths show, in cm.

    Attributes
    ----------
    x, y : float
        The middle.
    half : float
        Half of its width.
    """

    x: float
    y: float
    half: float

    @classmethod
    def around(cls, *points: np.ndarray) -> Square:
        """Find the square that holds all points.

        Parameters
        ----------
        *points : (..., 2) arrays
            In metres; the start is always among them.
        """
        both = _CM * np.concatenate([np.zeros((1, 2)), *(p.reshape(-1, 2) for p in points)])
        low, high = np.nanmin(both, axis=0), np.nanmax(both, axis=0)
        x, y = (low + high) / 2
        return cls(float(x), float(y), float(0.58 * np.max(high - low)) or 1.0)


def draw_paths(axes: Axes, hand: np.ndarray, color: str, square: Square) -> None:
    """Draw hand paths in cm.

    Parameters
    ----------
    axes : matplotlib Axes
    hand : (n_trials, n_steps, 2) array
        In metres from the start.
    color : str
    square : Square
    """
    for path in _CM * hand:
        axes.plot(path[:, 0], path[:, 1], color=color, lw=0.9, alpha=0.8)
    axes.plot(0, 0, "+", color="0.4", ms=5, mew=0.8)
    axes.set_xlim(square.x - square.half, square.x + square.half)
    axes.set_ylim(square.y - square.half, square.y + square.half)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)


def draw_targets(axes: Axes, places: np.ndarray) -> None:
    """Draw targets as rings.

    Parameters
    ----------
    axes : matplotlib Axes
    places : (n_targets, 2) array
        In metres.
    """
    if len(places):
        axes.plot(*(_CM * places.T), "o", mfc="none", mec="0.6", ms=8, mew=0.8, zorder=0)


def targets_of(behaviour: xr.Dataset, configuration: Mapping[str, Any]) -> np.ndarray:
    """Places of the targets, where labels of trials are directions in degrees.

    Parameters
    ----------
    behaviour : xarray.Dataset
    configuration : mapping

    Returns
    -------
    (n_targets, 2) array
        In metres; none for tasks with other conditions.
    """
    task = configuration.get("task", {})
    if not task.keys() >= _ON_A_CIRCLE or "choice" in behaviour or "target" not in behaviour.coords:
        return np.empty((0, 2))
    labels = np.unique(behaviour["target"].values)
    if labels.dtype.kind not in "fiu":
        return np.empty((0, 2))
    turn = np.deg2rad(labels.astype(float))
    return float(task["distance"]) * np.column_stack([np.cos(turn), np.sin(turn)])


def strength(activity: xr.DataArray, region: str, trials: np.ndarray) -> np.ndarray:
    """Root mean square over trials and neurons of a region, by time.

    Purkinje cells, which fire at rest, are taken about the mean of each.

    Parameters
    ----------
    activity : xarray.DataArray (trial, neuron, time)
    region : str
    trials : (n,) array of int

    Returns
    -------
    (n_times,) array
    """
    inside = np.flatnonzero(activity["region"].values == region)
    whole = activity.transpose("trial", "neuron", "time").values
    values = whole[np.ix_(trials, inside)].astype(float)
    if region == ABOUT_MEAN:
        values -= np.nanmean(whole[:, inside], axis=(0, 2))[:, None]
    return np.asarray(np.sqrt(np.nanmean(values**2, axis=(0, 1))))


def regions_of(activity: xr.DataArray) -> list[str]:
    """Regions of the neurons, in their order.

    Parameters
    ----------
    activity : xarray.DataArray
    """
    return list(dict.fromkeys(activity["region"].values.tolist()))


def draw_learning(
    axes: Axes, behaviour: xr.Dataset, schedule: xr.Dataset, fast: np.ndarray, slow: np.ndarray
) -> None:
    """Draw adaptation by trial, with what the cerebellum and cortex contribute in truth.

    Where there are choices, conditions ask for opposite answers, so each has lines of its own.

    Parameters
    ----------
    axes : matplotlib Axes
    behaviour, schedule : xarray.Dataset
    fast, slow : (n_trials,) arrays
        In degrees.
    """
    trial = np.arange(len(fast))
    if "rotation" in schedule and np.any(schedule["rotation"].values):
        clamped = schedule["clamp"].values.astype(bool) if "clamp" in schedule else False
        asked = np.where(clamped, np.nan, schedule["rotation"].values)
        axes.step(trial, asked, where="mid", color="0.75", lw=1.2, label="rotation")
    seen = behaviour["adaptation"].values
    axes.plot(trial, seen, ".", color="0.55", ms=3, label="a trial, with noise")
    choices = "correct" in behaviour and "target" in schedule
    labels = schedule["target"].values if choices else np.zeros(len(trial))
    for i, label in enumerate(np.unique(labels)):
        k = np.flatnonzero(labels == label)
        for values, color, line, name in (
            (fast + slow, BOTH, "-", "fast + slow, truth"),
            (fast, FAST, "--", "fast (cerebellum), truth"),
            (slow, SLOW, "-", "slow (cortex), truth"),
        ):
            axes.plot(trial[k], values[k], line, color=color, lw=1.4, label=None if i else name)
    axes.axhline(0, color="0.85", lw=0.8, zorder=0)
    what = "answer (degrees,\nright is positive)" if choices else "adaptation (degrees)"
    axes.set(xlabel="trial", ylabel=what, xlim=(-0.5, len(trial) - 0.5))
    name_blocks(axes, schedule)
    axes.spines[["top", "right"]].set_visible(False)


def draw_answers(axes: Axes, correct: np.ndarray, schedule: xr.Dataset) -> None:
    """Draw the share of right answers, a running mean.

    Parameters
    ----------
    axes : matplotlib Axes
    correct : (n_trials,) array
    schedule : xarray.Dataset
    """
    n = min(_RUNNING, len(correct))
    share = np.convolve(correct.astype(float), np.ones(n) / n, mode="valid")
    axes.plot(np.arange(len(share)) + n - 1, share, color="black", lw=1.4)
    axes.axhline(0.5, color="0.85", lw=0.8, zorder=0)
    axes.set(ylabel=f"right answers\n(of the last {n})", ylim=(-0.03, 1.03))
    for block in blocks_of_trials(schedule)[1:]:
        axes.axvline(block[0] - 0.5, color="0.8", lw=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)


def name_blocks(axes: Axes, schedule: xr.Dataset) -> None:
    """Put lines between blocks, and their labels above where there is room.

    Parameters
    ----------
    axes : matplotlib Axes
    schedule : xarray.Dataset
    """
    blocks = blocks_of_trials(schedule)
    n_trials = schedule.sizes["trial"]
    for block in blocks:
        if block[0]:
            axes.axvline(block[0] - 0.5, color="0.8", lw=0.8, zorder=0)
        name = str(schedule["epoch"].values[block[0]]) if "epoch" in schedule else ""
        if len(block) > 0.012 * len(name) * n_trials:
            axes.text(
                block.mean(), 1.01, as_drawn(name), transform=axes.get_xaxis_transform(),
                ha="center", va="bottom", fontsize=8, color="0.35",
            )  # fmt: skip
