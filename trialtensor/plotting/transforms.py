"""Transforms of data compared by what models predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import MUTED
from trialtensor.plotting.grid import take_one
from trialtensor.plotting.intervals import draw_intervals
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption
from trialtensor.selection.transforms import TransformComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_transforms(comparison: Any, *, ax: Axes | None = None) -> Axes:
    """Plot the result of `trialtensor.selection.compare_transforms`.

    The held-out error under each transform, with one standard error over splits to each side, and
    the number of components with the lowest error; filled is the transform that is chosen. The
    dotted line, at 1, is the error of each neuron's mean.

    Parameters
    ----------
    comparison : trialtensor.selection.TransformComparison
    ax : Axes, optional
        By default of a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import make_tca
    >>> from trialtensor.selection import compare_transforms
    >>> X = make_tca(20, 10, 15, 1, snr=2.0, random_state=0).X
    >>> ax = plot_transforms(compare_transforms(X, 1, random_state=0))
    >>> ax.get_xlabel()
    'held-out error (1 = mean of each neuron)'
    """
    check_instance("comparison", comparison, TransformComparison, "a TransformComparison")
    rows = comparison.table.to_dict("records")
    ax = take_one(ax, (6.6, 1.1 + 0.45 * len(rows)))
    names = [
        f"{shorten(str(row['transform']))}: {row['error']:.3f}\n(components: {row['n_components']})"
        for row in rows
    ]
    error = np.array([row["error"] for row in rows], dtype=np.float64)
    half = np.nan_to_num([row["error_se"] for row in rows])
    chosen = np.array([row["transform"] == comparison.chosen for row in rows])
    draw_intervals(ax, names, error, np.array([error - half, error + half]), sure=chosen)
    if error.max() > 0.7:
        ax.axvline(1, color=MUTED, linewidth=0.9, linestyle=":", zorder=0)
        low, high = ax.get_xlim()
        ax.set_xlim(low, max(high, 1.02))
    what = "Poisson deviance" if comparison.loss == "poisson" else "squared error"
    caption(ax, x="held-out error (1 = mean of each neuron)", title=f"Chosen by {what}: ± 1 SE")
    return ax
