"""Starting points of TCA, random or given."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.axes import AXES
from trialtensor.models.observed import FitInput
from trialtensor.solvers.result import Factors


def check_rank(n_components: int, data: FitInput) -> None:
    """Refuse more components than the data can determine.

    Raises
    ------
    ValueError
        Saying how many it can.
    """
    n_trials, n_neurons, n_times = data.problem.shape
    largest = min(n_trials * n_neurons, n_trials * n_times, n_neurons * n_times)
    if n_components > largest:
        raise ValueError(
            f"n_components: got {n_components}, but data of {n_trials} trials x {n_neurons} "
            f"neurons x {n_times} time bins has at most {largest} components"
        )
    n_observed = data.summary["n_observed"]
    if n_components > n_observed:
        raise ValueError(
            f"n_components: got {n_components}, but only {n_observed} values are observed"
        )


def given_factors(
    init: Any, n_components: int, data: FitInput, nonnegative: tuple[bool, bool, bool]
) -> Factors:
    """Check factors to start from against the data, and drop the rows of its empty slices.

    Raises
    ------
    ValueError
        For factors of another shape, with NaN, or of a model that isn't fitted.
    """
    ready = []
    for axis, factor, kept, positive in zip(
        AXES, _factor_matrices(init), data.kept, nonnegative, strict=True
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
    return ready[0], ready[1], ready[2]


class CPWeights(NamedTuple):
    """tensorly's plain form of a CP tensor."""

    weights: Any
    factors: Any


def _factor_matrices(init: Any) -> list[np.ndarray]:
    if hasattr(init, "trial_factors_"):
        return [init.trial_factors_ * init.weights_, init.neuron_factors_, init.time_factors_]
    if hasattr(init, "factors") and hasattr(init, "weights"):
        weights = 1.0 if init.weights is None else as_floats(init.weights, "init", None)
        first, *others = (as_floats(f, "init", None) for f in init.factors)
        factors = [first * weights, *others]
    elif isinstance(init, (tuple, list)) and len(init) == 2:
        return _factor_matrices(CPWeights(*init))
    elif isinstance(init, (tuple, list)):
        factors = [as_floats(f, "init", None) for f in init]
    elif hasattr(init, "get_params"):
        raise ValueError(
            f"init: got a {type(init).__name__} that is not fitted; scikit-learn's clone (as in "
            "GridSearchCV) makes it so: give its factors instead"
        )
    else:
        raise ValueError(
            "init: expected one of ('svd', 'random'), three factor matrices, a CPTensor or a "
            f"fitted TCA, got {type(init).__name__}"
        )
    if len(factors) != 3:
        raise ValueError(f"init: expected three factor matrices, got {len(factors)}")
    return factors
