"""Courses of one or several series: smooth curves, change points, what neurons confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_instance
from trialtensor.plotting.above import heighten, name_above
from trialtensor.plotting.colors import ACCENT, MUTED
from trialtensor.plotting.grid import take_one
from trialtensor.plotting.labels import cut, shorten
from trialtensor.plotting.panels import caption, name_row, style_panel
from trialtensor.plotting.trial_courses import (
    CHANGE,
    draw_course,
    draw_onset,
    fit_heights,
    name_trials,
    one_series,
    series_axes,
    series_name,
)
from trialtensor.tracking.change_points import ChangePoints
from trialtensor.tracking.replication import Replication
from trialtensor.tracking.smooth import SmoothCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_smooth(
    curve: Any, values: Any, *, units: str | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the result of `trialtensor.tracking.smooth_curve` with its series.

    Parameters
    ----------
    curve : trialtensor.tracking.SmoothCurve
    values : (n_trials,) array
        The series.
    units : str, optional
        Of the series, such as "Hz".
    ax : Axes, optional
        By default of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For another number of trials than that of the curve.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import smooth_curve
    >>> y = np.random.default_rng(0).normal(size=40)
    >>> plot_smooth(smooth_curve(y, bandwidth=10), y, units="Hz").get_ylabel()
    'value (Hz)'
    """
    check_instance("curve", curve, SmoothCurve, "a SmoothCurve")
    y = one_series(values, "values", len(curve.value))
    ax = take_one(ax, (7.5, 2.4))
    style_panel(ax)
    draw_course(ax, y, curve.value, curve.interval)
    fit_heights(ax, y)
    name_trials(np.array([ax]), len(y))
    title = f"Smooth curve and its {100 * curve.level:.0f} % interval"
    caption(ax, y=f"value ({shorten(units)})" if units else "value", title=title)
    return ax


def plot_change_points(
    found: Any, values: Any, *, units: str | None = None, axes: Any = None
) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.change_points` with its series.

    A line marks the first trial of each change, with its number above, and the band around it the
    interval of that trial.

    Parameters
    ----------
    found : trialtensor.tracking.ChangePoints
    values : (n_trials,) or (n_trials, n_series) array
        The series.
    units : str, optional
        Of the series.
    axes : (n_series,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (n_series,) array of Axes

    Raises
    ------
    ValueError
        For series of another shape than that of the result, or another number of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import change_points
    >>> y = np.repeat([0.0, 2.0], 30) + np.random.default_rng(0).normal(scale=0.3, size=60)
    >>> [ax] = plot_change_points(change_points(y), y)
    >>> [text.get_text() for text in ax.texts]
    ['30']
    """
    check_instance("found", found, ChangePoints, "a ChangePoints")
    series = as_floats(values, "values")
    if series.shape != found.fitted.shape:
        raise ValueError(f"values: expected shape {found.fitted.shape}, got {series.shape}")
    course = found.fitted.reshape(len(series), -1)
    series = series.reshape(course.shape)
    n_series = series.shape[1]
    axes = series_axes(n_series, axes, least_height=2.2)
    name_trials(axes, len(series))
    for s, ax in enumerate(axes):
        style_panel(ax)
        draw_course(ax, series[:, s], course[:, s], None)
        fit_heights(ax, series[:, s])
        for trial, (low, high) in zip(found.trials, found.intervals, strict=True):
            draw_onset(ax, {"onset": trial, "onset_low": low, "onset_high": high})
        name_row(ax, series_name(s, n_series, units))
    name_above(axes[0], [(float(trial), str(trial)) for trial in found.trials], color=CHANGE)
    return axes


def plot_replication(found: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.replicate`: what neurons say of each change.

    The line is the strength of a component on every trial as its neurons agree on it, relative to
    its mean. Changes that were asked about are marked, with the verdict above.

    Parameters
    ----------
    found : trialtensor.tracking.Replication
    axes : (n_series,) array of Axes, optional
        One for each series with a course; by default of a new figure.

    Returns
    -------
    (n_series,) array of Axes

    Raises
    ------
    ValueError
        If no change could be tested, so that there is no course; or for another number of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.tracking import replicate
    >>> X = make_tca(60, 20, 15, 1, snr=2.0, random_state=0).X
    >>> model = TCA(1, n_init=1, random_state=0).fit(abs(X))
    >>> plot_replication(replicate(model, abs(X), {"component 1": [30]})).shape
    (1,)
    """
    check_instance("found", found, Replication, "a Replication")
    if not found.courses:
        raise ValueError("found: no change could be tested, so that there is no course to draw")
    own_figure = axes is None
    axes = series_axes(len(found.courses), axes, least_height=2.2)
    name_trials(axes, len(next(iter(found.courses.values()))))
    heights = []
    for ax, (name, course) in zip(axes, found.courses.items(), strict=True):
        style_panel(ax)
        ax.axhline(1, color=MUTED, linewidth=0.6, zorder=0)
        ax.plot(np.arange(len(course)), course, color=ACCENT, linewidth=1.0)
        rows = found.table[found.table["series"] == name].to_dict("records")
        for row in rows:
            ax.axvline(row["trial"], color=CHANGE, linewidth=1.4)
        names = [(row["trial"], f"{row['trial']}: {_verdict(row)}") for row in rows]
        heights.append(name_above(ax, names, color=CHANGE))
        name_row(ax, f"{cut(name, 20)}\n(1 = mean)")
    if own_figure:
        heighten(axes, heights)
    return axes


def _verdict(row: dict[str, Any]) -> str:
    others = row["also_seen_in"] if row["verdict"] == "also seen in" else ""
    return f"{row['verdict']} {others}".strip()
