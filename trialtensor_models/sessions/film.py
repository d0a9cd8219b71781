"""A film of a run: hand paths and activity of regions over learning."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.data.parameters import check_number, check_whole
from trialtensor.plotting.labels import as_drawn
from trialtensor.storage import check_room, check_target, write_whole
from trialtensor_models.sessions.phases import phases_of
from trialtensor_models.sessions.run_panels import (
    ABOUT_MEAN,
    Square,
    draw_learning,
    draw_paths,
    draw_targets,
    regions_of,
    strength,
    targets_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure
    from matplotlib.lines import Line2D
    from PIL.Image import Image

_NOW, _BEFORE = "#D55E00", "#999999"
_DPI, _COLORS = 80, 64


def write_film(
    path: str | os.PathLike[str],
    activity: xr.DataArray | None,
    behaviour: xr.Dataset,
    truth: Any,
    *,
    n_frames: int = 40,
    fps: float = 8.0,
    window: int = 8,
) -> Path:
    """Write an animated GIF; see `trialtensor_models.Run.film`.

    Parameters
    ----------
    path : str or path
    activity : xarray.DataArray or None
    behaviour : xarray.Dataset
    truth : Truth
    n_frames : int
    fps : float
    window : int

    Returns
    -------
    Path
    """
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"path: a film is a .gif file, got {path.name!r}")
    check_whole("n_frames", n_frames, 2), check_whole("window", window, 1)
    check_number("fps", fps, above=0, most=50)
    check_target(path)
    check_room(path.parent)
    n_trials = len(truth.fast)
    last = np.unique(np.linspace(min(window, n_trials) - 1, n_trials - 1, n_frames).round())
    scene = _Scene(activity, behaviour, truth)
    first, *others = [
        scene.picture(np.arange(max(0, trial - window + 1), trial + 1))
        for trial in last.astype(int)
    ]
    content, pause = io.BytesIO(), round(1000 / fps)
    first.save(content, format="GIF", save_all=True, append_images=others, duration=pause, loop=0)
    write_whole(path, content.getbuffer())
    return path


class _Scene:
    """One figure, of which each frame changes the lines only."""

    def __init__(self, activity: xr.DataArray | None, behaviour: xr.Dataset, truth: Any) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.activity, self.behaviour, self.truth = activity, behaviour, truth
        self.hand = behaviour["hand"].values
        self.figure = Figure(figsize=(9.5, 5.4), dpi=_DPI, layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)
        halves = self.figure.subfigures(1, 2, width_ratios=[1, 1.5])
        left, right = np.ravel(halves)  # type: ignore[arg-type]
        self._draw_paths(left.subplots())
        above = right
        self.courses: dict[str, Line2D] = {}
        self.lines: list[Line2D] = []
        if activity is not None:
            above, below = np.ravel(right.subfigures(2, 1))
            self._draw_regions(below, activity)
        self._draw_learning(above.subplots())
        self.canvas.draw()
        self.figure.set_layout_engine("none")  # found once: it takes longer than drawing

    def picture(self, trials: np.ndarray) -> Image:
        """Draw some trials, on scales of all of them."""
        from PIL import Image

        for line in self.lines:
            line.remove()
        draw = self.paths.plot
        self.lines = [
            draw(*(100 * self.hand[k].T), color=_NOW, lw=0.9, alpha=0.8)[0] for k in trials
        ]
        title, schedule = f"trials {trials[0]} to {trials[-1]}", self.truth.schedule
        if "epoch" in schedule:
            title = f"{as_drawn(str(schedule['epoch'].values[trials[-1]]))}, {title}"
        self.paths.set_title(title, fontsize=10)
        self.span.set_x(trials[0] - 0.5)
        self.span.set_width(len(trials))
        if self.activity is not None:
            for region, course in self.courses.items():
                course.set_ydata(strength(self.activity, region, trials))
        self.canvas.draw()
        picture = Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        return picture.quantize(_COLORS)

    def _draw_paths(self, axes: Axes) -> None:
        targets = targets_of(self.behaviour, self.truth.configuration)
        draw_targets(axes, targets)
        draw_paths(axes, self.hand[:0], _NOW, Square.around(self.hand, targets))
        axes.set(xlabel="hand, x (cm)", ylabel="hand, y (cm)", title=" ")
        self.paths = axes

    def _draw_learning(self, axes: Axes) -> None:
        fast, slow = (np.asarray(each, float) for each in (self.truth.fast, self.truth.slow))
        draw_learning(axes, self.behaviour, self.truth.schedule, fast, slow)
        self.span = axes.axvspan(0, 1, color=_NOW, alpha=0.2, lw=0)
        axes.legend(frameon=False, fontsize=7, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.22))

    def _draw_regions(self, part: SubFigure, activity: xr.DataArray) -> None:
        regions, time = regions_of(activity), activity["time"].values
        first = phases_of(self.truth.schedule)[0]
        panels = np.ravel(part.subplots(1, len(regions)))
        for axes, region in zip(panels, regions, strict=True):
            before = strength(activity, region, first.trials)
            axes.plot(time, before, color=_BEFORE, lw=1.2)
            self.courses[region] = axes.plot(time, before, color=_NOW, lw=1.6)[0]
            axes.set(ylim=(0, self._top(activity, region)), xlabel="time (s)")
            about = "\nabout mean" if region == ABOUT_MEAN else ""
            axes.set_title(as_drawn(region) + about, fontsize=9)
            axes.tick_params(labelsize=7)
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("activity (r.m.s.)")
        part.suptitle(f"grey: {as_drawn(first.name)}", fontsize=8, color=_BEFORE)

    def _top(self, activity: xr.DataArray, region: str) -> float:
        """Keep the scale of a region over the film."""
        parts = np.array_split(np.arange(len(self.hand)), 20)
        peaks = [strength(activity, region, part).max() for part in parts if len(part)]
        return 1.15 * float(max(peaks)) or 1.0
