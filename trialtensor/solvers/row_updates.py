"""The two ways to solve for the rows of one factor: least squares, and non-negative.

Both take the normal equations of a factor: ``grams`` of shape ``(1, R, R)`` when all rows
share them or ``(n_rows, R, R)`` when missing data gives each row its own, and the right-hand
side ``rhs`` of shape ``(n_rows, R)``.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from trialtensor.solvers.kernels.nonnegative import nonnegative_rows

# Passes of coordinate descent in one sweep: more are cheap next to the data passes, but the
# other factors are about to move anyway.
_PASSES_IN_A_SWEEP = 8


def _damping(grams: np.ndarray) -> np.ndarray:
    """A proximal weight at rounding level, so that collinear components stay solvable."""
    rank = grams.shape[-1]
    trace = np.trace(grams, axis1=1, axis2=2)
    # A row that the data says nothing about stays where it is, whatever the weight.
    return np.where(trace > 0, 4 * np.finfo(grams.dtype).eps * trace / rank, 1)


def least_squares_rows(grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Solve each row's normal equations, staying at ``current`` where they say nothing.

    The proximal term ``damping * |x - current|^2`` makes the step well defined for singular
    Gram matrices and can't raise the loss.
    """
    damping = _damping(grams)
    rank = grams.shape[-1]
    damped = grams + damping[:, None, None] * np.eye(rank, dtype=grams.dtype)
    target = rhs + damping[:, None] * current
    if grams.shape[0] > 1:
        return np.linalg.solve(damped, target[:, :, None])[:, :, 0]
    try:
        factor = scipy.linalg.cho_factor(damped[0], check_finite=False)
    except np.linalg.LinAlgError:
        return target @ np.linalg.pinv(damped[0], hermitian=True)
    return np.ascontiguousarray(scipy.linalg.cho_solve(factor, target.T, check_finite=False).T)


def nonnegative_step(grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
    """A few passes of coordinate descent from ``current`` (HALS)."""
    return nonnegative_rows(grams, rhs, current, _PASSES_IN_A_SWEEP, 1e-3)


def solve_rows(grams: np.ndarray, rhs: np.ndarray, *, nonnegative: bool) -> np.ndarray:
    """The minimiser for each row, to rounding error and independent of any starting point.

    Rows with fewer observations than components get the smallest solution.
    """
    rank = grams.shape[-1]
    free = np.empty_like(rhs)
    inverses = np.linalg.pinv(grams, rcond=rank * 4 * np.finfo(grams.dtype).eps, hermitian=True)
    free = np.einsum("irs,is->ir", np.broadcast_to(inverses, (len(rhs), rank, rank)), rhs)
    if not nonnegative:
        return free
    tol = 10 * float(np.finfo(rhs.dtype).eps)
    return nonnegative_rows(grams, rhs, np.maximum(free, 0), 2000, tol)
