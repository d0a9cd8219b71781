"""The figure that every user of TCA knows: a row a component, a column an axis of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.plotting.colors import ACCENT, INK
from trialtensor.plotting.diagnostics import has_three_factors
from trialtensor.plotting.grid import check_axes, factor_grid, fills_figure
from trialtensor.plotting.keys import draw_key
from trialtensor.plotting.labels import resolve_labels
from trialtensor.plotting.panels import (
    draw_label_means,
    draw_neurons,
    draw_times,
    draw_trials,
    name_row,
    row_text,
    say_no_activity,
)
from trialtensor.plotting.positions import (
    neuron_positions,
    ordered_trials,
    time_positions,
    trial_positions,
)

TITLES = ("Neuron factors", "Time factors", "Trial factors")


def plot_factors(
    model: Any,
    *,
    color_by: Any = None,
    order_trials_by: Any = None,
    restarts: bool = False,
    label_means: bool = False,
    group_neurons_by: str | None = "auto",
    max_components: int | None = None,
    axes: Any = None,
) -> np.ndarray:
    """Plot the factors of every component: neurons as bars, time as a line, trials as points.

    Factors are drawn at unit length, so heights compare within a panel, not between
    components; the row's name carries what the component explains. Wholly missing trials and
    neurons leave a gap. A component whose weight is zero says so in its row: its neuron and time
    factors mean nothing and are not drawn.

    Parameters
    ----------
    model : fitted TCA
    color_by : str or array of shape (n_trials,), optional
        Trial label: the name of a trial coordinate of the data, or the labels. Angles (name
        ends in ``_deg`` and the values go round) get a ring of colours, categories a legend,
        other numbers a colour bar.
    order_trials_by : str or array of shape (n_trials,), optional
        Sort the trials by this label; recorded order by default.
    restarts : bool
        Overlay the other restarts, faintly.
    label_means : bool
        Add a column with the mean trial factor for each label of `color_by` and its 95 %
        interval (of Student's t, trials taken as independent).
    group_neurons_by : str or None
        Neuron coordinate whose groups stand together; "auto" takes the first that holds a few
        names, such as an area.
    max_components : int, optional
        Draw only the first components, which explain most.
    axes : array of Axes, shape (n_components, 3), or (n_components, 4) with `label_means`
        Drawn into; by default a new figure from `factor_grid`.

    Returns
    -------
    ndarray of Axes, shape (n_components, 3) or (n_components, 4)

    Raises
    ------
    ValueError
        If a label is no trial coordinate or has the wrong length, `axes` has the wrong shape,
        or `label_means` is asked for without `color_by`.
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
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    if not has_three_factors(model):
        raise ValueError(
            f"model: expected one trial, neuron and time factor a component, as TCA has, got "
            f"{type(model).__name__}"
        )
    if label_means and color_by is None:
        raise ValueError("label_means: needs color_by, the label to take means of")
    shown = _n_shown(max_components, len(model.weights_))
    n_trials, coords = len(model.trial_factors_), model.coords_
    labels = None if color_by is None else resolve_labels(coords, color_by, n_trials, "color_by")
    if order_trials_by is None:
        trials = trial_positions(coords, n_trials)
    else:
        order = resolve_labels(coords, order_trials_by, n_trials, "order_trials_by")
        trials = ordered_trials(order)
    neurons = neuron_positions(coords, len(model.neuron_factors_), group_neurons_by)
    times = time_positions(coords, len(model.time_factors_))
    axes = (
        factor_grid(shown, label_means=label_means)
        if axes is None
        else check_axes(axes, shown, 4 if label_means else 3)
    )
    others = model.restarts_[1:] if restarts else ()
    colors = ACCENT if labels is None else labels.colors()
    for r, row in enumerate(axes):
        trial_factor, neuron_factor, time_factor = _component(model, r)
        faint = [tuple(_column(f, r) for f in restart.factors) for restart in others]
        draw_neurons(row[0], neurons, neuron_factor, [f[1] for f in faint])
        draw_times(row[1], times, time_factor, [f[2] for f in faint])
        draw_trials(row[2], trials, trial_factor, colors, [f[0] for f in faint])
        if label_means and labels is not None:
            draw_label_means(row[3], labels, trial_factor)
            row[3].set_ylim(row[2].get_ylim())
        _name_row(row, model, r)
    names = [neurons.label, times.label, trials.label]
    _name_columns(axes, names, labels, len(model.weights_), len(others))
    if labels is not None:
        draw_key(axes[0, -1], labels, own_figure=fills_figure(axes))
    return axes


def _component(model: Any, r: int) -> list[np.ndarray]:
    """Trial, neuron and time factor of one component, all zero where its weight is zero."""
    factors = (model.trial_factors_, model.neuron_factors_, model.time_factors_)
    columns = [_column(factor, r) for factor in factors]
    return [0 * column for column in columns] if model.weights_[r] == 0 else columns


def _column(factor: Any, r: int) -> np.ndarray:
    return np.asarray(factor)[:, r].astype(np.float64)


def _n_shown(max_components: int | None, n_components: int) -> int:
    if max_components is None:
        return n_components
    if max_components < 1:
        raise ValueError(f"max_components: expected a positive number, got {max_components}")
    return min(max_components, n_components)


def _name_row(row: np.ndarray, model: Any, r: int) -> None:
    name_row(row[0], _row_name(model, r))
    if model.weights_[r] == 0:
        for ax in row:
            say_no_activity(ax)


def _row_name(model: Any, r: int) -> str:
    unique = getattr(model, "explained_variance_unique_", None)
    return row_text(f"{r + 1}", np.nan if unique is None else unique[r])


def _name_columns(
    axes: np.ndarray, names: list[str], labels: Any, total: int, n_others: int
) -> None:
    titles = list(TITLES)
    if len(axes) < total:
        titles[0] += f" ({len(axes)} of {total} components)"
    if n_others:
        titles[2] += f" (faint: {n_others} other restart{'s' * (n_others > 1)})"
    if axes.shape[1] == 4:
        titles.append("Mean, 95 % interval")
        names = [*names, labels.title]
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=9.5, color=INK, loc="left")
    for ax, name in zip(axes[-1], names, strict=True):
        ax.set_xlabel(name, fontsize=8.5, color=INK)
    for ax in axes[:-1].flat:
        ax.tick_params(labelbottom=False)
