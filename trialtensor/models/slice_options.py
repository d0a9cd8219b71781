"""Checking what SliceTCA was told, and turning it into starting points."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.options import check_solver_options, check_whole, drawn_starts
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices import GAUGES

if TYPE_CHECKING:
    from trialtensor.models.slicetca import SliceTCA

_COUNTS = "three counts, of trial-, neuron- and time-slicing components"


def check_options(model: SliceTCA) -> tuple[int, int, int]:
    """Refuse parameters of SliceTCA that can't be used; return the counts of components.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    ranks = _ranks(model.n_components)
    check_solver_options(model)
    if not isinstance(model.nonnegative, (bool, np.bool_)):
        raise ValueError(f"nonnegative: expected True or False, got {model.nonnegative!r}")
    if model.gauge not in GAUGES:
        raise ValueError(f"gauge: expected one of {GAUGES}, got {model.gauge!r}")
    weight = model.missing_weight
    if not isinstance(weight, numbers.Real) or not 0 <= weight < 1:
        raise ValueError(f"missing_weight: expected a number in [0, 1), got {weight!r}")
    return ranks


def make_starts(model: SliceTCA, ranks: tuple[int, int, int], data: inputs.FitInput) -> list[Start]:
    """The starting point of every restart, given ones checked against the data."""
    for axis, rank, n in zip(inputs.AXES, ranks, data.problem.X.shape, strict=True):
        if rank > n:
            raise ValueError(
                f"n_components: got {rank} {axis}-slicing components, but the data has {n} "
                f"{axis}s with any data; at most that many loadings are independent"
            )
    if isinstance(model.init, str):
        return drawn_starts(model)
    loadings = _given(model.init, ranks, data)
    if model.nonnegative:
        loadings = [_turned_up(loading) for loading in loadings]
    return [Start("given", factors=loadings)]


def _ranks(n_components: Any) -> tuple[int, int, int]:
    counts = n_components
    if isinstance(counts, np.ndarray):
        counts = counts.tolist()
    if not isinstance(counts, Sequence) or isinstance(counts, str) or len(counts) != 3:
        raise ValueError(f"n_components: expected {_COUNTS}, got {n_components!r}")
    for axis, count in zip(inputs.AXES, counts, strict=True):
        check_whole(f"n_components ({axis}-slicing)", count, 0)
    if not any(counts):
        raise ValueError(
            "n_components: (0, 0, 0) is a model without components, which explains nothing; "
            "at least one count must be positive"
        )
    trial, neuron, time = (int(count) for count in counts)
    return trial, neuron, time


def _given(init: Any, ranks: tuple[int, int, int], data: inputs.FitInput) -> list[np.ndarray]:
    if hasattr(init, "trial_loadings_"):
        init = [getattr(init, f"{axis}_loadings_") for axis in inputs.AXES]
    elif hasattr(init, "get_params"):
        raise ValueError(
            f"init: got a {type(init).__name__} that is not fitted; scikit-learn's clone (as in "
            "GridSearchCV) makes it so: give its loadings instead"
        )
    if not isinstance(init, (tuple, list)) or len(init) != 3:
        raise ValueError(
            "init: expected 'svd', 'random', three loading matrices or a fitted SliceTCA, got "
            f"{type(init).__name__}"
        )
    loadings = []
    for axis, loading, rank, kept in zip(inputs.AXES, init, ranks, data.kept, strict=True):
        loading = np.asarray(loading)
        if loading.shape != (len(kept), rank):
            raise ValueError(
                f"init: the {axis} loadings must have shape {(len(kept), rank)}, "
                f"got {loading.shape}"
            )
        loading = loading[kept]
        if not np.isfinite(loading).all():
            raise ValueError(f"init: the {axis} loadings have NaN or infinite values")
        loadings.append(loading)
    return loadings


def _turned_up(loading: np.ndarray) -> np.ndarray:
    """Each column without what is below zero, after turning its larger side up."""
    up, down = (np.sum(np.maximum(side, 0) ** 2, axis=0) for side in (loading, -loading))
    return np.maximum(np.where(down > up, -loading, loading), 0)
