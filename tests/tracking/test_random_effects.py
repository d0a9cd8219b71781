"""Means over animals against closed forms."""

import numpy as np
import pytest
from scipy import stats

from trialtensor.tracking.random_effects import random_effects

Y = np.array([1.0, 2.5, 3.0, 4.5, 2.0])


@pytest.mark.parametrize("variance", [0.01, 0.5, 40.0])
def test_equal_variances_give_the_one_sample_t_test(variance):
    found = random_effects(Y, np.full(5, variance), 0.9)
    test = stats.ttest_1samp(Y, 0)
    low, high = test.confidence_interval(0.9)
    assert np.allclose([found.mean, found.low, found.high], [Y.mean(), low, high])
    assert found.p_value == pytest.approx(test.pvalue)
    between = max(Y.var(ddof=1) - variance, 0)
    assert found.between_sd == pytest.approx(np.sqrt(between), abs=1e-3)


def test_an_uncertain_animal_hardly_counts():
    found = random_effects(np.append(Y, 1e3), np.append(np.full(5, 0.1), 1e7), 0.9)
    assert found.mean == pytest.approx(Y.mean(), rel=0.05)


def test_scales_with_the_unit():
    v = np.array([0.1, 1, 0.5, 2, 0.3])
    one, other = random_effects(Y, v, 0.9), random_effects(Y * 1e6, v * 1e12, 0.9)
    assert other.high == pytest.approx(one.high * 1e6) and other.p_value == pytest.approx(
        one.p_value
    )


def test_few_or_equal_animals():
    assert np.isnan(random_effects(Y[:1], np.ones(1), 0.9).low)
    assert np.isnan(random_effects(Y[:2], np.ones(2), 0.9).new_low)
    same = random_effects(np.zeros(4), np.zeros(4), 0.9)
    assert (same.low, same.high, same.p_value) == (0, 0, 1)
