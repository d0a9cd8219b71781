"""Transitions of trial series: points, the posterior course, onsets with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.panels import style_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANGE = QUALITATIVE[3]


def plot_transitions(found: Any, values: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.transitions`, one row per series.

    Points are trials; the line is the posterior mean course, with its interval. A vertical line
    marks an onset, and the band around it its interval. The title names each transition.

    Parameters
    ----------
    found : trialtensor.tracking.Transitions
    values : (n_trials,) or (n_trials, n_series) array
        The series.
    axes : (n_series,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (n_series,) array of Axes

    Raises
    ------
    ValueError
        For another number of axes, or series of another shape.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import transitions
    >>> y = np.random.default_rng(0).normal(size=60)
    >>> plot_transitions(transitions(y), y).shape
    (1,)
    """
    from trialtensor.plotting.tracking import _new_axes

    series = as_floats(values, "values")
    if series.shape != found.course.shape:
        raise ValueError(f"values: expected shape {found.course.shape}, got {series.shape}")
    n_trials = len(series)
    series, course = (each.reshape(n_trials, -1) for each in (series, found.course))
    band = found.band.reshape(2, n_trials, -1)
    n = series.shape[1]
    axes = _new_axes(n) if axes is None else np.atleast_1d(axes)
    if axes.shape != (n,):
        raise ValueError(f"axes: expected {n}, one a series, got shape {axes.shape}")
    if n == 1 and axes[0].figure.get_figheight() < 2.6 and len(axes[0].figure.axes) == 1:
        axes[0].figure.set_figheight(2.6)
    first = found.table.drop_duplicates("onset")
    for s, ax in enumerate(axes):
        style_panel(ax)
        _draw_course(ax, series[:, s], course[:, s], band[:, :, s])
        _draw_onsets(ax, first.to_dict("records"))
        ax.set_ylabel(f"series {s + 1}" if n > 1 else "value", fontsize=8.5, color=INK)
        ax.set_xlim(-1, n_trials)
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    axes[0].set_title(_words(found, first), fontsize=8.5, color=INK, loc="left")
    axes[-1].set_xlabel("trial", fontsize=8.5, color=INK)
    return np.asarray(axes)


def _draw_course(ax: Axes, y: np.ndarray, course: np.ndarray, band: np.ndarray) -> None:
    trials = np.arange(len(y))
    size = float(np.clip(2400 / len(y), 3, 16))
    ax.scatter(trials, y, s=size, color=MUTED, alpha=0.6, linewidths=0, zorder=1)
    ax.fill_between(trials, *band, color=ACCENT, alpha=0.25, linewidth=0, zorder=2)
    ax.plot(trials, course, color=ACCENT, linewidth=1.5, zorder=3)


def _draw_onsets(ax: Axes, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        ends = row["onset_low"] - 0.5, row["onset_high"] + 0.5
        ax.axvspan(*ends, color=CHANGE, alpha=0.22, linewidth=0, zorder=0)
        ax.axvline(row["onset"], color=CHANGE, linewidth=1.4, zorder=2)


def _words(found: Any, first: Any) -> str:
    """Name the transitions, a line each, so that names can't overlap however near the onsets."""
    if not len(first):
        return f"no transition (probability {found.probability:.2f})"
    lines = []
    for row in first.to_dict("records"):
        text = f"{row['kind']} at trial {row['onset']} ({row['onset_low']} to {row['onset_high']})"
        if row["kind"] == "gradual":
            low, high = row["time_constant_low"], row["time_constant_high"]
            text += f", time constant {row['time_constant']:.3g} trials ({low:.3g} to {high:.3g})"
        lines.append(text)
    return "\n".join([*lines, *(["the series wanders"] if found.wanders else [])])
