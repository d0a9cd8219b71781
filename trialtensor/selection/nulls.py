"""Surrogate data: shuffled to destroy what neurons or trials share and keep all else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trialtensor.data.arrays import with_nan
from trialtensor.data.axes import AXES
from trialtensor.selection.ordering import axis_order, like

Surrogate = Callable[[Any, np.random.Generator], Any]


def permute_trials(X: Any, rng: np.random.Generator) -> Any:
    """Permute the trials of every neuron independently.

    This keeps each neuron's time courses and their distribution over trials, and so each neuron's
    mean; it destroys what neurons share from trial to trial.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        Never modified. NaN moves with the values.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray or xarray.DataArray
        As ``X``; coordinates stay where they were.

    Examples
    --------
    >>> X = np.arange(12).reshape(3, 2, 2)
    >>> permute_trials(X, np.random.default_rng(1)).tolist()
    [[[0, 1], [10, 11]], [[4, 5], [2, 3]], [[8, 9], [6, 7]]]
    """

    def order(n_trials: int, n_neurons: int, n_times: int) -> tuple[np.ndarray, int]:
        trials = np.tile(np.arange(n_trials)[:, None], n_neurons)
        return rng.permuted(trials, axis=0)[:, :, None], 0

    return _reordered(X, order)


def shift_trials(X: Any, rng: np.random.Generator) -> Any:
    """Rotate the trial sequence of every neuron by an independent offset.

    As :func:`permute_trials`, but successive trials stay together (except the first and the last):
    slow drifts of single neurons are kept, and only what neurons share is destroyed.

    Parameters
    ----------
    X, rng
        As for :func:`permute_trials`.

    Returns
    -------
    ndarray or xarray.DataArray

    Examples
    --------
    >>> X = np.arange(8).reshape(4, 2, 1)
    >>> shift_trials(X, np.random.default_rng(0))[..., 0].tolist()
    [[6, 5], [0, 7], [2, 1], [4, 3]]
    """

    def order(n_trials: int, n_neurons: int, n_times: int) -> tuple[np.ndarray, int]:
        offsets = rng.integers(n_trials, size=n_neurons)
        return ((np.arange(n_trials)[:, None] + offsets) % n_trials)[:, :, None], 0

    return _reordered(X, order)


def shift_times(X: Any, rng: np.random.Generator) -> Any:
    """Rotate every trial of every neuron in time by an independent offset.

    Keeps each trial's values and their autocorrelation in time; destroys when in the trial
    things happen, and so what trials and neurons share.

    Parameters
    ----------
    X, rng
        As for :func:`permute_trials`.

    Returns
    -------
    ndarray or xarray.DataArray

    Examples
    --------
    >>> X = np.arange(8).reshape(2, 1, 4)
    >>> shift_times(X, np.random.default_rng(0))[:, 0].tolist()
    [[3, 0, 1, 2], [6, 7, 4, 5]]
    """

    def order(n_trials: int, n_neurons: int, n_times: int) -> tuple[np.ndarray, int]:
        offsets = rng.integers(n_times, size=(n_trials, n_neurons, 1))
        return (np.arange(n_times) + offsets) % n_times, 2

    return _reordered(X, order)


# Name -> the surrogate, and the axis along which it keeps means: trials, or time, which is last.
# The units that it keeps are neurons, or neurons on one trial.
NULLS: dict[str, tuple[Surrogate, int]] = {
    "permute_trials": (permute_trials, 0),
    "shift_trials": (shift_trials, 0),
    "shift_times": (shift_times, -1),
}


def _reordered(X: Any, order: Callable[[int, int, int], tuple[np.ndarray, int]]) -> Any:
    """Return ``X`` with entries along an axis in the order that ``order`` draws."""
    values = with_nan(X.data if hasattr(X, "dims") else X, "X")
    if values.ndim < len(AXES):
        raise ValueError(f"X: expected (n_trials, n_neurons, n_times), got shape {values.shape}")
    values = values.transpose(axis_order(X))
    n_trials, n_neurons, *others, n_times = values.shape
    index, axis = order(n_trials, n_neurons, n_times)
    # What a neuron has at the same time on other axes, such as frequencies, stays together.
    index = index.reshape(*index.shape[:2], *(1,) * len(others), index.shape[2])
    return like(np.take_along_axis(values, index, axis=axis if axis == 0 else -1), X)
