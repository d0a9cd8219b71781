"""Sections common to the pages of all models."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from trialtensor.data.elsewhere import kind_of
from trialtensor.models import TrialEstimator
from trialtensor.plotting.columns import columns
from trialtensor.plotting.diagnostics import in_batches
from trialtensor.plotting.places import n_latest
from trialtensor.report import data_wording, wording, words
from trialtensor.report.figures import component_pictures, figure_html, fit_picture, has_means
from trialtensor.report.interactive import interactive_components
from trialtensor.report.rendering import (
    data_part,
    fragment,
    literal,
    reading_code,
    repeating_part,
)
from trialtensor.report.rows import fit_rows, restart_rows
from trialtensor.report.sections import Context, Fragment
from trialtensor.selection.residuals import residual_report
from trialtensor.selection.stability import stability


def introduction(model: TrialEstimator, context: Context) -> Fragment:
    """State the kind of the model, and whether all of it is identified."""
    fitted = model.fitted_
    html = fragment(
        "sections/introduction.html.jinja",
        text=words.introduction(model),
        fitted=fitted.record.was_fitted,
        noun="factors" if fitted.identified == "components" else "components",
        n_trials=fitted.shape[0],
        n_latest=latest(model),
    )
    return Fragment(None, html)


def data(model: TrialEstimator, context: Context) -> Fragment:
    """Describe the data that the model was fitted to."""
    fitted = model.fitted_
    part = data_part(
        context.source,
        context.preprocessing,
        fitted.data,
        fitted.coords,
        data_wording.size_of(fitted),
    )
    return Fragment("Data", fragment("sections/data.html.jinja", data=part))


def components(model: TrialEstimator, context: Context) -> Fragment:
    """Show the components, and explain the figure."""
    fitted = model.fitted_
    pictures = component_pictures(model, context.color_by, context.color_name)
    interactive = interactive_components(model, context)
    n, n_drawn = len(fitted.components), sum(each.n_components for each in pictures[:1])
    html = fragment(
        "sections/components.html.jinja",
        reading=words.reading(model, context, n_drawn if interactive is None else n),
        n_drawn=n_drawn if n_drawn < n else None,
        means=has_means(model, context.color_by),
        interactive=interactive is not None,
        zero=wording.zero_components_sentence(fitted.n_zero, len(fitted.components)),
        figure=figure_html(pictures, interactive=interactive),
    )
    return Fragment("Components", html, () if interactive is None else (interactive,))


def fit(model: TrialEstimator, context: Context) -> Fragment:
    """State how well the model fits."""
    rows = fit_rows(model.fitted_, words.explained_sentence(model))
    html = fragment("sections/fit.html.jinja", rows=[*rows, *words.diagnostics(model)])
    return Fragment("How well it fits", html)


def explained(model: TrialEstimator, context: Context) -> Fragment:
    """State the explained variance of each component."""
    return words.explained(model, context)


def left_over(model: TrialEstimator, context: Context) -> Fragment | None:
    """Describe the residuals, if the data is available."""
    if context.X is None:
        return None
    refused = ""
    sentences: tuple[str, ...] = ()
    if kind_of(context.X) in ("disk", "dask"):
        refused = (
            "Residuals are not shown, because the data was read in blocks, and they need all of it "
            "in memory."
        )
    else:
        try:
            sentences = residual_report(model, context.X, mask=context.mask).sentences
        except ValueError as error:
            refused = _refusal(error)
    html = fragment(
        "sections/left_over.html.jinja",
        sentences=sentences,
        refused=refused,
        n_latest=latest(model),
    )
    return Fragment("What is left over", html)


def restarts(model: TrialEstimator, context: Context) -> Fragment | None:
    """State whether other starts led to the same model."""
    record, of = model.fitted_.record, words.resemblance(model)
    if not record.restarts:
        return None
    batches = in_batches(record)
    on_core = record.some_on_core and not batches
    reading = wording.stability_sentence(
        record.restarts, on_core=on_core, n_zero=model.fitted_.n_zero, of=of
    )
    html = fragment(
        "sections/restarts.html.jinja",
        rows=restart_rows(record),
        n_different=len(record.different_starts),
        stability=f"{reading} {wording.BATCH_NOTE}" if batches else reading,
        chance=words.chance_note(model),
        corrected=_corrected(model),
        to_best=of.to_best,
        figure=figure_html([fit_picture(model, of.to_best)]),
    )
    return Fragment("Do the restarts agree?", html)


def repeating(model: TrialEstimator, context: Context) -> Fragment:
    """Show how to repeat the fit."""
    parameters = model.get_params(deep=False)
    reading = context.code or reading_code(
        context.source, context.preprocessing, model.fitted_.data
    )
    fitted = model.fitted_.record.was_fitted
    html = fragment(
        "sections/repeating.html.jinja",
        parameters={name: literal(value) for name, value in parameters.items()},
        seeded=isinstance(parameters.get("random_state"), Integral),
        fitted=fitted,
        **repeating_part(context.command, reproducing_code(model, reading, context.fit_options)),
    )
    return Fragment("To repeat this fit" if fitted else "Software", html)


def reproducing_code(
    model: TrialEstimator, reading: str, fit_options: Mapping[str, Any] | None = None
) -> str:
    """Return Python code that repeats the fit, from lines that make the data ``X``."""
    parameters = model.get_params(deep=False)
    arguments = ",\n".join(f"    {name}={literal(value)}" for name, value in parameters.items())
    kind = type(model)
    ours = kind.__module__.split(".")[0] == "trialtensor"
    name = f"trialtensor.{kind.__name__}" if ours else kind.__name__
    made = f"model = {name}(\n{arguments},\n)"
    lines = ["import trialtensor", "", reading]
    if not ours:
        lines.insert(1, f"from {kind.__module__} import {kind.__name__}")
    if latest(model) or in_batches(model.fitted_.record):
        batches = "for batch in (X,):  # the trials came in batches"
        return "\n".join([*lines, made, batches, "    model.partial_fit(batch)"])
    known = {name: literal(value) for name, value in (fit_options or {}).items()}
    unknown = [name for name in model.fit_arguments() if name not in known]
    lines += [f"{name} = ...  # one for each trial" for name in unknown]
    given = [
        f"{n}={each}" for n, each in (known | dict(zip(unknown, unknown, strict=True))).items()
    ]
    return "\n".join([*lines, f"{made}.fit({', '.join(['X', *given])})"])


def latest(model: TrialEstimator) -> int:
    """Return the number of trials if only the latest have trial factors; otherwise 0."""
    return max((n_latest(model.fitted_, column) for column in columns(model.fitted_)), default=0)


def _corrected(model: TrialEstimator) -> str:
    if len(model.fitted_.record.comparable) < 2:
        return ""
    try:
        agreement = stability(model)
    except ValueError as error:
        return f"Agreement beyond chance is not known: {_refusal(error)}"
    return wording.corrected_sentence(agreement.corrected, agreement.chance)


def _refusal(error: ValueError) -> str:
    """Return why this model can't answer a question; let errors in the data propagate."""
    text = str(error)
    if text.startswith(("X", "mask")):
        raise error
    if not text.startswith("model: "):
        return "It could not be computed."
    text = text.removeprefix("model: ")
    return f"{text[0].upper()}{text[1:]}."
