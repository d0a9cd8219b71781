"""Masks of data with more axes than trials, neurons and times, drawn on these three."""

from __future__ import annotations

import numpy as np


def three_way(observed: np.ndarray, *, together: bool) -> np.ndarray:
    """Return which entries can be held out, by trial, neuron and time.

    Parameters
    ----------
    observed : bool array with three axes or more, time last
    together : bool
        Take what a neuron has at the same time on all other axes as one entry, observed if any
        of it is; otherwise neurons and these axes are one axis.

    Returns
    -------
    (n_trials, n_neurons or more, n_times) bool array
    """
    if observed.ndim == 3:
        return observed
    n_trials, n_neurons, *_, n_times = observed.shape
    if not together:
        return observed.reshape(n_trials, -1, n_times)
    return np.asarray(observed.reshape(n_trials, n_neurons, -1, n_times).any(axis=2))


def all_axes(drawn: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return a mask with all axes from what was drawn of the entries of `three_way`.

    Parameters
    ----------
    drawn : (n_trials, n_neurons or more, n_times) bool array
    observed : bool array with all axes
    """
    if observed.ndim == 3:
        return drawn
    n_trials, n_neurons, *others, n_times = observed.shape
    if drawn.shape[1] == n_neurons * int(np.prod(others)):
        return drawn.reshape(observed.shape)
    apart = drawn.reshape(n_trials, n_neurons, *(1,) * len(others), n_times)
    return apart & observed
