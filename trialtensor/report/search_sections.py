"""Sections of the page about a search for the number of components."""

from __future__ import annotations

from typing import Any

from trialtensor.models import elsewhere
from trialtensor.models.observed import prepare
from trialtensor.models.summary import LEFT_OUT, count_observed, describe_data, said_by
from trialtensor.plotting.candidates import has_consistency
from trialtensor.plotting.search import plot_search, search_grid
from trialtensor.report import data_wording
from trialtensor.report import search_wording as wording
from trialtensor.report.figures import Picture, as_picture, figure_html
from trialtensor.report.interactive import interactive_search
from trialtensor.report.registry import register_section
from trialtensor.report.rendering import data_part, fragment, reading_code, repeating_part
from trialtensor.report.search_code import searching_code
from trialtensor.report.search_rows import candidate_rows
from trialtensor.report.sections import Fragment, SearchContext


def introduction(search: Any, context: SearchContext) -> Fragment | None:
    """Point to the chosen model, and state what speaks against the choice."""
    cautions = wording.cautions(search, context.profile)
    nothing = wording.is_nothing(search.n_components_)
    chosen = None if nothing else context.model_report
    if not cautions and chosen is None:
        return None
    html = fragment("search/introduction.html.jinja", model_report=chosen, cautions=cautions)
    return Fragment(None, html)


def asked(search: Any, context: SearchContext) -> Fragment:
    """State what was compared, what was held out, and the rule."""
    html = fragment(
        "search/asked.html.jinja",
        asked=wording.asked_sentence(search),
        splits=wording.splits_sentence(wording.splitter(search)),
    )
    return Fragment("What was asked", html)


def errors(search: Any, context: SearchContext) -> Fragment:
    """Draw the error of every candidate, and how far restarts agree."""
    interactive = interactive_search(search, context)
    html = fragment(
        "search/errors.html.jinja",
        profiled=context.profile is not None,
        consistency=has_consistency(context.profile),
        figure=figure_html([_picture(search, context)], interactive=interactive),
    )
    return Fragment("How many components?", html, () if interactive is None else (interactive,))


def _picture(search: Any, context: SearchContext) -> Picture:
    # A bare figure: pyplot would show it a second time in a notebook, and keep it alive.
    from matplotlib.figure import Figure

    axes = search_grid(search, context.profile, figure=Figure())
    plot_search(search, context.profile, axes=axes)
    restarts = ", and the agreement of restarts" if context.profile is not None else ""
    return as_picture(
        axes[0].figure,
        f"For each of {len(search.table_)} candidates the held-out error, its difference to the "
        f"best{restarts}. {wording.answer_sentence(search)}",
    )


def candidates(search: Any, context: SearchContext) -> Fragment:
    """List the candidates with their numbers."""
    html = fragment(
        "search/candidates.html.jinja",
        profiled=context.profile is not None,
        consistency=has_consistency(context.profile),
        types=", ".join(search.estimator.component_types),
        rows=candidate_rows(search, context.profile),
    )
    return Fragment("All candidates", html)


def data(search: Any, context: SearchContext) -> Fragment:
    """Describe the data that was searched."""
    summary, coords, size = describe(search, context)
    part = data_part(context.source, context.preprocessing, summary, coords, size)
    return Fragment("Data", fragment("sections/data.html.jinja", data=part))


def repeating(search: Any, context: SearchContext) -> Fragment:
    """Show how to repeat the search."""
    summary, _, _ = describe(search, context)
    reading = context.code or reading_code(context.source, context.preprocessing, summary)
    code = searching_code(search, context.profile, reading, context.fit_options)
    html = fragment("sections/again.html.jinja", **repeating_part(context.command, code))
    return Fragment("To repeat this search", html)


def describe(
    search: Any, context: SearchContext
) -> tuple[dict[str, Any] | None, dict[str, Any], str]:
    """Return summary, coordinates and size of the data that was searched.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    context : SearchContext
    """
    X, mask = context.X, context.mask
    if X is None:
        return getattr(search, "data_said_", None), {}, ""
    if search.estimator.reads_in_passes and elsewhere.goes_in_passes(X):
        data = elsewhere.prepare(X, mask)
        said = data_wording.size_text(*data.summary["shape"], axes=data.axes)
        return data.summary, data.coords, said
    layout = search.estimator.layout(X, mask)
    if layout.single:
        data = prepare(X, mask, many=search.estimator.any_axes)
        said = data_wording.size_text(*data.summary["shape"], axes=data.axes)
        return data.summary, data.coords, said
    size, n_observed = count_observed(layout.values, layout.observed)
    summary = describe_data(
        (layout.n_trials, layout.n_neurons, max(each.shape[2] for each in layout.values)),
        layout.values[0].dtype,
        size,
        n_observed,
        "none" if n_observed == size else "entries",
        "Nothing was missing." if n_observed == size else LEFT_OUT,
    )
    return summary | said_by(X), {}, data_wording.size_of_layout(layout)


for _name, _write in (
    ("introduction", introduction),
    ("asked", asked),
    ("errors", errors),
    ("candidates", candidates),
    ("data", data),
    ("repeating", repeating),
):
    register_section(_name, _write, page="search")
