"""What the page of a SliceTCA says that no other page does."""

from __future__ import annotations

from typing import Any

from trialtensor import plotting
from trialtensor.data.axes import AXES
from trialtensor.plotting.slices import slicing_types
from trialtensor.report import slice_wording, wording
from trialtensor.report.figures import as_png
from trialtensor.report.rows import fit_rows, n_zero, percent, share_rows

TEMPLATE = "slicetca.html.jinja"
MAX_COMPONENTS = 10  # of each type in the figure; more would be a page that nobody scrolls


def page_parts(model: Any, color_by: Any) -> dict[str, Any]:
    """Values for the template."""
    types = slicing_types(model)
    missing = model.data_summary_["missing_pattern"] not in ("none", "unknown")
    names = [name for each in types for name in each.names]
    return {
        "types": [
            (axis, slice_wording.type_sentence(axis), len(getattr(model, f"{axis}_slices_")))
            for axis in AXES
        ],
        "identified": slice_wording.identified_sentence(
            [each.axis for each in types],
            model.gauge,
            nonnegative=bool(model.nonnegative),
            missing=missing,
        ),
        "sorting": slice_wording.sorting_phrase([each.axis for each in types]),
        "fit": fit_rows(model),
        "shares": [[name, *row] for name, row in zip(names, share_rows(model), strict=True)],
        "type_shares": _type_rows(model),
        "division": slice_wording.division_sentence(
            len(types), model.gauge, nonnegative=bool(model.nonnegative)
        ),
        "max_shown": MAX_COMPONENTS if any(e.n_fitted > MAX_COMPONENTS for e in types) else None,
        "n_shown": sum(min(each.n_fitted, MAX_COMPONENTS) for each in types),
        "components_png": _slices_png(model, color_by),
        "stability": wording.stability_sentence(
            model.restarts_, n_zero=n_zero(model), of=slice_wording.SUBSPACES
        )
        if model.restarts_
        else "",
        "chance": slice_wording.OVERLAP_NOTE,
        "to_best": slice_wording.SUBSPACES.to_best,
    }


def _type_rows(model: Any) -> list[list[str]]:
    rows = []
    for i, axis in enumerate(AXES):
        n = len(getattr(model, f"{axis}_slices_"))
        if n:
            alone = percent(model.type_explained_variance_alone_[i])
            unique = percent(model.type_explained_variance_unique_[i])
            rows.append([f"{axis}-slicing", str(n), alone, unique])
    return rows


def _slices_png(model: Any, color_by: Any) -> str:
    from matplotlib.figure import Figure

    n_rows = sum(len(each.slices) for each in slicing_types(model, MAX_COMPONENTS))
    axes = plotting.slice_grid(n_rows, figure=Figure())
    plotting.plot_slices(
        model,
        color_by=color_by,
        order_trials_by=color_by,
        max_components=MAX_COMPONENTS,
        axes=axes,
    )
    return as_png(axes[0, 0].figure)
