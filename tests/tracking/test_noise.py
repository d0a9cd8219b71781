"""Noise whose memory is known."""

import numpy as np
import pytest

from trialtensor.tracking.memory import KINDS, Splits, filtered, inflations, trial_noise
from trialtensor.tracking.noise import autocovariance, fit_noise


@pytest.mark.parametrize("memory", [0.0, 0.4, 0.7])
def test_long_run_variance_of_a_long_series(memory):
    new = np.random.default_rng(0).normal(size=20000)
    y = new.copy()
    for i in range(1, len(y)):
        y[i] = memory * y[i - 1] + new[i]
    assert fit_noise(y).long_run_variance == pytest.approx(1 / (1 - memory) ** 2, rel=0.1)


def test_autocovariance_skips_missing_pairs():
    y = np.array([1.0, -1.0, 1.0, -1.0, np.nan, -1.0])
    np.testing.assert_allclose(autocovariance(y, 2), [1, -1 * 5 / 6, 1 * 4 / 6])


def test_kinds_have_their_variance_and_inflation():
    normal = np.random.default_rng(0).standard_normal((2, 400, 500))
    for kind in range(0, len(KINDS), 5):
        noise = filtered(normal, kind)
        assert noise.var() == pytest.approx(1, rel=0.1)
        means = 500 * noise.mean(axis=1).var()
        assert means == pytest.approx(inflations()[kind], rel=0.35)


def test_levels_are_no_noise():
    rng = np.random.default_rng(0)
    white = rng.normal(size=300)
    stepped = white + 5 * (np.arange(300) >= 100)
    assert trial_noise(stepped, Splits(5)).variance == pytest.approx(1, rel=0.3)
    assert trial_noise(stepped, Splits(5)).inflation < 4
    slow = filtered(rng.standard_normal((2, 300)), len(KINDS) - 1)
    assert trial_noise(slow, Splits(5)).inflation > 6
