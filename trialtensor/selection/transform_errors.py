"""Held-out error of a model of transformed data, in the units of the data."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray

LOSSES = ("poisson", "squared")
# Quantiles of the residuals that a back-transformed prediction is averaged over.
_QUANTILES = (np.arange(20) + 0.5) / 20
# A predicted count is at least this share of the neuron's mean.
_LEAST = 0.05


def held_out_error(
    X: xarray.DataArray,
    transformer: Any,
    model: Any,
    train: np.ndarray,
    test: np.ndarray,
    loss: str,
) -> float:
    """Fit to transformed data, and measure the error of held-out entries of the data itself.

    Parameters
    ----------
    X : xarray.DataArray
        A labelled trial tensor.
    transformer : unfitted transformer, or None
        Fitted to the entries of ``train`` only, as is the model.
    model : unfitted model
    train, test : bool arrays of the shape of ``X``
    loss : {"poisson", "squared"}

    Returns
    -------
    float
        Mean over neurons of their loss, relative to that of their mean.
    """
    values = X.to_numpy().astype(np.float64)
    seen = X.copy(data=np.where(train, values, np.nan))
    with warnings.catch_warnings():
        # Convergence isn't what is compared.
        warnings.simplefilter("ignore")
        changed = seen if transformer is None else transformer.fit(seen).transform(seen)
        model.fit(changed)
        told = np.asarray(model.reconstruct(), dtype=np.float64)
    predicted = told if transformer is None else _back(told, changed, transformer)
    return relative_loss(values, predicted, train, test, loss)


def _back(told: np.ndarray, changed: xarray.DataArray, transformer: Any) -> np.ndarray:
    """Return expected values in the units of the data: averages over each neuron's residuals."""
    residuals = np.asarray(changed.to_numpy(), np.float64) - told
    by_neuron = residuals.transpose(1, 0, 2).reshape(residuals.shape[1], -1)
    shifts = np.zeros((len(by_neuron), len(_QUANTILES)))
    for own, row in zip(by_neuron, shifts, strict=True):
        known = own[np.isfinite(own)]
        if len(known):
            row[:] = np.quantile(known, _QUANTILES)
            # The model's own prediction stays the middle: only the spread counts.
            row -= row.mean()
    total = np.zeros(told.shape)
    for shift in shifts.T:
        moved = changed.copy(data=told + shift[:, None])
        total += np.asarray(transformer.inverse_transform(moved), np.float64)
    return np.asarray(total / len(_QUANTILES))


def relative_loss(
    values: np.ndarray, predicted: np.ndarray, train: np.ndarray, test: np.ndarray, loss: str
) -> float:
    """Return the mean over neurons of their loss relative to that of their mean.

    Parameters
    ----------
    values, predicted : (n_trials, n_neurons, n_times) arrays
        Where nothing is predicted (NaN), it is the mean.
    train, test : bool arrays of the same shape
    loss : {"poisson", "squared"}
    """
    ratios = []
    for n in range(values.shape[1]):
        fitted, held = values[:, n][train[:, n]], values[:, n][test[:, n]]
        if not len(fitted) or not len(held):
            continue
        mean = float(fitted.mean())
        told = predicted[:, n][test[:, n]]
        told = np.where(np.isfinite(told), told, mean)
        whole = _loss(held, np.full(len(held), mean), mean, loss)
        if whole > 0:
            ratios.append(_loss(held, told, mean, loss) / whole)
    return float(np.mean(ratios)) if ratios else 1.0


def _loss(values: np.ndarray, predicted: np.ndarray, mean: float, loss: str) -> float:
    if loss == "squared":
        return float(np.sum((values - predicted) ** 2))
    from scipy.special import xlogy

    rate = np.maximum(predicted, max(_LEAST * mean, np.finfo(float).tiny))
    return float(2 * np.sum(xlogy(values, values / rate) - (values - rate)))


def is_counts(values: np.ndarray) -> bool:
    """Return whether all observed values are whole numbers that aren't negative.

    Parameters
    ----------
    values : array
        NaN is missing.
    """
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return bool((known >= 0).all() and (known == np.round(known)).all())
