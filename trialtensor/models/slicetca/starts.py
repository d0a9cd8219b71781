"""Component counts of SliceTCA, and given starting points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.axes import AXES
from trialtensor.models.observed import FitInput
from trialtensor.models.parameters import check_whole

_COUNTS = "three counts, of trial-, neuron- and time-slicing components"


def as_ranks(n_components: Any) -> tuple[int, int, int]:
    """Return the counts of trial-, neuron- and time-slicing components.

    Raises
    ------
    ValueError
        For anything but three counts, not all zero.
    """
    counts = n_components
    if isinstance(counts, np.ndarray):
        counts = counts.tolist()
    if not isinstance(counts, Sequence) or isinstance(counts, str) or len(counts) != 3:
        raise ValueError(f"n_components: expected {_COUNTS}, got {n_components!r}")
    for axis, count in zip(AXES, counts, strict=True):
        check_whole(f"n_components ({axis}-slicing)", count, 0)
    if not any(counts):
        raise ValueError(
            "n_components: (0, 0, 0) is a model without components, which explains nothing; "
            "at least one count must be positive"
        )
    trial, neuron, time = (int(count) for count in counts)
    return trial, neuron, time


def check_ranks(ranks: tuple[int, int, int], data: FitInput) -> None:
    """Refuse more components of a type than its axis has entries.

    Raises
    ------
    ValueError
        Naming the axis.
    """
    for axis, rank, n in zip(AXES, ranks, data.problem.X.shape, strict=True):
        if rank > n:
            raise ValueError(
                f"n_components: got {rank} {axis}-slicing components, but the data has {n} "
                f"{axis}s with any data; at most that many loadings are independent"
            )


def given_loadings(
    init: Any, ranks: tuple[int, int, int], data: FitInput, *, nonnegative: bool
) -> list[np.ndarray]:
    """Check loadings to start from against the data, and drop the rows of its empty slices.

    Raises
    ------
    ValueError
        For loadings of another shape, with NaN, or of a model that isn't fitted.
    """
    if hasattr(init, "trial_loadings_"):
        init = [getattr(init, f"{axis}_loadings_") for axis in AXES]
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
    for axis, loading, rank, kept in zip(AXES, init, ranks, data.kept, strict=True):
        loading = as_floats(loading, "init", None)
        if loading.shape != (len(kept), rank):
            raise ValueError(
                f"init: the {axis} loadings must have shape {(len(kept), rank)}, "
                f"got {loading.shape}"
            )
        loading = loading[kept]
        if not np.isfinite(loading).all():
            raise ValueError(f"init: the {axis} loadings have NaN or infinite values")
        loadings.append(_turned_up(loading) if nonnegative else loading)
    return loadings


def _turned_up(loading: np.ndarray) -> np.ndarray:
    """Turn the larger side of each column up, then set negative entries to zero."""
    up, down = (np.sum(np.maximum(side, 0) ** 2, axis=0) for side in (loading, -loading))
    return np.maximum(np.where(down > up, -loading, loading), 0)
