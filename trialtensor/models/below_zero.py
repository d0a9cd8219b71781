"""Data below zero, which a non-negative model can't reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.notices import warn
from trialtensor.models.parameters import nonnegative_axes
from trialtensor.solvers.passes import Passes


def is_nonnegative(nonnegative: Any, axes: Sequence[str] = AXES) -> bool:
    """Return whether no axis is free, so that a product of factors is never below zero.

    With a single free axis any data can be described, by enough components: nothing is out of
    reach for certain.
    """
    return all(nonnegative_axes(nonnegative, axes))


def unreachable_share(arrays: Iterable[tuple[np.ndarray | Passes, float]]) -> float:
    """Return the least share of the sum of squares that a non-negative model leaves.

    Nothing non-negative is nearer to a negative value than zero, so each leaves its square.

    Parameters
    ----------
    arrays : pairs of array and weight
        Zero where missing; the weight of squares in the loss.
    """
    below = total = 0.0
    for values, weight in arrays:
        if isinstance(values, Passes):
            whole, negative = values.squares_below_zero()
            total, below = total + weight * whole, below + weight * negative
            continue
        # A trial at a time: squares of all data would take as much memory again.
        for trial in values:
            squares = np.square(trial, dtype=np.float64)
            total += weight * float(squares.sum())
            below += weight * float(squares[trial < 0].sum())
    return below / total if total else 0.0


def warn_below_zero(
    nonnegative: Any,
    arrays: Iterable[tuple[np.ndarray | Passes, float]],
    axes: Sequence[str] = AXES,
) -> float:
    """Warn if all factors are non-negative, and data below zero; return the share out of reach."""
    if not is_nonnegative(nonnegative, axes):
        return 0.0
    share = unreachable_share(arrays)
    if share > 0:
        warn(
            f"nonnegative: the data has values below zero, which non-negative components can't "
            f"reach: {share_text(share)} of the sum of squares stays unexplained, however many "
            "there are. Leave nonnegative off, or use data that isn't centred, such as rates"
        )
    return share


def share_text(share: float) -> str:
    """Format a share in percent, with two digits and never as 0.

    Examples
    --------
    >>> share_text(0.487), share_text(0.0312), share_text(2e-7)
    ('49 %', '3.1 %', 'less than 0.01 %')
    """
    percent = 100 * share
    return "less than 0.01 %" if percent < 0.01 else f"{percent:.2g} %"
