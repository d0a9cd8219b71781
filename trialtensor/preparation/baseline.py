"""Activity relative to a baseline window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_choice
from trialtensor.data.time_axis import check_window, times_of
from trialtensor.preparation.base import TrialTransformer, values_of

if TYPE_CHECKING:
    import xarray

_EACH = ("trial", "neuron")
RECORD = "baseline"


class SubtractBaseline(TrialTransformer):
    """Subtract the mean activity within a window of time.

    Parameters
    ----------
    window : (start, stop)
        Times of the window in the units of the time coordinate (s): bins whose centre is at
        ``start`` or later and before ``stop``. Without a time coordinate, numbers of bins.
    each : {"trial", "neuron"}, default "trial"
        "trial": each trial of each neuron has a baseline of its own, whose noise is then in all of
        its bins; NaN where the window wasn't observed. "neuron": one of all trials of the fit.

    Attributes
    ----------
    baseline_ : (n_neurons,) array
        Mean over trials and bins of the window; NaN for a neuron that wasn't observed there.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import SubtractBaseline
    >>> SubtractBaseline((0, 2)).fit_transform(np.array([[[1.0, 3.0, 5.0]], [[0.0, 0.0, 5.0]]]))
    array([[[-1.,  1.,  3.]],
    <BLANKLINE>
           [[ 0.,  0.,  5.]]])
    """

    def __init__(self, window: Any, *, each: str = "trial") -> None:
        self.window = window
        self.each = each

    def inverse_transform(self, X: Any) -> Any:
        """Add the baseline, to rounding.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            With ``each="trial"`` a labelled result of ``transform``, which has the baselines as its
            coordinate "baseline" along trials and neurons.

        Raises
        ------
        ValueError
            If the baselines of single trials aren't known.
        """
        labelled = self._taken(X)
        values = values_of(labelled)
        if self.each == "neuron":
            found = values + self.baseline_.astype(values.dtype)[:, None]
            return self._undone(labelled.copy(data=found), X)
        if RECORD not in labelled.coords:
            raise ValueError(
                "X: expected a labelled result of transform, whose coordinate 'baseline' has the "
                "baseline of each trial; there is none"
            )
        record = labelled.coords[RECORD].transpose("trial", "neuron").to_numpy()
        found = values + record.astype(values.dtype)[:, :, None]
        return self._undone(labelled.copy(data=found).drop_vars(RECORD), X)

    def _check(self) -> None:
        check_choice("each", self.each, _EACH)
        check_window(self.window)

    def _fit(self, X: xarray.DataArray) -> None:
        values = values_of(X)[:, :, self._inside(X)]
        self.baseline_ = _mean(values, (0, 2))

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        values = values_of(X)
        if self.each == "neuron":
            return X.copy(data=values - self.baseline_.astype(values.dtype)[:, None])
        own = _mean(values[:, :, self._inside(X)], (2,))
        found = X.copy(data=values - own.astype(values.dtype)[:, :, None])
        return found.assign_coords({RECORD: (("trial", "neuron"), own)})

    def _inside(self, X: xarray.DataArray) -> np.ndarray:
        start, stop = check_window(self.window)
        times = times_of(X)
        inside = (times >= start) & (times < stop)
        if not inside.any():
            raise ValueError(
                f"window: no bin has its centre from {start:g} to {stop:g}; the times of the data "
                f"go from {times[0]:g} to {times[-1]:g}"
            )
        return inside


def _mean(values: np.ndarray, axis: tuple[int, ...]) -> np.ndarray:
    seen = ~np.isnan(values)
    count = seen.sum(axis=axis)
    total = values.sum(axis=axis, where=seen, dtype=np.float64)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
