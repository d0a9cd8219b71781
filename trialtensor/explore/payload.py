"""Mean activity as a page holds it."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.explore.entities import Entity
from trialtensor.explore.means import MAX_BINS, Means
from trialtensor.explore.quantised import pooled, quantised
from trialtensor.models import Fitted
from trialtensor.plotting.positions import time_positions

# Values of all means of one kind; with more trials than fit, times are pooled further.
MAX_VALUES = 1_000_000
FEWEST_BINS = 10


def mean_payload(
    fitted: Fitted, entity: Entity, data: Means | None, model: Means | None
) -> dict[str, Any] | None:
    """Return the mean activity of the trials or neurons of an entity.

    Parameters
    ----------
    fitted : Fitted
    entity : Entity
    data, model : Means or None

    Returns
    -------
    dict or None
        None for other axes, and where neither data nor model can be averaged.
    """
    if not entity.sorts:
        return None
    found = {
        name: _levels(means, fitted, entity) for name, means in (("data", data), ("model", model))
    }
    known = [each for each in found.values() if each is not None]
    if not known:
        return None
    n_bins = known[0]["levels"].shape[1]
    times, title = _times(fitted, entity, n_bins)
    return {**found, "x": times, "title": title}


def _levels(means: Means | None, fitted: Fitted, entity: Entity) -> dict[str, Any] | None:
    if means is None:
        return None
    if entity.dataset is None and means.count(entity.axis) != entity.n:
        return None  # the neurons of a block, which are others in the next one
    values = means.mean(entity.axis, entity.dataset, _places(means, fitted, entity))
    if values is None:
        return None
    n_bins = min(MAX_BINS, max(MAX_VALUES // max(entity.n, 1), FEWEST_BINS))
    return quantised(pooled(values, n_bins), bits=8, by_row=True)


def _places(means: Means, fitted: Fitted, entity: Entity) -> np.ndarray:
    """Return where the entries of an entity are among all trials or neurons of the data."""
    everything = np.arange(entity.n)
    if entity.dataset is None:
        return everything
    which = fitted.arrays.get("neuron_places")
    if entity.axis == "neuron" and which is not None and means.names == [None]:
        own = np.flatnonzero(np.asarray(which.values) == fitted.datasets.index(entity.dataset))
        return own if len(own) == entity.n else everything
    places = means.trials if entity.axis == "trial" else means.neurons
    names = [str(name) for name in means.names]
    return places[names.index(entity.dataset)] if entity.dataset in names else everything


def _times(fitted: Fitted, entity: Entity, n_bins: int) -> tuple[np.ndarray, str]:
    """Return the middle of every bin, and the label of the axis."""
    n_times = fitted.length("time", entity.dataset)
    coords = {
        name: (axis, values)
        for name, (axis, values) in fitted.coords.items()
        if len(values) == n_times
    }
    place = time_positions(coords, n_times)
    return pooled(place.positions, n_bins), place.label.replace("\\$", "$")
