"""Changes are found where they were planted, and not where there are none."""

import numpy as np
import pytest
import scipy.signal

from trialtensor.tracking import change_points
from trialtensor.tracking.transitions import transitions


def step(position, n=200, sd=0.5, seed=0):
    rng = np.random.default_rng([seed, position])
    return (np.arange(n) >= position) + sd * rng.normal(size=n)


def slow_noise(memory, n, rng):
    new = rng.normal(size=n + 200) * np.sqrt(1 - memory**2)
    return scipy.signal.lfilter([1.0], [1.0, -memory], new)[200:]


def learning(onset, tau, n=200, sd=0.25, seed=0):
    course = 1 - np.exp(-np.maximum(np.arange(n) - onset + 1, 0) / tau)
    return course + sd * np.random.default_rng([seed, onset]).normal(size=n)


def test_planted_changes_at_twenty_positions():
    errors, covered, numbers = [], [], []
    for position in np.linspace(20, 180, 20).round().astype(int):
        found = change_points(step(position))
        numbers.append(found.n_changes)
        nearest = int(np.argmin(np.abs(found.trials - position)))
        errors.append(abs(int(found.trials[nearest]) - position))
        low, high = found.intervals[nearest]
        assert low <= found.trials[nearest] <= high
        covered.append(low <= position <= high)
    assert min(numbers) == 1 and numbers.count(1) >= 18
    assert np.median(errors) <= 2
    # 90 % intervals; 15 of 20 or fewer has a probability of 4 %.
    assert sum(covered) >= 16


@pytest.mark.parametrize("tau", [5, 40])
def test_a_gradual_change_is_one_and_its_interval_holds_the_first_trial(tau):
    found = [change_points(learning(70, tau, seed=seed)) for seed in range(10)]
    assert [each.n_changes for each in found].count(1) >= 9
    held = [(each.intervals[:, 0] <= 70) & (each.intervals[:, 1] >= 70) for each in found]
    assert sum(each.any() for each in held) >= 7  # of 90 % intervals
    # The plateau is a level; how far learning has come by the last trial.
    levels = [each.levels for each in found if each.n_changes == 1]
    reached = 1 - np.exp(-130 / tau)
    np.testing.assert_allclose(np.mean(levels, axis=0), [0, reached], atol=0.1)


def test_it_is_the_onsets_of_transitions():
    y = learning(60, 15) - 0.8 * (np.arange(200) >= 150)
    found, expected = change_points(y, random_state=3), transitions(y, random_state=3)
    np.testing.assert_array_equal(found.trials, expected.onsets)
    np.testing.assert_array_equal(found.fitted, expected.course)
    ends = expected.table[["onset_low", "onset_high"]].to_numpy()
    np.testing.assert_array_equal(found.intervals, ends)
    assert found.p_value == expected.p_value
    # Each level is that of the course where nothing is uncertain nearby.
    np.testing.assert_allclose(found.levels, found.fitted[[0, 140, 199]], atol=0.1)


def test_steps_only():
    y = np.repeat(np.arange(8) % 2, 30) + 0.1 * np.random.default_rng(2).normal(size=240)
    found = change_points(y, time_constants=0, max_transitions=10)
    assert found.trials.tolist() == list(range(30, 240, 30))
    np.testing.assert_allclose(found.levels, np.arange(8) % 2, atol=0.06)
    assert np.isin(70, change_points(learning(70, 5, sd=0.02), time_constants=0).trials)


def test_a_gap_may_hide_the_change():
    for sd in (0.1, 0.5):
        for seed in range(5):
            y = step(70, sd=sd, seed=seed)
            y[60:80] = np.nan
            found = change_points(y, time_constants=0)
            low, high = found.intervals[0]
            assert found.n_changes == 1 and low <= 70 <= high
            assert found.levels == pytest.approx([np.nanmean(y[:60]), np.nanmean(y[80:])], abs=0.1)


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_false_alarms_are_rare(memory):
    alarms = [
        change_points(slow_noise(memory, 200, np.random.default_rng(seed))).n_changes > 0
        for seed in range(40)
    ]
    # At most 5 %; six or more of 40 has a probability of 1 %.
    assert sum(alarms) <= 5


def test_levels_and_fitted_values():
    y = np.repeat([0.0, 2.0, -1.0], 40) + 0.1 * np.random.default_rng(0).normal(size=120)
    found = change_points(y)
    assert found.trials.tolist() == [40, 80]
    assert found.p_value < 0.001
    # Draws are 400, and outliers are drawn in.
    np.testing.assert_allclose(found.levels, [y[:40].mean(), y[40:80].mean(), y[80:].mean()],
                               atol=0.01)  # fmt: skip
    np.testing.assert_allclose(found.fitted, np.repeat(found.levels, 40), atol=0.02)
    assert found.noise_sd[0] == pytest.approx(0.1, rel=0.2)
    assert found.inflation[0] < 2


def test_shared_changes_are_seen_where_no_single_series_shows_them():
    rng = np.random.default_rng(1)
    y = 0.35 * (np.arange(150) >= 90)[:, None] * np.ones(12) + 0.7 * rng.normal(size=(150, 12))
    found = change_points(y)
    assert found.n_changes == 1
    assert abs(found.trials[0] - 90) <= 2
    assert found.levels.shape == (2, 12)
    assert found.fitted.shape == y.shape


def test_correlated_series_are_not_counted_twice():
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=(120, 1)) + 0.1 * rng.normal(size=(120, 5))
        alarms += change_points(y).n_changes > 0
    assert alarms <= 4


def test_missing_trials_are_skipped():
    errors = []
    for seed in range(7):
        y = step(100, seed=seed)
        y[::3] = np.nan
        found = change_points(y)
        assert found.n_changes == 1
        assert np.isfinite(found.fitted).all()
        errors.append(abs(int(found.trials[0]) - 100))
    assert np.median(errors) <= 2


def test_the_scale_and_offset_of_values_do_not_matter():
    y = step(60, sd=0.7)
    one, other = change_points(y), change_points(-1e6 * y + 1e9)
    np.testing.assert_array_equal(one.trials, other.trials)
    np.testing.assert_array_equal(one.intervals, other.intervals)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-6)


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
    np.testing.assert_allclose(found.levels, [0, 1], atol=1e-6)
    still = change_points(np.full((50, 2), 3.7))
    assert still.p_value == 1 and still.levels == pytest.approx(np.full((1, 2), 3.7), rel=1e-12)


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
        (np.zeros(50), {"max_transitions": 11}, "max_transitions: expected an integer from 1 to"),
        (np.zeros(50), {"time_constants": -1}, "time_constants: expected trials from 0"),
    ],
)
def test_what_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        change_points(values, **options)
