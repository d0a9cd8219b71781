"""Inference of contexts as a model: schedules, units, noise, what it refuses."""

import numpy as np
import pandas as pd
import pytest

from trialtensor_models import Schedule
from trialtensor_models.rates import Behaviour, ContextInference

SCHEDULE = Schedule().baseline(20).rotate(30, 60).rotate(-30, until="zero").clamp(40)


def test_it_goes_with_the_unit():
    one = ContextInference().simulate([0, 0, 0, 1, 1, 1, -1, np.nan, 1])
    large = ContextInference().simulate(30 * np.array([0, 0, 0, 1, 1, 1, -1, np.nan, 1]))
    assert np.allclose(30 * one.output, large.output) and np.allclose(30 * one.states, large.states)
    # A perturbation that is small beside the noises is no reason to think of another context.
    small = ContextInference(scale=1000.0).simulate([0, 0, 0, 15.0, 15])
    assert small.expected[-1, 1] < 0.02 < 0.2 < one.expected[4, 1]


def test_a_block_ends_when_it_says():
    trace = ContextInference().simulate(SCHEDULE)
    third = trace.output[trace.block == 2]
    assert third[0] > 0 and third[-1] <= 0 and np.all(third[:-1] > 0)
    assert set(trace.epoch) == {"baseline", "rotate", "clamp"}
    same = ContextInference().simulate(trace.perturbation)
    assert np.array_equal(same.output, trace.output)


def test_until_sees_what_was_shown():
    stop = Schedule().rotate(1, 50, until=lambda history: history["adaptation"][-1] > 0.3).clamp(3)
    trace = ContextInference().simulate(stop, noise=0.05, random_state=0)
    shown = trace.shown[trace.block == 0]
    assert shown[-1] > 0.3 and np.all(shown[:-1] <= 0.3) and len(shown) < 50


def test_noises_are_apart():
    quiet = ContextInference().simulate(SCHEDULE)
    p = quiet.perturbation
    moved = ContextInference().simulate(p, noise=5.0, feedback_noise=0.0, random_state=0)
    assert np.array_equal(moved.output, quiet.output)
    assert np.std(moved.shown - moved.output) == pytest.approx(5, rel=0.2)
    seen = ContextInference().simulate(p, feedback_noise=1.0, random_state=0)
    assert np.array_equal(seen.shown, seen.output) and not np.array_equal(seen.output, quiet.output)


def test_probabilities_of_contexts():
    trace = ContextInference().simulate(np.r_[np.zeros(30), np.ones(60)])
    assert np.allclose(trace.expected.sum(axis=1), 1)
    assert trace.expected[29, 0] > 0.99 and trace.expected[-1, 1] > 0.9
    assert np.allclose((trace.expected * trace.states).sum(axis=1), trace.output)
    assert trace.states[-1, 1] == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize(
    "change",
    [
        {"retention": 1.0},
        {"process_noise": 0.0},
        {"sensory_noise": -1.0},
        {"drift": 0.0},
        {"concentration": float("nan")},
        {"new": 0},
        {"stay": 1.0},
        {"cue_concentration": 0},
        {"n_contexts": 0},
        {"n_contexts": 1.5},
        {"scale": 0.0},
    ],
)
def test_parameters_out_of_range(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        ContextInference(**change)


def test_what_it_says_nothing_of():
    with pytest.raises(ValueError, match="scales the cerebellum"):
        ContextInference().simulate(Schedule().rotate(1, 5, cerebellum=0.5))
    with pytest.raises(ValueError, match="noise"):
        ContextInference().simulate([0, 1], noise=-1)
    with pytest.raises(ValueError, match="feedback_noise"):
        ContextInference().simulate([0, 1], feedback_noise=-1)
    behaviour = Behaviour.of(np.zeros(30), np.r_[np.zeros(5), np.ones(25)])
    for free in ((), ("A_f",)):
        with pytest.raises(ValueError, match="free: expected some of 'retention'"):
            ContextInference.fit(behaviour, free=free)


def test_fit_finds_what_was_planted():
    p = np.repeat([0.0, 1.0, 0.0, 1.0, -1.0, np.nan], [15, 50, 30, 30, 12, 30])
    planted = ContextInference(retention=0.9, process_noise=0.012, concentration=6.0)
    y = [planted.simulate(p, noise=0.05, random_state=i).shown for i in range(8)]
    model = ContextInference.fit(Behaviour.of(y, p))
    for name, (low, high) in model.found.intervals.items():
        assert low < getattr(planted, name) < high, name
    assert model.found.noise == pytest.approx(0.05, rel=0.15)
    assert np.abs(model.simulate(p).output - planted.simulate(p).output).max() < 0.05


def test_cues_help():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"perturbation": rng.choice([-30.0, 30.0], 300)})
    table["context"] = np.where(table["perturbation"] > 0, "up", "down")
    output = ContextInference().simulate(table).output
    assert np.all(np.sign(output[-50:]) == np.sign(table["perturbation"].to_numpy()[-50:]))
