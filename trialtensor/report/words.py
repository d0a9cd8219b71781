"""Words for a page that each kind of model may register; all have defaults.

Kinds override these functions with ``function.register(Class)``, as the modules in
`trialtensor.report.kinds` do. What is here goes for every kind.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from markupsafe import Markup

from trialtensor.models import TrialEstimator
from trialtensor.plotting.columns import Column, columns, has_loadings_and_slices
from trialtensor.report import slice_wording, wording
from trialtensor.report.figures import has_means
from trialtensor.report.rendering import fragment
from trialtensor.report.rows import Row, diagnostic_rows, share_rows
from trialtensor.report.sections import Context, Fragment


@singledispatch
def introduction(model: TrialEstimator) -> Markup:
    """Introduce this kind of model for a reader who doesn't know it.

    By default the first lines of the class's docstring, and the parts of its components.
    """
    doc = (type(model).__doc__ or "").strip().split("\n\n")[0]
    parts = [column.title for column in columns(model.fitted_)]
    return fragment(
        "kinds/other.html.jinja",
        name=type(model).__name__,
        first=" ".join(doc.split()),
        parts=wording.listed([part[0].lower() + part[1:] for part in parts]),
        n=len(model.fitted_.components),
    )


@singledispatch
def reading(model: TrialEstimator, context: Context, n_shown: int) -> Markup:
    """Explain the figure of the components."""
    fitted = model.fitted_
    return fragment(
        "kinds/reading.html.jinja",
        columns=[_column_text(column) for column in columns(fitted)],
        slices=has_loadings_and_slices(fitted),
        color_name=context.color_name,
        n_shown=n_shown,
        n_components=len(fitted.components),
        # As in the figure.
        means=context.static and has_means(model, context.color_by),
    )


@singledispatch
def explained_sentence(model: TrialEstimator) -> str:
    """Explain what the explained variance means."""
    return wording.explained_variance_sentence(float(model.fitted_.record.explained_variance_ratio))


@singledispatch
def diagnostics(model: TrialEstimator) -> list[Row]:
    """Return further numbers of a fit: name, value, sentence."""
    return diagnostic_rows(model.fitted_)


@singledispatch
def explained(model: TrialEstimator, context: Context) -> Fragment:
    """State what each component explains."""
    rows = share_rows(model.fitted_)
    if model.fitted_.datasets:
        # Units, and so weights, may differ between datasets.
        return explained_table([row[:-1] for row in rows], weight=None)
    return explained_table(rows, weight="Weight (units of the data)")


def explained_table(rows: list[list[str]], *, weight: str | None) -> Fragment:
    """Return the section with a table of explained variance by component.

    Parameters
    ----------
    rows : list
        As from `rows.share_rows`.
    weight : str or None
        Title of the last column; None without weights.
    """
    html = fragment("sections/explained.html.jinja", rows=rows, weight=weight)
    return Fragment("What each component explains", html)


def resemblance(model: TrialEstimator) -> wording.Resemblance:
    """Return the words for the similarity of restarts."""
    components = model.fitted_.identified == "components"
    return wording.COMPONENTS if components else slice_wording.SUBSPACES


def chance_note(model: TrialEstimator) -> str:
    """Explain the similarity of restarts, and that it includes chance."""
    components = model.fitted_.identified == "components"
    return wording.CHANCE_NOTE if components else slice_wording.OVERLAP_NOTE


_TEXTS: dict[Any, str] = {
    "neuron": "how much each neuron takes part",
    "time": "when in the trial",
    "trial": "how strongly on each trial",
}


def _column_text(column: Column) -> str:
    text = _TEXTS.get(column.axis, column.axis)
    return f"{column.title} ({text})"
