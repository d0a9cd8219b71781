"""Options of a SliceTCA fit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SliceOptions:
    """Options of a SliceTCA fit.

    Attributes
    ----------
    ranks : three ints
        Trial-, neuron- and time-slicing components.
    nonnegative : bool
    gauge : str
        See :func:`trialtensor.solvers.slices.gauge.fix_gauge`.
    max_iter, tol : int, float
        Maximum number of sweeps, and the relative gain below which they stop.
    """

    ranks: tuple[int, int, int]
    nonnegative: bool
    gauge: str
    max_iter: int
    tol: float
