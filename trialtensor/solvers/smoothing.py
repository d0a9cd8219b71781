"""A penalty on differences between successive rows of a factor, and exact updates with it.

Rows in order (trials, blocks) get ``sum_k d_k' M d_k``, where ``d`` are differences of order 1 or
2 of the rows. With it the normal equations couple a row to its neighbours only, so that a banded
Cholesky decomposition solves all rows together, in a time that grows with their number.

*Source*: Whittaker 1923; Eilers 2003, "A perfect smoother", Analytical Chemistry, for one column;
Wahba 1978 for the prior that it is: rows that wander (order 1) or whose slope does (order 2).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

# Order of the differences: rows without data lie on a straight line between their neighbours.
ORDER = 2
# Proximal weight, in units of the rounding error, as for rows without a penalty.
_DAMPING = 4


def differences(rows: np.ndarray) -> np.ndarray:
    """Take differences of order 2 of successive rows, (n_rows - 2, ...).

    Parameters
    ----------
    rows : (n_rows, ...) array
        Of fewer than three there are none.
    """
    return np.diff(rows, n=ORDER, axis=0)


def transposed(changes: np.ndarray, n_rows: int) -> np.ndarray:
    """Apply the transpose of :func:`differences`, (n_rows, ...).

    Parameters
    ----------
    changes : (n_rows - 2, ...) array
    n_rows : int
    """
    for short in range(ORDER, 0, -1):
        padded = np.zeros((n_rows - short + 2, *changes.shape[1:]), changes.dtype)
        padded[1:-1] = changes[: n_rows - short]
        changes = -np.diff(padded, axis=0)
    return changes


def roughness(rows: np.ndarray, metric: np.ndarray) -> float:
    """Return ``sum_k d_k' M d_k`` of the differences ``d`` of rows.

    Parameters
    ----------
    rows : (n_rows, R) array
    metric : (R, R) array
    """
    changes = differences(rows)
    return float(np.einsum("kr,rs,ks->", changes, metric, changes, optimize=True))


def smooth_rows(
    grams: np.ndarray, rhs: np.ndarray, metric: np.ndarray, current: np.ndarray
) -> np.ndarray:
    """Solve the normal equations of all rows with a penalty on their differences.

    Damping towards ``current`` at rounding level keeps the step defined without raising the loss.

    Parameters
    ----------
    grams : (n_rows, R, R) array
        Zero for a row without data, which the others determine.
    rhs : (n_rows, R) array
    metric : (R, R) array
        ``M``, which includes the strength of the penalty.
    current : (n_rows, R) array

    Returns
    -------
    (n_rows, R) array
    """
    solved = Banded.of(grams, metric)
    if solved is None:
        return current
    target = rhs + solved.damping * current
    found = solved.solve(target)
    # Straight lines cost nothing, but a strong penalty rounds off what data say about them.
    left = target - solved.damping * found - np.einsum("krs,ks->kr", grams, found)
    left -= transposed(differences(found) @ metric, len(found))
    return found + solved.solve(left)


class Banded:
    """The Cholesky decomposition of smoothed normal equations.

    Attributes
    ----------
    factor : (bandwidth, n_rows R) array
        In LAPACK's upper banded form.
    damping : float
        What was added to the diagonal.
    """

    def __init__(self, factor: np.ndarray, damping: float) -> None:
        self.factor, self.damping = factor, damping

    @classmethod
    def of(cls, grams: np.ndarray, metric: np.ndarray) -> Banded | None:
        """Decompose; None if rounding errors make that impossible.

        Parameters
        ----------
        grams, metric : as for :func:`smooth_rows`
        """
        n_rows, rank = grams.shape[:2]
        size = float(np.einsum("krr->", grams)) / (n_rows * rank)
        band = banded(grams, metric)
        rounding = _DAMPING * float(np.finfo(grams.dtype).eps)
        least = rounding * size if size > 0 else 1.0
        # Where columns say the same, rounding errors are those of the penalty, if that is strong.
        for damping in (least, max(least, rounding * grams.shape[1] * float(band[-1].max()))):
            damped = band.copy()
            damped[-1] += damping
            try:
                return cls(scipy.linalg.cholesky_banded(damped, check_finite=False), damping)
            except np.linalg.LinAlgError:
                continue
        return None

    def solve(self, rhs: np.ndarray) -> np.ndarray:
        """Solve for right-hand sides.

        Parameters
        ----------
        rhs : (n_rows, R) or (n_rows, R, n) array
        """
        flat = rhs.reshape(self.factor.shape[1], -1)
        found = scipy.linalg.cho_solve_banded((self.factor, False), flat, check_finite=False)
        return np.asarray(found).reshape(rhs.shape)


def banded(grams: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """Form the smoothed equations in LAPACK's upper banded form.

    Parameters
    ----------
    grams : (n_rows, R, R) array
    metric : (R, R) array

    Returns
    -------
    ((ORDER + 1) R, n_rows R) array
        Entry ``(i, j)`` of the equations is in row ``i - j`` from the last, column ``j``.
    """
    n_rows, rank = grams.shape[:2]
    band = np.zeros(((ORDER + 1) * rank, n_rows, rank), grams.dtype)
    for apart, weights in enumerate(_products(n_rows)):
        blocks = weights[:, None, None] * metric
        if apart == 0:
            blocks = blocks + grams
        for r in range(rank):
            for s in range(r if apart == 0 else 0, rank):
                band[-1 - (apart * rank + s - r), apart:, s] = blocks[:, r, s]
    return band.reshape(-1, n_rows * rank)


def _products(n_rows: int) -> list[np.ndarray]:
    """Return the diagonals of ``D'D``, of differences ``D``, from the main one outwards."""
    n_changes = max(n_rows - ORDER, 0)
    coefficients = np.array([1.0])
    for _ in range(ORDER):
        coefficients = np.convolve(coefficients, [1.0, -1.0])
    found = []
    for apart in range(min(ORDER + 1, n_rows)):
        weights = np.zeros(n_rows - apart)
        for i in range(ORDER + 1 - apart):
            weights[i : i + n_changes] += coefficients[i] * coefficients[i + apart]
        found.append(weights)
    return found
