"""What a notebook shows of a fitted model."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.in_notebooks import summary_html
from trialtensor.data.more_axes import plural
from trialtensor.models.credibility import credibility

MAX_COMPONENTS = 10


def fitted_html(model: Any) -> str:
    """Return the kind of a fitted model, its verdict, its data and its components as HTML.

    Parameters
    ----------
    model : fitted model
    """
    import pandas

    fitted, record = model.fitted_, model.fitted_.record
    n = len(fitted.components)
    sizes = zip(fitted.axes, fitted.shape, strict=True)
    facts = {"Data": " × ".join(f"{size} {plural(axis)}" for axis, size in sizes)}
    if fitted.datasets:
        facts["Datasets"] = ", ".join(fitted.datasets)
    if fitted.blocks:
        facts["Blocks"] = str(len(fitted.blocks))
    if np.isfinite(record.explained_variance_ratio):
        facts["Explained variance"] = f"{record.explained_variance_ratio:.1%}"
    if record.was_fitted:
        facts["Stopped"] = f"{record.stop_reason.value} after {record.n_iter} sweeps"
    table = pandas.DataFrame(
        {
            "component": [each.label for each in fitted.components],
            "explains alone": [
                _percent(each.explained_variance_alone) for each in fitted.components
            ],
            "only it": [_percent(each.explained_variance_unique) for each in fitted.components],
        }
    ).set_index("component")
    return summary_html(
        f"{type(model).__name__}, {n} component{'s' * (n != 1)}",
        facts,
        notes=[
            credibility(fitted).sentence,
            "model.explore() shows it; trialtensor.write_report(model, path) writes a page.",
        ],
        tables={"Share of the sum of squares that each component explains": table},
        max_rows=MAX_COMPONENTS,
    )


def _percent(share: float) -> str:
    return f"{share:.1%}" if np.isfinite(share) else ""
