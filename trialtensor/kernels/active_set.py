"""Exact non-negative least squares from Gram matrices, by the active-set method."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def exact_nonnegative_rows(
    grams: np.ndarray, rhs: np.ndarray, start: np.ndarray, tol: float
) -> np.ndarray:
    """Minimise ``x H x / 2 - m x`` over ``x >= 0`` for every row, to rounding error.

    From a start nearby, entries are freed and set to zero one at a time until no slope points into
    the interior; on those that are free, the equations are solved by Cholesky factorisation.

    Parameters
    ----------
    grams : (1, R, R) or (n_rows, R, R) float64 array
        One Gram matrix for all rows, or one per row.
    rhs, start : (n_rows, R) float64 arrays
        The vectors ``m`` and feasible starting points; ``start`` is not modified.
    tol : float
        Slopes less than this, relative to the largest ``m`` in units of each entry, are zero.
        Pivots of the Gram matrix of unit diagonal are at least as large, so that singular ones
        can be factorised.

    Returns
    -------
    (n_rows, R) array

    Notes
    -----
    Lawson & Hanson 1974, "Solving least squares problems", chapter 23; from Gram matrices as in
    Bro & de Jong 1997, Journal of Chemometrics 11.
    """
    n_rows, rank = rhs.shape
    result = start.copy()
    unit, size, goal, x = np.empty((rank, rank)), np.empty(rank), np.empty(rank), np.empty(rank)
    for i in range(n_rows):
        gram = grams[i] if grams.shape[0] > 1 else grams[0]
        for r in range(rank):
            size[r] = np.sqrt(gram[r, r]) if gram[r, r] > 0.0 else 0.0
        for r in range(rank):
            goal[r] = rhs[i, r] / size[r] if size[r] > 0.0 else 0.0
            x[r] = max(result[i, r], 0.0) * size[r]
            for s in range(rank):
                both = size[r] * size[s]
                unit[r, s] = gram[r, s] / both if both > 0.0 else 0.0
        _free_and_fix(unit, goal, x, tol)
        for r in range(rank):
            if size[r] > 0.0:
                result[i, r] = x[r] / size[r]
    return result


@kernel
def _free_and_fix(unit: np.ndarray, goal: np.ndarray, x: np.ndarray, tol: float) -> None:
    """Improve ``x`` in place until it is the solution of one row.

    Parameters
    ----------
    unit : (R, R) array
        Gram matrix of unit diagonal; a diagonal of zero for an entry without a say.
    goal, x : (R,) arrays
    tol : float
    """
    rank, free = len(goal), x > 0.0
    factor, target = np.empty((rank, rank)), np.empty(rank)
    # Written out, because a row may have no entries.
    steepest = 0.0
    for r in range(rank):
        steepest = max(steepest, tol * abs(goal[r]))
    for _ in range(3 * rank + 10):
        # Whatever would become negative on the way to the solution stops at zero.
        while True:
            _solve_free(unit, goal, free, tol, factor, target)
            if not _move_until_blocked(x, target, free):
                break
        best, slope_of_best = -1, steepest
        for r in range(rank):
            slope = goal[r] - unit[r] @ x
            if not free[r] and unit[r, r] > 0.0 and slope > slope_of_best:
                best, slope_of_best = r, slope
        if best < 0:
            return
        free[best] = True


@kernel
def _move_until_blocked(x: np.ndarray, target: np.ndarray, free: np.ndarray) -> bool:
    """Move ``x`` towards ``target`` until an entry is zero; fix that one, and tell if there is one.

    Parameters
    ----------
    x, target : (R,) arrays
    free : (R,) bool array
    """
    step, blocked = 1.0, False
    for r in range(len(x)):
        if free[r] and target[r] <= 0.0:
            step = min(step, x[r] / (x[r] - target[r]) if x[r] > 0.0 else 0.0)
    for r in range(len(x)):
        if free[r]:
            x[r] += step * (target[r] - x[r])
            if target[r] <= 0.0 and x[r] <= 1e-14 * abs(target[r]):
                x[r], free[r], blocked = 0.0, False, True
    return blocked


@kernel
def _solve_free(
    unit: np.ndarray,
    goal: np.ndarray,
    free: np.ndarray,
    smallest: float,
    factor: np.ndarray,
    target: np.ndarray,
) -> None:
    """Solve the equations of the free entries into ``target``; others become zero.

    Parameters
    ----------
    unit : (R, R) array
        Gram matrix of unit diagonal.
    goal : (R,) array
    free : (R,) bool array
    smallest : float
        Least pivot.
    factor : (R, R) array
        Overwritten by the Cholesky factor.
    target : (R,) array
        Overwritten by the solution.
    """
    rank = len(goal)
    target[:] = 0.0
    for r in range(rank):
        if free[r]:
            left = goal[r]
            for s in range(r):
                if free[s]:
                    value = unit[r, s]
                    for k in range(s):
                        if free[k]:
                            value -= factor[r, k] * factor[s, k]
                    factor[r, s] = value / factor[s, s]
                    left -= factor[r, s] * target[s]
            value = unit[r, r]
            for k in range(r):
                if free[k]:
                    value -= factor[r, k] ** 2
            factor[r, r] = np.sqrt(max(value, smallest))
            target[r] = left / factor[r, r]
    for r in range(rank - 1, -1, -1):
        if free[r]:
            for s in range(r + 1, rank):
                if free[s]:
                    target[r] -= factor[s, r] * target[s]
            target[r] /= factor[r, r]
