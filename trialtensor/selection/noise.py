"""The noise level that a model implies."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Component, Fitted
from trialtensor.models.layout import Layout


def noise_deviations(model: TrialEstimator, layout: Layout, X: Any, mask: Any) -> list[float]:
    """Estimate the standard deviation of the noise in each array of the data.

    That of the residuals, corrected for the degrees of freedom of the model.

    Parameters
    ----------
    model : fitted model
    layout : Layout
    X, mask : the data of the fit

    Returns
    -------
    list of float
    """
    residuals = [np.asarray(each) for each in layout.arrays(model.residuals(X, mask=mask))]
    counts = np.array([np.isfinite(each).sum() for each in residuals])
    deviations = []
    for i, each in enumerate(residuals):
        taken = _taken(model.fitted_, layout, i, counts[i] / max(counts.sum(), 1))
        loss = np.nansum(np.square(each), dtype=np.float64)
        deviations.append(float(np.sqrt(loss / max(counts[i] - taken, 1))))
    return deviations


def _taken(fitted: Fitted, layout: Layout, i: int, share: float) -> float:
    """Return the degrees of freedom used in one array, which is ``share`` of the data."""
    shape = layout.values[i].shape
    if fitted.sliced:
        # The projectors off the loadings leave so much.
        of_axis = [sum(bool(c.vectors(axis)) for c in fitted.components) for axis in AXES]
        left = np.prod([1 - r / n for r, n in zip(of_axis, shape, strict=True)])
        return float((1 - left) * np.prod(shape))
    return sum(_taken_by(component, layout, i, share) for component in fitted.components)


def _taken_by(component: Component, layout: Layout, i: int, share: float) -> float:
    name = str(layout.names[i])
    taken = 0.0
    for part in component.parts:
        owner = part.dataset if part.dataset is not None else part.block
        own = layout.single or owner is not None
        if own and not layout.single and str(owner) != name:
            continue
        # All but trial factors have norm 1.
        free = part.values.size - ("trial" not in part.dims)
        if own:
            taken += free
        elif part.dims == ("trial",) and layout.n_trials > len(layout.trials[i]):
            taken += free * len(layout.trials[i]) / layout.n_trials
        else:
            taken += free * share
    return taken
