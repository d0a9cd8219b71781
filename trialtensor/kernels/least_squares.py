"""Many small least-squares problems, each with its own Gram matrix."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def damped_rows(
    grams: np.ndarray, rhs: np.ndarray, current: np.ndarray, epsilon: float
) -> np.ndarray:
    """Solve ``(H + d) x = m + d x0`` for every row, ``d`` at rounding level of ``H``.

    Uses its own Cholesky factorisation, because for a few components LAPACK's call overhead is
    many times the work.

    Parameters
    ----------
    grams : (n_rows, R, R) array
        Symmetric, positive semidefinite up to rounding.
    rhs, current : (n_rows, R) arrays
        The vectors ``m`` and ``x0``.
    epsilon : float
        The damping ``d`` is ``epsilon`` times the mean of the diagonal. A row whose ``H`` is zero
        has ``d = 1`` and stays at ``x0``.

    Returns
    -------
    (n_rows, R) array
    """
    n_rows, rank = rhs.shape
    result = np.empty_like(rhs)
    factor = np.empty((rank, rank), grams.dtype)
    for i in range(n_rows):
        trace = grams[i, 0, 0]
        for r in range(1, rank):
            trace += grams[i, r, r]
        damping = epsilon * trace / rank if trace > 0 else grams.dtype.type(1)
        x = result[i]
        for r in range(rank):
            pivot = grams[i, r, r] + damping
            for q in range(r):
                pivot -= factor[r, q] * factor[r, q]
            # Rounding can push a pivot of a singular matrix below its damping.
            pivot = np.sqrt(max(pivot, damping))
            factor[r, r] = pivot
            value = rhs[i, r] + damping * current[i, r]
            for q in range(r):
                value -= factor[r, q] * x[q]
            x[r] = value / pivot
            for s in range(r + 1, rank):
                entry = grams[i, s, r]
                for q in range(r):
                    entry -= factor[s, q] * factor[r, q]
                factor[s, r] = entry / pivot
        for r in range(rank - 1, -1, -1):
            value = x[r]
            for q in range(r + 1, rank):
                value -= factor[q, r] * x[q]
            x[r] = value / factor[r, r]
    return result
