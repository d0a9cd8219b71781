"""What a fitted object found, in the form that scores take."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray

_FACTORS = ("trial_factors_", "neuron_factors_", "time_factors_")


@dataclass(frozen=True, eq=False)
class _Slices:
    """Weights of trials, and the pattern that each adds to a trial, if that is known."""

    trial_loadings_: np.ndarray
    trial_slices_: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Triples:
    """Factors of trials, neurons and times."""

    trial_factors_: np.ndarray
    neuron_factors_: np.ndarray
    time_factors_: np.ndarray
    weights_: np.ndarray


def fitted_copy(method: Any, X: xarray.DataArray) -> Any:
    """Fit a copy of an object, so that problems don't meet each other.

    Parameters
    ----------
    method : object with ``fit``
        Or with ``fit_transform``.
    X : xarray.DataArray (trial, neuron, time)
    """
    own, values = copy.deepcopy(method), X.transpose("trial", "neuron", "time").to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(own, "fit"):
            found = own.fit(values)
            return own if found is None else found
        return _Given(own.fit_transform(values))


def what_it_found(fitted: Any, X: xarray.DataArray) -> _Slices | _Triples:
    """Take trial factors and patterns of a fitted object.

    In this order: three matrices of factors (``trial_factors_``, ``neuron_factors_``,
    ``time_factors_``, and ``weights_`` if there are any); trial loadings with their slices
    (``trial_loadings_``, and ``trial_slices_`` if there are any); what ``transform`` gives. Weights
    alone get no patterns: regression of the data on them would find the neurons that change from
    any slow drift, once the planted curves are known.

    Parameters
    ----------
    fitted : object
    X : xarray.DataArray (trial, neuron, time)

    Raises
    ------
    ValueError
        For shapes that don't fit the data, and values that aren't finite.
    """
    values = X.transpose("trial", "neuron", "time").to_numpy()
    if all(np.ndim(getattr(fitted, name, 0)) == 2 for name in _FACTORS):
        trial, neuron, time = (
            _checked(name, getattr(fitted, name), n)
            for name, n in zip(_FACTORS, values.shape, strict=True)
        )
        weights = np.asarray(getattr(fitted, "weights_", np.ones(trial.shape[1])))
        return _Triples(trial, neuron, time, weights)
    if hasattr(fitted, "trial_loadings_"):
        loadings = _checked("trial_loadings_", fitted.trial_loadings_, len(values))
    elif hasattr(fitted, "transform"):
        loadings = _checked("transform", fitted.transform(values), len(values))
    else:
        raise ValueError("it has neither trial_factors_, trial_loadings_ nor transform")
    if getattr(fitted, "trial_slices_", None) is None:
        return _Slices(loadings, None)
    slices = np.asarray(fitted.trial_slices_, dtype=float)
    if slices.shape != (loadings.shape[1], *values.shape[1:]):
        raise ValueError(
            f"trial_slices_: expected shape {(loadings.shape[1], *values.shape[1:])}, "
            f"got {slices.shape}"
        )
    return _Slices(loadings, slices)


class _Given:
    def __init__(self, loadings: Any) -> None:
        self.trial_loadings_ = loadings


def _checked(name: str, given: Any, n_rows: int) -> np.ndarray:
    matrix = np.asarray(given, dtype=float)
    if matrix.ndim != 2 or len(matrix) != n_rows or not matrix.shape[1]:
        raise ValueError(f"{name}: expected ({n_rows}, n_components), got shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name}: expected finite values")
    return matrix
