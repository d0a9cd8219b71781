"""Data with more than three axes: the problem that is solved, and the names of what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialtensor.solvers.axis_groups import AxisGroups
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.problems import DenseProblem


def as_many_axes(values: np.ndarray, observed: np.ndarray | None, norm2: float) -> ManyAxes:
    """Find the cheapest exact problem for data with any number of axes.

    Parameters
    ----------
    values : array with any number of axes, trials first
        Zero where missing.
    observed : bool array of the same shape, or None
    norm2 : float
        Sum of squares.
    """
    splits = AxisGroups.by_balance(values.shape)
    if observed is None:
        return ManyAxes(DenseProblem(splits[0].three_way(values), norm2), splits[0])
    # A split in which the missing entries have a pattern saves the passes over the mask.
    splits = [groups for groups in splits if groups.middle]
    for groups in splits:
        pattern = find_pattern(groups.three_way(observed))
        if pattern is not None:
            return ManyAxes(DenseProblem(groups.three_way(values), norm2, pattern), groups)
    X, mask = splits[0].three_way(values), splits[0].three_way(observed)
    return ManyAxes(MaskedProblem(X, mask, norm2), splits[0])


def pattern_name(observed: np.ndarray | None, axes: Sequence[str]) -> str:
    """Name the axes along which missing entries differ.

    Parameters
    ----------
    observed : bool array, or None
    axes : names of its axes

    Examples
    --------
    >>> seen = np.ones((2, 2, 3, 4), bool)
    >>> seen[1, 0] = False
    >>> pattern_name(seen, ("trial", "neuron", "frequency", "time"))
    'trial x neuron'
    """
    if observed is None:
        return "none"
    places = range(observed.ndim)
    differ = [i for i in places if not (observed == observed.take([0], axis=i)).all()]
    whole = len(differ) in (0, len(axes))
    return "entries" if whole else " x ".join(axes[i] for i in differ)
