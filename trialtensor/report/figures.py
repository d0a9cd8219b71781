"""Figures for a page: drawn without pyplot, embedded in the text."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialtensor import plotting
from trialtensor.models import TrialEstimator
from trialtensor.plotting.columns import columns, has_loadings_and_slices
from trialtensor.plotting.slices import slicing_types
from trialtensor.report import wording
from trialtensor.report.rendering import fragment
from trialtensor.report.sections import slot
from trialtensor.report.tables import table_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from matplotlib.figure import Figure

    from trialtensor.explore.embedding import Interactive

# In the figure; more would be unreadably small, or a page that nobody scrolls.
MAX_COMPONENTS = 30
MAX_OF_TYPE = 10
# Side by side; with more, text would be too small to read.
DATASETS_A_FIGURE = 2


@dataclass(frozen=True)
class Picture:
    """A figure of components.

    Attributes
    ----------
    png : str
        As `as_png` gives it.
    alt : str
        Text description of the figure, for screen readers.
    n_components : int
        Number of components shown.
    width : int
        Pixels, beyond which it would only look coarse.
    """

    png: str
    alt: str
    n_components: int
    width: int


def component_pictures(
    model: TrialEstimator, color_by: Any, color_name: str | None
) -> list[Picture]:
    """Draw the components, at most two datasets per figure."""
    if has_loadings_and_slices(model.fitted_):
        return [_slices_picture(model, color_by, color_name)]
    names = model.fitted_.datasets
    starts = range(0, len(names), DATASETS_A_FIGURE)
    groups: list[tuple[str, ...] | None] = [names[i : i + DATASETS_A_FIGURE] for i in starts]
    return [_factors_picture(model, color_by, color_name, group) for group in groups or [None]]


def fit_picture(model: TrialEstimator, to_best: str) -> Picture:
    """Draw the loss over sweeps beside the restarts.

    Parameters
    ----------
    model : fitted model
    to_best : str
        Name of the similarity of restarts to the best one.
    """
    # A bare figure: pyplot would show it a second time in a notebook, and keep it alive.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.3), layout="constrained")
    loss, restarts = figure.subplots(1, 2)
    plotting.plot_loss(model, loss)
    plotting.plot_restarts(model, restarts)
    return as_picture(
        figure,
        "Left, the loss of the best restart falling over sweeps. Right, for each restart, its loss "
        f"above the best against its {to_best}.",
    )


def as_png(figure: Figure) -> str:
    """Encode a figure as PNG in base64 text."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def as_picture(figure: Figure, alt: str, n_components: int = 0) -> Picture:
    """Draw a figure for a page.

    Parameters
    ----------
    figure : matplotlib figure
    alt : str
        What it shows, for those who can't see it.
    n_components : int
        Number of components shown.
    """
    return Picture(as_png(figure), alt, n_components, round(105 * figure.get_size_inches()[0]))


def figure_html(
    pictures: Sequence[Picture], *, interactive: Interactive | None = None, place: int = 0
) -> Markup:
    """Return a figure of a page: interactive where scripts run, pictures elsewhere and in print.

    Parameters
    ----------
    pictures : sequence of Picture
        Without any, the tables of the interactive figure stand in for it.
    interactive : Interactive, optional
        For ``Fragment.figures``, too.
    place : int
        Its place there.
    """
    tables = () if interactive is None else interactive.tables
    return fragment(
        "figure.html.jinja",
        pictures=pictures,
        slot=None if interactive is None else slot(place),
        alt="" if interactive is None else interactive.alt,
        tables=[(title, table_html(table)) for title, table in tables],
    )


def one_trial_factor(model: TrialEstimator) -> bool:
    """Return whether each component has one trial factor, whose label means can be drawn."""
    shown = columns(model.fitted_)
    whole = [column for column in shown if column.dims == ("trial",) and not column.by_block]
    return len(whole) == 1 and whole[0].dataset is None


def has_means(model: TrialEstimator, color_by: Any) -> bool:
    """Return whether the picture of the components ends with means over trials with a label.

    Parameters
    ----------
    model : fitted model
    color_by : as for `trialtensor.plotting.plot_factors`
    """
    sliced = has_loadings_and_slices(model.fitted_)
    return color_by is not None and not sliced and one_trial_factor(model)


def _factors_picture(
    model: TrialEstimator, color_by: Any, color_name: str | None, datasets: Any
) -> Picture:
    from matplotlib.figure import Figure

    fitted = model.fitted_
    n_shown = min(len(fitted.components), MAX_COMPONENTS)
    means = has_means(model, color_by)
    axes = plotting.factor_grid(
        n_shown, label_means=means, model=model, datasets=datasets, figure=Figure()
    )
    plotting.plot_factors(
        model,
        color_by=color_by,
        label_means=means,
        max_components=n_shown,
        datasets=datasets,
        axes=axes,
    )
    titles = wording.listed([column.title for column in columns(fitted, datasets)])
    colored = f", trials coloured by {color_name}" if color_name else ""
    means_too = ", with the mean for each label" if means else ""
    alt = f"{n_shown} components, a row each: {titles}{colored}{means_too}."
    return as_picture(axes[0, 0].figure, alt, n_shown)


def _slices_picture(model: TrialEstimator, color_by: Any, color_name: str | None) -> Picture:
    from matplotlib.figure import Figure

    n_shown = sum(len(each.slices) for each in slicing_types(model, MAX_OF_TYPE))
    axes = plotting.slice_grid(n_shown, figure=Figure())
    plotting.plot_slices(
        model, color_by=color_by, order_trials_by=color_by, max_components=MAX_OF_TYPE, axes=axes
    )
    alt = (
        f"Loadings and slices of {n_shown} components: trial loadings as points, neuron loadings "
        "as bars, time loadings as lines, slices as images"
    )
    colored = f", trials coloured by {color_name}" if color_name else ""
    return as_picture(axes[0, 0].figure, f"{alt}{colored}.", n_shown)
