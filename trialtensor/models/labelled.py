"""Factors as a labelled xarray.Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray

from trialtensor.models.inputs import AXES

if TYPE_CHECKING:
    from trialtensor.models.tca import TCA


def to_dataset(model: TCA) -> xarray.Dataset:
    """``trial_factors``, ``neuron_factors``, ``time_factors`` and ``weights``, with coordinates.

    Dimensions are trial, neuron, time and component (numbered from 1). A label of the data that
    is called like one of these variables gets ``_label`` appended.
    """
    n_components = len(model.weights_)
    variables: dict[str, Any] = {
        f"{axis}_factors": ((axis, "component"), getattr(model, f"{axis}_factors_"))
        for axis in AXES
    }
    variables["weights"] = ("component", model.weights_)
    taken = {"component", *variables}
    labels = {
        f"{name}_label" if name in taken else name: coord for name, coord in model.coords_.items()
    }
    coords = {"component": np.arange(1, n_components + 1), **labels}
    dataset = xarray.Dataset(variables, coords=coords)
    dataset.attrs["explained_variance"] = float(model.explained_variance_ratio_)
    dataset.attrs["loss"] = model.loss_
    return dataset
