"""The figure of SliceTCA: one row per component, with loading and slice, type by type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models import Component, Part
from trialtensor.models.parameters import check_whole
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import INK, MUTED
from trialtensor.plotting.columns import fitted_of, has_loadings_and_slices
from trialtensor.plotting.grid import check_axes, fills_figure, slice_grid
from trialtensor.plotting.images import draw_label_strip, draw_slice
from trialtensor.plotting.keys import IMAGE_GAP, draw_key
from trialtensor.plotting.labels import resolve_labels
from trialtensor.plotting.panels import NO_ACTIVITY, name_row, row_text, say
from trialtensor.plotting.positions import (
    AxisPositions,
    neuron_positions,
    ordered_trials,
    sorted_inside_groups,
    time_positions,
    trial_positions,
)
from trialtensor.plotting.vectors import check_styles, draw_vector

Places = Mapping[str, AxisPositions]


@dataclass(frozen=True, eq=False)
class SlicingType:
    """The components of one slicing type of a fitted model.

    Attributes
    ----------
    axis : {"trial", "neuron", "time"}
        The axis that is weighted.
    rows, columns : str
        The other two axes, in the order trial, neuron, time: those of the slices.
    loadings : array of shape (n_axis, n_components)
    slices : array of shape (n_components, n_rows, n_columns)
    weights, unique : array of shape (n_components,)
        Norm of each slice, and the fraction of the sum of squares that is lost without it.
    type_unique : float
        The fraction that is lost without all of them.
    n_fitted : int
        Number in the model, which may be more than are listed here.
    names : list of str
        Names in figures and tables: "trial 1", "trial 2", ...
    """

    axis: str
    rows: str
    columns: str
    loadings: np.ndarray
    slices: np.ndarray
    weights: np.ndarray
    unique: np.ndarray
    type_unique: float
    n_fitted: int
    names: list[str]


def slicing_types(
    model: Any, max_components: int | None = None, components: Any = None
) -> list[SlicingType]:
    """Return the slicing types of a fitted model with their components, largest first.

    Parameters
    ----------
    model : fitted SliceTCA, or another whose components are a loading and a slice
    max_components : int, optional
        Maximum number of each type.
    components : sequence of int or str, optional
        Only these, in this order within each type; types in the order of their first.

    Raises
    ------
    ValueError
        For a model with other components, and for components that it doesn't have.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.
    """
    fitted = fitted_of(model)
    if not has_loadings_and_slices(fitted):
        raise ValueError(
            f"model: components of {fitted.kind} are no loading and slice, as those of SliceTCA "
            "are; use plot_factors"
        )
    families: dict[str, list[Component]] = {}
    axes = [_loading(component).dims[0] for component in fitted.components]
    for r in choose(components, [each.name for each in fitted.components]):
        families.setdefault(axes[r], []).append(fitted.components[r])
    of_types = fitted.arrays.get("type_explained_variance_unique")
    return [
        _slicing_type(
            axis,
            members[:max_components],
            np.nan if of_types is None else float(of_types.values[AXES.index(axis)]),
            axes.count(axis),
        )
        for axis, members in families.items()
    ]


def _slicing_type(
    axis: str, shown: list[Component], type_unique: float, n_fitted: int
) -> SlicingType:
    rows, columns = (other for other in AXES if other != axis)
    slices = []
    for component in shown:
        (part,) = (each for each in component.parts if len(each.dims) == 2)
        values = np.asarray(part.values, dtype=np.float64)
        slices.append(values if part.dims == (rows, columns) else values.T)
    return SlicingType(
        axis,
        rows,
        columns,
        np.stack([_loading(each).values for each in shown], axis=1).astype(np.float64),
        np.stack(slices),
        np.array([each.weight for each in shown]),
        np.array([each.explained_variance_unique for each in shown]),
        type_unique,
        n_fitted,
        [each.label for each in shown],
    )


def _loading(component: Component) -> Part:
    return next(part for part in component.parts if len(part.dims) == 1)


def plot_slices(
    model: Any,
    *,
    color_by: Any = None,
    order_trials_by: Any = None,
    sort_neurons: str | None = "peak",
    group_neurons_by: str | None = "auto",
    components: Any = None,
    max_components: int | None = None,
    styles: Mapping[str, str] | None = None,
    axes: Any = None,
) -> np.ndarray:
    """Plot the components of a SliceTCA: loadings on the left, slices as images on the right.

    Trial-slicing components come first (one weight per trial, and a neuron x time slice), then
    neuron-slicing (one weight per neuron, and a trial x time slice) and time-slicing ones (one
    weight per time bin, and a trial x neuron slice). Loadings have unit length; a weight times a
    cell of the slice is the component's contribution to the data there. White is zero, red above
    it and blue below; colours end at the 99th percentile of the magnitude. Each slice has its own
    colour bar, in the units of the data. Cells that were never observed are grey. The row's name
    states the variance lost without the component. A component whose slice is zero says so and
    isn't drawn.

    Parameters
    ----------
    model : fitted SliceTCA, or another whose components are a loading and a slice
    color_by : str or array of shape (n_trials,), optional
        Trial label, as in `plot_factors`: it colours the trial loadings, and a strip next to
        every slice with trials as rows.
    order_trials_by : str or array of shape (n_trials,), optional
        Sort the trials by this label in all panels; recorded order by default.
    sort_neurons : {"peak", None}
        "peak" sorts neurons by when they are farthest from zero in the slice of the first
        trial-slicing component; without such a component, or with None, they stay as recorded.
        All panels use the same order, so you can follow a neuron from row to row, and a sequence
        in any other slice isn't an artefact of the sorting.
    group_neurons_by : str or None
        Neuron coordinate to group neurons by, as in `plot_factors`; neurons are sorted within
        their group.
    components : sequence of int or str, optional
        Draw these: numbers count from 0 over all types, names are those in the figure, such as
        "neuron 1". Those of one type stay together.
    max_components : int, optional
        Draw only this many components of each slicing type: the largest, or the first chosen.
    styles : dict of str to {"bar", "line", "scatter", "image"}, optional
        How to draw the loadings of an axis, as in `plot_factors`.
    axes : array of Axes, shape (n_components, 2)
        Drawn into; by default a new figure from `slice_grid`.

    Returns
    -------
    ndarray of Axes, shape (n_components, 2)

    Raises
    ------
    ValueError
        If a label isn't a trial coordinate or has the wrong length, `sort_neurons`, a component or
        a style is unknown, `axes` has the wrong shape, or the model has factors in place of slices.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    References
    ----------
    Pellegrino, Stein & Cayco-Gajic (2024), Nature Neuroscience 27, 1199-1210.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.data import make_slicetca
    >>> from trialtensor.models import SliceTCA
    >>> from trialtensor.plotting import plot_slices
    >>> X = make_slicetca(n_trials=20, n_neurons=10, n_times=15, random_state=0).X
    >>> model = SliceTCA((2, 3, 2), n_init=1, random_state=0).fit(X)
    >>> plot_slices(model, color_by=[0, 1] * 10).shape
    (7, 2)
    """
    fitted = fitted_of(model)
    if sort_neurons not in ("peak", None):
        raise ValueError(f"sort_neurons: expected 'peak' or None, got {sort_neurons!r}")
    if max_components is not None:
        check_whole("max_components", max_components, 1)
    as_drawn_by = check_styles(styles, AXES, colored=color_by is not None)
    types = slicing_types(model, max_components, components)
    coords = fitted.coords
    n_trials, n_neurons, n_times = (fitted.length(axis) for axis in AXES)
    labels = None if color_by is None else resolve_labels(coords, color_by, n_trials, "color_by")
    neurons = neuron_positions(coords, n_neurons, group_neurons_by)
    places = {
        "trial": _trials(coords, n_trials, order_trials_by),
        "neuron": neurons if sort_neurons is None else _by_peak(neurons, slicing_types(model, 1)),
        "time": time_positions(coords, n_times),
    }
    n_rows = sum(len(each.slices) for each in types)
    axes = slice_grid(n_rows) if axes is None else check_axes(axes, n_rows, 2)
    colors = None if labels is None else labels.colors()
    start = 0
    for each in types:
        rows = axes[start : start + len(each.slices)]
        _draw_type(rows, each, places, colors, as_drawn_by, positive=is_nonnegative(model))
        if start:
            _rule_above(rows[0, 0])
        start += len(rows)
    if labels is not None:
        draw_key(axes[0, -1], labels, own_figure=fills_figure(axes), gap=IMAGE_GAP)
    return axes


def _trials(coords: Any, n_trials: int, order_by: Any) -> AxisPositions:
    if order_by is None:
        return trial_positions(coords, n_trials)
    return ordered_trials(resolve_labels(coords, order_by, n_trials, "order_trials_by"))


def is_nonnegative(model: Any) -> bool:
    """Return True if nothing in a model of slices can be negative."""
    return getattr(model, "nonnegative", False) is True


def _by_peak(place: AxisPositions, types: list[SlicingType]) -> AxisPositions:
    """Order neurons by the time of their peak in the first trial-slicing component."""
    if types[0].axis != "trial":
        return place
    first = np.abs(types[0].slices[0])
    seen = np.isfinite(first).any(axis=1)
    peak = np.where(np.isfinite(first), first, -1.0).argmax(axis=1)
    return sorted_inside_groups(place, np.where(seen, peak, np.nan), "peak")


def _draw_type(
    rows: np.ndarray,
    each: SlicingType,
    places: Places,
    colors: Any,
    styles: Mapping[str, str],
    *,
    positive: bool,
) -> None:
    for r, (left, right) in enumerate(rows):
        name = row_text(each.names[r], each.unique[r])
        if each.weights[r] == 0:
            _draw_nothing(left, right)
            name_row(left, name)
            continue
        draw_vector(
            left,
            places[each.axis],
            each.loadings[:, r],
            style=styles[each.axis],
            colors=colors if each.axis == "trial" else None,
            zero_inside=each.axis == "time",
        )
        name_row(left, name)
        draw_slice(
            right, each.slices[r], places[each.rows], places[each.columns], positive=positive
        )
        if each.columns == "time":
            _mark_zero(right, places["time"])
        if each.rows == "trial" and colors is not None:
            draw_label_strip(right, colors, places["trial"])
    _name_type(rows, each, places)


def _draw_nothing(*axes: Any) -> None:
    for ax in axes:
        say(ax, NO_ACTIVITY)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)


def _mark_zero(ax: Any, times: AxisPositions) -> None:
    if times.positions.min() < 0 < times.positions.max():
        ax.axvline(0, color=INK, linewidth=0.7, linestyle=(0, (3, 3)))


def _name_type(rows: np.ndarray, each: SlicingType, places: Places) -> None:
    """Write titles above the first row, and axis labels below the last one drawn."""
    title = f"{each.axis.capitalize()}-slicing"
    if np.isfinite(each.type_unique):
        title += f": {100 * each.type_unique:.1f} % unique to the type"
    if len(each.slices) < each.n_fitted:
        title += f" ({len(each.slices)} of {each.n_fitted} shown)"
    name = rows[0, 0].set_title(title, fontsize=9.5, color=INK, loc="left", fontweight="bold")
    if name.get_window_extent().width > rows[0, 0].get_window_extent().width:
        name.set_text(title.replace(": ", ":\n"))  # or it would reach over that of the slices
    rows[0, 1].set_title(
        f"Slice: {each.rows} × {each.columns}", fontsize=9.5, color=INK, loc="left"
    )
    drawn = rows[each.weights != 0]
    for ax in drawn[:-1].flat:
        ax.tick_params(labelbottom=False)
    for row in drawn[-1:]:
        for ax, axis in zip(row, (each.axis, each.columns), strict=True):
            ax.set_xlabel(places[axis].label, fontsize=8.5, color=INK)


def _rule_above(ax: Any) -> None:
    """Draw a thin line over the whole width, just above the title of `ax`."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = ax.figure
    lines = ax.get_title(loc="left").count("\n")
    above = ax.transAxes + ScaledTranslation(0, 0.3 + 0.16 * lines, figure.dpi_scale_trans)
    place = blended_transform_factory(figure.transSubfigure, above)
    line = Line2D([0.01, 0.99], [1, 1], transform=place, color=MUTED, linewidth=0.6, zorder=-1)
    line.set_in_layout(False)
    figure.add_artist(line)
