"""Similarity of every trial to early and to late trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption, draw_legend, style_panel
from trialtensor.plotting.trial_courses import name_trials, point_size
from trialtensor.tracking.templates import TemplateAlignment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LATE = QUALITATIVE[3]


def plot_templates(alignment: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.template_alignment`.

    Above, the correlation of every trial's pattern with the early and with the late template; below
    their difference, which rises as patterns move from one to the other. Marks along the bottom are
    the trials that the templates were made of.

    Parameters
    ----------
    alignment : trialtensor.tracking.TemplateAlignment
    axes : (2,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (2,) array of Axes

    Raises
    ------
    ValueError
        For another number of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import template_alignment
    >>> X = np.random.default_rng(0).normal(size=(40, 10, 5))
    >>> plot_templates(template_alignment(X, np.arange(10), np.arange(30, 40))).shape
    (2,)
    """
    check_instance("alignment", alignment, TemplateAlignment, "a TemplateAlignment")
    n_trials = len(alignment.shift)
    above, below = take_axes(axes, (2,), (8.2, 4.0), each="similarity and shift", sharex=True)
    trials, size = np.arange(n_trials), point_size(n_trials)
    for ax in (above, below):
        style_panel(ax)
        ax.axhline(0, color=MUTED, linewidth=0.6, zorder=0)
    kinds = (
        (alignment.early, alignment.early_trials, ACCENT, "o", _name("early", alignment.blocks[0])),
        (alignment.late, alignment.late_trials, LATE, "^", _name("late", alignment.blocks[1])),
    )
    for values, own, color, marker, name in kinds:
        style: dict[str, Any] = {"color": color, "marker": marker, "linewidths": 0, "alpha": 0.8}
        above.scatter(trials, values, s=size, label=name, **style)
        _mark(above, own, color)
    below.scatter(trials, alignment.shift, s=size, color=INK, linewidths=0, alpha=0.8)
    name_trials(np.array([above, below]), n_trials)
    caption(above, y="correlation\nwith template")
    caption(below, y="late − early")
    draw_legend(above)
    return np.array([above, below], dtype=object)


def _name(which: str, block: Any) -> str:
    return f"{which} template" if block is None else f"{which}: {shorten(str(block))}"


def _mark(ax: Axes, own: np.ndarray, color: str) -> None:
    ax.plot(
        own,
        np.zeros(len(own)),
        "|",
        color=color,
        markersize=6,
        transform=ax.get_xaxis_transform(),
        clip_on=False,
    )
