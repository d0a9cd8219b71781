"""Means of binned effects against closed forms and brute force."""

import numpy as np
import pytest
from scipy import stats

from trialtensor.tracking.binned_effects import binned_effects


def known(values, edges):
    found = np.zeros((len(values), len(edges) + 1))
    found[np.arange(len(values)), np.searchsorted(edges, values)] = 1
    return found


def test_animals_known_exactly_give_students_interval():
    values = np.array([31.0, 44, 47, 52, 58, 70])
    edges = np.arange(1, 100, 0.25)
    found, another = binned_effects(edges, known(values, edges), 0.9, 0.05, (0, 100))
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert np.allclose([found.mean, found.low, found.high], [values.mean(), low, high], rtol=0.02)
    # Another animal: Student's with the spread of one more.
    half = stats.t.ppf(0.95, 5) * values.std(ddof=1) * np.sqrt(1 + 1 / 6)
    assert found.new_high - found.new_low == pytest.approx(2 * half, rel=0.05)
    assert another.sum() == pytest.approx(1) and another.min() >= 0


def test_any_shape_against_brute_force():
    rng = np.random.default_rng(0)
    edges = np.arange(1, 12) - 0.5
    likelihoods = rng.gamma(0.5, size=(4, 12)) + 0.01
    likelihoods[:, 4:8] += 3
    own, level = 1.0, 0.8
    found, _ = binned_effects(edges, likelihoods, level, own, (-0.5, 11.5))
    means, spreads = np.linspace(-0.5, 11.5, 200), np.geomspace(1 / 16, 12, 100)
    ends = np.concatenate([[-np.inf], edges, [np.inf]])
    density = np.zeros((200, 100))
    for i, mean in enumerate(means):
        shares = np.diff(stats.norm.cdf(ends[:, None], mean, spreads), axis=0)
        density[i] = np.prod(likelihoods @ shares, axis=0) * spreads / (own + spreads)
    cumulative = np.cumsum(density.sum(axis=1)) / density.sum()
    expected = np.interp([0.1, 0.5, 0.9], cumulative, means)
    assert np.allclose([found.low, found.mean, found.high], expected, atol=0.12)


def test_all_in_the_last_open_bin():
    edges = np.arange(1.0, 10)
    found, another = binned_effects(edges, known(np.full(3, 99.0), edges), 0.9, 1.0, (0, 12))
    assert found.mean > 9 and 6 < found.low < found.high <= 12 and another[-1] > 0.5
