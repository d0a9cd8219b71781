"""Values of each neuron on another scale: square roots, soft normalisation, z-scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_choice, check_number
from trialtensor.data.transforms import neuron_moments, not_negative
from trialtensor.preparation.base import TrialTransformer, values_of
from trialtensor.preparation.conditions import condition_means, conditions_of

if TYPE_CHECKING:
    import xarray

_KINDS = ("sqrt", "anscombe")
_ANSCOMBE = 3 / 8


class SquareRoot(TrialTransformer):
    """Square roots of counts, whose variance then hardly depends on their mean.

    Parameters
    ----------
    kind : {"sqrt", "anscombe"}, default "sqrt"
        "sqrt" is ``sqrt(x)``, as `trialtensor.data.transform_values` has it; "anscombe" is
        ``2 sqrt(x + 3/8)``, whose variance is 1 for Poisson counts of mean 4 or more.

    References
    ----------
    Bartlett 1936; Anscombe 1948, "The transformation of Poisson, binomial and negative-binomial
    data".

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import SquareRoot
    >>> SquareRoot().fit_transform(np.array([[[0, 1, 4, 9]]]))
    array([[[0., 1., 2., 3.]]])
    """

    def __init__(self, kind: str = "sqrt") -> None:
        self.kind = kind

    def inverse_transform(self, X: Any) -> Any:
        """Return the squares, that is the counts of which these are the roots.

        Of a model's prediction this is no expected count: that is larger by the variance of the
        roots. A prediction below the root of zero counts as zero.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        """
        labelled = self._taken(X)
        values = values_of(labelled)
        if self.kind == "anscombe":
            found = np.maximum(values, 2 * _ANSCOMBE**0.5) ** 2 / 4 - _ANSCOMBE
        else:
            found = np.maximum(values, 0) ** 2
        return self._undone(labelled.copy(data=found.astype(values.dtype)), X)

    def _check(self) -> None:
        check_choice("kind", self.kind, _KINDS)

    def _fit(self, X: xarray.DataArray) -> None:
        not_negative(X.to_numpy(), "sqrt")

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        values = not_negative(X.to_numpy(), "sqrt")
        if self.kind == "anscombe":
            return X.copy(data=2 * np.sqrt(values + values.dtype.type(_ANSCOMBE)))
        return X.copy(data=np.sqrt(values))


class SoftNormalize(TrialTransformer):
    """Divide each neuron by its range plus a constant, so that strong neurons don't dominate.

    A neuron whose range is far below the constant stays small: its noise isn't blown up, as by
    z-scores.

    Parameters
    ----------
    constant : float, default 5.0
        In the units of the data. Churchland et al. use 5 spikes/s; of counts in bins of 20 ms that
        is 0.1.
    by : str or (n_trials,) labels, optional
        A coordinate of the trials, or a label for each: the range is then that of the means of
        conditions over time, as in Churchland et al. By default it is that of all single values,
        which for counts depends on their noise.

    Attributes
    ----------
    range_ : (n_neurons,) array
        Largest less smallest value; 0 for a neuron without data.
    scale_ : (n_neurons,) array
        What each neuron is divided by; 1 where range and constant are 0.

    References
    ----------
    Churchland, Cunningham, Kaufman et al. 2012, "Neural population dynamics during reaching",
    Nature 487: "soft" normalisation by range + 5 spikes/s.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import SoftNormalize
    >>> SoftNormalize(1.0).fit_transform(np.array([[[0.0, 9.0], [0.0, 1.0]]]))
    array([[[0. , 0.9],
            [0. , 0.5]]])
    """

    def __init__(self, constant: float = 5.0, *, by: Any = None) -> None:
        self.constant = constant
        self.by = by

    def inverse_transform(self, X: Any) -> Any:
        """Multiply by what was divided by.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        """
        labelled = self._taken(X)
        values = values_of(labelled) * self._along(labelled)
        return self._undone(labelled.copy(data=values), X)

    def _check(self) -> None:
        check_number("constant", self.constant, least=0)

    def _fit(self, X: xarray.DataArray) -> None:
        values = values_of(X)
        if self.by is not None:
            labels = conditions_of(X, self.by)
            values = np.stack([mean for _, mean in condition_means(values, labels)])
        seen = ~np.isnan(values)
        top = values.max(axis=(0, 2), where=seen, initial=-np.inf)
        bottom = values.min(axis=(0, 2), where=seen, initial=np.inf)
        self.range_ = np.where(seen.any(axis=(0, 2)), top - bottom, 0).astype(np.float64)
        scale = self.range_ + float(self.constant)
        self.scale_ = np.where(scale > 0, scale, 1.0)

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        return X.copy(data=values_of(X) / self._along(X))

    def _along(self, X: xarray.DataArray) -> np.ndarray:
        return self.scale_.astype(values_of(X).dtype)[:, None]


class ZScore(TrialTransformer):
    """Each neuron to mean 0 and standard deviation 1 over trials and times.

    The arithmetic is that of ``transform_values(X, "zscore")``; the moments are those of the trials
    of the fit, so that new trials are put on the same scale.

    Attributes
    ----------
    mean_, scale_ : (n_neurons,) arrays
        The scale of a constant neuron is infinite: it becomes 0, and comes back as its mean.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.preparation import ZScore
    >>> ZScore().fit_transform(np.array([[[1.0, 3.0]]]))
    array([[[-1.,  1.]]])
    """

    def inverse_transform(self, X: Any) -> Any:
        """Multiply by the standard deviation and add the mean.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        """
        labelled = self._taken(X)
        return self._undone(labelled.copy(data=self._moments.restored(values_of(labelled))), X)

    def _fit(self, X: xarray.DataArray) -> None:
        self._moments = neuron_moments(values_of(X))
        self.mean_ = self._moments.mean[0, :, 0]
        self.scale_ = self._moments.deviation[0, :, 0]

    def _transform(self, X: xarray.DataArray) -> xarray.DataArray:
        return X.copy(data=self._moments.standardized(values_of(X)))
