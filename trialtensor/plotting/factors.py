"""The component figure: one row per component, one column for each of its parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.models import Component, Fitted
from trialtensor.models.parameters import check_flag, check_whole
from trialtensor.models.verdict import cancelling_pair, is_degenerate
from trialtensor.plotting.cells import Cell, draw_cell, share_text
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import INK
from trialtensor.plotting.columns import Column, columns, fitted_of, has_loadings_and_slices
from trialtensor.plotting.grid import check_axes, fills_figure, grid_of
from trialtensor.plotting.keys import GAP, IMAGE_GAP, draw_key
from trialtensor.plotting.labels import as_drawn
from trialtensor.plotting.overlays import other_restarts
from trialtensor.plotting.panels import NO_ACTIVITY, draw_label_means, name_row, row_text, say
from trialtensor.plotting.places import Labels, column_places, n_latest, resolve
from trialtensor.plotting.slices import plot_slices
from trialtensor.plotting.vectors import check_styles


def plot_factors(
    model: Any,
    *,
    color_by: Any = None,
    order_trials_by: Any = None,
    restarts: bool = False,
    label_means: bool = False,
    group_neurons_by: str | None = "auto",
    components: Any = None,
    max_components: int | None = None,
    datasets: Collection[str] | None = None,
    styles: Mapping[str, str] | None = None,
    axes: Any = None,
) -> np.ndarray:
    """Plot the parts of every component: neurons as bars, time as a line, trials as points.

    Works for every kind of model: one row per component, one column for each of its parts. Factors
    that differ between blocks of trials (`Parafac2`) are an image, blocks from top to bottom. Each
    of several datasets (`CoupledTCA`) has its own columns, with the component's share in that
    dataset above each panel. `SliceTCA`, whose components are a loading and a slice, is drawn by
    `plot_slices`.

    Factors are drawn at unit length, so compare heights within a panel, not between components; the
    row's name states what the component explains. Trials and neurons without data leave a gap. The
    row of a component of weight zero says so: its neuron and time factors are meaningless and are
    not drawn. Rows of two components that cancel each other say so too. After ``partial_fit`` only
    the latest trials can be drawn; the title says so.

    Parameters
    ----------
    model : fitted model
    color_by : str or array of shape (n_trials,), optional
        Trial label: the name of a trial coordinate of the data, or the labels. Angles (name
        ends in ``_deg`` and the values go round) get a ring of colours, categories a legend,
        other numbers a colour bar. If datasets have different trials, a dict with an array for
        each.
    order_trials_by : as `color_by`, optional
        Sort the trials by this label; recorded order by default.
    restarts : bool
        Overlay the other restarts, faintly, if they kept their factors.
    label_means : bool
        Add a column with the mean trial factor for each label of `color_by` and its 95 %
        interval (of Student's t, trials taken as independent).
    group_neurons_by : str or None
        Neuron coordinate to group neurons by; "auto" takes the first one with only a few names,
        such as an area.
    components : sequence of int or str, optional
        Draw these, in this order: numbers count from 0, as columns of the factors do; names are
        those in the figure. All by default.
    max_components : int, optional
        Draw only the first of them; those of most kinds are sorted by what they explain.
    datasets : collection of str, optional
        Draw only these datasets of a model of several.
    styles : dict of str to {"bar", "line", "scatter", "image"}, optional
        How to draw the factors of an axis, as in
        ``{"neuron": "bar", "time": "line", "trial": "scatter"}``, the default. Parts with two axes,
        and those that differ between blocks, are images in any case.
    axes : array of Axes, shape (n_components, n_columns)
        Drawn into; by default a new figure from `factor_grid`.

    Returns
    -------
    ndarray of Axes, shape (n_components, n_columns)
        Three columns for `TCA`, and one more with `label_means`.

    Raises
    ------
    ValueError
        If a label isn't a trial coordinate or has the wrong length, `axes` has the wrong shape,
        `label_means` is set without `color_by`, a component, axis or style is unknown, or the kind
        of model doesn't support an option.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    References
    ----------
    Williams et al. (2018), Neuron 98, 1099-1115, figure 1.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.data import make_tca
    >>> from trialtensor.models import TCA
    >>> from trialtensor.plotting import plot_factors
    >>> X = make_tca(n_trials=20, n_neurons=10, n_times=15, n_components=2, random_state=0).X
    >>> model = TCA(2, n_init=2, random_state=0).fit(X)
    >>> plot_factors(model, color_by=[0, 1] * 10).shape
    (2, 3)

    The second component only, with trials as a line, saved as a file:

    >>> import tempfile
    >>> from trialtensor.plotting import save_figure
    >>> axes = plot_factors(model, components=[1], styles={"trial": "line"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(axes, f"{folder}/second.png").name
    'second.png'
    """
    fitted = fitted_of(model)
    check_flag("restarts", restarts), check_flag("label_means", label_means)
    if label_means and color_by is None:
        raise ValueError("label_means: needs color_by, the label to take means of")
    if has_loadings_and_slices(fitted):
        _refuse_for_slices(fitted, restarts=restarts, label_means=label_means, datasets=datasets)
        return plot_slices(
            model,
            color_by=color_by,
            order_trials_by=order_trials_by,
            group_neurons_by=group_neurons_by,
            components=components,
            max_components=max_components,
            styles=styles,
            axes=axes,
        )
    shown = columns(fitted, datasets)
    rows = _chosen(fitted, components, max_components)
    as_drawn_by = check_styles(styles, fitted.axes, colored=color_by is not None)
    labels = resolve(fitted, shown, color_by, "color_by")
    order = resolve(fitted, shown, order_trials_by, "order_trials_by")
    means = _mean_column(fitted, shown) if label_means else None
    if axes is None:
        axes = grid_of(shown, len(rows), label_means=label_means)
    axes = check_axes(axes, len(rows), len(shown) + label_means)
    others = other_restarts(fitted) if restarts else []
    for i, column in enumerate(shown):
        cell = Cell(
            column,
            column_places(fitted, column, group_by=group_neurons_by, order=order),
            None if labels is None else _colors(labels, column),
            as_drawn_by.get(column.axis, "line"),
            [faint[column.name, column.dataset] for faint in others
             if (column.name, column.dataset) in faint],
        )  # fmt: skip
        for ax, r in zip(axes[:, i], rows, strict=True):
            draw_cell(ax, cell, fitted.components[r], r)
        _name_column(axes[:, i], fitted, cell)
    if means is not None and labels is not None:
        _draw_means(axes, shown.index(means), [fitted.components[r] for r in rows], labels)
    _name_rows(axes, fitted, rows)
    _draw_shares(axes, fitted, shown, rows)
    if labels is not None:
        gap = IMAGE_GAP if shown[-1].is_image and not label_means else GAP
        draw_key(axes[0, -1], labels.whole, own_figure=fills_figure(axes), gap=gap)
    return axes


def _refuse_for_slices(fitted: Fitted, **options: Any) -> None:
    for name, value in options.items():
        if value:
            raise ValueError(
                f"{name}: not for {fitted.kind}, whose components are a loading and a slice; see "
                "plot_slices for what can be drawn of them"
            )


def _chosen(fitted: Fitted, components: Any, max_components: int | None) -> list[int]:
    """Return the places of the components that are drawn, in order."""
    rows = choose(components, [each.name for each in fitted.components])
    if max_components is None:
        return rows
    return rows[: check_whole("max_components", max_components, 1)]


def _mean_column(fitted: Fitted, shown: Sequence[Column]) -> Column:
    """Return the column whose means are taken."""
    found = [column for column in shown if column.dims == ("trial",) and not column.by_block]
    if len(found) != 1:
        raise ValueError(
            f"label_means: needs one trial factor a component, but components of {fitted.kind} "
            f"have {len(found)} here; leave label_means out"
        )
    return found[0]


def _colors(labels: Labels, column: Column) -> Any:
    own = labels.own.get(column.dataset)
    return None if own is None else own.colors()


def _draw_means(axes: np.ndarray, place: int, rows: Sequence[Component], labels: Labels) -> None:
    for row, component in zip(axes, rows, strict=True):
        (part,) = component.vectors("trial")
        values = np.asarray(part.values, dtype=np.float64)
        draw_label_means(row[-1], labels.whole, 0 * values if component.weight == 0 else values)
        row[-1].set_ylim(row[place].get_ylim())
        if component.weight == 0:
            say(row[-1], NO_ACTIVITY)
    axes[0, -1].set_title("Mean, 95 % interval", fontsize=9.5, color=INK, loc="left")
    axes[-1, -1].set_xlabel(labels.whole.title, fontsize=8.5, color=INK)


def _draw_shares(
    axes: np.ndarray, fitted: Fitted, shown: Sequence[Column], rows: Sequence[int]
) -> None:
    """Write the share of each component in a dataset above the dataset's first panel."""
    first = {column.dataset: i for i, column in reversed(list(enumerate(shown)))}
    for dataset, i in first.items():
        for ax, r in zip(axes[:, i], rows, strict=True):
            text = None if dataset is None else share_text(fitted, dataset, r)
            if text:
                ax.annotate(
                    text,
                    (1, 1),
                    xycoords="axes fraction",
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="right",
                    va="bottom",
                    fontsize=7.5,
                    color=INK,
                )
    if any(dataset is not None for dataset in first):
        for ax in axes[0]:
            title = ax.get_title(loc="left")  # an empty line leaves room for the text
            ax.set_title(f"{title}\n", fontsize=9.5, color=INK, loc="left", linespacing=1.1)


def _name_column(axes: np.ndarray, fitted: Fitted, cell: Cell) -> None:
    title, latest = cell.column.title, n_latest(fitted, cell.column)
    if latest:
        title += f" (latest {latest} of {fitted.shape[0]} trials)"
    elif cell.others and cell.column.dims == ("trial",):
        n = len(cell.others)
        title += f" (faint: {n} other restart{'s' * (n > 1)})"
    axes[0].set_title(as_drawn(title), fontsize=9.5, color=INK, loc="left")
    axes[-1].set_xlabel(cell.places[cell.column.axis].label, fontsize=8.5, color=INK)


def _name_rows(axes: np.ndarray, fitted: Fitted, rows: Sequence[int]) -> None:
    pair = cancelling_pair(fitted)
    for row, r in zip(axes, rows, strict=True):
        component = fitted.components[r]
        text = row_text(component.label, component.explained_variance_unique)
        if pair is not None and r in pair:
            other = fitted.components[sum(pair) - r].label
            text += f"\ncancels {other}" + "\n(degenerate)" * is_degenerate(fitted)
        name_row(row[0], text)
    if len(rows) < len(fitted.components):
        # Columns of datasets have no room for it.
        first = axes[0, -1 if fitted.datasets else 0]
        of = f" ({len(rows)} of {len(fitted.components)} components)"
        first.set_title(first.get_title(loc="left") + of, fontsize=9.5, color=INK, loc="left")
    for ax in axes[:-1].flat:
        ax.tick_params(labelbottom=False)
    if fills_figure(axes):
        axes[0, 0].figure.align_ylabels(axes[:, 0])  # names of rows under each other
