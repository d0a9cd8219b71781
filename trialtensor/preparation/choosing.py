"""Neurons that are worth fitting: by rate, by presence, by labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.labels import as_names, plain_labels
from trialtensor.data.parameters import check_number
from trialtensor.data.time_axis import bin_width
from trialtensor.data.validation import as_trial_tensor
from trialtensor.preparation.base import TrialTransformer, neuron_labels

if TYPE_CHECKING:
    import xarray


class SelectNeurons(TrialTransformer):
    """Keep the neurons that meet all of the conditions given.

    Parameters
    ----------
    min_rate, max_rate : float, optional
        Limits, both included, of the mean rate in spikes/s: the mean of the counts over the width
        of a bin.
    min_mean, max_mean : float, optional
        Limits of the mean of the observed values, in their units.
    min_presence : float in [0, 1], optional
        Least share of the entries that were observed.
    where : dict, optional
        Coordinate of the neurons -> a label, or a list of labels, to keep.
    bin_size : float, optional
        Width of a bin in seconds. By default what the data says: its attribute ``bin_size``, or the
        step of its time coordinate.

    Attributes
    ----------
    support_ : (n_neurons,) bool array
    mean_, presence_ : (n_neurons,) arrays
        Mean of the observed values, NaN without any; share of entries that were observed.

    Raises
    ------
    ValueError
        If no neuron is left.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import SelectNeurons
    >>> X = np.array([[[0, 0, 1, 0], [2, 3, 2, 3]]])
    >>> SelectNeurons(min_rate=50, bin_size=0.02).fit(X).get_support()
    array([False,  True])
    """

    def __init__(
        self,
        *,
        min_rate: float | None = None,
        max_rate: float | None = None,
        min_mean: float | None = None,
        max_mean: float | None = None,
        min_presence: float | None = None,
        where: Mapping[str, Any] | None = None,
        bin_size: float | None = None,
    ) -> None:
        self.min_rate = min_rate
        self.max_rate = max_rate
        self.min_mean = min_mean
        self.max_mean = max_mean
        self.min_presence = min_presence
        self.where = where
        self.bin_size = bin_size

    def get_support(self, indices: bool = False) -> np.ndarray:
        """Return which neurons are kept.

        Parameters
        ----------
        indices : bool
            Return their numbers instead of a mask.
        """
        check_is_fitted(self)
        return np.flatnonzero(self.support_) if indices else self.support_.copy()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the neurons that are kept.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of all neurons of the data.
        """
        check_is_fitted(self)
        return self._names_in(input_features)[self.support_]

    def inverse_transform(self, X: Any) -> Any:
        """Put the neurons back in their places, and NaN for those that were left out.

        Parameters
        ----------
        X : (n_trials, n_kept, n_times) array or xarray.DataArray
        """
        check_is_fitted(self)
        labelled = as_trial_tensor(X, many=False)
        known = None if self._neurons is None else self._neurons[self.support_]
        self._refuse_other_neurons(labelled, int(self.support_.sum()), known)
        places = np.full(len(self.support_), -1)
        places[self.support_] = np.arange(self.support_.sum())
        values = labelled.to_numpy()
        kind = values.dtype if values.dtype.kind == "f" else np.float64
        whole = np.full((len(values), len(places), values.shape[2]), np.nan, kind)
        whole[:, self.support_] = values
        found = labelled.isel(neuron=np.maximum(places, 0)).copy(data=whole)
        lost = [name for name, coord in found.coords.items() if "neuron" in coord.dims]
        found = found.drop_vars(lost)
        if self._coords is not None:
            found = found.assign_coords(self._coords)
        return self._undone(found, X)

    def _check(self) -> None:
        for name in ("min_rate", "max_rate", "min_mean", "max_mean"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name))
        if self.min_presence is not None:
            check_number("min_presence", self.min_presence, least=0, most=1)
        if self.bin_size is not None:
            check_number("bin_size", self.bin_size, above=0)
        if self.where is not None and not isinstance(self.where, Mapping):
            raise ValueError(
                "where: expected a dict of a coordinate and the labels to keep, such as "
                f"{{'region': 'M1'}}, got {self.where!r}"
            )

    def _fit(self, X: xarray.DataArray) -> None:
        values = X.to_numpy()
        seen = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
        count = seen.sum(axis=(0, 2))
        total = values.sum(axis=(0, 2), where=seen, dtype=np.float64)
        self.mean_ = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        self.presence_ = count / (values.shape[0] * values.shape[2])
        keep = self._within(X)
        for name, wanted in (self.where or {}).items():
            keep &= _labelled(X, name, wanted)
        if not keep.any():
            raise ValueError(
                f"SelectNeurons: none of the {len(keep)} neurons meets all conditions; means go "
                f"from {np.nanmin(self.mean_):g} to {np.nanmax(self.mean_):g}, presence from "
                f"{self.presence_.min():.0%} to {self.presence_.max():.0%}"
            )
        self.support_ = keep
        own = {name: each for name, each in X.coords.items() if each.dims == ("neuron",)}
        self._coords = {name: ("neuron", each.to_numpy()) for name, each in own.items()} or None

    def _within(self, X: xarray.DataArray) -> np.ndarray:
        rate: Any = self.mean_
        if self.min_rate is not None or self.max_rate is not None:
            step = bin_width(X) if self.bin_size is None else self.bin_size
            if step is None:
                raise ValueError(
                    "bin_size: a rate in spikes/s needs the width of the bins; give bin_size, data "
                    "with a time coordinate in seconds, or min_mean instead"
                )
            rate = self.mean_ / step
        limits = (
            (rate, self.min_rate, self.max_rate),
            (self.mean_, self.min_mean, self.max_mean),
            (self.presence_, self.min_presence, None),
        )
        keep = np.ones(len(self.mean_), bool)
        for values, least, most in limits:
            # Without data there is no mean, and no limit that it meets.
            keep &= (values >= least) if least is not None else True
            keep &= (values <= most) if most is not None else True
        return keep

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        return X.isel(neuron=np.flatnonzero(self.support_)).copy()


def _labelled(X: xarray.DataArray, name: str, wanted: Any) -> np.ndarray:
    known = [str(key) for key, coord in X.coords.items() if coord.dims == ("neuron",)]
    if name not in known:
        raise ValueError(
            f"where: the data has no coordinate {name!r} along its neurons; it has "
            f"{known or 'none'}"
        )
    found = neuron_labels(X) if name == "neuron" else plain_labels(X.coords[name].to_numpy())
    several = isinstance(wanted, (list, tuple, set, frozenset, np.ndarray))
    labels = set(as_names(plain_labels(list(wanted) if several else [wanted])))
    return np.array([label in labels for label in as_names(np.asarray(found))], bool)
