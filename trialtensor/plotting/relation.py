"""A component and behaviour: their correlation at every lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.data.shown import p_equation
from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.panels import caption, draw_legend, say, style_panel
from trialtensor.plotting.trial_courses import name_trials, one_series, point_size
from trialtensor.tracking.relation import Relation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEHAVIOUR = QUALITATIVE[3]


def plot_relation(
    relation: Any, *, component: Any = None, behaviour: Any = None, axes: Any = None
) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.relate`, and the two series if they are given.

    The correlation of component and behaviour at every lead of the component, with the range in
    which the stated share of unrelated series stays, in grey. The line marks the strongest one, the
    band around it the interval of the lead.

    Parameters
    ----------
    relation : trialtensor.tracking.Relation
    component, behaviour : (n_trials,) arrays, optional
        The series that were related: drawn above, each less its mean and divided by its standard
        deviation.
    axes : (1,) or (2,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (1,) or (2,) array of Axes
        Two with the series.

    Raises
    ------
    ValueError
        For one of the series without the other, series of different length, and for another number
        of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import relate
    >>> shared = np.random.default_rng(0).normal(size=84)
    >>> component, behaviour = shared[4:], shared[:-4]
    >>> found = relate(component, behaviour, n_null=19, n_bootstrap=20)
    >>> plot_relation(found, component=component, behaviour=behaviour).shape
    (2,)
    """
    check_instance("relation", relation, Relation, "a Relation")
    if (component is None) != (behaviour is None):
        raise ValueError("component: give it together with behaviour, or neither")
    n = 1 if component is None else 2
    axes = take_axes(axes, (n,), (6.6, 2.4 * n), each="the series, if given, and the correlations")
    if n == 2:
        series = (one_series(component, "component"), one_series(behaviour, "behaviour"))
        if len(series[0]) != len(series[1]):
            raise ValueError(
                f"behaviour: expected {len(series[0])} trials as in component, got {len(series[1])}"
            )
        _draw_series(axes[0], *series)
    _draw_leads(axes[-1], relation)
    return axes


def _draw_series(ax: Axes, component: np.ndarray, behaviour: np.ndarray) -> None:
    style_panel(ax)
    size = point_size(len(component))
    trials = np.arange(len(component))
    for values, color, marker, name in (
        (component, ACCENT, "o", "component"),
        (behaviour, BEHAVIOUR, "^", "behaviour"),
    ):
        spread = float(np.nanstd(values))
        scaled = (values - np.nanmean(values)) / (spread if spread > 0 else 1.0)
        ax.scatter(
            trials, scaled, s=size, color=color, marker=marker, linewidths=0, alpha=0.8, label=name
        )
    name_trials(np.array([ax]), len(trials))
    caption(ax, y="standard deviations\nfrom the mean")
    draw_legend(ax)


def _draw_leads(ax: Axes, relation: Any) -> None:
    style_panel(ax)
    caption(ax, x="lead of the component (trials; negative: it follows)", y="correlation")
    if not np.isfinite(relation.correlation):
        say(ax, "one of the series does not vary")
        ax.set(xticks=[], yticks=[])
        return
    chance = np.asarray(relation.chance, dtype=np.float64)
    ax.fill_between(
        relation.leads,
        -chance,
        chance,
        color=FAINT,
        linewidth=0,
        label=f"{100 * relation.level:.0f} % of unrelated series",
    )
    ax.axhline(0, color=MUTED, linewidth=0.6)
    low, high = relation.lead_interval
    ax.axvspan(
        low - 0.5, high + 0.5, color=BEHAVIOUR, alpha=0.2, linewidth=0, label="interval of the lead"
    )
    ax.axvline(relation.lead, color=BEHAVIOUR, linewidth=1.4)
    marker = "o" if len(relation.leads) < 60 else None
    ax.plot(
        relation.leads,
        relation.correlations,
        color=INK,
        linewidth=1.2,
        marker=marker,
        markersize=3.5,
    )
    ax.margins(x=0.02)
    p = p_equation(relation.p_value, relation.at_floor())
    caption(
        ax,
        title=f"{_lead_text(int(relation.lead))} ({low} to {high}): r = "
        f"{relation.correlation:.2f}, {p}",
    )
    draw_legend(ax)


def _lead_text(lead: int) -> str:
    if lead == 0:
        return "Same trial"
    word = "leads" if lead > 0 else "follows"
    return f"Component {word} by {abs(lead)} trial{'s' * (abs(lead) > 1)}"
