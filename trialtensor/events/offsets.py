"""Differences between sessions in the mean or the scale of each neuron, and their removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialtensor.data.labels import plain_labels
from trialtensor.data.transforms import neuron_moments

if TYPE_CHECKING:
    import xarray

KINDS = ("mean", "scale")
OFFSET, SCALE = "batch_offset", "batch_scale"


def batch_offsets(X: xarray.DataArray, kind: str) -> xarray.DataArray:
    """Remove the offsets between sessions of each neuron, and keep a record of them.

    Parameters
    ----------
    X : xarray.DataArray
        With a coordinate ``session`` of its trials.
    kind : {"mean", "scale"}
        "mean": subtract the session's mean less the mean of the means of all sessions. "scale":
        divide by the session's standard deviation over the geometric mean of those of all sessions.

    Returns
    -------
    xarray.DataArray
        With coordinates ``batch_offset`` and ``batch_scale`` (trial, neuron): the data was
        ``X * batch_scale + batch_offset``.
    """
    values = X.to_numpy()
    labels = plain_labels(X.coords["session"].to_numpy())
    kinds, of_trial = np.unique(labels, return_inverse=True)
    means, deviations = np.full((2, len(kinds), values.shape[1]), np.nan)
    for i in range(len(kinds)):
        own = values[of_trial == i]
        seen = ~np.isnan(own).all(axis=(0, 2))
        moments = neuron_moments(own)
        means[i, seen] = moments.mean[0, seen, 0]
        deviations[i, seen] = moments.deviation[0, seen, 0]
    offset, scale = np.zeros_like(means), np.ones_like(means)
    if kind == "mean":
        offset = np.nan_to_num(means - _mean(means))
    else:
        # A neuron that is constant in a session has no scale there.
        logs = np.log(np.where(np.isfinite(deviations), deviations, np.nan))
        scale = np.exp(np.nan_to_num(logs - _mean(logs)))
    offset, scale = offset[of_trial], scale[of_trial]
    changed = (values - offset[:, :, None]) / scale[:, :, None]
    record = {OFFSET: (("trial", "neuron"), offset), SCALE: (("trial", "neuron"), scale)}
    found = X.copy(data=changed.astype(values.dtype)).assign_coords(record)
    return found.assign_attrs(join_offsets=kind)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over sessions of what is known, without a warning where nothing is."""
    known = ~np.isnan(values)
    return np.asarray(values.sum(axis=0, where=known) / np.maximum(known.sum(axis=0), 1))
