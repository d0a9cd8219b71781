"""Components over trials: points, a smooth curve, and change points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats, whole
from trialtensor.data.labels import as_names, plain_labels, unlabelled
from trialtensor.plotting.colors import INK
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import style_panel
from trialtensor.plotting.trial_courses import (
    CHANGE,
    draw_course,
    draw_onset,
    name_trials,
    series_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLOCK = "#eef1f4"
CLOSE = 0.04  # of the width: numbers would overlap


def plot_tracking(tracking: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.track`, one row per series.

    Points are trials, less what their condition adds if conditions were given; the line is the
    course (a posterior mean), with its interval. A vertical
    line marks the onset of a transition, and the band around it the interval of this trial.
    Alternate blocks are shaded, with names above.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    axes : (n_series,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (n_series,) array of Axes

    Raises
    ------
    ValueError
        For another number of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import track
    >>> y = np.random.default_rng(0).normal(size=(60, 2))
    >>> plot_tracking(track(y)).shape
    (2,)
    """
    names = list(tracking.series.columns)
    axes = series_axes(len(names), axes)
    name_trials(axes, len(tracking.series))  # first: numbers of onsets depend on the limits
    for ax, name in zip(axes, names, strict=True):
        style_panel(ax)
        _draw_blocks(ax, tracking.labels, named=ax is axes[0])
        found = tracking.found[name]
        _draw_series(ax, tracking.series[name].to_numpy() - found.offsets, found)
        _draw_changes(ax, tracking.changes[tracking.changes["series"] == name])
        ax.set_ylabel(_in_lines(name), fontsize=8.5, color=INK)
    return axes


def plot_similarity(similarity: np.ndarray, windows: np.ndarray, *, ax: Any = None) -> Any:
    """Show `trialtensor.tracking.trial_similarity` as an image, one cell per pair of windows.

    Parameters
    ----------
    similarity : (n_windows, n_windows) array
    windows : (n_windows, 2) array
        First and last trial.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> plot_similarity(np.eye(2), np.array([[0, 9], [10, 19]])).get_xlabel()
    'trial'
    """
    from trialtensor.plotting.colors import diverging_colormap

    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(4.6, 3.8), layout="constrained")
    similarity, windows = as_floats(similarity, "similarity"), whole(windows, "windows")
    size = np.nanmax(np.abs(similarity))
    edges = np.append(windows[:, 0], windows[-1, 1] + 1) - 0.5
    image = ax.pcolormesh(
        edges, edges, similarity, cmap=diverging_colormap(), vmin=-size, vmax=size
    )
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.set_xlabel("trial", fontsize=8.5, color=INK)
    ax.set_ylabel("trial", fontsize=8.5, color=INK)
    ax.tick_params(labelsize=7, colors=INK)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.85)
    bar.set_label("correlation of patterns", fontsize=8.5, color=INK)
    bar.ax.tick_params(labelsize=7, colors=INK)
    return ax


def _in_lines(name: str) -> str:
    """Break the name of a series into lines that fit beside its panel."""
    return "\n".join(shorten(part) for part in str(name).split(", "))


def _draw_blocks(ax: Axes, labels: np.ndarray | None, *, named: bool) -> None:
    if labels is None:
        return
    names, codes = _blocks_of(labels)
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    if len(starts) > 12:
        return  # labels that take turns are no blocks
    for i, (start, stop) in enumerate(zip(starts, np.append(starts[1:], len(codes)), strict=True)):
        if codes[start] < 0:
            continue  # trials in no block
        if i % 2:
            ax.axvspan(start - 0.5, stop - 0.5, color=BLOCK, linewidth=0, zorder=0)
        if named:
            ax.annotate(
                shorten(names[codes[start]]),
                ((start + stop - 1) / 2, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8.5,
                color=INK,
            )


def _blocks_of(labels: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the names of blocks, and the block of each trial; -1 for none."""
    labels = plain_labels(labels)
    known = ~unlabelled(labels)
    texts = [str(label) for label in as_names(labels[known])]
    names = list(dict.fromkeys(texts))
    codes = np.full(len(labels), -1)
    codes[known] = [names.index(text) for text in texts]
    return names, codes


def _draw_series(ax: Axes, y: np.ndarray, found: Any) -> None:
    draw_course(ax, y, found.course, found.band)
    low, high = np.nanquantile(y, [0.002, 0.998])
    pad = 0.08 * (high - low) or 1.0
    ax.set_ylim(low - pad, high + pad)


def _draw_changes(ax: Axes, changes: Any) -> None:
    last, lowered = -np.inf, 0
    for row in changes.to_dict("records"):
        draw_onset(ax, row)
        # A number next to another one goes below it.
        near = row["onset"] - last < CLOSE * np.ptp(ax.get_xlim())
        last, lowered = row["onset"], (lowered + 1) * near
        ax.annotate(
            f"{row['onset']}",
            (row["onset"], 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(3, -9 * lowered),
            textcoords="offset points",
            va="top",
            fontsize=7.5,
            color=CHANGE,
        )
