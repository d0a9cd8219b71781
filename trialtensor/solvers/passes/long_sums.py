"""Products of two matrices that are long along the axis that is summed over.

BLAS on a processor needs no help with them. Elsewhere, a small result with a long sum behind each
entry leaves most of a device idle, so sums over parts are made side by side and then added up in
double precision, which also loses fewer digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.solvers.namespaces import in_double, namespace

# Tiles of results that are worked on at once, several for each of some hundred processors, and the
# length of a side of a tile.
_TILES, _SIDE = 1000, 128
# A part is at least so long: below, adding up would take longer than multiplying.
_SHORTEST = 512


def long_product(a: Any, b: Any) -> Any:
    """Return ``a @ b`` in double precision, for sums over a long axis.

    Parameters
    ----------
    a, b : (m, n), (n, q) arrays of one library
        With ``n`` much larger than ``m`` and ``q``; transposed arrays aren't copied.

    Returns
    -------
    (m, q) array in float64

    Examples
    --------
    >>> rows = np.arange(6).reshape(2, 3)
    >>> long_product(rows, rows.T)
    array([[ 5., 14.],
           [14., 50.]])
    """
    if isinstance(a, np.ndarray):
        return (a @ b).astype(np.float64, copy=False)
    (m, n), q = a.shape, b.shape[1]
    length = _length(m, n, q)
    n_parts = n // length
    end = n_parts * length
    xp = namespace(a)
    left = xp.permute_dims(xp.reshape(a[:, :end], (m, n_parts, length)), (1, 0, 2))
    right = xp.reshape(b[:end, :], (n_parts, length, q))
    total = xp.sum(in_double(xp.matmul(left, right)), axis=0)
    return total if end == n else total + in_double(a[:, end:] @ b[end:, :])


def _length(m: int, n: int, q: int) -> int:
    """Return how long a part is, so that the results of all parts have enough tiles."""
    tiles = -(-m // _SIDE) * -(-q // _SIDE)
    n_parts = max(1, _TILES // max(1, tiles))
    return max(1, min(n, max(_SHORTEST, m, q, -(-n // n_parts))))
