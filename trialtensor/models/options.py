"""Checking what models are told, and turning it into starting points."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trialtensor.models import inputs
from trialtensor.solvers.runs import Start

if TYPE_CHECKING:
    from trialtensor.models.slicetca import SliceTCA
    from trialtensor.models.tca import TCA

_INITS = ("svd", "random")
_SOLVERS = ("auto", "full", "als")


def check_options(model: TCA) -> tuple[bool, bool, bool]:
    """Refuse parameters of TCA that can't be used; return the non-negative axes.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    check_whole("n_components", model.n_components, 1)
    check_solver_options(model)
    if model.solver not in _SOLVERS:
        raise ValueError(f"solver: expected one of {_SOLVERS}, got {model.solver!r}")
    return inputs.nonnegative_axes(model.nonnegative)


def check_solver_options(model: TCA | SliceTCA) -> None:
    """Refuse what no solver could be told: the parameters that all models have."""
    for name in ("n_init", "max_iter"):
        check_whole(name, getattr(model, name), 1)
    if not isinstance(model.tol, numbers.Real) or not 0 <= model.tol < 1:
        raise ValueError(f"tol: expected a number in [0, 1), got {model.tol!r}")
    if isinstance(model.init, str) and model.init not in _INITS:
        raise ValueError(f"init: expected one of {_INITS} or factors, got {model.init!r}")
    jobs = model.n_jobs
    if jobs is not None and (not isinstance(jobs, numbers.Integral) or jobs == 0):
        raise ValueError(f"n_jobs: expected None or an integer other than 0, got {jobs!r}")


def check_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is no integer of at least ``least``."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"{name}: expected an integer of at least {least}, got {value!r}")


def check_rank(n_components: int, shape: tuple[int, int, int], n_observed: int) -> None:
    """Refuse more components than the data can determine."""
    n_trials, n_neurons, n_times = shape
    largest = min(n_trials * n_neurons, n_trials * n_times, n_neurons * n_times)
    if n_components > largest:
        raise ValueError(
            f"n_components: got {n_components}, but data of {n_trials} trials x {n_neurons} "
            f"neurons x {n_times} time bins has at most {largest} components"
        )
    if n_components > n_observed:
        raise ValueError(
            f"n_components: got {n_components}, but only {n_observed} values are observed"
        )


def make_starts(model: TCA, data: inputs.FitInput) -> list[Start]:
    """The starting point of every restart, given ones checked against the data."""
    check_rank(model.n_components, data.problem.shape, data.summary["n_observed"])
    if not isinstance(model.init, str):
        return [Start("given", factors=_given(model, data))]
    return drawn_starts(model)


def drawn_starts(model: TCA | SliceTCA) -> list[Start]:
    """The first start as ``init`` says, the others at random, each with its own seed."""
    seeds = generator(model.random_state).integers(2**31, size=model.n_init)
    kinds = [model.init] + ["random"] * (model.n_init - 1)
    return [Start(kind, int(seed)) for kind, seed in zip(kinds, seeds, strict=True)]


def generator(random_state: Any) -> np.random.Generator:
    """A Generator from a seed, a Generator, a RandomState or None.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "random_state: expected None, a non-negative int, a numpy Generator or a "
            f"RandomState, got {random_state!r}"
        ) from error


def _given(model: TCA, data: inputs.FitInput) -> Any:
    factors = _factor_matrices(model.init)
    nonnegative = inputs.nonnegative_axes(model.nonnegative)
    ready = []
    for axis, factor, kept, positive in zip(
        inputs.AXES, factors, data.kept, nonnegative, strict=True
    ):
        expected = (len(kept), model.n_components)
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
        weights = 1.0 if init.weights is None else np.asarray(init.weights)
        first, *others = (np.asarray(f) for f in init.factors)
        factors = [first * weights, *others]
    elif isinstance(init, (tuple, list)) and len(init) == 2:
        return _factor_matrices(CPWeights(*init))
    elif isinstance(init, (tuple, list)):
        factors = [np.asarray(f) for f in init]
    elif hasattr(init, "get_params"):
        raise ValueError(
            f"init: got a {type(init).__name__} that is not fitted; scikit-learn's clone (as in "
            "GridSearchCV) makes it so: give its factors instead"
        )
    else:
        raise ValueError(
            f"init: expected one of {_INITS}, three factor matrices, a CPTensor or a fitted TCA, "
            f"got {type(init).__name__}"
        )
    if len(factors) != 3:
        raise ValueError(f"init: expected three factor matrices, got {len(factors)}")
    return factors
