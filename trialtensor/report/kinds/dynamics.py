"""Words and sections for the page of trial-varying dynamics: steps and stability."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from trialtensor.models import TrialEstimator, TrialVaryingDynamics
from trialtensor.report import dynamics_wording, words
from trialtensor.report.figures import has_means
from trialtensor.report.rendering import fragment
from trialtensor.report.rows import share_rows
from trialtensor.report.sections import Context, Fragment


@words.introduction.register
def introduction(model: TrialVaryingDynamics) -> Markup:
    """Introduce the model, and explain its components."""
    return fragment("kinds/dynamics.html.jinja")


@words.reading.register
def reading(model: TrialVaryingDynamics, context: Context, n_shown: int) -> Markup:
    """Explain the figure of output and input patterns."""
    return fragment(
        "kinds/dynamics_reading.html.jinja",
        color_name=context.color_name,
        means=context.static and has_means(model, context.color_by),
        n_shown=n_shown,
        n_components=len(model.fitted_.components),
    )


@words.explained_sentence.register
def explained_sentence(model: TrialVaryingDynamics) -> str:
    """State that the explained variance is that of one-step predictions."""
    return dynamics_wording.prediction_sentence(
        float(model.fitted_.record.explained_variance_ratio)
    )


@words.explained.register
def explained(model: TrialVaryingDynamics, context: Context) -> Fragment:
    """State what each component explains; matrices have no unit."""
    return words.explained_table(share_rows(model.fitted_), weight="Weight")


def dynamics(model: TrialEstimator, context: Context) -> Fragment | None:
    """State the number of steps, and whether activity would decay."""
    arrays = model.fitted_.arrays
    if not {"spectral_radius", "n_transitions"} <= set(arrays):
        return None
    counts = np.asarray(arrays["n_transitions"].values)
    n_possible = len(counts) * (model.fitted_.shape[2] - 1)
    html = fragment(
        "sections/dynamics.html.jinja",
        sentences=[
            dynamics_wording.steps_sentence(counts, n_possible),
            dynamics_wording.radius_sentence(np.asarray(arrays["spectral_radius"].values)),
        ],
    )
    return Fragment("Stability of the dynamics", html)
