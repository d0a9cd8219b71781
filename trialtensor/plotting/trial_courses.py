"""What figures over trials share: a panel a series, points with a course, onsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.labels import cut

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
    size = (7.5, max(0.6 + 1.25 * n_series, least_height))
    return take_axes(axes, (n_series,), size, each="one a series", sharex=True)


def point_size(n_trials: int) -> float:
    """Return the area of a point, in square points, that suits so many trials."""
    return float(np.clip(2400 / max(n_trials, 1), 3, 16))


def one_series(values: Any, name: str, n_trials: int | None = None) -> np.ndarray:
    """Return a series as floats, (n_trials,).

    Raises
    ------
    ValueError
        For another shape.
    """
    series = as_floats(values, name)
    if series.ndim != 1 or (n_trials is not None and len(series) != n_trials):
        wanted = "(n_trials,)" if n_trials is None else f"({n_trials},)"
        raise ValueError(f"{name}: expected shape {wanted}, got {series.shape}")
    return series


def series_name(s: int, n_series: int, units: str | None) -> str:
    """Name one of several series, or the only one, with its unit below."""
    name = f"series {s + 1}" if n_series > 1 else "value"
    return f"{name}\n({cut(units, 20)})" if units else name


def fit_heights(ax: Axes, y: np.ndarray) -> None:
    """Set the vertical limits to those of the trials, but for the most extreme."""
    if not np.isfinite(y).any():
        return
    low, high = np.nanquantile(y, [0.002, 0.998])
    pad = 0.08 * (high - low) or 1.0
    ax.set_ylim(low - pad, high + pad)


def draw_course(ax: Axes, y: np.ndarray, course: np.ndarray, band: np.ndarray | None) -> None:
    """Draw trials as points, the course as a line, its interval, if any, as a band."""
    trials = np.arange(len(y))
    ax.scatter(trials, y, s=point_size(len(y)), color=MUTED, alpha=0.6, linewidths=0, zorder=1)
    if band is not None:
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
