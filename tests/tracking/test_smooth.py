"""A smooth curve follows the truth, and its interval holds it."""

import numpy as np
import pytest

from trialtensor.tracking import smooth_curve


def brute(y, bandwidth, degree):
    """Weighted least squares, trial by trial."""
    trials, value, slope = np.arange(len(y)), [], []
    for k in trials:
        weight = np.clip(1 - ((trials - k) / bandwidth) ** 2, 0, None) * np.isfinite(y)
        use = weight > 0
        fit = np.polyfit(trials[use] - k, y[use], degree, w=np.sqrt(weight[use]))
        value.append(fit[-1]), slope.append(fit[-2])
    return np.array(value), np.array(slope)


@pytest.mark.parametrize("missing", [False, True])
def test_lines_and_parabolas_are_weighted_least_squares(missing):
    from trialtensor.tracking.local_lines import local_parabolas

    y = np.random.default_rng(0).normal(size=60)
    if missing:
        y[[0, 4, 5, 30, 31]] = np.nan
    curve = smooth_curve(y, bandwidth=8.5)
    value, slope = brute(y, 8.5, 1)
    np.testing.assert_allclose(curve.value, value, atol=1e-10)
    np.testing.assert_allclose(curve.slope, slope, atol=1e-10)
    np.testing.assert_allclose(local_parabolas(y, 8.5), brute(y, 8.5, 2)[0], atol=1e-8)


def test_a_line_is_kept():
    line = 3 + 0.2 * np.arange(50)
    curve = smooth_curve(line, bandwidth=10)
    np.testing.assert_allclose(curve.value, line)
    np.testing.assert_allclose(curve.slope, 0.2)
    np.testing.assert_allclose(curve.interval, [line, line], atol=1e-5)


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_interval_holds_the_truth(memory):
    covered = []
    for seed in range(20):
        new = np.random.default_rng(seed).normal(size=300)
        noise = new.copy()
        for i in range(1, 300):
            noise[i] = memory * noise[i - 1] + new[i]
        truth = 3 * (1 - np.exp(-np.arange(300) / 40))
        curve = smooth_curve(truth + noise)
        covered.append(np.mean((curve.interval[0] <= truth) & (truth <= curve.interval[1])))
    assert 0.75 < np.mean(covered) < 0.98


def test_what_is_refused():
    with pytest.raises(ValueError, match="at least 20 trials with a value, got 10"):
        smooth_curve(np.zeros(10))
    with pytest.raises(ValueError, match="bandwidth: expected a number of at least 3, got 1"):
        smooth_curve(np.zeros(50), bandwidth=1)
