"""Counting sorted events in the bins of many windows."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel

# Windows that are worked on at a time: few enough for their counts to stay in the cache, many
# enough for the events of a unit to be read in longer pieces.
_AT_A_TIME = 32


@kernel
def count_in_windows(
    times: np.ndarray,
    bounds: np.ndarray,
    begin: np.ndarray,
    end: np.ndarray,
    places: np.ndarray,
    per_second: float,
    counts: np.ndarray,
) -> int:
    """Add the events of all units to the bins of all windows; windows may overlap.

    Parameters
    ----------
    times : (n_events,) array of float
        Sorted within each unit.
    bounds : (n_units + 1,) array of int
        Unit ``u`` has ``times[bounds[u]:bounds[u + 1]]``.
    begin, end : (n_windows,) array of float
        Half-open windows; ``begin`` doesn't decrease.
    places : (n_windows,) array of int
        The row of ``counts`` for each window.
    per_second : float
        Bins a second.
    counts : (n_rows, n_units, n_bins) array
        Changed in place.

    Returns
    -------
    int
        The largest count, also if ``counts`` can't hold it.

    Raises
    ------
    OverflowError
        As plain Python, where numpy refuses a count that ``counts`` can't hold.
    """
    largest = 0
    n_units, n_windows, last = len(bounds) - 1, len(begin), counts.shape[2] - 1
    near = bounds[:-1].copy()  # the first event of each unit that can be in the next window
    for first in range(0, n_windows, _AT_A_TIME):
        for u in range(n_units):
            i, stop = near[u], bounds[u + 1]
            for w in range(first, min(first + _AT_A_TIME, n_windows)):
                start, until, row = begin[w], end[w], places[w]
                while i < stop and times[i] < start:
                    i += 1
                j = i
                while j < stop and times[j] < until:
                    k = min(int((times[j] - start) * per_second), last)
                    one_more = int(counts[row, u, k]) + 1
                    counts[row, u, k] = one_more
                    largest = max(largest, one_more)
                    j += 1
            near[u] = i
    return largest
