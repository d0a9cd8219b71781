"""Factors as a labelled xarray.Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray

from trialtensor.models.inputs import AXES

if TYPE_CHECKING:
    from trialtensor.models.tca import TCA


def to_dataset(model: TCA) -> xarray.Dataset:
    """``trial_factors``, ``neuron_factors``, ``time_factors`` and ``weights``, with coordinates.

    Dimensions are trial, neuron, time and component (numbered from 1).
    """
    n_components = len(model.weights_)
    variables = {
        f"{axis}_factors": ((axis, "component"), getattr(model, f"{axis}_factors_"))
        for axis in AXES
    }
    dataset = xarray.Dataset(
        {**variables, "weights": ("component", model.weights_)},
        coords={"component": np.arange(1, n_components + 1), **model.coords_},
    )
    dataset.attrs["explained_variance"] = float(model.explained_variance_ratio_)
    dataset.attrs["loss"] = model.loss_
    return dataset
