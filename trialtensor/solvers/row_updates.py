"""Updates of the rows of one factor: least squares and non-negative least squares.

All functions take the normal equations of a factor: ``grams`` of shape ``(1, R, R)`` when all
rows share them or ``(n_rows, R, R)`` when missing data gives each row its own, and the right-hand
side ``rhs`` of shape ``(n_rows, R)``.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from trialtensor.kernels.active_set import exact_nonnegative_rows
from trialtensor.kernels.least_squares import damped_rows
from trialtensor.kernels.nonnegative import nonnegative_rows

# Passes of coordinate descent per sweep. More would be cheap beside the passes over the data, but
# the other factors are about to change anyway.
_PASSES_IN_A_SWEEP = 8
# Proximal weight, in units of the rounding error: collinear components stay solvable.
_DAMPING = 4
# Called directly: the checks in scipy's cho_factor and cho_solve take longer than the work.
_CHOLESKY = {
    np.dtype(np.float64): (lapack.dpotrf, lapack.dpotrs),
    np.dtype(np.float32): (lapack.spotrf, lapack.spotrs),
}


def least_squares_rows(grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Solve each row's normal equations, staying at ``current`` in undetermined directions.

    The proximal term ``damping * |x - current|^2`` makes the step well defined for singular
    Gram matrices and can't raise the loss.

    Parameters
    ----------
    grams : (1 or n_rows, R, R) array
    rhs, current : (n_rows, R) arrays
    """
    epsilon = _DAMPING * float(np.finfo(grams.dtype).eps)
    if grams.shape[0] > 1:
        return damped_rows(grams, rhs, current, epsilon)
    rank, trace = grams.shape[-1], float(np.trace(grams[0]))
    # With a Gram matrix of zeros, rows stay where they are, whatever the weight.
    damping = grams.dtype.type(epsilon * trace / rank if trace > 0 else 1)
    damped = grams[0] + damping * np.eye(rank, dtype=grams.dtype)
    target = rhs + damping * current
    factorise, solve = _CHOLESKY[np.result_type(damped, target)]
    factor, failed = factorise(damped, clean=False)
    if failed:
        return target @ np.linalg.pinv(damped, hermitian=True)
    return np.ascontiguousarray(solve(factor, target.T)[0].T)


def nonnegative_step(grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Run a few passes of coordinate descent from ``current`` (HALS).

    Parameters
    ----------
    grams : (1 or n_rows, R, R) array
    rhs, current : (n_rows, R) arrays
    """
    return nonnegative_rows(grams, rhs, current, _PASSES_IN_A_SWEEP, 1e-3)


def solve_rows(grams: np.ndarray, rhs: np.ndarray, *, nonnegative: bool) -> np.ndarray:
    """Solve each row to rounding error, independently of any starting point.

    Rows with fewer observations than components get the minimum-norm solution.

    Parameters
    ----------
    grams : (1 or n_rows, R, R) array
    rhs : (n_rows, R) array
    nonnegative : bool
    """
    rank = grams.shape[-1]
    free = np.empty_like(rhs)
    inverses = np.linalg.pinv(grams, rcond=rank * 4 * np.finfo(grams.dtype).eps, hermitian=True)
    free = np.einsum("irs,is->ir", np.broadcast_to(inverses, (len(rhs), rank, rank)), rhs)
    # The pseudo-inverse leaves rounding errors of entries that have no say.
    free[np.broadcast_to(np.diagonal(grams, axis1=1, axis2=2) == 0, free.shape)] = 0
    if not nonnegative:
        return free
    tol = rank * 4 * float(np.finfo(rhs.dtype).eps)
    H, m = grams.astype(np.float64, copy=False), rhs.astype(np.float64, copy=False)
    start = np.maximum(free, 0).astype(np.float64)
    return exact_nonnegative_rows(H, m, start, tol).astype(rhs.dtype, copy=False)
