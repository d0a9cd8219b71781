"""What a network has learned, against runs of it and against what is planted."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, PointMass, Schedule, simulate
from trialtensor_models.network import run_cortex
from trialtensor_models.phenomena import Learned, Networks, naive, reach_errors

TARGET = 45.0
STILL = PointMass(motor_noise=0.0)


@pytest.fixture(scope="module")
def model():
    model = CCRNN.pretrained(1)
    return replace(model, cortex=replace(model.cortex, noise=0.0))


@pytest.fixture(scope="module")
def run(model):
    """Without noise: learning to one of 16 targets, then probes on both sides of it."""
    schedule = Schedule().rotate(30, 20, targets=(2,)).rotate(30, 1, targets=(2,), learns=False)
    for target in (1, 3, 0, 4):
        schedule = schedule.rotate(30, 1, targets=(target,), learns=False)
    return simulate(model, CenterOut(n_targets=16), schedule, plant=STILL)


@pytest.fixture(scope="module")
def learned(model, run):
    return Learned(model, TARGET, *(w[20].astype(float) for w in (run.truth.W_PC, run.truth.C)))


def test_adaptation_is_that_of_probes(run, learned):
    adapted = (run.truth.fast + run.truth.slow).values / 30
    assert learned.adaptation() == pytest.approx(adapted[20], abs=1e-5)
    assert learned.adaptation(22.5) == pytest.approx(adapted[[21, 22]].mean(), abs=1e-5)
    assert learned.adaptation(45) == pytest.approx(adapted[[23, 24]].mean(), abs=1e-5)
    assert 0.1 < learned.adaptation(45) < learned.adaptation()


def test_directions_and_drift_are_those_of_the_hand(run, learned):
    hand, time = run.behaviour["hand"].values[20].astype(float), run.behaviour["time"].values
    angle = np.rad2deg(np.arctan2(hand[:, 1], hand[:, 0])) - TARGET
    at = {name: int(np.argmin(np.abs(time - t))) for name, t in (("early", 0.1), ("over", 0.5))}
    fastest = int(np.linalg.norm(np.diff(hand, axis=0, prepend=0), axis=1).argmax())
    found = learned.directions()
    assert found["early"] == pytest.approx(-angle[at["early"]] / 30, abs=0.01)
    assert found["peak"] == pytest.approx(-angle[fastest] / 30, abs=1e-3)
    assert found["end"] == pytest.approx(-angle[-1] / 30, abs=1e-3)
    drift = 1000 * np.linalg.norm(hand[-1] - hand[at["over"]])
    assert learned.drift() == pytest.approx(drift, abs=1e-3)


def test_match_is_that_of_the_run_and_its_counterfactual(model, run, learned):
    # Commands by the readout of recorded activity, in bins of two steps.
    cortex = run.truth.region == "cortex"
    alone = run.truth.counterfactual["no_cerebellum"].values[20][cortex]
    nuclei = run.activity.values[20][run.truth.region == "nuclei"]
    turn = np.deg2rad(30)
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    draw = CenterOut(n_targets=1, first_angle=TARGET).draw(np.zeros(1, int), 0.01, None)
    wanted = draw.desired[0].reshape(-1, 2, 2).mean(1).T
    left = wanted - R @ (model.weights.W_out @ alone)
    lag = 4  # bins
    sent, left = nuclei[:, :-lag].ravel(), left[:, lag:].ravel()
    cosine = sent @ left / np.linalg.norm(sent) / np.linalg.norm(left)
    assert cosine > 0.3 and learned.nuclei_match() == pytest.approx(cosine, abs=0.01)
    # Nuclei that send the opposite match the opposite.
    against = replace(learned, W_PC=-learned.W_PC)
    assert against.nuclei_match() < -0.5
    assert naive(model).nuclei_match() == 0


def test_who_learned_nothing_reaches_straight(model):
    nothing = naive(model, TARGET)
    assert abs(nothing.adaptation()) < 1e-12 and abs(nothing.adaptation(90)) < 1e-12
    assert abs(nothing.directions()["end"]) < 0.03 and nothing.drift() < 1


def test_reach_errors_are_distances_at_the_end(model):
    draw = model.reference_draw()
    hand = run_cortex(model.wiring, draw.inputs)[1].sum(1) * 0.01
    targets = 0.1 * np.array([[np.cos(a), np.sin(a)] for a in np.deg2rad(np.arange(16) * 22.5)])
    expected = np.linalg.norm(hand - targets, axis=1) / 0.1
    assert reach_errors(model) == pytest.approx(expected)


def test_one_trial_rates_are_what_one_trial_does():
    networks = Networks(range(1), 1)
    rates = networks.one_trial_rates
    assert rates.shape == (1, 16)
    # Gains are set so that their mean is the nominal rate.
    assert rates.mean() == pytest.approx(1, abs=0.05)
    model = networks.units[0].model
    model = replace(model, cortex=replace(model.cortex, noise=0.0))
    schedule = Schedule().rotate(30, 2)
    run = simulate(model, CenterOut(n_targets=1, first_angle=67.5), schedule, plant=STILL)
    assert float(run.truth.fast[1]) / 30 / 0.21 == pytest.approx(rates[0, 3])


def test_repeats_of_a_cortex_are_one():
    networks = Networks(range(2), 3)
    assert [unit.cortex for unit in networks.units] == [0, 0, 0, 1, 1, 1]
    assert len({unit.target for unit in networks.units}) == 6
    assert len({unit.seed for unit in networks.units}) == 6
    first = networks.units[:3]
    assert all(unit.model.weights is first[0].model.weights for unit in first)
    assert networks.by_cortex([1, 2, 3, 4, 5, 9]).tolist() == [2, 6]
    assert networks.by_cortex([1, 2, 3, 4, 5, 9], np.max).tolist() == [3, 9]
