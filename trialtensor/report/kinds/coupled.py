"""Words and sections for the page of a CoupledTCA: its datasets."""

from __future__ import annotations

from markupsafe import Markup

from trialtensor.data.axes import AXES
from trialtensor.models import Component, CoupledTCA, Fitted, TrialEstimator
from trialtensor.models.split_components import about_splits
from trialtensor.report import wording, words
from trialtensor.report.figures import DATASETS_A_FIGURE, has_means
from trialtensor.report.rendering import fragment
from trialtensor.report.rows import percent
from trialtensor.report.sections import Context, Fragment


@words.introduction.register
def introduction(model: CoupledTCA) -> Markup:
    """Introduce CoupledTCA, and state what the datasets share."""
    fitted = model.fitted_
    private = [each for each in fitted.components if _private_to(each, fitted) is not None]
    return fragment(
        "kinds/coupled.html.jinja",
        shared=model.shared,
        datasets=wording.listed(list(fitted.datasets)),
        n_shared=len(fitted.components) - len(private),
        n_private=len(private),
    )


@words.reading.register
def reading(model: CoupledTCA, context: Context, n_shown: int) -> Markup:
    """Explain the figure with columns for each dataset."""
    return fragment(
        "kinds/coupled_reading.html.jinja",
        shared=model.shared,
        own="time" if model.shared == "trial" else "trial",
        color_name=context.color_name,
        means=context.static and has_means(model, context.color_by),
        several=len(model.fitted_.datasets) > DATASETS_A_FIGURE,
        n_shown=n_shown,
        n_components=len(model.fitted_.components),
    )


@words.explained_sentence.register
def explained_sentence(model: CoupledTCA) -> str:
    """State how datasets are weighted."""
    ratio = float(model.fitted_.record.explained_variance_ratio)
    each = "dataset counts the same" if model.balanced else "entry of the data counts the same"
    return f"{wording.explained_variance_sentence(ratio)} Each {each}."


def datasets(model: TrialEstimator, context: Context) -> Fragment | None:
    """List the datasets, the explained variance of each, and which components each has."""
    fitted = model.fitted_
    if not fitted.datasets:
        return None
    ratios = fitted.arrays.get("explained_variance_by_dataset")
    rows = [
        [
            name,
            *(fitted.length(axis, name) for axis in AXES),
            "" if ratios is None else percent(float(ratios.values[i])),
        ]
        for i, name in enumerate(fitted.datasets)
    ]
    html = fragment(
        "sections/datasets.html.jinja",
        rows=rows,
        names=fitted.datasets,
        shares=_share_rows(fitted),
        splits=_sentence(about_splits(fitted)),
    )
    return Fragment("Datasets", html)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _share_rows(fitted: Fitted) -> list[list[str]]:
    """Return name, shared or private, and the share of each component in each dataset."""
    if "shares" not in fitted.arrays:
        return []
    rows = []
    for r, component in enumerate(fitted.components):
        only = _private_to(component, fitted)
        rows.append(
            [
                component.label,
                "shared" if only is None else f"only in {only}",
                *(f"{100 * share:.1f} %" for share in fitted["shares"][:, r]),
            ]
        )
    return rows


def _private_to(component: Component, fitted: Fitted) -> str | None:
    """Return the dataset that a component is private to; None if it is shared."""
    where = {part.dataset for part in component.parts if part.dataset is not None}
    return where.pop() if len(where) == 1 < len(fitted.datasets) else None
