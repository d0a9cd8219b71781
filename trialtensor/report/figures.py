"""Figures as they stand in a page: drawn without pyplot, written into the text."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from trialtensor import plotting

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fit_png(model: Any) -> str:
    """The loss over sweeps beside the restarts, as `as_png` gives it."""
    # A bare figure: pyplot would show it a second time in a notebook, and keep it alive.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.3), layout="constrained")
    loss, restarts = figure.subplots(1, 2)
    plotting.plot_loss(model, loss)
    plotting.plot_restarts(model, restarts)
    return as_png(figure)


def as_png(figure: Figure) -> str:
    """PNG as base64 text."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
