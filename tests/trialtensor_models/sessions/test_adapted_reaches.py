"""What hands do on their way once they have adapted, and how even one-trial learning is."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, PointMass, Schedule, simulate
from trialtensor_models.network import AS_IT_IS, n_packaged, run_trial, stack
from trialtensor_models.plants import Perturbation, direction, seen
from trialtensor_models.plasticity import Learner

QUIET = PointMass(motor_noise=0.0)
GO, OVER = 20, 70  # steps


def quiet(index):
    model = CCRNN.pretrained(index)
    return replace(model, cortex=replace(model.cortex, noise=0.0))


def adapted_hand(index, angle, n_trials):
    """(2, T, 2) paths of the hand, naive and adapted, forward and to the left of the target."""
    task = CenterOut(n_targets=1, first_angle=angle)
    schedule = Schedule().rotate(30, n_trials)
    run = simulate(quiet(index), task, schedule, plant=QUIET, record="behaviour")
    turn = np.deg2rad(angle)
    to_target = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return run.behaviour["hand"].values[[0, -1]] @ to_target


def turned(hand, step):
    """Share of the rotation by which the adapted hand has turned against it."""
    naive, adapted = np.rad2deg(np.arctan2(hand[:, step, 1], hand[:, step, 0]))
    return (naive - adapted) / 30


def check_paths(index, angles, margin, n_trials=160):
    hands = [adapted_hand(index, angle, n_trials) for angle in angles]
    peak = GO + 25
    early, middle, end = (np.mean([turned(h, t) for h in hands]) for t in (GO + 9, peak, -1))
    assert abs(middle - end) < 0.1
    assert max(early, middle, end) - min(early, middle, end) < margin
    assert max(turned(hand, -1) for hand in hands) < 1
    drifts = [np.linalg.norm(hand[1, -1] - hand[1, OVER - 1]) for hand in hands]
    assert np.mean(drifts) < 1e-3


def test_adapted_hand_goes_straight_and_stops():
    # 100 ms after the go the hand is 6 mm from its start: a few directions say little of it.
    check_paths(1, (0, 135, 225), margin=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("index", range(n_packaged("center_out")))
@pytest.mark.parametrize("n_trials", [80, pytest.param(160, marks=pytest.mark.long)])
def test_adapted_hands_of_all_cortices(index, n_trials):
    check_paths(index, np.arange(16) * 22.5, margin=0.1, n_trials=n_trials)


@pytest.mark.parametrize("index", range(n_packaged("center_out")))
@pytest.mark.parametrize("first_angle", [0.0, 11.25])
def test_all_directions_learn_alike(index, first_angle):
    model = quiet(index)
    draw = CenterOut(n_targets=16, first_angle=first_angle).draw(
        np.arange(16), 0.01, np.random.default_rng(0)
    )
    wiring, learner, found = stack([model.wiring] * 16), Learner([model] * 16), []
    for _ in range(2):
        activity = run_trial(wiring, draw.inputs, learner.W_PC, learner.C, AS_IT_IS)
        command = activity.command[:, 0]
        found.append(direction(command, draw.desired))
        error = seen(command, draw.desired, Perturbation(rotation=30), 0.01).error
        learner.learn(activity, error, np.ones(16, dtype=bool))
    rates = (found[0] - found[1]) / 30
    assert np.abs(rates / model.plasticity.B_f - 1).max() < 0.2
    if first_angle == 0:  # where gains are set
        assert np.abs(rates / model.plasticity.B_f - 1).max() < 0.1


def test_gains_of_cells_are_common_unless_asked_for():
    model = CCRNN.pretrained(0)
    plain = replace(model, cerebellum=replace(model.cerebellum, even=False))
    assert np.ptp(Learner([plain])._fast_gain) == 0
    assert np.ptp(Learner([model])._fast_gain) > 0


def test_networks_of_version_1_keep_their_equations(tmp_path):
    path = tmp_path / "old.h5"
    CCRNN.pretrained(0).save(path)
    with h5py.File(path, "a") as file:
        configuration = json.loads(file.attrs["configuration"])
        del configuration["cerebellum"]["inhibition"], configuration["cerebellum"]["even"]
        del configuration["pathways"]["eligibility"]
        file.attrs["configuration"] = json.dumps(configuration)
        file.attrs["format_version"] = 1
    old = CCRNN.load(path)
    assert old.cerebellum.inhibition == 0 and not old.cerebellum.even
    assert old.pathways.eligibility == 0 and old.kept == 0
    np.testing.assert_array_equal(old.wiring.golgi, [[[1, 0]]])


def test_cortices_have_numbers():
    assert n_packaged("center_out") >= 5 and n_packaged("match") >= 5
    third = CCRNN.pretrained(0, index=3)
    assert third.seed == 0
    np.testing.assert_array_equal(third.weights.W, CCRNN.pretrained(3).weights.W)
    assert not np.array_equal(third.weights.W, CCRNN.pretrained(0).weights.W)
    with pytest.raises(ValueError, match="index: the package has cortices 0 to 4 for 'center_out'"):
        CCRNN.pretrained(index=5)
