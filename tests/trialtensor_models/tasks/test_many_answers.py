"""Tasks with more than two answers: which one is chosen, taught, rewarded and made right next."""

import numpy as np
import pytest

from trialtensor_models import CCRNN, ReversalLearning, Run, Schedule, simulate
from trialtensor_models.plasticity import Critic, Outcome, answer, told_error
from trialtensor_models.tasks import chosen, labels_of, next_answer, toward

THREE = ReversalLearning(turns=(-40, 0, 40))


def away(angle, turn):
    """Degrees between a counter-clockwise and a clockwise direction, the short way."""
    return abs((-angle - turn + 180) % 360 - 180)


@pytest.mark.parametrize(
    "turns", [(-30, 30), (10, 20), (-40, 0, 40), (0, 90, 180), (-135, -45, 45, 135, 180)]
)
def test_the_nearest_answer_is_chosen(turns):
    task = ReversalLearning(turns=turns)
    for angle in np.random.default_rng(0).uniform(-180, 180, 500):
        place = labels_of(task).index(chosen(task, angle))
        assert away(angle, turns[place]) == min(away(angle, turn) for turn in turns)


def test_two_answers_are_the_sides_of_the_midline():
    task = ReversalLearning()
    assert labels_of(task) == (-1, 1) and task.answers == (-30, 30)
    assert [chosen(task, angle) for angle in (179, 1e-9, 0, -1e-9, -179)] == [-1, -1, 1, 1, 1]
    assert next_answer(task, np.array([-1, 1, 1])).tolist() == [1, -1, -1]
    # Answers on one side are told apart in the middle between them.
    aside = ReversalLearning(turns=(10, 50))
    assert [chosen(aside, -angle) for angle in (29, 31)] == [-1, 1]


def test_reversing_makes_the_next_answer_right():
    assert next_answer(THREE, np.array([0, 1, 2])).tolist() == [1, 2, 0]
    schedule = Schedule().baseline(4).reverse(4)
    run = simulate(CCRNN.pretrained(task="reversal"), THREE, schedule, record="behaviour")
    truth = run.truth.schedule
    before = truth["condition"].values[:4]
    np.testing.assert_array_equal(truth["side"][:4], before)
    np.testing.assert_array_equal(truth["side"][4:], truth["condition"][4:] + 1)
    assert (truth["expected"][0] == 1 / 3) and truth["reversed"].values.tolist() == [0] * 4 + [
        1
    ] * 4


def test_errors_lead_to_the_answer():
    draw = THREE.draw(np.array([1]), 0.01, np.random.default_rng(0))
    for label, turn in enumerate(THREE.answers):
        hand = toward(draw.desired, [turn])[0]
        missed = draw.desired[0] - hand
        outcome = Outcome(label, label, 1.0, 0.5)
        np.testing.assert_allclose(told_error(THREE, draw, outcome, missed), 0, atol=1e-12)


def test_what_is_left_of_the_rewards_is_shared_by_the_wrong_answers():
    rng = np.random.default_rng(0)
    rewards = [answer(THREE, 0, -40.0, 0.5, rng).reward for _ in range(4000)]
    assert abs(np.mean(rewards) - 0.075) < 0.015
    right = [answer(THREE, 2, -40.0, 0.5, rng).reward for _ in range(4000)]
    assert abs(np.mean(right) - 0.85) < 0.02
    assert Critic(2, chance=0.25).values.tolist() == [0.25, 0.25]


def test_three_answers_are_learned_and_the_next_ones_too(tmp_path):
    model = CCRNN.pretrained(task="reversal").with_plasticity(teacher="serial")
    schedule = Schedule().baseline(60).reverse(130)
    runs = simulate(model, THREE, schedule, seed=range(3), record="behaviour")
    correct = np.array([run.behaviour["correct"].values for run in runs])
    assert correct[:, 40:60].mean() > 0.8 and correct[:, 60:64].mean() < 0.5
    assert correct[:, 160:].mean() > 0.7  # chance is a third
    assert {0, 1, 2} <= set(runs[0].behaviour["choice"].values)
    runs[0].save(tmp_path / "run.nc")
    back = Run.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(back.behaviour["choice"], runs[0].behaviour["choice"])


def test_more_cues_than_answers_start_again():
    task = ReversalLearning(n_cues=5, turns=(-60, 0, 60))
    draw = task.draw(np.arange(5), 0.01, np.random.default_rng(0))
    assert draw.side.tolist() == [0, 1, 2, 0, 1] and task.n_inputs == 6
    assert (draw.inputs[:, 0, :5] == np.eye(5)).all() and (draw.inputs[:, 0, 5] == 1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"turns": (30,)}, "turns: expected at least two rising directions"),
        ({"turns": (30, 30)}, "turns: expected at least two rising directions"),
        ({"turns": (30, -30)}, "turns: expected at least two rising directions"),
        ({"turns": 30}, "turns: expected at least two rising directions, got 30"),
        ({"turns": "left"}, "turns: expected at least two rising directions, got 'left'"),
        ({"turns": (0, np.nan)}, "turns: expected a number above -180"),
        ({"turns": (0, 200)}, "turns: expected a number above -180 and at most 180"),
        ({"n_cues": 1}, "n_cues: expected an integer of at least 2"),
        (
            {"turns": (-9, 0, 9), "reward_probability": 0.2},
            "reward_probability: expected a number from 0.33",
        ),
    ],
)
def test_bad_answers(options, message):
    with pytest.raises(ValueError, match=message):
        ReversalLearning(**options)
