"""Words and sections for the page of a Parafac2: its blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from trialtensor.models import Fitted, Parafac2, TrialEstimator
from trialtensor.report import words
from trialtensor.report.figures import has_means
from trialtensor.report.rendering import fragment
from trialtensor.report.sections import Context, Fragment

# A table of more blocks, such as single trials, would fill a page.
MAX_LISTED = 30


@words.introduction.register
def introduction(model: Parafac2) -> Markup:
    """Introduce PARAFAC2, and explain blocks."""
    return fragment("kinds/parafac2.html.jinja", **_axes(model.fitted_))


@words.reading.register
def reading(model: Parafac2, context: Context, n_shown: int) -> Markup:
    """Explain the figure, which shows the varying factors as an image."""
    return fragment(
        "kinds/parafac2_reading.html.jinja",
        **_axes(model.fitted_),
        color_name=context.color_name,
        means=context.static and has_means(model, context.color_by),
        n_shown=n_shown,
        n_components=len(model.fitted_.components),
    )


def blocks(model: TrialEstimator, context: Context) -> Fragment | None:
    """List the blocks, and the similarity of component patterns that they share."""
    fitted = model.fitted_
    if not fitted.blocks:
        return None
    rows = [
        (str(label), len(trials), _n_known(fitted, label))
        for label, trials in fitted.blocks.items()
    ]
    cross = fitted.arrays.get("cross_product")
    html = fragment(
        "sections/blocks.html.jinja",
        **_axes(fitted),
        rows=rows[:MAX_LISTED],
        n_blocks=len(rows),
        names=[each.label for each in fitted.components],
        cross=[] if cross is None else [[f"{value:.2f}" for value in row] for row in cross.values],
    )
    return Fragment("Blocks of trials", html)


def _varying(fitted: Fitted) -> str:
    return next(part.dims[0] for part in fitted.components[0].parts if part.block is not None)


def _axes(fitted: Fitted) -> dict[str, Any]:
    """Describe what differs between blocks and what doesn't."""
    names = {"neuron": "neurons", "time": "time bins", "trial": "trials"}
    varying = _varying(fitted)
    return {
        "varying": varying,
        "varying_plural": names.get(varying, varying),
        "shared": "time" if varying == "neuron" else "neuron",
    }


def _n_known(fitted: Fitted, block: Any) -> int:
    """Return how many neurons, or bins, of a block have data."""
    (part,) = (each for each in fitted.components[0].parts if each.block == block)
    return int(np.isfinite(part.values).sum())
