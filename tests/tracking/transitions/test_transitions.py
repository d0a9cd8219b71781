"""Transitions: planted onsets, time constants and amplitudes; noise; what is refused."""

import numpy as np
import pytest

from benchmarks.trial_noise import noise
from trialtensor.tracking import transitions


def course(n, *parts):
    """Sum of transitions, each an onset, a time constant and an amplitude."""
    total = np.zeros(n)
    for onset, tau, amplitude in parts:
        since = np.maximum(np.arange(n) - onset + 1.0, 0)
        if tau == 0:
            total += amplitude * (since > 0)
        elif np.isinf(tau):
            total += amplitude * since / (n - onset)
        else:
            total += amplitude * (1 - np.exp(-since / tau))
    return total


def test_without_noise_everything_is_exact():
    for part in ((70, 0.0, 2.0), (70, 15.0, -3.0), (21, 48.0, 12.0)):
        y = 5 + course(200, part)
        found = transitions(y)
        row = found.table.iloc[0]
        assert found.n_transitions == 1
        assert row["onset"] == part[0]
        assert row["onset_low"] == row["onset_high"] == part[0]
        np.testing.assert_allclose(row["time_constant"], part[1], rtol=1e-4)
        np.testing.assert_allclose(row["amplitude"], part[2], rtol=1e-3)
        np.testing.assert_allclose(found.course, y, atol=1e-3 * abs(part[2]))
        assert not found.wanders


def test_line_is_a_ramp():
    found = transitions(np.linspace(3, 5, 120))
    assert found.table["kind"].tolist() == ["ramp"]
    np.testing.assert_allclose(found.table["amplitude"], 2, rtol=0.02)
    assert "ramp at" in repr(found)


@pytest.mark.parametrize("kind", ["white", "AR(.6)"])
def test_intervals_hold_the_truth(kind):
    rng = np.random.default_rng(3)
    held = []
    for _ in range(20):
        onset = int(rng.integers(50, 90))
        y = course(200, (onset, 15.0, 1.0)) + 0.3 * noise(kind, 200, rng)
        found = transitions(y, n_draws=200)
        if found.n_transitions != 1:
            continue
        row = found.table.iloc[0]
        held.append(
            [
                row["onset_low"] <= onset <= row["onset_high"],
                row["time_constant_low"] <= 15 <= row["time_constant_high"],
                row["amplitude_low"] <= 1 <= row["amplitude_high"],
            ]
        )
    assert len(held) >= 15
    # 90 % intervals; a share below 3/4 in 20 would come up once in 25 times.
    assert np.mean(held, axis=0).min() >= 0.75


def test_learning_and_washout_are_two():
    rng = np.random.default_rng(0)
    y = course(200, (40, 10.0, 1.0), (150, 8.0, -1.0)) + 0.1 * rng.normal(size=200)
    found = transitions(y)
    assert found.n_transitions == 2
    np.testing.assert_allclose(found.onsets, [40, 150], atol=3)
    assert found.table["amplitude"].to_numpy() @ [1, -1] == pytest.approx(2, abs=0.3)


def test_jump_and_decay_are_two():
    rng = np.random.default_rng(1)
    y = course(200, (60, 0.0, 1.0), (60, 25.0, -1.0)) + 0.1 * rng.normal(size=200)
    found = transitions(y)
    assert found.n_transitions == 2
    assert "step" in found.table["kind"].tolist()


@pytest.mark.parametrize("kind", ["white", "t(3)", "AR(.8)", "half AR(.9)", "variance x 9"])
def test_noise_shows_nothing(kind):
    rng = np.random.default_rng(5)
    alarms = [transitions(noise(kind, 150, rng), n_draws=20).n_transitions for _ in range(30)]
    # At 5 %, more than 4 of 30 would come up once in 60 times.
    assert np.count_nonzero(alarms) <= 4


def test_roles_are_kept_from_draw_to_draw():
    """Intervals of two steps far apart don't span both."""
    rng = np.random.default_rng(0)
    y = course(200, (60, 0.0, 1.0), (140, 0.0, 1.0)) + 0.4 * rng.normal(size=200)
    found = transitions(y)
    assert found.n_transitions == 2
    widths = found.table["onset_high"] - found.table["onset_low"]
    assert (widths < 40).all()


def test_learning_that_begins_with_the_first_trial():
    for sd in (0.0, 0.01, 0.1):
        rng = np.random.default_rng(0)
        y = course(200, (0, 20.0, 1.0)) + sd * rng.normal(size=200)
        found = transitions(y)
        assert found.n_transitions == 1
        row = found.table.iloc[0]
        assert row["onset_low"] == 0
        assert row["time_constant_low"] <= 20.001 and row["time_constant_high"] >= 19.999


def test_outlier_is_no_transition():
    rng = np.random.default_rng(0)
    y = rng.normal(size=120)
    y[60] += 25
    found = transitions(y)
    assert found.n_transitions == 0
    assert found.diagnostics["outliers"] >= 1


def test_onset_in_a_gap_may_be_anywhere_in_it():
    rng = np.random.default_rng(0)
    y = course(200, (70, 0.0, 1.0)) + 0.1 * rng.normal(size=200)
    y[60:80] = np.nan
    row = transitions(y).table.iloc[0]
    assert row["onset_low"] <= 62
    assert row["onset_high"] >= 78
    assert row["onset_high"] <= 80


def test_several_series_change_together():
    rng = np.random.default_rng(0)
    y = np.stack([course(150, (80, 0.0, 1.0)), course(150, (80, 0.0, -2.0))], axis=1)
    y += 0.7 * rng.normal(size=y.shape)
    found = transitions(y)
    assert found.n_transitions == 1
    assert found.table["series"].tolist() == [0, 1]
    np.testing.assert_allclose(found.table["amplitude"], [1, -2], atol=0.5)
    assert found.course.shape == y.shape
    assert found.band.shape == (2, *y.shape)
    # More certain than from either of them.
    one = transitions(y[:, 0])
    assert found.p_value < one.p_value


def test_correlated_noise_of_several_series_counts_once():
    rng = np.random.default_rng(2)
    shared = noise("AR(.9)", 150, rng)
    y = np.stack([shared, shared, shared], axis=1) + 0.05 * rng.normal(size=(150, 3))
    assert transitions(y).p_value > 0.05


def test_units_and_signs_do_not_matter():
    rng = np.random.default_rng(0)
    y = course(120, (50, 10.0, 1.0)) + 0.2 * rng.normal(size=120)
    here = transitions(y)
    for unit, exactness in ((2.0**40, 1e-6), (-(2.0**-40), 0.02)):
        there = transitions(unit * y + 0.25 * unit)
        np.testing.assert_array_equal(here.onsets, there.onsets)
        # Draws have the same sign, whatever that of the series.
        np.testing.assert_allclose(
            there.table["amplitude"], unit * here.table["amplitude"], rtol=exactness
        )
        np.testing.assert_allclose(here.p_value, there.p_value, rtol=1e-6)


def test_known_onsets_and_time_constants_are_kept_to():
    rng = np.random.default_rng(0)
    y = course(160, (60, 12.0, 1.0)) + 0.2 * rng.normal(size=160)
    assert transitions(y, onsets=[40, 60, 100]).onsets.tolist() == [60]
    steps = transitions(y, time_constants=0)
    assert set(steps.table["time_constant"]) == {0.0}


def test_conditions_that_take_turns_hide_nothing():
    rng = np.random.default_rng(0)
    target = np.arange(160) % 4
    y = course(160, (80, 0.0, 1.0)) + 5.0 * target + 0.5 * rng.normal(size=160)
    assert transitions(y).n_transitions == 0
    found = transitions(y, conditions=target)
    assert found.n_transitions == 1
    assert found.table["onset_low"][0] <= 80 <= found.table["onset_high"][0]
    np.testing.assert_allclose(np.unique(found.offsets.round(1)), [-7.5, -2.5, 2.5, 7.5], atol=0.4)


def test_constant_series_has_nothing():
    found = transitions(np.full(50, 3.0))
    assert (found.n_transitions, found.p_value, found.wanders) == (0, 1.0, False)
    np.testing.assert_allclose(found.course, 3)


def test_random_walk_wanders():
    rng = np.random.default_rng(0)
    results = [transitions(noise("walk", 200, rng), n_draws=50) for _ in range(20)]
    assert np.mean([each.wanders or not each.n_transitions for each in results]) >= 0.9
    assert np.mean([each.wanders for each in results]) >= 0.7


def test_repr_is_short():
    rng = np.random.default_rng(0)
    y = course(120, (50, 10.0, 1.0)) + 0.1 * rng.normal(size=120)
    assert repr(transitions(y)).startswith("Transitions(gradual at ")
    assert repr(transitions(rng.normal(size=60))).startswith("Transitions(none: probability ")


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"onsets": [500]}, "onsets: expected trials from 0 to 99"),
        ({"onsets": []}, "onsets"),
        ({"time_constants": -1}, "time_constants"),
        ({"max_transitions": 11}, "max_transitions"),
        ({"alpha": 2}, "alpha"),
        ({"conditions": np.arange(100)}, "conditions"),
    ],
)
def test_bad_arguments_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        transitions(np.random.default_rng(0).normal(size=100), **wrong)


def test_a_component_that_falls_silent_for_good():
    rng = np.random.default_rng(0)
    y = 3 + rng.normal(size=160)
    y[110:] = 0
    with np.errstate(divide="raise", invalid="raise"):
        found = transitions(y)
    assert 110 in found.onsets


def test_a_series_sorted_by_its_own_values_is_named():
    y = np.random.default_rng(0).normal(size=100)
    for ordered in (np.sort(y), -np.sort(y), np.sort(np.round(3 * y))):
        with pytest.warns(UserWarning, match="sorted by its own values"):
            transitions(ordered, n_draws=50)


@pytest.mark.filterwarnings("error")
def test_a_course_without_noise_is_not_said_to_be_sorted():
    for part in ((40, 0.0, 1.0), (40, 15.0, 1.0), (0, np.inf, 1.0)):
        assert transitions(course(100, part), n_draws=50).n_transitions == 1
