"""Figure of a search for the number of components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting import search_panels as panels
from trialtensor.plotting.candidates import Candidates, candidates
from trialtensor.plotting.grid import figure_of_size

if TYPE_CHECKING:
    import pandas

    from trialtensor.plotting.grid import AnyFigure

HEIGHTS = {"error": 2.3, "close-up": 1.6, "stability": 1.5, "core consistency": 1.3}


def plot_search(
    search: Any, profile: pandas.DataFrame | None = None, *, axes: Any = None
) -> np.ndarray:
    """Plot how well each number of components predicts held-out entries, and more.

    From top to bottom: the held-out error as a fraction of that of no components, with one
    standard error over splits (filled: within one standard error of the best, by the differences
    on each split); a close-up of the error above the best; the agreement of restarts, where
    0 is chance and 1 the same model every time; and the core consistency, for models with one. The
    last two need the profile. Candidates are evenly spaced, fewest parameters first; of more
    than 60 candidates of several numbers (SliceTCA), those with the lowest errors are drawn. Arrows
    at an edge mark values beyond it.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    profile : pandas.DataFrame, optional
        From `trialtensor.selection.restart_profile`.
    axes : array of Axes, optional
        From `search_grid`; a new pyplot figure by default.

    Returns
    -------
    ndarray of Axes, shape (2,), (3,) or (4,)
        Two without a profile; with one, three, or four if it has core consistencies.

    Raises
    ------
    ValueError
        For another number of axes, or a profile of other candidates.
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.

    References
    ----------
    Breiman et al. 1984, "Classification and regression trees", for the one-standard-error rule;
    Bro & Kiers 2003 for the core consistency.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import CrossValidatedSearch, TimeBlocks
    >>> X = make_tca(30, 20, 25, 2, snr=2.0, random_state=0).X
    >>> splits = TimeBlocks(n_splits=2)
    >>> search = CrossValidatedSearch(TCA(1, n_init=2), range(1, 4), splits=splits).fit(X)
    >>> axes = plot_search(search, axes=search_grid(search, figure=Figure()))
    >>> [ax.get_ylabel() for ax in axes]
    ['held-out error\\n(1 = no components)', 'error above\\nthe best']
    """
    shown = candidates(search, profile)
    names = _panels(shown)
    axes = search_grid(search, profile) if axes is None else np.asarray(axes, dtype=object).ravel()
    if len(axes) != len(names):
        raise ValueError(
            f"axes: expected {len(names)} ({', '.join(names)}), from search_grid, got {len(axes)}"
        )
    for i, ax in enumerate(axes):
        panels.draw_frame(ax, shown, search, named=i == 0)
    panels.draw_error(axes[0], shown, search)
    panels.draw_close_up(axes[1], shown, search)
    if shown.profile is not None:
        panels.draw_stability(axes[2], shown, shown.profile)
    if "core consistency" in names and shown.profile is not None:
        panels.draw_consistency(axes[3], shown.profile["core_consistency"])
    panels.name_candidates(axes, shown)
    return axes


def search_grid(
    search: Any, profile: pandas.DataFrame | None = None, *, figure: AnyFigure | None = None
) -> np.ndarray:
    """Make axes for `plot_search`, one above the other.

    Parameters
    ----------
    search, profile
        As for `plot_search`.
    figure : Figure or SubFigure, optional
        Drawn into; a new pyplot figure by default. A whole figure is resized to fit.

    Returns
    -------
    ndarray of Axes
    """
    shown = candidates(search, profile)
    heights = [HEIGHTS[name] for name in _panels(shown)]
    width = max(5.0, 0.15 * len(shown.table)) + 2.6  # labels on the left, the key on the right
    size = (width, sum(heights) + 0.7)
    figure = figure_of_size(figure, size, h_pad=0.05, w_pad=0.05, hspace=0.02)
    return figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)


def _panels(shown: Candidates) -> list[str]:
    names = ["error", "close-up"]
    if shown.profile is not None:
        names.append("stability")
        if np.isfinite(shown.profile["core_consistency"]).any():
            names.append("core consistency")
    return names
