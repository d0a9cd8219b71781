"""Learning curves: the models that were tried, beside the series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import ACCENT, INK, MUTED
from trialtensor.plotting.grid import take_one
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption, draw_legend, style_panel
from trialtensor.plotting.trial_courses import name_trials, one_series, point_size
from trialtensor.tracking.learning import LearningCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES = {"constant": ":", "linear": "-.", "exponential": "--", "two-exponential": (0, (6, 2))}


def plot_learning(
    curve: Any, values: Any, *, units: str | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the result of `trialtensor.tracking.learning_curve` with its series.

    The most likely model is the thick line, the others are thin; the key says how likely each is
    beside the best, as the logarithm of the odds. The title has the best one's time constants with
    their intervals.

    Parameters
    ----------
    curve : trialtensor.tracking.LearningCurve
    values : (n_trials,) array
        The series.
    units : str, optional
        Of the series, such as "°".
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
    >>> from trialtensor.tracking import learning_curve
    >>> y = 1 - np.exp(-np.arange(60) / 8) + np.random.default_rng(0).normal(scale=0.05, size=60)
    >>> plot_learning(learning_curve(y), y).get_title(loc="left").split(":")[0]
    'Exponential'
    """
    check_instance("curve", curve, LearningCurve, "a LearningCurve")
    y = one_series(values, "values", len(curve.best.fitted))
    ax = take_one(ax, (7.5, 2.8))
    style_panel(ax)
    trials = np.arange(len(y))
    ax.scatter(trials, y, s=point_size(len(y)), color=MUTED, alpha=0.6, linewidths=0, label="data")
    others = [fit for fit in curve.fits.values() if fit is not curve.best]
    for fit in [curve.best, *sorted(others, key=lambda each: -each.log_odds)]:
        best = fit is curve.best
        odds = f"{fit.log_odds:.1f}".replace("-", "−")
        name = fit.model if best else f"{fit.model} (log odds {odds})"
        ax.plot(
            trials,
            fit.fitted,
            color=ACCENT if best else INK,
            linewidth=2.0 if best else 0.9,
            linestyle="-" if best else LINES.get(fit.model, "-"),
            zorder=3 if best else 2,
            label=name,
        )
    name_trials(np.array([ax]), len(y))
    caption(ax, y=f"value ({shorten(units)})" if units else "value", title=_words(curve))
    draw_legend(ax)
    return ax


def _words(curve: Any) -> str:
    best = curve.best
    name = best.model.capitalize()
    constants = [
        f"{tau:.3g} ({_end(low)} to {_end(high)})"
        for tau, (low, high) in zip(best.time_constants, best.time_constant_intervals, strict=True)
    ]
    if not constants:
        return name if best.model == "constant" else f"{name}: {best.slope:.3g} per trial"
    return f"{name}: time constant{'s' * (len(constants) > 1)} {' and '.join(constants)} trials"


def _end(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:.3g}"
