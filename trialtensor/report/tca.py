"""What the page of a TCA says that no other page does."""

from __future__ import annotations

from typing import Any

from trialtensor import plotting
from trialtensor.report import wording
from trialtensor.report.figures import as_png
from trialtensor.report.rows import Row, fit_rows, n_zero, share_rows

TEMPLATE = "tca.html.jinja"
MAX_COMPONENTS = 30  # in the figure; more would be unreadably small


def page_parts(model: Any, color_by: Any) -> dict[str, Any]:
    """Values for the template."""
    shown = min(len(model.weights_), MAX_COMPONENTS)
    return {
        "fit": [*fit_rows(model), *_diagnostics(model)],
        "shares": share_rows(model),
        "n_shown": shown,
        "components_png": _factors_png(model, color_by, shown),
        "stability": wording.stability_sentence(
            model.restarts_,
            on_core=plotting.diagnostics.left_on_core(model),
            n_zero=n_zero(model),
        )
        if model.restarts_
        else "",
        "chance": wording.CHANCE_NOTE,
        "to_best": wording.COMPONENTS.to_best,
    }


def _diagnostics(model: Any) -> list[Row]:
    core, cosine = float(model.core_consistency_), float(model.triple_cosine_)
    n = len(model.weights_)
    return [
        (
            "Core consistency",
            wording.core_consistency_number(core),
            wording.core_consistency_sentence(core, n, n_zero(model)),
        ),
        (
            "Most negative cosine",
            wording.number(cosine, "{:.2f}"),
            wording.triple_cosine_sentence(cosine, n),
        ),
    ]


def _factors_png(model: Any, color_by: Any, shown: int) -> str:
    from matplotlib.figure import Figure

    labelled = color_by is not None
    axes = plotting.factor_grid(shown, label_means=labelled, figure=Figure())
    plotting.plot_factors(
        model, color_by=color_by, label_means=labelled, max_components=shown, axes=axes
    )
    return as_png(axes[0, 0].figure)
