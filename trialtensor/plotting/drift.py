"""Patterns over the session: how alike windows of trials are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats, whole
from trialtensor.data.parameters import check_instance
from trialtensor.data.shown import p_equation
from trialtensor.plotting.colors import ACCENT, INK, MUTED, diverging_colormap, positive_colormap
from trialtensor.plotting.grid import take_axes, take_one
from trialtensor.plotting.panels import caption, draw_legend, style_panel
from trialtensor.tracking.subspaces import SubspaceDrift

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_similarity(similarity: np.ndarray, windows: np.ndarray, *, ax: Any = None) -> Any:
    """Show `trialtensor.tracking.trial_similarity` as an image, one cell per pair of windows.

    Parameters
    ----------
    similarity : (n_windows, n_windows) array
    windows : (n_windows, 2) array
        First and last trial.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> plot_similarity(np.eye(2), np.array([[0, 9], [10, 19]])).get_xlabel()
    'trial'
    """
    similarity, windows = as_floats(similarity, "similarity"), whole(windows, "windows")
    ax = take_one(ax, (4.6, 3.8))
    size = float(np.nanmax(np.abs(similarity), initial=0)) or 1.0
    image = _draw_windows(ax, similarity, windows)
    image.set(cmap=diverging_colormap(), clim=(-size, size))
    _draw_bar(ax, image, "correlation of patterns")
    return ax


def plot_drift(drift: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.subspace_drift`.

    On the left, the overlap of the subspaces of every two windows, 1 where they are the same. On
    the right, the overlap of each window with the first one, beside that of its own two halves:
    what noise alone leaves. Where the first falls below the second, the subspace has moved.

    Parameters
    ----------
    drift : trialtensor.tracking.SubspaceDrift
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
    >>> from trialtensor import make_tca
    >>> from trialtensor.tracking import subspace_drift
    >>> X = make_tca(64, 20, 30, 3, snr=5.0, random_state=0).X
    >>> plot_drift(subspace_drift(X, n_windows=4, n_null=19)).shape
    (2,)
    """
    check_instance("drift", drift, SubspaceDrift, "a SubspaceDrift")
    left, right = take_axes(axes, (1, 2), (9.5, 3.4), each="all windows and the first").ravel()
    image = _draw_windows(left, drift.overlap, drift.windows)
    image.set(cmap=positive_colormap(), clim=(0, 1))
    _draw_bar(left, image, "overlap (1 = same subspace)")
    style_panel(right)
    middle = drift.windows.mean(axis=1)
    style: dict[str, Any] = {"linewidth": 1.4, "markersize": 4}
    itself, first = np.diag(drift.overlap), drift.overlap[0]
    right.plot(middle, itself, "s--", color=MUTED, label="with its own\nother half", **style)
    right.plot(middle[1:], first[1:], "o-", color=ACCENT, label="with the first\nwindow", **style)
    right.set_ylim(0, 1.05)
    caption(right, x="trial (middle of the window)", y="overlap of subspaces")
    p = p_equation(drift.p_value, drift.at_floor())
    caption(left, title=f"Do windows differ? {p}")
    draw_legend(right)
    return np.array([left, right], dtype=object)


def _draw_windows(ax: Axes, values: np.ndarray, windows: np.ndarray) -> Any:
    edges = np.append(windows[:, 0], windows[-1, 1] + 1) - 0.5
    image = ax.pcolormesh(edges, edges, values)
    ax.set_aspect("equal")
    ax.invert_yaxis()
    caption(ax, x="trial", y="trial")
    ax.tick_params(labelsize=7, colors=INK)
    return image


def _draw_bar(ax: Axes, image: Any, name: str) -> None:
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.85)
    bar.set_label(name, fontsize=8.5, color=INK)
    bar.ax.tick_params(labelsize=7, colors=INK)
