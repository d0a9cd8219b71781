"""Preparations of data that invent courses over trials, or hide them."""

from __future__ import annotations

import warnings

import numpy as np

# Correlation of successive differences of what a model leaves, of the median neuron: -1/2 if trials
# are independent, 0 if they were averaged over two or more, above with a smoother window.
SMOOTHED = -0.2
NOTHING_LEFT = 1e-3  # of the variance: what is left then is no noise
ALIKE = 1e-3  # relative spread of means and deviations of trials that were scaled to be alike
FEWEST = 20  # trials


def inventions(values: np.ndarray, rest: np.ndarray) -> list[str]:
    """Return what was done to data that makes its courses over trials doubtful, a sentence each.

    Trials that were smoothed or averaged with their neighbours have noise that looks like a slow
    course; trials that were scaled one by one have lost their strength.

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) array
        NaN where missing.
    rest : array of the same shape
        What a model leaves of it.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 8, 10))
    >>> inventions(X, X)
    []
    >>> X = np.stack([X[k : k + 4].mean(axis=0) for k in range(57)])
    >>> [sentence[:25] for sentence in inventions(X, X)]
    ['Trials resemble their nei']
    """
    if len(values) < FEWEST:
        return []
    values, rest = (
        np.reshape(np.asarray(each), (*np.shape(each)[:2], -1)) for each in (values, rest)
    )
    found = []
    noisy = np.nanvar(rest) > NOTHING_LEFT * np.nanvar(values)
    if noisy and _smoothness(rest) > SMOOTHED:
        found.append(
            "Trials resemble their neighbours as if they had been smoothed or averaged over "
            "trials: noise then looks like slow courses. Fit single trials."
        )
    if _scaled_by_trial(values):
        found.append(
            "Each trial seems to have been scaled by itself (z-scored): what it has in strength "
            "is gone, and where one component grows the others seem to shrink. Scale neurons "
            "over all trials instead."
        )
    return found


def _smoothness(rest: np.ndarray) -> float:
    """Return the correlation of successive differences from trial to trial, of the median neuron.

    In differences, slow courses hardly show.
    """
    steps = np.diff(rest, axis=0)
    with warnings.catch_warnings():
        # Neurons without a value.
        warnings.simplefilter("ignore", RuntimeWarning)
        products = np.nanmean(steps[1:] * steps[:-1], axis=(0, 2))
        squares = np.nanmean(steps**2, axis=(0, 2))
    known = np.isfinite(products) & (squares > 0)
    return float(np.median(products[known] / squares[known])) if known.any() else -0.5


def _scaled_by_trial(values: np.ndarray) -> bool:
    """Return whether all trials have the same mean and the same spread."""
    with warnings.catch_warnings():
        # Trials without a value.
        warnings.simplefilter("ignore", RuntimeWarning)
        means, spreads = np.nanmean(values, axis=(1, 2)), np.nanstd(values, axis=(1, 2))
    size = float(np.nanmean(spreads))
    if not size > 0:
        return False
    return bool(np.nanstd(means) < ALIKE * size and np.nanstd(spreads) < ALIKE * size)
