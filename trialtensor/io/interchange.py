"""Factors and components to and from other libraries."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.arrays import as_floats, column_exponents, scaled
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Fitted

if TYPE_CHECKING:
    from trialtensor.models import TCA, SliceTCA

# Largest difference allowed between the cross products of two blocks, for unit columns.
_SAME = 1e-5
# Of a power of two: components from 1e-100 to 1e100.
LARGEST_EXPONENT = 332


def to_tensorly(model: TrialEstimator) -> Any:
    """Return the components of a fitted model as an object of tensorly.

    Parameters
    ----------
    model : fitted model
        A TCA, or another model each of whose components is a trial, a neuron and a time vector;
        or a Parafac2, whose neuron (or time) vectors differ between blocks of trials.

    Returns
    -------
    CPTensor or Parafac2Tensor
        Of a TCA weights (n_components,) and copies of the factors of all its axes. Of a
        Parafac2 a `tensorly.parafac2_tensor.Parafac2Tensor` with a slice for each trial, whose
        first axis is that which differs between blocks: neurons x times, or times x neurons with
        ``varying="time"``. Trials, neurons and times without data are NaN in a CPTensor and 0 in a
        Parafac2Tensor, whose projections are orthonormal.

    Raises
    ------
    ValueError
        For models whose components are something else.
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
    if not isinstance(model, TrialEstimator):
        raise ValueError(f"model: expected a fitted model, got {type(model).__name__}")
    check_is_fitted(model)
    from tensorly.cp_tensor import CPTensor
    from tensorly.parafac2_tensor import Parafac2Tensor

    fitted = model.fitted_
    factors = [_shared_factor(fitted, axis) for axis in fitted.axes]
    varying = [axis for axis, factor in zip(fitted.axes, factors, strict=True) if factor is None]
    known = [factor for factor in factors if factor is not None]
    weights = np.array([component.scales.get(None, np.nan) for component in fitted.components])
    n_axes = len(fitted.axes)
    if len(known) == n_axes and _has_only(fitted, n_axes):
        return CPTensor((weights.astype(known[0].dtype), [factor.copy() for factor in known]))
    if len(known) == 2 and varying != ["trial"] and fitted.blocks:
        projections, cross = _projections(fitted, varying[0])
        if projections:
            trial, shared = (np.nan_to_num(factor) for factor in known)
            return Parafac2Tensor((weights, [trial, cross, shared], projections))
    raise ValueError(
        "model: expected a TCA, whose components are three vectors, or a Parafac2, got "
        f"{type(model).__name__}; give its arrays by themselves, see its to_xarray"
    )


def _has_only(fitted: Fitted, n_parts: int) -> bool:
    return all(len(component.parts) == n_parts for component in fitted.components)


def _shared_factor(fitted: Fitted, axis: str) -> np.ndarray | None:
    """Return the (n_axis, n_components) factors, if each component has exactly one for all data."""
    columns = []
    for component in fitted.components:
        parts = component.vectors(axis)
        if len(parts) != 1 or parts[0].dataset is not None or parts[0].block is not None:
            return None
        columns.append(parts[0].values)
    return np.stack(columns, axis=1) if columns else None


def _projections(fitted: Fitted, axis: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Return each trial's orthonormal patterns ``P_k`` and their mixture ``B``, ``B_k = P_k B``.

    No patterns where the inner products ``B_k' B_k`` differ, as they don't in a PARAFAC2.
    """
    patterns = {}
    for block in fitted.blocks:
        columns = [
            part.values
            for component in fitted.components
            for part in component.vectors(axis)
            if part.block == block and part.dataset is None
        ]
        if len(columns) != len(fitted.components) or not _has_only(fitted, 2 + len(fitted.blocks)):
            return [], np.empty(0)
        patterns[block] = np.nan_to_num(np.stack(columns, axis=1))
    products = np.array([each.T @ each for each in patterns.values()])
    known = products[products.any(axis=(1, 2))]
    if not len(known) or np.abs(known - known[0]).max() > _SAME:
        return [], np.empty(0)
    values, vectors = np.linalg.eigh(known.mean(axis=0))
    size = np.sqrt(np.maximum(values, np.finfo(float).eps))
    found: list[np.ndarray] = [np.empty(0)] * sum(map(len, fitted.blocks.values()))
    for block, trials in fitted.blocks.items():
        left, _, right = np.linalg.svd(patterns[block] @ vectors / size, full_matrices=False)
        for trial in trials:
            found[trial] = left @ right
    return found, size[:, None] * vectors.T


def from_tensorly(cp_tensor: Any) -> "TCA":
    """Return a fitted TCA with the factors of a tensorly CP tensor.

    Parameters
    ----------
    cp_tensor : CPTensor, or (weights, [trial, neuron, time])
        Factors (n_axis, n_components), not normalized or normalized; weights may be None. Of more
        than three the last are those of times, and others are called axis2, axis3, ...

    Returns
    -------
    TCA
        Ready for `transform`, `score`, `reconstruct` and plots.

    Raises
    ------
    ValueError
        If there are not three factor matrices or more with one column a component.

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
    factors = [as_floats(factor, "cp_tensor", None) for factor in factors]
    shapes = [factor.shape for factor in factors]
    if len(factors) < 3 or any(len(s) != 2 or s[1] != shapes[0][1] for s in shapes):
        raise ValueError(
            "cp_tensor: expected trial, neuron and time factors (n_axis, n_components) with one "
            f"number of components, got shapes {shapes}"
        )
    n_components = shapes[0][1]
    weights = np.ones(n_components) if weights is None else as_floats(weights, "cp_tensor", None)
    if weights.shape != (n_components,):
        raise ValueError(
            f"cp_tensor: expected {n_components} weights, one a component, "
            f"got shape {weights.shape}"
        )
    return TCA._from_factors(*_in_own_units(weights, factors))


def _in_own_units(
    weights: np.ndarray, factors: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Move powers of two from factors to weights, so that products of factors fit.

    Raises
    ------
    ValueError
        If a component is too large or too small for a float.
    """
    exponents = [column_exponents(factor) for factor in factors]
    total = np.frexp(weights.astype(float))[1] + np.sum(exponents, axis=0)
    alive = (weights != 0) & np.all([factor.any(axis=0) for factor in factors], axis=0)
    if np.abs(total[alive]).max(initial=0) > LARGEST_EXPONENT:
        raise ValueError(
            "cp_tensor: a component is beyond what float64 can multiply without losing it; use "
            "other units"
        )
    own = [scaled(factor, -each) for factor, each in zip(factors, exponents, strict=True)]
    kind = np.result_type(weights, *factors, np.float32)
    return scaled(weights.astype(kind), np.where(alive, np.sum(exponents, axis=0), 0)), own


def from_slicetca(components: Any, *, gauge: str = "minimal-norm") -> "SliceTCA":
    """Return a fitted SliceTCA with the components of the slicetca package.

    Parameters
    ----------
    components : nested sequence
        First result of ``slicetca.decompose``, or ``model.get_components(numpy=True)``: for
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
    loadings = [as_floats(loading, "components", None).T for loading, _ in components]
    slices = [as_floats(each, "components", None) for _, each in components]
    exponents = [column_exponents(loading) for loading in loadings]
    own = [scaled(loading, -each) for loading, each in zip(loadings, exponents, strict=True)]
    with_size = [
        scaled(each, exponent[:, None, None])
        if each.ndim == 3 and len(each) == len(exponent)
        else each
        for each, exponent in zip(slices, exponents, strict=True)
    ]
    largest = max((np.abs(each).max(initial=0) for each in with_size), default=0.0)
    if largest and abs(int(np.frexp(largest)[1])) > LARGEST_EXPONENT:
        raise ValueError(
            "components: one is beyond what float64 can multiply without losing it; use other units"
        )
    return SliceTCA._from_components(own, with_size, gauge=gauge)
