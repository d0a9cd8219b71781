"""What a fit has found as a labelled xarray.Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray

if TYPE_CHECKING:
    from trialtensor.models.slicetca import SliceTCA
    from trialtensor.models.tca import TCA


def as_dataset(model: TCA | SliceTCA, variables: dict[str, Any]) -> xarray.Dataset:
    """Arrays of a model with the coordinates of its data.

    Parameters
    ----------
    model : fitted estimator
    variables : dict
        Name -> (dimension or dimensions, array). Dimensions that end in "component" are numbered
        from 1.

    Returns
    -------
    xarray.Dataset
        A label of the data that is called like one of its variables or component dimensions
        gets ``_label`` appended.
    """
    dataset = xarray.Dataset(variables)
    numbers = {
        str(name): np.arange(1, size + 1)
        for name, size in dataset.sizes.items()
        if str(name).endswith("component")
    }
    taken = {*numbers, *variables}
    labels = {
        f"{name}_label" if name in taken else name: coord for name, coord in model.coords_.items()
    }
    dataset = xarray.Dataset(variables, coords={**numbers, **labels})
    dataset.attrs["explained_variance"] = float(model.explained_variance_ratio_)
    dataset.attrs["loss"] = model.loss_
    return dataset
