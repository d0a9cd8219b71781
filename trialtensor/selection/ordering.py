"""Conversion between (trial, neuron, time) and the axis order of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.more_axes import name_axes, ordered_axes


def axis_order(X: Any) -> tuple[int, ...]:
    """Return which axes of ``X`` are trial, neuron, others and time; 0, 1, 2 for a bare array.

    Raises
    ------
    ValueError
        If ``X`` has dimension names that aren't axes.

    Examples
    --------
    >>> import xarray
    >>> axis_order(xarray.DataArray(np.zeros((2, 3, 4)), dims=("bin", "epoch", "unit")))
    (1, 2, 0)
    """
    if not hasattr(X, "dims"):
        return tuple(range(max(np.ndim(X), len(AXES))))
    found = name_axes(X.dims)
    return tuple(found.index(axis) for axis in ordered_axes(found))


def like(values: np.ndarray, X: Any) -> Any:
    """Return ``values`` of shape (n_trials, n_neurons, n_times) in the form of ``X``.

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) array
    X : array-like or xarray.DataArray

    Returns
    -------
    ndarray or xarray.DataArray
        An array, or a DataArray with the dimensions and coordinates of ``X``, in its order.
    """
    if not hasattr(X, "dims"):
        return values
    import xarray

    values = values.transpose(np.argsort(axis_order(X)))
    return xarray.DataArray(values, coords=X.coords, dims=X.dims)
