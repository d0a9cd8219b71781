"""What figures over trials share: a panel a series, points with a course, onsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANGE = QUALITATIVE[3]


def series_axes(n_series: int, axes: Any, *, least_height: float = 0.0) -> np.ndarray:
    """Return the axes given, as an array, or those of a new figure, one below another.

    Parameters
    ----------
    n_series : int
    axes : (n_series,) array of Axes, or None
    least_height : float
        Of a new figure, in inches: long titles need room even above one panel.

    Raises
    ------
    ValueError
        For another number of axes.
    """
    if axes is None:
        import matplotlib.pyplot as plt

        size = (7.5, max(0.6 + 1.25 * n_series, least_height))
        _, made = plt.subplots(
            n_series, 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
        )
        return np.asarray(made[:, 0])
    axes = np.atleast_1d(axes)
    if axes.shape != (n_series,):
        raise ValueError(f"axes: expected {n_series}, one a series, got shape {axes.shape}")
    return np.asarray(axes)


def draw_course(ax: Axes, y: np.ndarray, course: np.ndarray, band: np.ndarray) -> None:
    """Draw trials as points, the course as a line, its interval as a band."""
    trials = np.arange(len(y))
    size = float(np.clip(2400 / len(y), 3, 16))
    ax.scatter(trials, y, s=size, color=MUTED, alpha=0.6, linewidths=0, zorder=1)
    ax.fill_between(trials, *band, color=ACCENT, alpha=0.25, linewidth=0, zorder=2)
    ax.plot(trials, course, color=ACCENT, linewidth=1.5, zorder=3)


def draw_onset(ax: Axes, row: dict[str, Any]) -> None:
    """Draw a line at an onset and a band over its interval, behind the points."""
    ends = row["onset_low"] - 0.5, row["onset_high"] + 0.5
    ax.axvspan(*ends, color=CHANGE, alpha=0.22, linewidth=0, zorder=0.5)
    ax.axvline(row["onset"], color=CHANGE, linewidth=1.4, zorder=4)


def name_trials(axes: np.ndarray, n_trials: int) -> None:
    """Number the trials once, below the last panel."""
    for ax in axes:
        ax.set_xlim(-1, n_trials)
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    axes[-1].set_xlabel("trial", fontsize=8.5, color=INK)
