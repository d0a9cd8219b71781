"""`explore`: an interactive figure of a fitted model of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.explore.embedding import Interactive
from trialtensor.explore.entities import Entity, entities_of
from trialtensor.explore.means import Means, means_with_data
from trialtensor.explore.model_means import means_of_components
from trialtensor.explore.panels import Panel, panels_of
from trialtensor.explore.payload import mean_payload
from trialtensor.explore.words import alternative_text, tables
from trialtensor.models import Fitted, TrialEstimator
from trialtensor.models.parameters import check_flag
from trialtensor.plotting.columns import columns, fitted_of
from trialtensor.plotting.places import resolve

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

# More are there, and can be shown; but not all at first.
MAX_COMPONENTS = 20
WRAP = ":host { flex-wrap: wrap; gap: 4px 10px; }"
# Mean activity stays in sight while lanes are scrolled, where the page has room for both.
STAYS = """
@media (min-width: 800px) and (min-height: 600px) {
  :host { position: sticky; top: 0; z-index: 5; background: var(--tt-paper, #ffffff); }
}"""


def explore(
    model: Any,
    X: Any = None,
    *,
    mask: Any = None,
    color_by: Any = None,
    restarts: bool = True,
    title: str | None = None,
) -> Interactive:
    """Return an interactive figure of a fitted model: point at a neuron or trial to follow it.

    There is a panel for each part of the components (neurons, times, trials; slices as images),
    and in it a lane for each component. Whatever is pointed at or selected is marked in all of
    them, with its labels, its weight in every component, and its mean activity in the data and in
    the model. Neurons and trials can be sorted by their weight in a component, by the time of their
    peak or by a label, and coloured by labels; components can be hidden, and other restarts
    looked at. Works for every kind of model, in notebooks, in a page of its own
    (``explore(model).save("model.html")``), and without a network.

    Factors are drawn at unit length, so compare heights within a lane, not between components.

    Parameters
    ----------
    model : fitted model
    X, mask : optional
        The data of the fit, as for ``fit``: mean activity of every neuron and trial is shown
        beside that of the model. Data in a file or a dask array is read once, a few trials at a
        time; the mean of the model is then over all entries, observed or not. Without data, only
        the model is shown. Its unit is that in ``X.attrs["units"]``, if it has one.
    color_by : str or array of shape (n_trials,), optional
        Trial label that colours trials at first, as in `trialtensor.plotting.plot_factors`. Any
        other label of the data can be chosen in the figure.
    restarts : bool
        Include the factors of up to eight other restarts, where these were kept.
    title : str, optional

    Returns
    -------
    Interactive
        A notebook shows it as the last value of a cell; ``save(path)`` writes a page.

    Raises
    ------
    ValueError
        If `color_by` isn't a trial label, `X` isn't the data of the fit, or components have only
        parts of three axes or more, which can't be drawn.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    Examples
    --------
    >>> from trialtensor.data import make_tca
    >>> from trialtensor.explore import explore
    >>> from trialtensor.models import TCA
    >>> X = make_tca(n_trials=20, n_neurons=10, n_times=15, n_components=2, random_state=0).X
    >>> model = TCA(2, n_init=2, random_state=0).fit(X)
    >>> figure = explore(model, X, color_by=[0, 1] * 10)
    >>> figure.title
    'TCA with 2 components'
    """
    fitted = fitted_of(model)
    check_flag("restarts", restarts)
    shown = columns(fitted)
    if not shown:
        raise ValueError(
            f"model: components of {fitted.kind} have no part of one or two axes to draw"
        )
    labels = resolve(fitted, shown, color_by, "color_by")
    data, told = _means(model, X, mask)
    entities = entities_of(fitted, shown, labels)
    panels = panels_of(fitted, shown, entities, restarts=restarts)
    if title is None:
        n = len(fitted.components)
        title = f"{fitted.kind} with {n} component{'s' * (n != 1)}"
    means = {
        entity.key: found
        for entity in entities.values()
        if (found := mean_payload(fitted, entity, data, told)) is not None
    }
    about = _about(fitted, panels, list(entities.values()), means, color=color_by is not None)
    unit = str(getattr(X, "attrs", {}).get("units", ""))
    layout = _layout(panels, list(entities.values()), means, about, unit)
    return Interactive(layout, title, alternative_text(fitted, panels), tables(fitted, panels))


def _means(model: TrialEstimator, X: Any, mask: Any) -> tuple[Means | None, Means | None]:
    """Return means of the data and of the model; None for what isn't known."""
    data, told = (None, None) if X is None else means_with_data(model, X, mask)
    if told is None and model.describes_entries:
        told = means_of_components(model.fitted_)
    return data, told


def _about(
    fitted: Fitted,
    panels: Sequence[Panel],
    entities: Sequence[Entity],
    means: dict[str, Any],
    *,
    color: bool,
) -> dict[str, Any]:
    """Return everything that the page needs to know of the figure."""
    records = fitted.record.comparable
    n_restarts = max((len(panel.restarts) for panel in panels), default=0)
    return {
        "kind": "explore",
        "components": [
            {"label": each.label, "share": _finite(each.explained_variance_unique)}
            for each in fitted.components
        ],
        "hidden": list(range(MAX_COMPONENTS, len(fitted.components))),
        "entities": {each.key: each.payload() for each in entities},
        "panels": [panel.payload(f"panel {i}") for i, panel in enumerate(panels)],
        "means": means,
        "color": color,
        "restarts": [
            {"loss": _finite(each.loss), "similarity": _finite(each.similarity)}
            for each in records[: n_restarts + 1]
        ]
        if n_restarts
        else [],
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _layout(
    panels: Sequence[Panel],
    entities: Sequence[Entity],
    means: dict[str, Any],
    about: dict[str, Any],
    unit: str,
) -> LayoutDOM:
    """Return all plots: mean activity on top, then a row for each family of panels."""
    from bokeh.models import Column

    from trialtensor.explore.plots import detail_plot, plot_of

    details = []
    for axis, what in (("neuron", "trials"), ("trial", "neurons")):
        own = [each for each in entities if each.axis == axis and each.key in means]
        if own:
            label = str(means[own[0].key]["title"])
            title = f"Mean over {what} of every {axis}"
            details.append(detail_plot(f"detail {axis}", title, label, unit))
    plots = [plot_of(panel, f"panel {i}") for i, panel in enumerate(panels)]
    rows: list[Any] = [_row(details, "details")] if details else []
    for family in dict.fromkeys(panel.family for panel in panels):
        own_plots = [
            plot for plot, panel in zip(plots, panels, strict=True) if panel.family == family
        ]
        rows.append(_row(own_plots, f"family {family}"))
    return Column(
        children=rows, sizing_mode="stretch_width", name="explore", tags=["explore", about]
    )


def _row(plots: list[Any], name: str) -> LayoutDOM:
    """Return plots beside each other, or below each other where the page is narrow."""
    from bokeh.models import InlineStyleSheet, Row

    css = WRAP + STAYS * (name == "details")
    sheet = InlineStyleSheet(css=css)
    return Row(children=plots, sizing_mode="stretch_width", stylesheets=[sheet], name=name)
