"""Common transforms of counts and rates before a decomposition, as pure functions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trialtensor.data.arrays import scaled
from trialtensor.data.parameters import check_choice
from trialtensor.data.validation import as_trial_tensor


def transform_values(X: Any, kind: str) -> Any:
    """Transform a trial tensor by name.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_neurons, n_times), or xarray.DataArray
        NaN is missing and stays NaN.
    kind : {"none", "sqrt", "log1p", "zscore"}
        - "sqrt": square root, which makes the variance of Poisson counts nearly constant.
        - "log1p": ``log(1 + x)``.
        - "zscore": each neuron to mean 0 and standard deviation 1 over trials and times; a
          constant neuron becomes 0.
        - "none": no change.

    Returns
    -------
    ndarray or xarray.DataArray
        Of the type of `X`, with axes in the order trial, neuron, time; a new array unless `kind`
        is "none". float32 stays float32, integers become float64.

    Raises
    ------
    ValueError
        If `kind` is unknown, `X` isn't a trial tensor, or it has negative values and `kind` is
        "sqrt" or "log1p".

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.data import transform_values
    >>> transform_values(np.array([[[0, 1, 4, 9]]]), "sqrt")
    array([[[0., 1., 2., 3.]]])
    """
    check_choice("transform", kind, TRANSFORMS)
    labelled = as_trial_tensor(X)
    result = labelled.copy(data=TRANSFORMS[kind](labelled.to_numpy()))
    return result if hasattr(X, "dims") else result.to_numpy()


def _none(values: np.ndarray) -> np.ndarray:
    return values


def _sqrt(values: np.ndarray) -> np.ndarray:
    return np.sqrt(_not_negative(values, "sqrt"))


def _log1p(values: np.ndarray) -> np.ndarray:
    return np.log1p(_not_negative(values, "log1p"))


def _zscore(values: np.ndarray) -> np.ndarray:
    values = _as_float(values)
    kind = values.dtype
    over: dict[str, Any] = {"axis": (0, 2), "keepdims": True}
    observed = ~np.isnan(values)
    # In a unit of its own each neuron's squares fit.
    size = np.abs(values).max(where=observed, initial=0, **over)
    values = scaled(values, -np.frexp(size)[1])
    # Not by np.nanmean, which would warn about a neuron that was never observed.
    count = np.maximum(observed.sum(**over), 1)
    mean = values.sum(dtype=float, where=observed, **over) / count
    centred = values - mean.astype(kind)
    power = np.square(centred).sum(dtype=float, where=observed, **over) / count
    deviation = np.sqrt(power).astype(kind)
    largest = np.abs(values).max(where=observed, initial=0, **over)
    constant = deviation <= 10 * np.finfo(kind).eps * largest
    return np.where(constant, centred * 0, centred / np.where(constant, 1, deviation))


def _not_negative(values: np.ndarray, kind: str) -> np.ndarray:
    n_negative = np.count_nonzero(values < 0)
    if n_negative:
        raise ValueError(
            f"transform: {kind!r} needs values that are not negative, but {n_negative} of "
            f"{values.size} are (least: {np.nanmin(values):g}); use 'zscore' or 'none'"
        )
    return _as_float(values)


def _as_float(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind == "f" else values.astype(np.float64)


TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": _none,
    "sqrt": _sqrt,
    "log1p": _log1p,
    "zscore": _zscore,
}
