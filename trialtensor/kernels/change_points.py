"""Dynamic programming for the changes of a mean."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def _trace_back(last: np.ndarray) -> np.ndarray:
    """Return the changes of the best segmentation, from ``last[t]``, starts of last segments."""
    n = len(last) - 1
    n_changes, t = 0, last[n]
    while t > 0:
        n_changes += 1
        t = last[t]
    changes, t = np.empty(n_changes, np.int64), last[n]
    for i in range(n_changes - 1, -1, -1):
        changes[i] = t
        t = last[t]
    return changes


@kernel
def penalised_changes(y: np.ndarray, penalty: float, min_size: int) -> np.ndarray:
    """Find the exact segmentation that minimises the sum of squares plus ``penalty`` per change.

    Functional pruning keeps only the starts of the last segment that are best for some mean of
    that segment. Few survive, so the time grows as ``n log n`` even where nothing changes. A
    start enters the list only once its segment has ``min_size`` entries.

    Parameters
    ----------
    y : (n,) array of float
        Without NaN; centring it first reduces rounding error.
    penalty : float
    min_size : int
        At least 1, at most ``n``.

    Returns
    -------
    (n_changes,) array of int
        Index of the first entry of each segment after the first.

    References
    ----------
    Maidstone, Hocking, Rigaill & Fearnhead 2017, "On optimal multiple changepoint algorithms for
    large data", Statistics and Computing.
    """
    n = len(y)
    total, squares = np.zeros(n + 1), np.zeros(n + 1)
    low, high = y[0], y[0]
    for i in range(n):
        total[i + 1] = total[i] + y[i]
        squares[i + 1] = squares[i] + y[i] * y[i]
        low, high = min(low, y[i]), max(high, y[i])
    if low == high:
        return np.zeros(0, np.int64)
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    last = np.zeros(n + 1, np.int64)
    # begin[i] is the best start for means up to end[i]; next_* is the list for the next step.
    begin, end = np.zeros(2 * n + 2, np.int64), np.empty(2 * n + 2)
    next_begin, next_end = np.zeros(2 * n + 2, np.int64), np.empty(2 * n + 2)
    n_pieces, end[0] = 1, high
    for t in range(min_size, n + 1):
        new = t - min_size
        if new > 0 and best[new] < np.inf:
            n_next, left = 0, low
            for i in range(n_pieces):
                old, right = begin[i], end[i]
                size = new - old
                mean = (total[new] - total[old]) / size
                room = best[new] - best[old] - (squares[new] - squares[old]) + size * mean * mean
                # The old start is better on an interval around its mean.
                start, stop = right, right
                if room > 0:
                    half = np.sqrt(room / size)
                    start = min(max(mean - half, left), right)
                    stop = max(min(mean + half, right), left)
                if stop <= start:
                    start, stop = right, right
                for piece in range(3):
                    edge = start if piece == 0 else (stop if piece == 1 else right)
                    which = old if piece == 1 else new
                    before = left if n_next == 0 else next_end[n_next - 1]
                    if edge <= before:
                        continue
                    if n_next > 0 and next_begin[n_next - 1] == which:
                        next_end[n_next - 1] = edge
                    else:
                        next_begin[n_next], next_end[n_next] = which, edge
                        n_next += 1
                left = right
            begin, next_begin, end, next_end = next_begin, begin, next_end, end
            n_pieces = n_next
        left = low
        for i in range(n_pieces):
            old, right = begin[i], end[i]
            size = t - old
            mean = (total[t] - total[old]) / size
            mean = min(max(mean, left), right)
            cost = squares[t] - squares[old] - 2 * mean * (total[t] - total[old])
            cost += size * mean * mean + best[old] + penalty
            if cost < best[t]:
                best[t], last[t] = cost, old
            left = right
    return _trace_back(last)
