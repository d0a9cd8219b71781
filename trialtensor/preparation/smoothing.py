"""Smoothing along time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialtensor.data.parameters import check_choice, check_flag, check_number
from trialtensor.data.time_axis import bin_width
from trialtensor.preparation.base import TrialTransformer, values_of

if TYPE_CHECKING:
    import xarray

_UNITS = ("seconds", "bins")
# Weights beyond this many standard deviations are left out, as SciPy does.
_REACH = 4.0


class Smooth(TrialTransformer):
    """Smooth each neuron on each trial with a Gaussian along time.

    Every value becomes the mean of the observed values near it, weighted by a Gaussian of their
    distance. Nothing is taken from beyond the ends of a trial or from missing bins, and nothing
    spreads from one trial or neuron to another.

    Parameters
    ----------
    width : float
        Standard deviation of the Gaussian; 0 changes nothing.
    unit : {"seconds", "bins"}, default "seconds"
        Seconds need a time coordinate, or an attribute ``bin_size``.
    fill : bool, default False
        Fill missing bins from those near them; they stay missing by default.

    Attributes
    ----------
    width_in_bins_ : float

    Notes
    -----
    Smooth noise is similar in neighbouring bins: hold out blocks of bins to choose a model
    (``TimeBlocks``), at least as long as the smoothing.

    References
    ----------
    Knutsson & Westin 1993, "Normalized and differential convolution", for missing values.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import Smooth
    >>> X = np.array([[[0.0, 0.0, 1.0, 0.0, np.nan]]])
    >>> Smooth(1, unit="bins").fit_transform(X).round(2)
    array([[[0.08, 0.26, 0.43, 0.35,  nan]]])
    """

    def __init__(self, width: float, *, unit: str = "seconds", fill: bool = False) -> None:
        self.width = width
        self.unit = unit
        self.fill = fill

    def _check(self) -> None:
        check_number("width", self.width, least=0)
        check_choice("unit", self.unit, _UNITS)
        check_flag("fill", self.fill)

    def _fit(self, X: xarray.DataArray) -> None:
        self.width_in_bins_ = self._in_bins(X)

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        values = values_of(X)
        return X.copy(data=smoothed(values, self._in_bins(X), fill=bool(self.fill)))

    def _in_bins(self, X: xarray.DataArray) -> float:
        if self.unit == "bins":
            return float(self.width)
        step = bin_width(X)
        if step is None:
            raise ValueError(
                "unit: a width in seconds needs data with a time coordinate in seconds, or an "
                "attribute bin_size; give the width in bins with unit='bins'"
            )
        return float(self.width) / step


def smoothed(values: np.ndarray, width: float, *, fill: bool = False) -> np.ndarray:
    """Return weighted means of the observed values along the last axis.

    Parameters
    ----------
    values : (..., n_times) float array
        NaN is missing.
    width : float
        Standard deviation of the Gaussian, in bins.
    fill : bool
        Also fill what is missing, as far as the Gaussian reaches.

    Returns
    -------
    array of the same shape
    """
    from scipy.ndimage import gaussian_filter1d

    if width == 0:
        return values.copy()
    how = {"axis": -1, "mode": "constant", "truncate": _REACH}
    gone = np.isnan(values)
    some = bool(gone.any())
    filled = np.where(gone, 0, values) if some else values
    total = gaussian_filter1d(filled, width, **how)
    seen = np.ones(values.shape[-1:]) if not some else (~gone).astype(values.dtype)
    weight = gaussian_filter1d(seen, width, **how)
    found = total / np.where(weight > 0, weight, 1)
    missing = (weight <= 0) if fill else gone
    return np.asarray(np.where(missing, np.nan, found), dtype=values.dtype)
