"""Words and sections for the page of a SliceTCA."""

from __future__ import annotations

from markupsafe import Markup

from trialtensor.data.axes import AXES
from trialtensor.models import SliceTCA
from trialtensor.plotting.slices import is_nonnegative, slicing_types
from trialtensor.report import figures, slice_wording, words
from trialtensor.report.rendering import fragment
from trialtensor.report.rows import percent, share_rows
from trialtensor.report.sections import Context, Fragment


@words.introduction.register
def introduction(model: SliceTCA) -> Markup:
    """Introduce SliceTCA, and state what is identified."""
    types = {each.axis: each.n_fitted for each in slicing_types(model)}
    return fragment(
        "kinds/slicetca.html.jinja",
        types=[(axis, slice_wording.type_sentence(axis), types.get(axis, 0)) for axis in AXES],
        identified=slice_wording.identified_sentence(
            list(types),
            model.gauge,
            nonnegative=is_nonnegative(model),
            missing=model.fitted_.data["missing_pattern"] not in ("none", "unknown"),
        ),
    )


@words.reading.register
def reading(model: SliceTCA, context: Context, n_shown: int) -> Markup:
    """Explain the figure of loadings and slices."""
    types = slicing_types(model)
    return fragment(
        "kinds/slicetca_reading.html.jinja",
        sorting=slice_wording.sorting_phrase([each.axis for each in types]),
        color_name=context.color_name,
        max_shown=figures.MAX_OF_TYPE if n_shown < len(model.fitted_.components) else None,
    )


@words.explained.register
def explained(model: SliceTCA, context: Context) -> Fragment:
    """State what types and components explain."""
    types = slicing_types(model)
    return Fragment(
        "What types and components explain",
        fragment(
            "kinds/slicetca_explained.html.jinja",
            types=_type_rows(model),
            division=slice_wording.division_sentence(
                len(types), model.gauge, nonnegative=is_nonnegative(model)
            ),
            rows=share_rows(model.fitted_),
        ),
    )


def _type_rows(model: SliceTCA) -> list[list[str]]:
    fitted = model.fitted_
    alone, unique = (fitted[f"type_explained_variance_{name}"] for name in ("alone", "unique"))
    return [
        [
            f"{each.axis}-slicing",
            str(each.n_fitted),
            percent(float(alone[AXES.index(each.axis)])),
            percent(float(unique[AXES.index(each.axis)])),
        ]
        for each in slicing_types(model)
    ]
