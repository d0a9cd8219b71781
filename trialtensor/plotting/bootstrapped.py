"""Components with the intervals of a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.parameters import check_instance
from trialtensor.models import Fitted, Part
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import ACCENT, INK
from trialtensor.plotting.columns import OTHER_WIDTH, RANKS, TITLES, WIDTHS, fitted_of
from trialtensor.plotting.grid import ROW_HEIGHT, take_axes
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption, name_row
from trialtensor.plotting.places import axis_place, coords_of
from trialtensor.plotting.positions import AxisPositions
from trialtensor.plotting.vectors import STYLES, draw_vector
from trialtensor.selection.bootstrap import Bootstrap

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
    dataset : str or None
    values : (n, n_components) array
    ends : (2, n, n_components) array
    is_loading : bool
        Whether each column is a component of its own, with a slice.
    """

    title: str
    axis: str
    dataset: str | None
    values: np.ndarray
    ends: np.ndarray
    is_loading: bool


@dataclass(frozen=True, eq=False)
class Row:
    """The name of a row, and what stands in its panels: estimates, and which column of them."""

    name: str
    cells: list[tuple[Estimated, int]]


def plot_bootstrap(
    found: Any, *, model: Any = None, components: Any = None, axes: Any = None
) -> np.ndarray:
    """Plot the result of `trialtensor.selection.bootstrap`: components with their intervals.

    One row per component, one column for each kind of factor (of each dataset): neurons as bars,
    times as a line and trials as points, with intervals as lines, or as a band over time. Of
    SliceTCA, whose components have names such as "trial 1", the loadings are drawn.

    Parameters
    ----------
    found : trialtensor.selection.Bootstrap
    model : fitted model, optional
        That of the bootstrap: times are then in seconds, and neurons and trials named, as in
        `plot_factors`, if its data had such coordinates.
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
    check_instance("found", found, Bootstrap, "a Bootstrap")
    shown = _estimated(found)
    fitted = None if model is None else fitted_of(model)
    rows = _rows(shown)
    rows = [rows[i] for i in choose(components, [row.name for row in rows])]
    widths = [max(WIDTHS.get(cell.axis, OTHER_WIDTH) for cell, _ in column)
              for column in zip(*(row.cells for row in rows), strict=True)]  # fmt: skip
    size = (sum(widths) + 0.7, max(ROW_HEIGHT * len(rows) + 0.75, 2.1))
    shape = (len(rows), len(widths))
    axes = take_axes(axes, shape, size, each="a row for each component", width_ratios=widths)
    for i, (line, row) in enumerate(zip(axes, rows, strict=True)):
        name_row(line[0], row.name.removeprefix("component "))
        below = rows[i + 1].cells if i + 1 < len(rows) else [(None, 0)] * len(line)
        for ax, (cell, r), (follower, _) in zip(line, row.cells, below, strict=True):
            place = _place(cell, fitted)
            _draw(ax, cell, r, place)
            ax.tick_params(labelbottom=follower is not cell)
            if follower is not cell:
                caption(ax, x=place.label)
    for ax, (cell, _) in zip(axes[0], rows[0].cells, strict=True):
        level = f" ({100 * found.level:.0f} %)" if ax is axes[0, 0] else ""
        caption(ax, title=f"{cell.title}{level}" if len(widths) > 1 else f"Loadings{level}")
    return axes


def _rows(shown: list[Estimated]) -> list[Row]:
    """Return what stands in each row: all factors of a component, or its loading."""
    if all(each.is_loading for each in shown):
        by_type = sorted(shown, key=lambda each: AXES.index(each.axis))
        return [
            Row(f"{each.axis} {r + 1}", [(each, r)])
            for each in by_type
            for r in range(each.values.shape[1])
        ]
    n_components = shown[0].values.shape[1]
    return [Row(f"component {r + 1}", [(each, r) for each in shown]) for r in range(n_components)]


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
                loading = name.endswith("loadings")
                shown.append(
                    Estimated(title, axis, dataset, np.asarray(each), np.asarray(own), loading)
                )
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


def _place(each: Estimated, fitted: Fitted | None) -> AxisPositions:
    """Return the positions of entries, from the coordinates of the model if there is one."""
    n = len(each.values)
    coords = {} if fitted is None else coords_of(fitted, each.dataset, {each.axis: n})
    return axis_place(each.axis, coords, n, group_by=None)


def _draw(ax: Axes, each: Estimated, r: int, place: AxisPositions) -> None:
    values = each.values[:, r].astype(np.float64)
    low, high = (end[place.order] for end in each.ends[..., r].astype(np.float64))
    ends, x = [low, high], place.positions
    color = "#9fb1c2" if each.axis == "neuron" else None  # lines over bars must be seen
    draw_vector(ax, place, values, style=STYLES[each.axis], colors=color)
    known = np.concatenate([values, *ends, [0.0]])
    known = known[np.isfinite(known)]
    pad = 0.06 * np.ptp(known) or 1.0
    ax.set_ylim(known.min() - pad * (known.min() < 0), known.max() + pad)
    if each.axis == "time":
        ax.fill_between(x, *ends, color=ACCENT, alpha=0.25, linewidth=0)
    else:
        ax.vlines(x, *ends, color=INK, linewidth=0.9, zorder=3)
