"""Fewer bits for activity in files: noise in the last digits doesn't compress."""

from __future__ import annotations

import numpy as np

BITS = 11  # of the largest value of a neuron, rounded up to a power of two


def rounded(tensor: np.ndarray) -> np.ndarray:
    """Round each neuron to steps of a power of two.

    Values change by at most 1/2048 of the largest size of their neuron; zeros, and what has been
    rounded before, stay as they are.

    Parameters
    ----------
    tensor : (n_trials, n_neurons, n_times) array

    Returns
    -------
    (n_trials, n_neurons, n_times) array of the same type

    Examples
    --------
    >>> rounded(np.array([[[1.0, 0.3, 0.0]]])).tolist()
    [[[1.0, 0.2998046875, 0.0]]]
    """
    size = np.nan_to_num(np.abs(tensor), posinf=0.0)
    peak = size.max(axis=(0, 2), keepdims=True, initial=0.0).astype(float)
    _, exponent = np.frexp(peak)
    # A peak that is a power of two is one itself, not half of the next.
    exponent -= np.ldexp(0.5, exponent) == peak
    step = np.ldexp(1.0, exponent - BITS)
    return np.asarray((np.round(tensor / step) * step).astype(tensor.dtype))
