"""Base class of transformers that take a trial tensor and return one."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.labels import plain_labels
from trialtensor.data.making import with_preparation, without_preparation
from trialtensor.data.parameters import check_choice
from trialtensor.data.validation import as_trial_tensor

if TYPE_CHECKING:
    import xarray

# Parameters that are shown in a record.
_PLAIN = (str, bool, int, float, tuple)
OUTPUTS = ("default", "xarray", "pandas", "polars")


class TrialTransformer(
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,  # type: ignore[call-arg]
):
    """Base class of transformers of trial tensors, for use alone or in a `Pipeline` before a model.

    Labelled data gives labelled results, arrays give arrays; both with axes in the order trial,
    neuron, time. NaN is missing, is left out of everything that is computed, and stays NaN. A kind
    of transformer supplies ``_check``, ``_fit``, ``_transform`` and, where there is an inverse,
    ``inverse_transform``.

    Attributes
    ----------
    n_features_in_ : int
        Number of neurons.
    feature_names_in_ : array of str
        Names of the neurons, if the data has text as coordinate of its neurons.
    """

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> Self:
        """Learn what the transform needs to know.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            Never modified. NaN is missing.
        y : ignored
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that can't be used, before any work is done.
        """
        self._check()
        labelled = as_trial_tensor(X, mask=mask, many=False)
        self.n_features_in_ = int(labelled.sizes["neuron"])
        self.__dict__.pop("feature_names_in_", None)
        self._neurons = neuron_labels(labelled)
        if self._neurons is not None and self._neurons.dtype.kind in "UO":
            self.feature_names_in_ = _names(self._neurons)
        self._fit(labelled)
        return self

    def transform(self, X: Any, *, mask: Any = None) -> Any:
        """Transform trials.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            With the neurons of the fit.
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        ndarray or xarray.DataArray
            Of the type of ``X``; a new array. The attribute ``prepared`` of a labelled one says
            what was done.
        """
        labelled = self._taken(X, mask)
        return self._given(with_preparation(self._transform(labelled), self._said()), X)

    def fit_transform(self, X: Any, y: Any = None, *, mask: Any = None) -> Any:
        """Fit, and transform the same trials.

        Parameters
        ----------
        X : as for ``fit``
        y : ignored
        mask : as for ``fit``, optional
        """
        return self.fit(X, y, mask=mask).transform(X, mask=mask)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the neurons of the result.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the neurons of the data; by default those of the fit, else neuron0, neuron1.

        Returns
        -------
        array of str
        """
        check_is_fitted(self)
        return self._names_in(input_features)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose the form of the result.

        Parameters
        ----------
        transform : {"default", "xarray", "pandas", "polars"}, optional
            "xarray": a DataArray, of arrays as well. "default": the type of the data. A tensor
            isn't a table, so "pandas" and "polars" change nothing here; they are accepted so that a
            `Pipeline` can ask its model for a table of trial factors.
        """
        if transform is not None:
            # Under the name that scikit-learn's `clone` keeps.
            form = check_choice("transform", transform, OUTPUTS)
            self._sklearn_output_config = {"transform": form}
        return self

    def _check(self) -> None:
        """Refuse parameters that can't be used."""

    def _fit(self, X: xarray.DataArray) -> None:
        """Learn from a labelled tensor."""

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        raise NotImplementedError

    def _taken(self, X: Any, mask: Any = None) -> xarray.DataArray:
        """Check data that is to be transformed."""
        check_is_fitted(self)
        labelled = as_trial_tensor(X, mask=mask, many=False)
        self._refuse_other_neurons(labelled, self.n_features_in_, self._neurons)
        return labelled

    def _undone(self, result: xarray.DataArray, X: Any) -> Any:
        """Return what an inverse gives in the form of the data, its record one step shorter."""
        return self._given(without_preparation(result, self._said()), X)

    def _said(self) -> str:
        """Return what is done on one line, with the parameters that aren't by default."""
        usual = signature(type(self)).parameters
        arguments = [
            f"{name}={value!r}" if isinstance(value, _PLAIN) else f"{name}=..."
            for name, value in self.get_params(deep=False).items()
            if value is not usual[name].default
        ]
        return f"{type(self).__name__}({', '.join(arguments)})"

    def _given(self, result: xarray.DataArray, X: Any) -> Any:
        """Return a result in the form of the data."""
        asked = getattr(self, "_sklearn_output_config", {}).get("transform")
        return result if asked == "xarray" or hasattr(X, "dims") else result.to_numpy()

    def _refuse_other_neurons(self, X: xarray.DataArray, n: int, known: Any) -> None:
        if X.sizes["neuron"] != n:
            raise ValueError(
                f"X: expected the {n} neurons that {type(self).__name__} was fitted to, got "
                f"{X.sizes['neuron']}"
            )
        given = neuron_labels(X)
        if known is None or given is None:
            return
        other = np.flatnonzero(given.astype(object) != known.astype(object))
        if len(other):
            i = int(other[0])
            raise ValueError(
                f"X: expected the neurons that {type(self).__name__} was fitted to in their order, "
                f"but {len(other)} of {n} differ; neuron {i} is {given[i]!r}, not {known[i]!r}"
            )

    def _names_in(self, input_features: Any) -> np.ndarray:
        n = self.n_features_in_
        if input_features is not None:
            names = np.asarray(input_features, dtype=object)
            if names.shape != (n,):
                raise ValueError(f"input_features: expected {n} names, got shape {names.shape}")
            return names
        if self._neurons is not None:
            return _names(self._neurons)
        return np.array([f"neuron{i}" for i in range(n)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def neuron_labels(X: xarray.DataArray) -> np.ndarray | None:
    """Return the coordinate of the neurons of a labelled tensor; None if it has none.

    Parameters
    ----------
    X : xarray.DataArray
    """
    if "neuron" not in X.coords or X.coords["neuron"].dims != ("neuron",):
        return None
    return plain_labels(X.coords["neuron"].to_numpy())


def values_of(X: xarray.DataArray) -> np.ndarray:
    """Return the values of a labelled tensor as floats.

    Parameters
    ----------
    X : xarray.DataArray
    """
    values = X.to_numpy()
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _names(labels: np.ndarray) -> np.ndarray:
    return np.array([str(i if each is None else each) for i, each in enumerate(labels)], object)
