"""Common transforms of counts and rates before a decomposition, as pure functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.arrays import scaled
from trialtensor.data.elsewhere import is_lazy
from trialtensor.data.making import with_preparation
from trialtensor.data.parameters import check_choice
from trialtensor.data.validation import as_trial_tensor


def transform_values(X: Any, kind: str) -> Any:
    """Transform a trial tensor by name.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_neurons, n_times), or xarray.DataArray
        May have more axes. NaN is missing and stays NaN.
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
        is "none". float32 stays float32, integers become float64. The attribute ``prepared`` of a
        labelled result says what was done. A labelled array that hasn't been read yet stays so.

    Raises
    ------
    ValueError
        If `kind` is unknown, `X` isn't a trial tensor, or it has negative values and `kind` is
        "sqrt" or "log1p"; or for "zscore" of what hasn't been read yet.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.data import transform_values
    >>> transform_values(np.array([[[0, 1, 4, 9]]]), "sqrt")
    array([[[0., 1., 2., 3.]]])
    """
    check_choice("transform", kind, TRANSFORMS)
    if is_lazy(X):
        return _when_read(X, kind)
    labelled = as_trial_tensor(X)
    result = labelled.copy(data=TRANSFORMS[kind](labelled.to_numpy()))
    if not hasattr(X, "dims"):
        return result.to_numpy()
    return result if kind == "none" else with_preparation(result, kind)


def _when_read(X: Any, kind: str) -> Any:
    from trialtensor.data.elementwise import elementwise

    if kind == "none":
        return X
    if kind == "zscore":
        raise ValueError(
            "transform: 'zscore' needs all of the data at once, but this is read a few trials at a "
            "time; use 'sqrt', 'log1p' or 'none'"
        )
    return with_preparation(elementwise(X, TRANSFORMS[kind]), kind)


def _none(values: np.ndarray) -> np.ndarray:
    return values


def _sqrt(values: np.ndarray) -> np.ndarray:
    return np.sqrt(not_negative(values, "sqrt"))


def _log1p(values: np.ndarray) -> np.ndarray:
    return np.log1p(not_negative(values, "log1p"))


def _zscore(values: np.ndarray) -> np.ndarray:
    values = as_float(values)
    return neuron_moments(values).standardized(values)


@dataclass(frozen=True, eq=False)
class NeuronMoments:
    """Mean and standard deviation of each neuron over its observed entries.

    Attributes
    ----------
    mean, deviation : (1, n_neurons, 1) float64 arrays
        The deviation of a constant neuron is infinite, so that it becomes 0.
    exponent : int array of the same shape
        Of the power of two in whose unit squares fit.
    """

    mean: np.ndarray
    deviation: np.ndarray
    exponent: np.ndarray

    def standardized(self, values: np.ndarray) -> np.ndarray:
        """Return values less the mean, in units of the deviation; a new array."""
        kind = values.dtype
        unit = -self.exponent
        centred = scaled(values, unit) - scaled(self.mean, unit).astype(kind)
        return np.asarray(centred / scaled(self.deviation, unit).astype(kind))

    def restored(self, values: np.ndarray) -> np.ndarray:
        """Return the values of which `standardized` made these; the mean of a constant neuron."""
        deviation = np.where(np.isfinite(self.deviation), self.deviation, 0)
        return np.asarray(values * deviation.astype(values.dtype) + self.mean.astype(values.dtype))


def neuron_moments(values: np.ndarray) -> NeuronMoments:
    """Return mean and standard deviation of each neuron over trials and times.

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) float array, or with more axes
        NaN is missing. A neuron that was never observed has mean 0.
    """
    kind = values.dtype
    over: dict[str, Any] = {"axis": (0, *range(2, values.ndim)), "keepdims": True}
    observed = ~np.isnan(values)
    # In a unit of its own each neuron's squares fit.
    size = np.abs(values).max(where=observed, initial=0, **over)
    exponent = np.frexp(size)[1]
    values = scaled(values, -exponent)
    # Not by np.nanmean, which would warn about a neuron that was never observed.
    count = np.maximum(observed.sum(**over), 1)
    mean = values.sum(dtype=float, where=observed, **over) / count
    centred = values - mean.astype(kind)
    power = np.square(centred).sum(dtype=float, where=observed, **over) / count
    deviation = np.sqrt(power)
    largest = np.abs(values).max(where=observed, initial=0, **over)
    constant = deviation.astype(kind) <= 10 * np.finfo(kind).eps * largest
    deviation = np.where(constant, np.inf, deviation)
    return NeuronMoments(scaled(mean, exponent), scaled(deviation, exponent), exponent)


def not_negative(values: np.ndarray, kind: str) -> np.ndarray:
    """Return values as floats, and refuse any below zero.

    Parameters
    ----------
    values : ndarray
    kind : str
        The transform that error messages speak of.

    Raises
    ------
    ValueError
        Saying how many values are negative.
    """
    n_negative = np.count_nonzero(values < 0)
    if n_negative:
        raise ValueError(
            f"transform: {kind!r} needs values that are not negative, but {n_negative} of "
            f"{values.size} are (least: {np.nanmin(values):g}); use 'zscore' or 'none'"
        )
    return as_float(values)


def as_float(values: np.ndarray) -> np.ndarray:
    """Return floats as they are, and anything else as float64."""
    return values if values.dtype.kind == "f" else values.astype(np.float64)


TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": _none,
    "sqrt": _sqrt,
    "log1p": _log1p,
    "zscore": _zscore,
}
