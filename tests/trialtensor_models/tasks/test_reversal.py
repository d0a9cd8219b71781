"""Reversal learning by reward prediction errors, and what lesions of the nuclei do to it."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import trialtensor as tt
from trialtensor_models import CCRNN, CenterOut, ReversalLearning, Run, Schedule, simulate
from trialtensor_models.plasticity import Critic, answer, reward_error, told_error
from trialtensor_models.tasks import toward

SEEDS = range(3)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained(task="reversal")


@pytest.fixture(scope="module")
def runs(model):
    """Two cues, reversed after 50 trials; then the nuclei are blocked."""
    schedule = Schedule().baseline(50).reverse(80).reverse(20, cerebellum=0, learns=False)
    return simulate(model, model.task, schedule, seed=SEEDS, record="behaviour")


def correct(runs, first, last):
    """Share of right choices of each run in some trials."""
    return np.array([run.behaviour["correct"].values[first:last].mean() for run in runs])


def test_intact_networks_learn_and_reverse(runs):
    assert (correct(runs, 30, 50) > 0.8).all()
    # The first trials go on with what was right.
    assert correct(runs, 50, 60).mean() < 0.3
    assert (correct(runs, 100, 130) > 0.7).all()


def test_without_nuclei_nothing_is_learned(model, runs):
    schedule = Schedule().baseline(50)
    lesioned = simulate(
        model.lesion("nuclei"), model.task, schedule, seed=SEEDS, record="behaviour"
    )
    late = correct(lesioned, 20, 50)
    assert abs(late.mean() - 0.5) < 0.15
    assert (late < correct(runs, 20, 50) - 0.2).all()
    for run in lesioned:
        assert (run.truth.C == 0).all() and np.abs(run.truth.slow).max() < 1e-9


def test_a_block_after_learning_leaves_the_slow_component(model, runs):
    truth = np.stack([run.truth.slow * run.truth.schedule["side"] for run in runs])
    slow = truth[:, -20:]
    assert (slow.mean(axis=1) > 0).all()
    # Choices are what the slow component and noise of 10 degrees make of them.
    right = norm.cdf(slow / model.task.exploration).mean()
    assert abs(correct(runs, 130, 150).mean() - right) < 0.12


def test_half_of_the_nuclei_learn_less(model, runs):
    half = simulate(
        model.lesion("nuclei", scale=0.5),
        model.task,
        Schedule().baseline(50),
        seed=SEEDS,
        record="behaviour",
    )
    assert 0.6 < correct(half, 20, 50).mean() < correct(runs, 20, 50).mean()


def test_rewards_and_expectations(runs):
    behaviour = xr.concat([run.behaviour for run in runs], "trial")
    rewarded = behaviour["reward"].values[behaviour["correct"].values]
    assert abs(rewarded.mean() - 0.85) < 0.06
    for run in runs:
        expected, target = run.truth.schedule["expected"].values, run.behaviour["target"].values
        value = {0: 0.5, 1: 0.5}
        for trial in range(130):
            assert expected[trial] == pytest.approx(value[target[trial]])
            value[target[trial]] += 0.1 * (
                run.behaviour["reward"].values[trial] - value[target[trial]]
            )
        np.testing.assert_array_equal(
            np.sign(-run.behaviour["angle"].values), run.behaviour["choice"].values
        )


def test_reversing_changes_the_right_answer_and_nothing_else(runs):
    schedule = runs[0].truth.schedule
    for cue, before in ((0, -1), (1, 1)):
        side = schedule["side"].values[schedule["condition"].values == cue]
        reverse = schedule["epoch"].values[schedule["condition"].values == cue] == "reverse"
        assert (side[~reverse] == before).all() and (side[reverse] == -before).all()


def test_errors_against_closed_forms():
    task = ReversalLearning(turn=90)
    draw = task.draw(np.array([0]), 0.01, np.random.default_rng(0))
    speed = draw.desired[0, :, 1]
    outcome = answer(task, -1, 5.0, 0.25, np.random.default_rng(0))
    assert (outcome.choice, outcome.correct) == (-1, True)
    # From straight ahead to the left: less forward, more to negative x.
    left = np.stack([-speed, -speed], -1)
    expected = (outcome.reward - 0.25) * left
    np.testing.assert_allclose(reward_error(task, draw, outcome), expected, atol=1e-12)
    # A hand that is where it should be leaves no error.
    hand = toward(draw.desired, [-90])[0]
    missed = draw.desired[0] - hand
    np.testing.assert_allclose(told_error(task, draw, outcome, missed), 0, atol=1e-12)


def test_critic_is_a_running_mean():
    critic = Critic(2)
    for _ in range(200):
        critic.learn(1, 1.0)
    np.testing.assert_allclose(critic.values, [0.5, 1.0], atol=1e-6)


def test_nothing_is_learned_in_a_clamp_or_a_probe(model):
    for schedule in (Schedule().clamp(4), Schedule().baseline(4, learns=False)):
        run = simulate(model, model.task, schedule, record="behaviour")
        assert (run.truth.W_PC == 0).all() and (run.truth.C == 0).all()
        assert (run.truth.schedule["expected"] == 0.5).all()


def test_run_goes_into_a_model_and_a_file(model, tmp_path):
    schedule = Schedule().baseline(4).reverse(4)
    run = simulate(model, model.task, schedule, seed=1)
    assert tt.TCA(2, n_init=1, random_state=0).fit(run.activity).trial_factors_.shape == (8, 2)
    run.save(tmp_path / "run.nc")
    back = Run.load(tmp_path / "run.nc")
    xr.testing.assert_equal(run.behaviour, back.behaviour)
    xr.testing.assert_equal(run.truth.schedule, back.truth.schedule)
    beside = simulate(model, model.task, schedule, seed=[7, 1])[1]
    xr.testing.assert_identical(run.activity, beside.activity)
    xr.testing.assert_identical(run.behaviour, beside.behaviour)


def test_until_may_ask_for_right_answers(model):
    schedule = Schedule().baseline(100, until=lambda seen: seen["correct"][-10:].sum() >= 9)
    run = simulate(model, model.task, schedule, record="behaviour")
    assert 9 <= run.behaviour.sizes["trial"] < 100
    assert run.behaviour["correct"].values[-10:].sum() >= 9


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda m: simulate(m, m.task, Schedule().rotate(30, 1)),
            "schedule: rotate is for tasks with reaches, not reversal",
        ),
        (
            lambda m: simulate(CCRNN.pretrained(), CenterOut(), Schedule().reverse(1)),
            "schedule: reverse is for tasks with choices, not center_out",
        ),
        (
            lambda m: ReversalLearning(reward_probability=0.2),
            "reward_probability: expected a number from 0.5 to",
        ),
        (lambda m: ReversalLearning(turn=0), "turn: expected a number above 0 and at most 90"),
        (lambda m: ReversalLearning(cue=0), "cue: expected a number above 0"),
    ],
)
def test_bad_input(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)
