"""What a model leaves over: trials and neurons that stand out, or that a component rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.panels import caption, count_in_whole_numbers, style_panel
from trialtensor.plotting.trial_courses import point_size
from trialtensor.selection.residuals import DECISIVE, OUTLYING, ResidualReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOUND = QUALITATIVE[3]
MOST_NAMED = 5
BEYOND = 1.15  # infinite scores are drawn at this times the largest


def plot_residuals(report: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.selection.residual_report`.

    Above, how much worse than others each trial and each neuron is described (a robust z-score);
    below, their leverage: how much of a component rests on them alone. Those above the dashed
    thresholds are marked, the worst with their numbers, counted from 0. The titles say how much is
    left over, and what neurons still share.

    Parameters
    ----------
    report : trialtensor.selection.ResidualReport
    axes : (2, 2) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (2, 2) array of Axes

    Raises
    ------
    ValueError
        For another shape of axes.

    References
    ----------
    Iglewicz & Hoaglin 1993, "How to detect and handle outliers".

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import residual_report
    >>> X = make_tca(30, 12, 15, 2, snr=1.0, random_state=0).X
    >>> report = residual_report(TCA(2, n_init=1, random_state=0).fit(X), X)
    >>> plot_residuals(report).shape
    (2, 2)
    """
    check_instance("report", report, ResidualReport, "a ResidualReport")
    axes = take_axes(axes, (2, 2), (9.0, 5.0), each="trials and neurons", sharex="col")
    for column, axis in enumerate(("trial", "neuron")):
        above, below = axes[:, column]
        _draw(above, getattr(report, f"{axis}_outlyingness"), OUTLYING)
        _draw(below, getattr(report, f"{axis}_leverage"), DECISIVE)
        below.set_ylim(0, max(1.0, below.get_ylim()[1]))
        caption(below, x=axis)
    caption(axes[0, 0], y="outlyingness\n(robust z)", title=_left_over(report))
    caption(axes[0, 1], title=_shared(report))
    caption(axes[1, 0], y="leverage\n(1 = all on it)")
    return axes


def _draw(ax: Axes, values: np.ndarray, threshold: float) -> None:
    style_panel(ax)
    count_in_whole_numbers(ax)
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    ends = np.append(finite, [threshold, 0.0])
    shown = np.clip(values, BEYOND * min(ends.min(), -1.0), BEYOND * ends.max())
    x, out = np.arange(len(values)), values > threshold
    size = 1.4 * point_size(len(values))
    ax.axhline(threshold, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.scatter(x[~out], shown[~out], s=size, color=ACCENT, linewidths=0, alpha=0.7)
    ax.scatter(x[out], shown[out], s=1.5 * size, color=FOUND, marker="D", linewidths=0)
    worst = np.flatnonzero(out)[np.argsort(-values[out], kind="stable")[:MOST_NAMED]]
    for i in _apart(worst, len(values)):
        ax.annotate(
            str(i),
            (i, shown[i]),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=INK,
        )
    ax.margins(x=0.03, y=0.18)


def _apart(worst: np.ndarray, n: int) -> list[int]:
    """Leave out those whose numbers would overprint that of a worse one."""
    kept: list[int] = []
    for i in worst.tolist():
        if all(abs(i - other) > 0.07 * n for other in kept):
            kept.append(i)
    return kept


def _left_over(report: Any) -> str:
    return f"{100 * report.unexplained:.1f} % of the sum of squares is left over"


def _shared(report: Any) -> str:
    if not np.isfinite(report.shared.p_value):
        return ""
    shares = "share something" if report.shared.is_shared else "share nothing"
    return f"Neurons {shares} in the residuals"
