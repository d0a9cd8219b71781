"""Data with more than three axes: the problem that is solved, and the names of what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from trialtensor.solvers.axis_groups import AxisGroups
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import Pattern, find_pattern
from trialtensor.solvers.passes.seen_axes import SeenAxes
from trialtensor.solvers.problems import DenseProblem


def as_many_axes(values: Any, observed: Any, norm2: float) -> ManyAxes:
    """Find the cheapest exact problem for data with any number of axes.

    Parameters
    ----------
    values : array with any number of axes, or Passes, trials first
        Zero where missing.
    observed : bool array of the same shape, SeenAxes, or None
    norm2 : float
        Sum of squares.
    """
    splits = AxisGroups.by_balance(values.shape)
    if observed is None:
        return ManyAxes(DenseProblem(splits[0].three_way(values), norm2), splits[0])
    # A split in which the missing entries have a pattern saves the passes over the mask.
    splits = [groups for groups in splits if groups.middle]
    seen = observed if isinstance(observed, SeenAxes) else None
    for groups in splits:
        pattern = _pattern(observed, groups)
        if pattern is not None:
            inner = DenseProblem(groups.three_way(values), norm2, pattern)
            return ManyAxes(inner, groups, seen=seen)
    X = splits[0].three_way(values)
    mask = splits[0].three_way(observed) if seen is None else seen
    return ManyAxes(MaskedProblem(X, mask, norm2), splits[0], seen=seen)


def _pattern(observed: Any, groups: AxisGroups) -> Pattern | None:
    if not isinstance(observed, SeenAxes):
        return find_pattern(groups.three_way(observed))
    n_trials, *others = groups.shape
    middle = math.prod(others[: groups.n_left - 1])
    shape = (n_trials, middle, math.prod(others) // middle)
    found = observed.repeats(shape, [groups.of(mode) for mode in range(3)])
    return None if found is None else Pattern(found[0].astype(float), found[1])


def pattern_name(observed: Any, axes: Sequence[str]) -> str:
    """Name the axes along which missing entries differ.

    Parameters
    ----------
    observed : bool array, SeenAxes, or None
    axes : names of its axes

    Examples
    --------
    >>> import numpy as np
    >>> seen = np.ones((2, 2, 3, 4), bool)
    >>> seen[1, 0] = False
    >>> pattern_name(seen, ("trial", "neuron", "frequency", "time"))
    'trial x neuron'
    """
    if observed is None:
        return "none"
    places = range(observed.ndim)
    if isinstance(observed, SeenAxes):
        differ = [i for i in places if observed.varies[i]]
    else:
        differ = [i for i in places if not (observed == observed.take([0], axis=i)).all()]
    whole = len(differ) in (0, len(axes))
    return "entries" if whole else " x ".join(axes[i] for i in differ)
