"""Factors and components to and from other libraries."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trialtensor.models import TCA, SliceTCA


def to_tensorly(model: "TCA") -> Any:
    """Return a fitted TCA as a `tensorly.cp_tensor.CPTensor`.

    Parameters
    ----------
    model : TCA
        Fitted.

    Returns
    -------
    CPTensor
        Weights (n_components,) and copies of the trial, neuron and time factors.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If `model` is not fitted.

    Examples
    --------
    >>> import tensorly
    >>> from trialtensor.data import make_tca
    >>> from trialtensor.io import to_tensorly
    >>> from trialtensor.models import TCA
    >>> model = TCA(2, random_state=0).fit(make_tca(20, 10, 15, 2, random_state=0).X)
    >>> tensorly.cp_to_tensor(to_tensorly(model)).shape
    (20, 10, 15)
    """
    from sklearn.utils.validation import check_is_fitted
    from tensorly.cp_tensor import CPTensor

    check_is_fitted(model)
    factors = [
        getattr(model, f"{axis}_factors_", np.empty(0)) for axis in ("trial", "neuron", "time")
    ]
    if any(np.ndim(factor) != 2 for factor in factors):
        raise ValueError(
            f"model: expected a TCA, whose components are three vectors, got {type(model).__name__}"
        )
    return CPTensor((model.weights_.copy(), [factor.copy() for factor in factors]))


def from_tensorly(cp_tensor: Any) -> "TCA":
    """Return a fitted TCA with the factors of a tensorly CP tensor.

    Parameters
    ----------
    cp_tensor : CPTensor, or (weights, [trial, neuron, time])
        Factors (n_axis, n_components), not normalized or normalized; weights may be None.

    Returns
    -------
    TCA
        Ready for `transform`, `score`, `reconstruct` and plots.

    Raises
    ------
    ValueError
        If there are not three factor matrices with one column a component.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly.decomposition import parafac
    >>> from trialtensor.data import make_tca
    >>> from trialtensor.io import from_tensorly
    >>> model = from_tensorly(parafac(make_tca(20, 10, 15, 2, random_state=0).X, 2))
    >>> model.neuron_factors_.shape
    (10, 2)
    """
    from trialtensor.models import TCA

    weights, factors = cp_tensor
    factors = [np.asarray(factor) for factor in factors]
    shapes = [factor.shape for factor in factors]
    if len(factors) != 3 or any(len(s) != 2 or s[1] != shapes[0][1] for s in shapes):
        raise ValueError(
            "cp_tensor: expected trial, neuron and time factors (n_axis, n_components) with one "
            f"number of components, got shapes {shapes}"
        )
    n_components = shapes[0][1]
    weights = np.ones(n_components) if weights is None else np.asarray(weights)
    if weights.shape != (n_components,):
        raise ValueError(
            f"cp_tensor: expected {n_components} weights, one a component, "
            f"got shape {weights.shape}"
        )
    return TCA._from_factors(weights, factors)


def from_slicetca(components: Any, *, gauge: str = "minimal-norm") -> "SliceTCA":
    """Return a fitted SliceTCA with the components of the slicetca package.

    Parameters
    ----------
    components : nested sequence
        What ``slicetca.decompose`` returns first, or ``model.get_components(numpy=True)``: for
        trials, neurons and times (the axes of the data, in this order) a pair of loadings
        ``(n_components, n_axis)`` and slices ``(n_components, ...)``.
    gauge : str
        As for `trialtensor.models.SliceTCA`; the components needn't have been through
        ``slicetca.invariance``.

    Returns
    -------
    SliceTCA
        Ready for `transform`, `score`, `reconstruct` and plots.

    Raises
    ------
    ValueError
        If there are not three pairs, or their shapes don't fit each other.

    Examples
    --------
    >>> from trialtensor.data import make_slicetca
    >>> from trialtensor.io import from_slicetca
    >>> data = make_slicetca(20, 10, 15, (1, 1, 2), random_state=0)
    >>> pairs = [(u.T, s) for u, s in zip(data.loadings, data.slices)]
    >>> from_slicetca(pairs).time_slices_.shape
    (2, 20, 10)
    """
    from trialtensor.models import SliceTCA

    if len(components) != 3 or any(len(pair) != 2 for pair in components):
        raise ValueError(
            "components: expected three pairs of loadings and slices, for trials, neurons and "
            f"times, got lengths {[len(pair) for pair in components]}"
        )
    loadings = [np.asarray(loading).T for loading, _ in components]
    return SliceTCA._from_components(loadings, [slices for _, slices in components], gauge=gauge)
