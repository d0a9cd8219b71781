"""Single trials of data on a device, each solved by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import as_numpy, like, namespace
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.passes.jobs import pieces
from trialtensor.solvers.slices.block_sweeps import Blocks
from trialtensor.solvers.slices.each_trial import follow_each
from trialtensor.solvers.slices.some_trials import SomeTrials

# u, and the cells of B and C, trials first.
Own = tuple[Any, Any, Any]


def solve_there(
    block: Block, shared: Blocks, update: RowUpdater, missing_weight: float, tol: float
) -> Own:
    """Sweep with extrapolation until each trial's loss stops falling.

    Parameters
    ----------
    block : Block
    shared : Blocks
        What belongs to trials is where they begin.
    update : RowUpdater
    missing_weight : float
    tol : float
        Relative to a trial's loss.

    Returns
    -------
    three arrays
        (n_trials, R0), (n_trials, n_times, R1), (n_trials, n_neurons, R2), on the device.
    """
    found = []
    for piece in pieces(block):
        found.append(_follow(SomeTrials(piece, shared, update, missing_weight), update, tol))
    xp = namespace(block.values)
    u, cells_b, cells_c = (xp.concat(each, axis=0) for each in zip(*found, strict=True))
    return u, cells_b, cells_c


def _follow(trials: SomeTrials, update: RowUpdater, tol: float) -> Own:
    start = trials.own

    def sweep(point: Own) -> tuple[Own, np.ndarray]:
        if point is not start:
            trials.begin_at(point)
        trials.sweep()
        return trials.own, as_numpy(trials.squares())

    def ahead(best: Own, previous: Own, momentum: np.ndarray) -> Own:
        return _ahead(best, previous, momentum, nonnegative=update.nonnegative[0])

    return follow_each(start, trials.u.shape[0], sweep, _pick, ahead, tol=tol)


def _pick(which: np.ndarray, new: Own, old: Own) -> Own:
    if which.all():
        return new
    xp = namespace(new[0])
    u, b, c = (
        xp.where(_for_trials(which, one), one, other) for one, other in zip(new, old, strict=True)
    )
    return u, b, c


def _ahead(best: Own, previous: Own, momentum: np.ndarray, *, nonnegative: bool) -> Own:
    xp = namespace(best[0])
    u, b, c = (
        one + _for_trials(momentum, one) * (one - other)
        for one, other in zip(best, previous, strict=True)
    )
    if nonnegative:
        u, b, c = (xp.where(each > 0, each, xp.zeros_like(each)) for each in (u, b, c))
    return u, b, c


def _for_trials(each: np.ndarray, array: Any) -> Any:
    """Return a number for each trial, to be used with all of its entries."""
    return like(array, each.reshape(-1, *(1,) * (array.ndim - 1)))
