"""Changes are found where they were planted, and not where there are none."""

import numpy as np
import pytest
import scipy.signal

from trialtensor.tracking import change_points


def step(position, n=200, sd=0.5, seed=0):
    rng = np.random.default_rng([seed, position])
    return (np.arange(n) >= position) + sd * rng.normal(size=n)


def slow_noise(memory, n, rng):
    new = rng.normal(size=n + 200) * np.sqrt(1 - memory**2)
    return scipy.signal.lfilter([1.0], [1.0, -memory], new)[200:]


def test_planted_changes_at_twenty_positions():
    errors, covered = [], []
    for position in np.linspace(20, 180, 20).round().astype(int):
        found = change_points(step(position), n_null=59, n_bootstrap=200)
        assert found.n_changes == 1
        errors.append(abs(int(found.trials[0]) - position))
        low, high = found.intervals[0]
        assert low <= found.trials[0] <= high
        covered.append(low <= position <= high)
    assert np.median(errors) <= 2
    # 90 % intervals; 15 of 20 or fewer has a probability of 4 %.
    assert sum(covered) >= 16


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_false_alarms_are_rare(memory):
    alarms = [
        change_points(slow_noise(memory, 200, np.random.default_rng(seed)), n_null=59).n_changes > 0
        for seed in range(40)
    ]
    # At most 5 %; six or more of 40 has a probability of 1 %.
    assert sum(alarms) <= 5


def test_levels_and_fitted_values():
    y = np.repeat([0.0, 2.0, -1.0], 40) + 0.1 * np.random.default_rng(0).normal(size=120)
    found = change_points(y)
    assert found.trials.tolist() == [40, 80]
    assert found.p_value == pytest.approx(1 / 200)
    np.testing.assert_allclose(found.levels, [y[:40].mean(), y[40:80].mean(), y[80:].mean()])
    np.testing.assert_allclose(found.fitted, np.repeat(found.levels, 40))
    assert found.noise_sd[0] == pytest.approx(0.1, rel=0.2)


def test_shared_changes_are_seen_where_no_single_series_shows_them():
    rng = np.random.default_rng(1)
    y = 0.35 * (np.arange(150) >= 90)[:, None] * np.ones(12) + 0.7 * rng.normal(size=(150, 12))
    found = change_points(y, n_null=39, n_bootstrap=100)
    assert found.n_changes == 1
    assert abs(found.trials[0] - 90) <= 2
    assert found.levels.shape == (2, 12)
    assert found.fitted.shape == y.shape


def test_correlated_series_are_not_counted_twice():
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=(120, 1)) + 0.1 * rng.normal(size=(120, 5))
        alarms += change_points(y, n_null=39).n_changes > 0
    assert alarms <= 4


def test_missing_trials_are_skipped():
    errors = []
    for seed in range(7):
        y = step(100, seed=seed)
        y[::3] = np.nan
        found = change_points(y, n_null=59)
        assert found.n_changes == 1
        assert np.isfinite(found.fitted).all()
        errors.append(abs(int(found.trials[0]) - 100))
    assert np.median(errors) <= 2


def test_the_scale_and_offset_of_values_do_not_matter():
    y = step(60, sd=0.7)
    one, other = change_points(y), change_points(-1e6 * y + 1e9)
    np.testing.assert_array_equal(one.trials, other.trials)
    np.testing.assert_array_equal(one.intervals, other.intervals)
    assert one.p_value == other.p_value


def test_same_seed_same_answer_and_input_is_kept():
    y = step(70)
    before = y.copy()
    one, other = change_points(y, random_state=3), change_points(y, random_state=3)
    np.testing.assert_array_equal(one.intervals, other.intervals)
    np.testing.assert_array_equal(y, before)


def test_without_noise():
    assert change_points(np.zeros(50)).n_changes == 0
    found = change_points(np.repeat([0.0, 1.0], 30))
    assert found.trials.tolist() == [30]
    assert found.intervals.tolist() == [[30, 30]]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros(19), {}, "values: expected at least 20 trials with a value, got 19"),
        (np.zeros(39), {"min_size": 10}, "at least 40 trials"),
        (np.full(50, np.nan), {}, "at least 20 trials with a value, got 0"),
        (np.zeros((5, 5, 5)), {}, r"values: expected \(n_trials,\) or"),
        (np.append(np.zeros(50), np.inf), {}, "values: trial 50 is infinite"),
        (["a", "b"], {}, "values: expected numbers"),
        (np.zeros(50), {"alpha": 0}, "alpha: expected a number between 0 and 1"),
        (np.zeros(50), {"level": 1.5}, "level: expected a number between 0 and 1"),
        (np.zeros(50), {"min_size": 0}, "min_size: expected an integer of at least 1"),
        (np.zeros(50), {"n_null": 5}, "n_null: expected an integer of at least 19"),
    ],
)
def test_what_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        change_points(values, **options)
