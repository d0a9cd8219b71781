"""Starting points of TCA, random or given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.more_axes import number_word, sizes_text
from trialtensor.models.observed import FitInput
from trialtensor.solvers.result import Factors


def check_rank(n_components: int, data: FitInput) -> None:
    """Refuse more components than the data can determine.

    Raises
    ------
    ValueError
        Saying how many it can.
    """
    shape = data.problem.shape
    # The product of all axes but the longest: so many components describe any data.
    largest = math.prod(shape) // max(shape)
    if n_components > largest:
        sizes = sizes_text(data.axes, shape).replace(" times", " time bins")
        raise ValueError(
            f"n_components: got {n_components}, but data of {sizes} has at most {largest} "
            "components"
        )
    n_observed = data.summary["n_observed"]
    if n_components > n_observed:
        raise ValueError(
            f"n_components: got {n_components}, but only {n_observed} values are observed"
        )


def given_factors(
    init: Any, n_components: int, data: FitInput, nonnegative: tuple[bool, ...]
) -> Factors:
    """Check factors to start from against the data, and drop the rows of its empty slices.

    Raises
    ------
    ValueError
        For factors of another shape, with NaN, or of a model that isn't fitted.
    """
    ready = []
    for axis, factor, kept, positive in zip(
        data.axes, _factor_matrices(init, data.axes), data.kept, nonnegative, strict=True
    ):
        expected = (len(kept), n_components)
        if factor.shape != expected:
            raise ValueError(
                f"init: the {axis} factor must have shape {expected}, got {factor.shape}"
            )
        factor = factor[kept].astype(data.problem.X.dtype)
        if not np.isfinite(factor).all():
            row = int(np.flatnonzero(~np.isfinite(factor).all(axis=1))[0])
            raise ValueError(f"init: the {axis} factor has NaN or infinite values in row {row}")
        ready.append(np.maximum(factor, 0) if positive else factor)
    return tuple(ready)


class CPWeights(NamedTuple):
    """tensorly's plain form of a CP tensor."""

    weights: Any
    factors: Any


def _factor_matrices(init: Any, axes: Sequence[str]) -> list[np.ndarray]:
    n_axes = number_word(len(axes))
    if hasattr(init, "factors_"):
        first, *others = init.factors_.values()
        factors = [first * init.weights_, *others]
    # Before a mapping, which a CPTensor is too.
    elif hasattr(init, "factors") and hasattr(init, "weights"):
        weights = 1.0 if init.weights is None else as_floats(init.weights, "init", None)
        first, *others = (as_floats(f, "init", None) for f in init.factors)
        factors = [first * weights, *others]
    elif isinstance(init, Mapping):
        factors = _by_axis(init, axes)
    elif isinstance(init, (tuple, list)) and len(init) == 2:
        return _factor_matrices(CPWeights(*init), axes)
    elif isinstance(init, (tuple, list)):
        factors = [as_floats(f, "init", None) for f in init]
    elif hasattr(init, "get_params"):
        raise ValueError(
            f"init: got a {type(init).__name__} that is not fitted; scikit-learn's clone (as in "
            "GridSearchCV) makes it so: give its factors instead"
        )
    else:
        raise ValueError(
            f"init: expected one of ('svd', 'random'), {n_axes} factor matrices, a CPTensor or a "
            f"fitted TCA, got {type(init).__name__}"
        )
    if len(factors) != len(axes):
        raise ValueError(f"init: expected {n_axes} factor matrices, got {len(factors)}")
    return factors


def _by_axis(init: Mapping[Any, Any], axes: Sequence[str]) -> list[np.ndarray]:
    if set(init) != set(axes):
        raise ValueError(f"init: expected a factor for each of {tuple(axes)}, got {list(init)}")
    return [as_floats(init[axis], "init", None) for axis in axes]
