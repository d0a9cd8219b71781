"""Transitions of trial series: points, the posterior course, onsets with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import INK
from trialtensor.plotting.panels import name_row, style_panel
from trialtensor.plotting.trial_courses import (
    draw_course,
    draw_onset,
    name_trials,
    series_axes,
    series_name,
)
from trialtensor.tracking.transitions.result import Transitions


def plot_transitions(
    found: Any, values: Any, *, units: str | None = None, axes: Any = None
) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.transitions`, one row per series.

    Points are trials; the line is the posterior mean course, with its interval. A vertical line
    marks an onset, and the band around it its interval. The title names each transition.

    Parameters
    ----------
    found : trialtensor.tracking.Transitions
    values : (n_trials,) or (n_trials, n_series) array
        The series.
    units : str, optional
        Of the series, such as "°".
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
    check_instance("found", found, Transitions, "a Transitions")
    series = as_floats(values, "values")
    if series.shape != found.course.shape:
        raise ValueError(f"values: expected shape {found.course.shape}, got {series.shape}")
    n_trials = len(series)
    series, course = (each.reshape(n_trials, -1) for each in (series, found.course))
    band = found.band.reshape(2, n_trials, -1)
    n = series.shape[1]
    axes = series_axes(n, axes, least_height=2.6)
    first = found.table.drop_duplicates("onset")
    for s, ax in enumerate(axes):
        style_panel(ax)
        draw_course(ax, series[:, s], course[:, s], band[:, :, s])
        for row in first.to_dict("records"):
            draw_onset(ax, row)
        name_row(ax, series_name(s, n, units))
    axes[0].set_title(_words(found, first), fontsize=8.5, color=INK, loc="left")
    name_trials(axes, n_trials)
    return axes


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
