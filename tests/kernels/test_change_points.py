"""Dynamic programming against every segmentation there is."""

import itertools

import numpy as np
import pytest

from trialtensor.kernels.change_points import penalised_changes


def sum_of_squares(y, changes):
    edges = [0, *changes, len(y)]
    return sum(np.sum((y[a:b] - y[a:b].mean()) ** 2) for a, b in itertools.pairwise(edges))


def segmentations(n, n_changes, min_size):
    for changes in itertools.combinations(range(1, n), n_changes):
        if min(np.diff([0, *changes, n])) >= min_size:
            yield changes


def series(seed, n):
    return np.random.default_rng(seed).normal(size=n) + 2 * (np.arange(n) > n // 3)


@pytest.mark.parametrize("penalty", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("min_size", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_penalised_changes_are_the_best_of_all_segmentations(seed, min_size, penalty):
    y = series(seed, 12)
    every = [each for m in range(12) for each in segmentations(12, m, min_size)]
    cost = {each: sum_of_squares(y, each) + penalty * len(each) for each in every}
    found = tuple(penalised_changes(y, penalty, min_size).tolist())
    assert found in cost
    assert cost[found] == pytest.approx(min(cost.values()), rel=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_penalised_changes_are_those_of_the_unpruned_recursion(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=60) + rng.choice([0, 1, 3]) * (np.arange(60) // 13)
    min_size, penalty = int(rng.integers(1, 8)), float(rng.uniform(0.2, 6))
    best, changes = [-penalty, *[np.inf] * 60], [[] for _ in range(61)]
    for t in range(min_size, 61):
        for start in range(t - min_size + 1):
            cost = best[start] + penalty + np.sum((y[start:t] - y[start:t].mean()) ** 2)
            if cost < best[t]:
                best[t], changes[t] = cost, [*changes[start], start][start == 0 :]
    np.testing.assert_array_equal(penalised_changes(y, penalty, min_size), changes[60])


@pytest.mark.parametrize("values", [np.zeros(10), np.full(1, 3.0), np.full(7, -2.5)])
def test_nothing_changes_where_all_is_the_same(values):
    assert len(penalised_changes(values, 1e-9, 1)) == 0
