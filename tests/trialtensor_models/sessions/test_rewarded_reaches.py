"""Reaches that are taught by rewards alone: what is learned from them, and what can't be."""

import numpy as np
import pytest

from trialtensor_models import (
    CCRNN,
    CenterOut,
    Cortex,
    Plasticity,
    PointMass,
    Run,
    Schedule,
    SequenceDrawing,
    TwoLinkArm,
    simulate,
)
from trialtensor_models.plasticity import ReachOutcome, explored_error

ONE = CenterOut(n_targets=1)
EXPLORING = PointMass(motor_noise=4.0)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained().with_plasticity(teacher="rpe", A_f=0.9, B_f=0.5, A_s=0.998, B_s=0.05)


def sessions(model, schedule, plant=EXPLORING, seed=(0, 1), task=ONE):
    return simulate(model, task, schedule, plant=plant, seed=seed, record="behaviour")


@pytest.fixture(scope="module")
def gradual(model):
    return sessions(model, Schedule().baseline(10).rotate(12, 130, ramp=110))


def test_a_rotation_that_grows_slowly_is_learned(gradual):
    for run in gradual:
        learned = run.behaviour["adaptation"].values
        assert learned[-20:].mean() > 8 and abs(learned[:10].mean()) < 4
        assert run.behaviour["reward"].values[-20:].mean() > 0.5


@pytest.mark.parametrize("plant", [EXPLORING, TwoLinkArm(motor_noise=4.0)], ids=["mass", "arm"])
def test_where_no_reach_is_rewarded_nobody_knows_which_way_to_go(model, plant):
    there, back = (
        sessions(model, Schedule().baseline(5).rotate(turn, 25), plant, [0])[0]
        for turn in (30, -30)
    )
    for run in (there, back):
        assert (run.behaviour["reward"][5:] == 0).all()
        assert np.abs(run.behaviour["adaptation"].values[-10:]).max() < 10
    # Bit for bit the same: nothing of the error reaches cerebellum or cortex.
    np.testing.assert_array_equal(there.truth.W_PC, back.truth.W_PC)
    np.testing.assert_array_equal(there.truth.C, back.truth.C)


def test_a_hand_that_does_not_explore_learns_nothing(model):
    (run,) = sessions(model, Schedule().rotate(5, 10), PointMass(motor_noise=0.0), [0])
    assert (run.truth.W_PC == 0).all() and (run.truth.C == 0).all()


def test_rewards_and_expectations_of_each_target(model, tmp_path):
    task = CenterOut(n_targets=2, target_radius=0.004)
    schedule = Schedule().baseline(20).baseline(6, learns=False).clamp(4)
    (run,) = sessions(model, schedule, seed=[1], task=task)
    behaviour, truth = run.behaviour, run.truth.schedule
    hit = behaviour["end_error"].values <= 0.004
    np.testing.assert_array_equal(behaviour["reward"], hit)
    assert 0 < hit[:20].mean() < 1 and hit[-4:].all()
    value = {0.0: 0.5, 180.0: 0.5}
    for trial in range(30):
        target = behaviour["target"].values[trial]
        assert truth["expected"].values[trial] == pytest.approx(value[target])
        value[target] += 0.1 * (hit[trial] - value[target]) * (trial < 20)
    # Probes leave no trace.
    assert (np.diff(run.truth.W_PC[20:27], axis=0) == 0).all()
    run.save(tmp_path / "run.nc")
    back = Run.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(back.behaviour["reward"], behaviour["reward"])
    np.testing.assert_array_equal(back.truth.schedule["expected"], truth["expected"])
    assert "choice" not in back.behaviour and "side" not in back.truth.schedule


def test_until_may_ask_for_rewards(model):
    schedule = Schedule().baseline(40, until=lambda seen: seen["reward"].sum() >= 5)
    (run,) = sessions(model, schedule, seed=[0])
    assert run.behaviour["reward"].values.sum() == 5 and run.behaviour["reward"].values[-1] == 1


def test_errors_are_what_was_explored_aside_of_the_command():
    angle = np.deg2rad(20)
    command = np.array([[0.0, 0.0], [0.3, 0.0], [0.0, -0.2]])
    made = command @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    aside = np.sin(angle) * np.array([[0, 0], [0, 0.3], [0.2, 0]])
    for reward, surprise in ((1.0, 0.75), (0.0, -0.25)):
        found = explored_error(ReachOutcome(reward, 0.25), command, made)
        np.testing.assert_allclose(found, surprise * aside, atol=1e-15)


def test_other_teachers_give_no_rewards_for_reaches():
    (run,) = sessions(CCRNN.pretrained(), Schedule().baseline(2), seed=[0])
    assert "reward" not in run.behaviour and "expected" not in run.truth.schedule


def test_tasks_without_targets_of_some_size_are_refused():
    task = SequenceDrawing()
    model = CCRNN(cortex=Cortex(n_units=20), plasticity=Plasticity(teacher="rpe"), task=task)
    with pytest.raises(ValueError, match="teacher: a reward prediction error needs a task with ch"):
        simulate(model, task, Schedule().baseline(1))
