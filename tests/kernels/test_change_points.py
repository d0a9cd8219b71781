"""Dynamic programming against every segmentation there is."""

import itertools

import numpy as np
import pytest

from trialtensor.kernels.change_points import (
    best_segmentations,
    penalised_changes,
    split_greedily,
)


def sum_of_squares(values, changes):
    """Of one series or several, with NaN where missing."""
    edges = [0, *changes, len(values)]
    parts = [values[a:b] for a, b in itertools.pairwise(edges)]
    seen = [part[:, np.isfinite(part).any(axis=0)] for part in parts]
    return sum(np.nansum((part - np.nanmean(part, axis=0)) ** 2) for part in seen)


def segmentations(n, n_changes, min_size):
    for changes in itertools.combinations(range(1, n), n_changes):
        if min(np.diff([0, *changes, n])) >= min_size:
            yield changes


def series(seed, n, n_series=1, missing=0.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, n_series)) + 2 * (np.arange(n) > n // 3)[:, None]
    values[rng.random(values.shape) < missing] = np.nan
    return values


@pytest.mark.parametrize("penalty", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("min_size", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_penalised_changes_are_the_best_of_all_segmentations(seed, min_size, penalty):
    y = series(seed, 12)[:, 0]
    every = [each for m in range(12) for each in segmentations(12, m, min_size)]
    cost = {each: sum_of_squares(y[:, None], each) + penalty * len(each) for each in every}
    found = tuple(penalised_changes(y, penalty, min_size).tolist())
    assert found in cost
    assert cost[found] == pytest.approx(min(cost.values()), rel=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_penalised_changes_are_those_of_the_unpruned_recursion(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=60) + rng.choice([0, 1, 3]) * (np.arange(60) // 13)
    min_size, penalty = int(rng.integers(1, 8)), float(rng.uniform(0.2, 6))
    ones = np.ones((60, 1))
    costs, last = best_segmentations(ones, y[:, None].copy(), 40, min_size)
    m = int(np.argmin(costs + penalty * np.arange(41)))
    changes, t = [], 60
    for k in range(m, 0, -1):
        t = int(last[k, t])
        changes.append(t)
    np.testing.assert_array_equal(penalised_changes(y, penalty, min_size), changes[::-1])


@pytest.mark.parametrize("values", [np.zeros(10), np.full(1, 3.0), np.full(7, -2.5)])
def test_nothing_changes_where_all_is_the_same(values):
    assert len(penalised_changes(values, 1e-9, 1)) == 0


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("min_size", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_shared_changes_are_the_best_of_all_segmentations(seed, min_size, missing):
    values = series(seed, 11, n_series=3, missing=missing)
    weights = np.isfinite(values).astype(float)
    costs, last = best_segmentations(weights, np.nan_to_num(values), 3, min_size)
    for m in range(4):
        every = [sum_of_squares(values, each) for each in segmentations(11, m, min_size)]
        assert costs[m] == pytest.approx(min(every, default=np.inf), rel=1e-10)
        if every:
            changes, t = [], 11
            for k in range(m, 0, -1):
                t = int(last[k, t])
                changes.append(t)
            assert sum_of_squares(values, changes[::-1]) == pytest.approx(costs[m], rel=1e-10)


def test_greedy_splits_are_the_best_one_at_a_time():
    y = series(0, 30)[:, 0]
    once = split_greedily(y, 1, 3)
    best = min(sum_of_squares(y[:, None], (t,)) for t in range(3, 28))
    assert np.sum(once**2) == pytest.approx(best)
    assert np.sum(split_greedily(y, 4, 3) ** 2) < best
    np.testing.assert_allclose(split_greedily(y, 0, 3), y - y.mean())
    np.testing.assert_allclose(split_greedily(y, 3, 20), y - y.mean())
