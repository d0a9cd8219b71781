"""Effects over animals: an interval for each, and the mean as a diamond."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import ACCENT, INK, MUTED
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import style_panel
from trialtensor.tracking.group import GroupTracking

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS = {
    "onset": "onset (trial)",
    "time constant": "time constant (trials)",
    "amplitude": "amplitude (units of the series)",
}


def plot_group(group: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.track_group` as a forest plot.

    One row of panels per component, one column per effect. Points with intervals are animals,
    hollow without a transition of their own; the diamond is the mean with its interval, and the
    thin line through it the interval for another animal.

    Parameters
    ----------
    group : trialtensor.tracking.GroupTracking
    axes : (n_components, 3) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (n_components, 3) array of Axes

    Raises
    ------
    ValueError
        For another shape of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import track_group
    >>> y = np.random.default_rng(0).normal(size=(3, 60)) + 3.0 * (np.arange(60) > 30)
    >>> plot_group(track_group(dict(zip("abc", y)))).shape
    (1, 3)
    """
    check_instance("group", group, GroupTracking, "a GroupTracking")
    components = list(dict.fromkeys(group.table["component"]))
    n_animals = group.animals["animal"].nunique()
    size = (9, len(components) * (1.2 + 0.24 * n_animals))
    shape = (len(components), len(UNITS))
    axes = take_axes(axes, shape, size, each="a row for each component")
    for row, component in zip(axes, components, strict=True):
        for ax, effect in zip(row, UNITS, strict=True):
            animals, mean = (
                part[(part["component"] == component) & (part["effect"] == effect)]
                for part in (group.animals, group.table)
            )
            style_panel(ax)
            if effect == "time constant":
                _use_log_scale(ax)
            _draw_animals(ax, animals.to_dict("records"), named=ax is row[0])
            _draw_mean(ax, mean.to_dict("records")[0], len(animals))
            ax.set_xlabel(UNITS[effect], fontsize=8.5, color=INK)
        row[0].set_ylabel(shorten(component), fontsize=8.5, color=INK)
        row[2].axvline(0, color=MUTED, linewidth=0.8, linestyle=":", zorder=0)
    return axes


def _use_log_scale(ax: Axes) -> None:
    """Use a logarithmic axis with plain numbers, of which there are some within a decade."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())


def _draw_animals(ax: Axes, animals: list[dict[str, Any]], *, named: bool) -> None:
    for i, each in enumerate(animals):
        ax.plot([each["low"], each["high"]], [i, i], color=INK, linewidth=1.1, zorder=2)
        face = INK if each["shown"] else "white"
        ax.plot(each["estimate"], i, "o", color=INK, markerfacecolor=face, markersize=5, zorder=3)
    names = [shorten(each["animal"]) for each in animals]
    ax.set_yticks([*range(len(animals)), len(animals) + 0.5])
    ax.set_yticklabels([*names, "mean"] if named else [], fontsize=8, color=INK)
    ax.set_ylim(len(animals) + 1.2, -0.7)


def _draw_mean(ax: Axes, mean: dict[str, Any], n_rows: int) -> None:
    y = n_rows + 0.5
    if np.isfinite(mean["low"]):
        corners = [mean["low"], mean["mean"], mean["high"], mean["mean"]]
        limits = ax.get_xlim()
        ax.plot([mean["new_low"], mean["new_high"]], [y, y], color=ACCENT, linewidth=1, zorder=2)
        ax.fill(corners, [y, y - 0.32, y, y + 0.32], color=ACCENT, linewidth=0, zorder=3)
        # The interval for another of few animals may be so wide that nothing else is seen.
        ends = np.array([min(limits[0], mean["low"]), max(limits[1], mean["high"])])
        # A little room, or half of a point at the end would be cut off.
        scale = ax.xaxis.get_transform()
        low, high = scale.transform(ends)
        room = 0.04 * (high - low)
        ax.set_xlim(*scale.inverted().transform(np.array([low - room, high + room])))
    text = f"{mean['n_with']} of {n_rows} animals"
    ax.set_title(text, fontsize=8, color=INK, loc="right")
