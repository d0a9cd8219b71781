"""Gain and rotation of each component between early and late trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.data.shown import p_equation
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.intervals import draw_intervals
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption
from trialtensor.tracking.pattern_change import PatternChange


def plot_pattern_change(change: Any, *, components: Any = None, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.pattern_change`, one row per component.

    On the left, the gain: late over early strength, 1 where it is the same. On the right, the angle
    between the neurons of the component early and late. Both with their intervals, filled where
    the change is significant; components that are absent early or late have neither. Names have
    the verdict below; the title says whether there is new activity.

    Parameters
    ----------
    change : trialtensor.tracking.PatternChange
    components : sequence of int or str, optional
        Draw these, in this order: numbers count from 0, names are those of the table.
    axes : (2,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (2,) array of Axes

    Raises
    ------
    ValueError
        For components that aren't there, or another number of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import make_tca
    >>> from trialtensor.tracking import pattern_change
    >>> X = make_tca(96, 20, 15, 1, snr=5.0, random_state=0).X
    >>> found = pattern_change(X, np.arange(48), np.arange(48, 96), n_null=19, random_state=0)
    >>> plot_pattern_change(found).shape
    (2,)
    """
    check_instance("change", change, PatternChange, "a PatternChange")
    table = change.components
    table = table.iloc[choose(components, [str(name) for name in table["name"]])]
    size = (8.5, 1.4 + 0.45 * len(table))
    axes = take_axes(axes, (1, 2), size, each="gain and rotation", sharey=True).ravel()
    names = [
        f"{shorten(str(row['name']))}\n{shorten(str(row['verdict']), 30)}"
        for row in table.to_dict("records")
    ]
    for ax, value, low, high, p, at in (
        (axes[0], "gain", "gain_low", "gain_high", "gain_p", 1.0),
        (axes[1], "angle_deg", "angle_low", "angle_high", "rotation_p", 0.0),
    ):
        ends = table[[low, high]].to_numpy(dtype=np.float64).T
        sure = table[p].to_numpy(dtype=np.float64) <= change.alpha
        middle = table[value].to_numpy(dtype=np.float64)
        draw_intervals(ax, names, middle, ends, sure=sure, reference=at)
    axes[1].tick_params(labelleft=False)
    caption(axes[0], x="gain (late / early strength)", title=_words(change))
    caption(axes[1], x="rotation (°)")
    return axes


def _words(change: Any) -> str:
    p = p_equation(change.new_p, bool(np.all(change.at_floor("new_p"))))
    if not change.n_new:
        return f"No new activity ({p})"
    return f"{change.n_new} new pattern{'s' * (change.n_new > 1)} of activity ({p})"
