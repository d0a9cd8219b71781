"""Updates of many rows, wherever they are: by kernels in memory, otherwise by whole arrays.

On a device, one kernel a row would leave it idle, and bringing rows to memory would wait for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.namespaces import like, namespace
from trialtensor.solvers.row_updates import _DAMPING, _PASSES_IN_A_SWEEP


def update_rows(update: RowUpdater, which: int, grams: Any, rhs: Any, current: Any) -> Any:
    """Solve rows by least squares, or take a step of non-negative ones.

    Parameters
    ----------
    update : RowUpdater
    which : int
        Which array the rows are of.
    grams : (1 or n, R, R) array
    rhs, current : (n, R) arrays

    Returns
    -------
    (n, R) array
        Of the library of ``rhs``.
    """
    if isinstance(rhs, np.ndarray):
        return update(which, grams, rhs, current)
    step = _nonnegative if update.nonnegative[which] else _least_squares
    return step(grams, rhs, current)


def applied(grams: Any, rows: Any) -> Any:
    """Compute ``H x`` for every row.

    Parameters
    ----------
    grams : (1 or n, R, R) array
    rows : (n, R) array
    """
    if grams.shape[0] == 1:
        return rows @ grams[0, ...]
    return namespace(rows).matmul(grams, rows[:, :, None])[:, :, 0]


def pairs(factor: Any) -> Any:
    """Return the products of all pairs of columns, (..., R (R + 1) / 2).

    Parameters
    ----------
    factor : (..., R) array
    """
    first, second = np.triu_indices(factor.shape[-1])
    if isinstance(factor, np.ndarray):
        return factor[..., first] * factor[..., second]
    xp = namespace(factor)
    left, right = (xp.take(factor, like(factor, each), axis=-1) for each in (first, second))
    return left * right


def unpacked(packed: Any, rank: int) -> Any:
    """Rebuild symmetric (n, R, R) matrices from their upper triangles.

    Parameters
    ----------
    packed : (n, R (R + 1) / 2) array
    rank : int
    """
    first, second = np.triu_indices(rank)
    places = np.empty((rank, rank), int)
    places[first, second] = places[second, first] = np.arange(len(first))
    xp = namespace(packed)
    index = places.ravel() if isinstance(packed, np.ndarray) else like(packed, places.ravel())
    return xp.reshape(xp.take(packed, index, axis=1), (packed.shape[0], rank, rank))


def _least_squares(grams: Any, rhs: Any, current: Any) -> Any:
    """Do what `least_squares_rows` does."""
    xp = namespace(rhs)
    rank = rhs.shape[1]
    epsilon = _DAMPING * float(xp.finfo(rhs.dtype).eps)
    trace = xp.sum(xp.linalg.diagonal(grams), axis=-1)
    damping = xp.where(trace > 0, epsilon / rank * trace, xp.ones_like(trace))
    eye = xp.eye(rank, dtype=rhs.dtype, device=rhs.device)
    damped = grams + damping[:, None, None] * eye
    target = rhs + damping[:, None] * current
    if grams.shape[0] == 1:
        return xp.linalg.solve(damped[0, ...], target.T).T
    return xp.linalg.solve(damped, target[:, :, None])[:, :, 0]


def _nonnegative(grams: Any, rhs: Any, current: Any) -> Any:
    """Do what `nonnegative_step` does, for all rows at once and without an early end."""
    xp = namespace(rhs)
    rank = rhs.shape[1]
    columns = [current[:, r] for r in range(rank)]
    for _ in range(_PASSES_IN_A_SWEEP):
        for r in range(rank):
            own = grams[:, r, r]
            slope = rhs[:, r]
            for s in range(rank):
                slope = slope - grams[:, r, s] * columns[s]
            alive = own > 0
            step = slope / xp.where(alive, own, xp.ones_like(own))
            moved = xp.maximum(columns[r] + step, xp.zeros_like(step))
            columns[r] = xp.where(alive, moved, columns[r])
    return xp.stack(columns, axis=1)
