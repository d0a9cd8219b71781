"""Coordinate descent for non-negative least squares with shared or per-row Gram matrices."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def nonnegative_rows(
    grams: np.ndarray, rhs: np.ndarray, start: np.ndarray, n_passes: int, tol: float
) -> np.ndarray:
    """Minimise ``x H x / 2 - m x`` over ``x >= 0`` for every row, one coordinate at a time.

    Every step solves its coordinate exactly, so the objective never rises. A row stops
    early when a pass moves it by less than ``tol`` of its own largest entry.

    Parameters
    ----------
    grams : (1, R, R) or (n_rows, R, R) array
        One Gram matrix for all rows, or one per row.
    rhs, start : (n_rows, R) arrays
        The vectors ``m`` and the starting points; ``start`` is not modified.
    n_passes : int
        Maximum number of passes over the coordinates of a row.
    tol : float
        Relative change below which a row has converged.

    Returns
    -------
    (n_rows, R) array
    """
    n_rows, rank = rhs.shape
    result = start.copy()
    for i in range(n_rows):
        gram = grams[i] if grams.shape[0] > 1 else grams[0]
        x = result[i]
        # A step along a component that is as good as zero would overflow.
        least = 0.0
        for r in range(rank):
            least = max(least, 1e-60 * gram[r, r])
        for _ in range(n_passes):
            largest_step = 0.0
            largest_entry = 0.0
            for r in range(rank):
                if gram[r, r] <= least:
                    continue
                slope = rhs[i, r]
                for s in range(rank):
                    slope -= gram[r, s] * x[s]
                value = max(x[r] + slope / gram[r, r], 0.0)
                largest_step = max(largest_step, abs(value - x[r]))
                largest_entry = max(largest_entry, value)
                x[r] = value
            if largest_step <= tol * largest_entry:
                break
    return result
