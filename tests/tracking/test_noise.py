"""Noise whose memory is known."""

import numpy as np
import pytest

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
