"""What is common to the trials of a condition: means, and their removal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import as_names, complete_labels
from trialtensor.data.per_entry import one_each
from trialtensor.preparation.base import TrialTransformer, values_of

if TYPE_CHECKING:
    import xarray


class SubtractConditionMean(TrialTransformer):
    """Subtract the mean time course of each neuron, over the trials of a condition or over all.

    What stays of a condition is how its trials differ from each other; without ``by`` what stays is
    how all trials differ from their common course, the condition-invariant part.

    Parameters
    ----------
    by : str or (n_trials,) labels, optional
        A coordinate of the trials, which is read anew from all data that is given, and so works in
        cross-validation; or a label for each trial, for data with as many trials as the fit. By
        default all trials are one condition.

    Attributes
    ----------
    conditions_ : list
        Labels of the conditions; [0] without ``by``.
    means_ : (n_conditions, n_neurons, n_times) array
        NaN where a condition was never observed.

    Raises
    ------
    ValueError
        For a trial without a label, and for new trials of a condition that the fit didn't have.

    References
    ----------
    Churchland et al. 2012 for the mean over conditions; Kaufman et al. 2016, "The largest response
    component in the motor cortex reflects movement timing but not movement type".

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import SubtractConditionMean
    >>> X = np.array([[[1.0, 2.0]], [[3.0, 2.0]], [[7.0, 8.0]]])
    >>> SubtractConditionMean(["left", "left", "right"]).fit_transform(X)[:, 0]
    array([[-1.,  0.],
           [ 1.,  0.],
           [ 0.,  0.]])
    """

    def __init__(self, by: Any = None) -> None:
        self.by = by

    def inverse_transform(self, X: Any) -> Any:
        """Add the means of the trials' conditions.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            With the labels of its trials, as for ``transform``.
        """
        labelled = self._taken(X)
        values = values_of(labelled)
        found = values + self._means_of(labelled).astype(values.dtype)
        return self._undone(labelled.copy(data=found), X)

    def _fit(self, X: xarray.DataArray) -> None:
        found = list(condition_means(values_of(X), conditions_of(X, self.by)))
        self.conditions_ = [label for label, _ in found]
        self.means_ = np.stack([mean for _, mean in found])

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        values = values_of(X)
        return X.copy(data=values - self._means_of(X).astype(values.dtype))

    def _means_of(self, X: xarray.DataArray) -> np.ndarray:
        """Return the mean that belongs to each trial, (n_trials, n_neurons, n_times)."""
        if X.sizes["time"] != self.means_.shape[2]:
            raise ValueError(
                f"X: expected the {self.means_.shape[2]} time bins of the fit, got "
                f"{X.sizes['time']}"
            )
        labels = as_names(conditions_of(X, self.by))
        places = {label: i for i, label in enumerate(self.conditions_)}
        unknown = [label for label in labels if label not in places]
        if unknown:
            raise ValueError(
                f"by: {len(unknown)} of {len(labels)} trials are of conditions without a mean, "
                f"such as {unknown[0]!r}; the fit had {self.conditions_}"
            )
        return np.asarray(self.means_[[places[label] for label in labels]])


def conditions_of(X: xarray.DataArray, by: Any, name: str = "by") -> np.ndarray:
    """Return the label of each trial.

    Parameters
    ----------
    X : xarray.DataArray
    by : str or (n_trials,) labels, or None
        A coordinate of the trials, or the labels themselves; None for a single condition.
    name : str
        Argument name used in error messages.

    Raises
    ------
    ValueError
        If there is no such coordinate, or a trial has no label.
    """
    if by is None:
        return np.zeros(X.sizes["trial"], int)
    if isinstance(by, str):
        known = [str(key) for key, coord in X.coords.items() if coord.dims == ("trial",)]
        if by not in known:
            raise ValueError(
                f"{name}: the data has no coordinate {by!r} along its trials; it has "
                f"{known or 'none'}"
            )
        labels = X.coords[by].to_numpy()
    else:
        along = X.coords["trial"].to_numpy() if "trial" in X.coords else None
        labels = one_each(
            by, X.sizes["trial"], name, along=along, expected="a label for each trial"
        )
    return complete_labels(labels, name, "trial needs a condition")


def condition_means(values: np.ndarray, labels: np.ndarray) -> Iterator[tuple[Any, np.ndarray]]:
    """Yield each condition and the mean of its trials, in the order of their labels.

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) array
        NaN is missing.
    labels : (n_trials,) array from `conditions_of`

    Yields
    ------
    label
    (n_neurons, n_times) array
        NaN where no trial was observed.
    """
    kinds, of_trial = np.unique(labels, return_inverse=True)
    for i, label in enumerate(as_names(kinds)):
        yield label, mean_of(values[of_trial == i])


def mean_of(values: np.ndarray) -> np.ndarray:
    """Return the mean over trials of what was observed, without a warning where nothing was.

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) array
    """
    seen = ~np.isnan(values)
    count = seen.sum(axis=0)
    total = values.sum(axis=0, where=seen, dtype=np.float64)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
