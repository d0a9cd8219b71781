"""Components with the intervals of a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import Part
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import ACCENT, INK
from trialtensor.plotting.columns import OTHER_WIDTH, RANKS, TITLES, WIDTHS
from trialtensor.plotting.grid import ROW_HEIGHT, take_axes
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption, count_in_whole_numbers, name_row, style_panel
from trialtensor.plotting.positions import AxisPositions
from trialtensor.plotting.vectors import STYLES, draw_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OF_NEURONS = ("output_factors", "input_factors")
OF_TRIALS = ("single_trials",)


@dataclass(frozen=True, eq=False)
class Estimated:
    """Factors or loadings of one axis with their intervals.

    Attributes
    ----------
    title, axis : str
    values : (n, n_components) array
    ends : (2, n, n_components) array
    """

    title: str
    axis: str
    values: np.ndarray
    ends: np.ndarray


def plot_bootstrap(found: Any, *, components: Any = None, axes: Any = None) -> np.ndarray:
    """Plot the result of `trialtensor.selection.bootstrap`: components with their intervals.

    One row per component, one column for each kind of factor (of each dataset): neurons as bars,
    times as a line and trials as points, with intervals as lines, or as a band over time. Loadings
    of SliceTCA have a row for each component of the type with most of them; slices aren't drawn.

    Parameters
    ----------
    found : trialtensor.selection.Bootstrap
    components : sequence of int or str, optional
        Draw these, in this order, as in `plot_factors`.
    axes : array of Axes, shape (n_components, n_columns), optional
        By default of a new figure.

    Returns
    -------
    ndarray of Axes, shape (n_components, n_columns)

    Raises
    ------
    ValueError
        For components that aren't there, or another shape of axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import bootstrap
    >>> X = make_tca(20, 10, 15, 2, snr=2.0, random_state=0).X
    >>> model = TCA(2, n_init=1, random_state=0).fit(X)
    >>> plot_bootstrap(bootstrap(model, X, n_samples=5, random_state=0)).shape
    (2, 3)
    """
    shown = _estimated(found)
    n_components = max(each.values.shape[1] for each in shown)
    rows = choose(components, [f"component {r + 1}" for r in range(n_components)])
    widths = [WIDTHS.get(each.axis, OTHER_WIDTH) for each in shown]
    size = (sum(widths) + 0.7, max(ROW_HEIGHT * len(rows) + 0.75, 2.1))
    shape = (len(rows), len(shown))
    axes = take_axes(
        axes, shape, size, each="a row for each component", sharex="col", width_ratios=widths
    )
    for column, each in zip(axes.T, shown, strict=True):
        for ax, r in zip(column, rows, strict=True):
            if r < each.values.shape[1]:
                _draw(ax, each, r)
            else:
                ax.set_axis_off()
        level = f" ({100 * found.level:.0f} %)" if each is shown[0] else ""
        caption(column[0], title=f"{each.title}{level}")
        caption(column[-1], x="time bin" if each.axis == "time" else each.axis)
    for row, r in zip(axes, rows, strict=True):
        name_row(row[0], str(r + 1))
    for ax in axes[:-1].flat:
        ax.tick_params(labelbottom=False)
    return axes


def _estimated(found: Any) -> list[Estimated]:
    """Return what has a vector for each component, neurons first and trials last."""
    shown = []
    for name, values in found.estimates.items():
        axis = _axis(name)
        if axis is None:
            continue
        ends = found.interval(name)
        by_dataset = values if isinstance(values, dict) else {None: values}
        for dataset, each in by_dataset.items():
            title = TITLES.get(name) or Part(name, (axis,), np.empty(0)).title
            if dataset is not None:
                title = f"{shorten(str(dataset), 16)}: {title[0].lower()}{title[1:]}"
            own = ends[dataset] if isinstance(values, dict) else ends
            if np.ndim(each) == 2 and np.shape(each)[1]:
                shown.append(Estimated(title, axis, np.asarray(each), np.asarray(own)))
    if not shown:
        raise ValueError(f"found: there are no factors among {', '.join(found.estimates)}")
    return sorted(shown, key=lambda each: RANKS[each.axis])


def _axis(name: str) -> str | None:
    if name in OF_NEURONS:
        return "neuron"
    if name in OF_TRIALS:
        return "trial"
    axis = name.partition("_")[0]
    return axis if axis in RANKS and not name.endswith("slices") else None


def _draw(ax: Axes, each: Estimated, r: int) -> None:
    values, (low, high) = each.values[:, r].astype(np.float64), each.ends[..., r]
    n = len(values)
    order = np.arange(n)
    place = AxisPositions(order, order.astype(np.float64), each.axis)
    ends = [low.astype(np.float64), high.astype(np.float64)]
    color = "#9fb1c2" if each.axis == "neuron" else None  # lines over bars must be seen
    draw_vector(ax, place, values, style=STYLES[each.axis], colors=color)
    known = np.concatenate([values, *ends, [0.0]])
    known = known[np.isfinite(known)]
    pad = 0.06 * np.ptp(known) or 1.0
    ax.set_ylim(known.min() - pad * (known.min() < 0), known.max() + pad)
    if each.axis == "time":
        ax.fill_between(order, *ends, color=ACCENT, alpha=0.25, linewidth=0)
    else:
        ax.vlines(order, *ends, color=INK, linewidth=0.9, zorder=3)
    style_panel(ax)
    count_in_whole_numbers(ax)
