"""NumPy forms of the kernels for changes of a mean, and the cases used to time them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from trialtensor.kernels.change_points import penalised_changes

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
