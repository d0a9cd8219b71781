"""Trials of unequal length as one tensor, padded with NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray

from trialtensor.data.arrays import as_floats
from trialtensor.data.axes import ASSUMED, AXES, ORDER


def pad_trials(trials: Sequence[Any]) -> xarray.DataArray:
    """Return a tensor from a list of trials, padded with NaN at their ends.

    Parameters
    ----------
    trials : list of 2-D arrays
        Each (n_neurons, n_times), or each (n_times, n_neurons): the axis along which all are
        equally long is that of neurons. If both are, (n_neurons, n_times) is assumed, and the
        attribute ``axes_order`` says so.

    Returns
    -------
    xarray.DataArray
        Dimensions "trial", "neuron", "time", with the coordinate ``n_times`` of each trial.

    Raises
    ------
    ValueError
        If an entry has another number of axes, or no axis is equally long in all.

    Examples
    --------
    >>> import numpy as np
    >>> X = pad_trials([np.zeros((5, 30)), np.zeros((5, 42))])
    >>> X.shape, X["n_times"].to_numpy().tolist()
    ((2, 5, 42), [30, 42])
    """
    arrays = [as_floats(each, f"trial {i}", None) for i, each in enumerate(trials)]
    for i, each in enumerate(arrays):
        if each.ndim != 2:
            raise ValueError(
                f"trial {i}: expected (n_neurons, n_times), got shape {each.shape}; each trial "
                "needs two axes"
            )
    if not arrays:
        raise ValueError("trials: the list is empty")
    lengths = np.array([each.shape for each in arrays])
    same = (lengths == lengths[0]).all(axis=0)
    if not same.any():
        shapes = ", ".join(str(tuple(map(int, each))) for each in lengths[:3])
        raise ValueError(
            f"trials: expected arrays (n_neurons, n_times) with the same neurons, but neither axis "
            f"is equally long in all: {shapes}{', ...' if len(arrays) > 3 else ''}"
        )
    if not same[0]:
        arrays, lengths = [each.T for each in arrays], lengths[:, ::-1]
    n_neurons, n_times = int(lengths[0, 0]), lengths[:, 1]
    found = np.full((len(arrays), n_neurons, int(n_times.max())), np.nan)
    for i, each in enumerate(arrays):
        found[i, :, : each.shape[1]] = each
    tensor = xarray.DataArray(found, dims=AXES, coords={"n_times": ("trial", n_times.copy())})
    return tensor.assign_attrs({ORDER: ASSUMED}) if same.all() else tensor
