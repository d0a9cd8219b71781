"""Fitted arrays as a labelled xarray.Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray

from trialtensor.models.fitted import Fitted


def as_dataset(fitted: Fitted, variables: Mapping[str, Any]) -> xarray.Dataset:
    """Label arrays of a model with the coordinates of its data.

    Parameters
    ----------
    fitted : Fitted
    variables : dict
        Name -> (dimensions, array). Dimensions that end in "component" are numbered from 1.

    Returns
    -------
    xarray.Dataset
        A label of the data that is called like one of its variables or component dimensions
        gets ``_label`` appended. An axis of the data that no array has keeps its coordinate.
    """
    variables = {name: each for name, each in variables.items() if np.size(each[1])}
    if fitted.blocks:
        variables["block_of_trial"] = ("trial", _labels_of_trials(fitted))
    dataset = xarray.Dataset(variables)
    coords: dict[str, Any] = {
        str(name): np.arange(1, size + 1)
        for name, size in dataset.sizes.items()
        if str(name).endswith("component")
    }
    taken = {*coords, *variables}
    coords |= {
        f"{name}_label" if name in taken else name: coord for name, coord in fitted.coords.items()
    }
    if "block" in dataset.sizes:
        coords["block"] = list(fitted.blocks)
    if "dataset" in dataset.sizes:
        coords["dataset"] = list(fitted.datasets)
    labelled = {axis for axis, _ in fitted.coords.values()}
    for axis in fitted.axes:
        if not any(str(name).startswith(axis) for name in dataset.sizes) and axis not in labelled:
            coords[axis] = np.arange(fitted.shape[fitted.axes.index(axis)])
    dataset = xarray.Dataset(variables, coords=coords)
    dataset.attrs["explained_variance"] = float(fitted.record.explained_variance_ratio)
    dataset.attrs["loss"] = fitted.record.loss
    dataset.attrs |= fitted.data.get("made", {})
    return dataset


def _labels_of_trials(fitted: Fitted) -> np.ndarray:
    labels = np.asarray(list(fitted.blocks))
    which = np.zeros(fitted.shape[0], int)
    for b, trials in enumerate(fitted.blocks.values()):
        which[trials] = b
    return labels[which]
