"""Words for the page of a TCA."""

from __future__ import annotations

from markupsafe import Markup

from trialtensor.data.axes import AXES
from trialtensor.models import TCA
from trialtensor.report import words
from trialtensor.report.figures import has_means
from trialtensor.report.rendering import fragment
from trialtensor.report.sections import Context


@words.introduction.register
def introduction(model: TCA) -> Markup:
    """Introduce TCA."""
    return fragment("kinds/tca.html.jinja", others=_other_axes(model))


@words.reading.register
def reading(model: TCA, context: Context, n_shown: int) -> Markup:
    """Explain the figure of the factors."""
    return fragment(
        "kinds/tca_reading.html.jinja",
        order=_order(model),
        others=_other_axes(model),
        color_name=context.color_name,
        means=context.static and has_means(model, context.color_by),
        n_shown=n_shown,
        n_components=len(model.fitted_.components),
    )


def _other_axes(model: TCA) -> list[str]:
    """List the axes that are no trials, neurons or times."""
    return [axis for axis in model.fitted_.axes if axis not in AXES]


def _order(model: TCA) -> str:
    """Return the words for the order of components, which further batches don't change."""
    if not model.fitted_.record.was_fitted:
        return "they were given in"
    alone = [each.explained_variance_alone for each in model.fitted_.components]
    if alone == sorted(alone, reverse=True):
        return "of what each explains by itself"
    return "of what each explained by itself in the first batch"
