"""NumPy forms of the kernels for changes of a mean, and the cases used to time them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from trialtensor.kernels.change_points import penalised_changes, split_greedily

MIN_SIZE = 5


def cases() -> Iterator[tuple[str, Callable[[], np.ndarray], Callable[[], np.ndarray]]]:
    """Return for each case its name, the kernel call and the NumPy equivalent."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=2000) + (np.arange(2000) // 400) % 2
    penalty = 2 * np.log(len(y))
    yield (
        "penalised_changes, 2,000 trials",
        lambda: penalised_changes(y, penalty, MIN_SIZE),
        lambda: penalised_numpy(y, penalty, MIN_SIZE),
    )
    yield (
        "split_greedily, 2,000 trials",
        lambda: split_greedily(y, 3, MIN_SIZE),
        lambda: split_numpy(y, 3, MIN_SIZE),
    )


def penalised_numpy(y: np.ndarray, penalty: float, min_size: int) -> np.ndarray:
    """Partition optimally, with all starts of the last segment at once."""
    n = len(y)
    total, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (y, y**2))
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = -penalty
    for t in range(min_size, n + 1):
        s = np.arange(t - min_size + 1)
        cost = squares[t] - squares[s] - (total[t] - total[s]) ** 2 / (t - s) + best[s] + penalty
        last[t] = np.argmin(cost)
        best[t] = cost[last[t]]
    changes, t = [], last[n]
    while t > 0:
        changes.append(t)
        t = last[t]
    return np.array(changes[::-1])


def split_numpy(y: np.ndarray, n_splits: int, min_size: int) -> np.ndarray:
    """Return the residual after ``n_splits`` greedy splits."""
    edges = [0, len(y)]
    for _ in range(n_splits):
        found = []
        for a, b in itertools.pairwise(edges):
            sums, size = np.cumsum(y[a:b]), np.arange(1, b - a + 1)
            t = np.arange(min_size, b - a - min_size + 1)
            if len(t):
                left, right = sums[t - 1] / size[t - 1], (sums[-1] - sums[t - 1]) / (b - a - t)
                gain = (left - right) ** 2 * t * (b - a - t) / (b - a)
                found.append((gain.max(), a + int(t[np.argmax(gain)])))
        edges = sorted([*edges, max(found)[1]])
    parts = np.split(y, edges[1:-1])
    return np.concatenate([part - part.mean() for part in parts])
