"""Numbers of components, of one type or of several."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from trialtensor.models.base import TrialEstimator

Counts = int | tuple[int, ...]


def as_counts(n_components: Any) -> Counts:
    """Convert a count or counts to a plain number or a tuple of plain numbers.

    Raises
    ------
    ValueError
        For anything else.

    Examples
    --------
    >>> as_counts(np.array([2, 0, 1])), as_counts(np.int64(3))
    ((2, 0, 1), 3)
    """
    try:
        if isinstance(n_components, (Sequence, np.ndarray)) and not isinstance(n_components, str):
            return tuple(_whole(each) for each in n_components)
        return _whole(n_components)
    except TypeError as error:
        raise ValueError(
            f"n_components: expected whole numbers or tuples of them, got {n_components!r}"
        ) from error


def _whole(value: Any) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError("a flag is no number")
    return operator.index(value)


def all_counts(n_components: Any) -> list[Counts]:
    """Convert a list of candidates.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(n_components, str) or not isinstance(n_components, Iterable):
        raise ValueError(
            "n_components: expected a list of candidates, such as range(1, 8), got "
            f"{n_components!r}"
        )
    return [as_counts(each) for each in n_components]


def candidates_of(estimator: TrialEstimator, n_components: Iterable[Any]) -> list[Counts]:
    """List the candidates with at least one component.

    With private components, a CoupledTCA without shared ones is a candidate too.
    """
    return [each for each in all_counts(n_components) if not _is_nothing(estimator, each)]


def with_counts(estimator: TrialEstimator, n_components: Counts, seed: Any) -> TrialEstimator:
    """Return an unfitted copy with these component counts and this seed."""
    model = clone(estimator).set_params(n_components=n_components)
    seeded = "random_state" in model.get_params(deep=False)
    return model.set_params(random_state=seed) if seeded else model


def nothing_like(n_components: Counts) -> Counts:
    """Return the counts for no components.

    Examples
    --------
    >>> nothing_like((2, 0, 1)), nothing_like(3)
    ((0, 0, 0), 0)
    """
    return (0,) * len(n_components) if isinstance(n_components, tuple) else 0


def size_of(n_components: Counts) -> int:
    """Return the number of components of all types together."""
    return sum(n_components) if isinstance(n_components, tuple) else n_components


def _is_nothing(estimator: TrialEstimator, n_components: Counts) -> bool:
    if n_components != nothing_like(n_components):
        return False
    try:
        with_counts(estimator, n_components, 0).check_parameters()
    except ValueError:
        return True
    return False
