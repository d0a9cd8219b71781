"""NumPy form of the kernel that counts spikes, and the case used to time it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from trialtensor.kernels.spike_counts import count_in_windows

N_UNITS, N_TRIALS, N_BINS, PER_SECOND = 200, 300, 75, 50.0


def cases() -> Iterator[tuple[str, Callable[[], np.ndarray], Callable[[], np.ndarray]]]:
    """Return for each case its name, the kernel call and the NumPy equivalent."""
    rng = np.random.default_rng(0)
    bounds = np.arange(N_UNITS + 1) * 5000
    times = np.concatenate([np.sort(rng.random(5000) * 1500) for _ in range(N_UNITS)])
    begin = np.sort(rng.random(N_TRIALS) * 1490)
    yield (
        "count_in_windows, 10⁶ spikes in 300 trials",
        lambda: counted(times, bounds, begin),
        lambda: counted_numpy(times, bounds, begin),
    )


def counted(times: np.ndarray, bounds: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Call the kernel."""
    counts = np.zeros((N_TRIALS, N_UNITS, N_BINS), np.int32)
    end = begin + N_BINS / PER_SECOND
    count_in_windows(times, bounds, begin, end, np.arange(N_TRIALS), PER_SECOND, counts)
    return counts


def counted_numpy(times: np.ndarray, bounds: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Find the spikes of all windows by bisection, and count all of a unit at once."""
    counts = np.zeros((N_TRIALS, N_UNITS, N_BINS), np.int32)
    trials = np.arange(N_TRIALS)
    for u in range(N_UNITS):
        own = times[bounds[u] : bounds[u + 1]]
        first, last = np.searchsorted(own, (begin, begin + N_BINS / PER_SECOND))
        size = last - first
        trial = np.repeat(trials, size)
        spikes = np.arange(size.sum()) + np.repeat(first - (np.cumsum(size) - size), size)
        bins = np.minimum(((own[spikes] - begin[trial]) * PER_SECOND).astype(int), N_BINS - 1)
        found = np.bincount(trial * N_BINS + bins, minlength=N_TRIALS * N_BINS)
        counts[:, u] = found.reshape(N_TRIALS, N_BINS)
    return counts
