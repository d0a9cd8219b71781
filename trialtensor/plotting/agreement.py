"""Can components be believed? Agreement of restarts, and components against surrogates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED, positive_colormap
from trialtensor.plotting.grid import take_axes, take_one
from trialtensor.plotting.panels import (
    caption,
    count_in_whole_numbers,
    draw_legend,
    style_panel,
)
from trialtensor.selection.stability import Stability
from trialtensor.selection.tested import ComponentTest

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_stability(stability: Any, *, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.selection.stability`.

    On the left, the match of every pair of restarts, as it is; on the right, how well each
    component of the best restart is found by the others, corrected for chance: 0 is what unrelated
    models would have, 1 the same component every time.

    Parameters
    ----------
    stability : trialtensor.selection.Stability
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
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import stability
    >>> X = make_tca(20, 10, 15, 2, snr=2.0, random_state=0).X
    >>> model = TCA(2, n_init=3, random_state=0).fit(X)
    >>> plot_stability(stability(model, n_null=5)).shape
    (2,)
    """
    check_instance("stability", stability, Stability, "a Stability")
    n = len(stability.by_component)
    size = (9.0, 3.4 + 0.06 * max(n - 20, 0))
    pairs, components = take_axes(axes, (1, 2), size, each="pairs and components").ravel()
    image = pairs.imshow(stability.pairs, cmap=positive_colormap(), vmin=0, vmax=1)
    style_panel(pairs)
    for axis in (pairs.xaxis, pairs.yaxis):
        axis.get_major_locator().set_params(integer=True, nbins=6)
    caption(pairs, x="restart (0 = best)", y="restart", title="Match of pairs")
    bar = pairs.figure.colorbar(image, ax=pairs, shrink=0.9)
    bar.set_label("match (chance not removed)", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7, colors=INK)
    style_panel(components)
    count_in_whole_numbers(components)
    x = np.arange(1, n + 1)
    components.bar(x, stability.by_component, width=0.7, color=ACCENT)
    components.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    low = float(np.nanmin(np.append(stability.by_component, 0.0)))
    components.set_ylim(min(low * 1.1, 0.0) - 0.03, 1.05)
    components.set_yticks([0, 0.5, 1])
    caption(
        components,
        x="component",
        y="match, corrected\n(1 = same, 0 = chance)",
        title=f"All together: {stability.corrected:.2f}",
    )
    return np.array([pairs, components], dtype=object)


def plot_component_test(test: Any, *, alpha: float = 0.05, ax: Axes | None = None) -> Axes:
    """Plot the result of `trialtensor.selection.component_test`.

    What each component explains of the structure that the null destroys, filled where it is more
    than chance; the band holds the largest component of ``1 - alpha`` of the surrogates, and the
    line is their median. Components that the null leaves intact can't be tested, and are crosses.

    Parameters
    ----------
    test : trialtensor.selection.ComponentTest
    alpha : float
        Chance that any component is significant if there is no shared structure.
    ax : Axes, optional
        By default of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If ``alpha`` is below the smallest p value that the surrogates allow.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import component_test
    >>> X = make_tca(20, 10, 15, 2, snr=2.0, random_state=0).X
    >>> model = TCA(2, n_init=1, random_state=0).fit(X)
    >>> test = component_test(model, X, n_permutations=19, random_state=0)
    >>> plot_component_test(test).get_xlabel()
    'component'
    """
    check_instance("test", test, ComponentTest, "a ComponentTest")
    significant = test.significant(alpha)
    ax = take_one(ax, (6.6, 3.0))
    style_panel(ax)
    count_in_whole_numbers(ax)
    percent = 100 * np.asarray(test.statistic, dtype=np.float64)
    null = 100 * np.asarray(test.null, dtype=np.float64)
    n = len(percent)
    top = float(np.quantile(null, 1 - alpha, method="higher"))
    name = f"largest of {100 * (1 - alpha):.3g} % of\nsurrogates ({test.kind})"
    ax.axhspan(min(0.0, float(null.min())), top, color=FAINT, linewidth=0, label=name)
    ax.axhline(float(np.median(null)), color=MUTED, linewidth=1.0, label="their median")
    x, known = np.arange(1, n + 1), np.isfinite(percent)
    for rows, face, label in (
        (known & significant, ACCENT, f"p ≤ {alpha:g}"),
        (known & ~significant, "white", f"p > {alpha:g}"),
    ):
        if rows.any():
            style: dict[str, Any] = {"color": ACCENT, "markerfacecolor": face, "markersize": 6}
            ax.plot(x[rows], percent[rows], "o", label=label, zorder=3, **style)
    if not known.all():
        unknown = x[~known]
        ax.plot(unknown, np.zeros(len(unknown)), "x", color=INK, label="not tested", zorder=3)
    ax.set_xlim(0.4, n + 0.6)
    caption(ax, x="component", y="share of the sum\nof squares (%)")
    draw_legend(ax)
    return ax
