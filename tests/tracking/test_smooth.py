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


def test_the_less_noise_the_closer():
    truth = np.r_[np.zeros(80), 3 * (1 - np.exp(-np.arange(1, 121) / 20))]
    noise = np.random.default_rng(0).normal(size=200)
    errors, steepest = [], []
    for sd in (0.5, 0.1, 0.02, 0.004):
        curve = smooth_curve(truth + sd * noise)
        errors.append(np.sqrt(np.mean((curve.value - truth) ** 2)))
        steepest.append(curve.slope.max())
        assert not curve.wanders and np.isnan(curve.bandwidth)
        assert abs(curve.noise.variance**0.5 / sd - noise.std()) < 0.1
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.002
    assert steepest[-1] == pytest.approx(np.diff(truth).max(), rel=0.02)


def test_slopes_are_those_of_the_course():
    truth = np.r_[np.zeros(80), 3 * (1 - np.exp(-np.arange(1, 121) / 20))]
    covered = []
    for seed in range(8):
        curve = smooth_curve(truth + 0.2 * np.random.default_rng(seed).normal(size=200))
        low, high = curve.slope_interval[:, 90:]
        covered.append(np.mean((low <= np.diff(truth)[89:]) & (np.diff(truth)[89:] <= high)))
        np.testing.assert_allclose(np.cumsum(curve.slope), curve.value - curve.value[0])
    assert np.mean(covered) > 0.75


def test_what_is_no_course_of_transitions():
    """Ten periods of a sinusoid are slow noise, unless lines with a bandwidth follow them."""
    truth = np.sin(np.arange(200) * 2 * np.pi / 20)
    y = truth + 0.2 * np.random.default_rng(0).normal(size=200)
    curve = smooth_curve(y)
    assert np.ptp(curve.value) < 0.3
    assert curve.noise.variance > 0.4
    lines = smooth_curve(y, gap=0)
    assert lines.bandwidth < 12 and np.sqrt(np.mean((lines.value - truth) ** 2)) < 0.2


def test_what_is_refused():
    with pytest.raises(ValueError, match="at least 20 trials with a value, got 10"):
        smooth_curve(np.zeros(10))
    with pytest.raises(ValueError, match="bandwidth: expected a number of at least 3, got 1"):
        smooth_curve(np.zeros(50), bandwidth=1)
