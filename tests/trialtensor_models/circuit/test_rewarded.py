"""Choices learned from rewards: errors and changes by hand, arms, lesions, misuse."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import CenterOut, ReversalLearning, Run
from trialtensor_models.circuit import Anatomy, learn_from_rewards, push_ahead
from trialtensor_models.circuit.pathways import constraints_of
from trialtensor_models.circuit.rewarded_trial import Outcome, draw_trial

TASK = ReversalLearning(cue=0.1, duration=0.2, stay=0.1)
SMALL = Anatomy(n_cortex=24, n_pons=12, ratio=2.0, n_purkinje=2, signals=("motor", "reward"))
DT = SMALL.dt
ALL = {"bin_width": DT, "n_granule": None, "blocks": (4, 4), "seed": 1}


@pytest.fixture(scope="module")
def start():
    return push_ahead(TASK, anatomy=SMALL, n_iterations=20)


@pytest.fixture(scope="module")
def run(start):
    return learn_from_rewards(TASK, start=start, **ALL)


def cells(run, region, part=None):
    found = run.activity["region"].values == region
    if part is not None:
        found &= run.activity["population"].values == part
    return run.activity.values[:, found].astype(float)


def test_errors_of_reward_by_hand(run):
    nuclei = cells(run, "nuclei", "reward")
    value = (nuclei[:, 0] - nuclei[:, 1]) / 2
    spikes = cells(run, "olive", "reward")
    go, outcome = 5, 20
    told = run.behaviour
    for k in range(2):
        V, reward = value[k], float(told["reward"][k])
        error = np.zeros(len(V))
        error[0] = 0.98 * V[0]
        error[1:outcome] = 0.98 * V[1:outcome] - V[: outcome - 1]
        error[outcome] = reward - V[outcome - 1]
        np.testing.assert_allclose(told["prediction_error"][k], error[outcome], atol=1e-5)
        np.testing.assert_allclose(spikes[k, 0], np.maximum(1 + 2 * error, 0), atol=1e-5)
        np.testing.assert_allclose(spikes[k, 1], np.maximum(1 - 2 * error, 0), atol=1e-5)
        # Climbing fibres of motor modules: towards the answer, and only once it can be given.
        motor = cells(run, "olive", "motor")[k]
        aside = np.cos(2 * np.pi * np.arange(8) / 8)[:, None] * float(told["choice"][k])
        wanted = 1 + 0.5 * aside * np.where(np.arange(len(V)) >= go, error, 0)
        np.testing.assert_allclose(motor, wanted, atol=1e-5)
        np.testing.assert_allclose(told["expected"][k], V[go - 1], atol=1e-5)
        np.testing.assert_allclose(told["expected_outcome"][k], V[outcome - 1], atol=1e-5)


def test_what_a_trial_changes_by_hand(start):
    run = learn_from_rewards(TASK, start=start, retention=0.9, **{**ALL, "blocks": (1, 1)})
    w, exists = run.truth.pathways["w"].values, start.weights["I"] > 0
    module = np.repeat(SMALL.module, SMALL.n_purkinje)
    granule, kept = cells(run, "granule"), 25 / 26
    rate = np.where(module == "reward", 1.0, 2.0)
    retained = np.where(module == "reward", 1.0, 0.9)
    for k in range(2):
        trace, change = np.zeros(SMALL.n_granule), np.zeros(exists.shape)
        told = np.repeat(cells(run, "olive")[k] - 1, SMALL.n_purkinje, axis=0)
        for g, error in zip(granule[k].T, told.T, strict=True):
            trace = kept * trace + (1 - kept) * g
            change -= np.outer(rate * error, trace)
        wanted = w[0] + retained[:, None] * (w[k] - w[0]) + change
        np.testing.assert_allclose(w[k + 1], np.maximum(wanted, 0) * exists, atol=2e-4)
    assert np.abs(w[2] - w[0]).max() > 0.01


def test_the_same_seed_gives_the_same_bits(start, run):
    again = learn_from_rewards(TASK, start=start, **ALL)
    np.testing.assert_array_equal(again.activity.values, run.activity.values)
    np.testing.assert_array_equal(again.truth.pathways["w"], run.truth.pathways["w"])
    other = learn_from_rewards(TASK, start=start, **{**ALL, "seed": 2})
    assert (other.behaviour["explored"].values != run.behaviour["explored"].values).all()


def test_signs_and_missing_synapses_are_kept(start, run):
    w = run.truth.pathways["w"].values
    mask = constraints_of(start.weights, SMALL)["w"].mask
    assert w.shape == (3, *mask.shape)
    assert (w >= 0).all()
    assert (w[:, ~mask] == 0).all()


def test_without_teaching_nothing_is_learned(start):
    run = learn_from_rewards(TASK, start=start, teaching="none", **ALL)
    # Weights that never changed are kept once.
    np.testing.assert_array_equal(
        run.truth.pathways["w"].values, start.weights["w"].astype(np.float32)
    )
    assert (cells(run, "olive") == 1).all()


def test_told_answers_leave_the_critic_alone(start):
    run = learn_from_rewards(TASK, start=start, teaching="told", **ALL)
    changed = np.abs(np.diff(run.truth.pathways["w"].values, axis=0)).max((0, 2))
    module = np.repeat(SMALL.module, SMALL.n_purkinje)
    assert (changed[module == "reward"] == 0).all()
    assert (changed[module == "motor"] > 0).all()
    assert (cells(run, "olive", "reward") == 1).all()


def test_answers_are_reversed_block_by_block(run):
    told = run.behaviour
    np.testing.assert_array_equal(told["block"], np.repeat([0, 1], 4))
    right = np.where(told["condition"] == 0, -1, 1) * np.where(told["block"] == 1, -1, 1)
    np.testing.assert_array_equal(told["side"], right)
    np.testing.assert_array_equal(told["correct"], told["choice"] == told["side"])
    # Each cue as often as the other.
    assert np.bincount(told["condition"]).tolist() == [4, 4]
    assert set(np.unique(told["reward"])) <= {0.0, 1.0}
    # The choice is the side of the hand, counter-clockwise being left.
    np.testing.assert_array_equal(told["choice"], np.where(told["angle"] > 0, -1, 1))


@pytest.mark.parametrize(("chance", "reward"), [(0.84, 1.0), (0.86, 0.0)])
def test_rewards_come_with_their_probability(chance, reward):
    hand = np.array([[0.05, 0.08]])
    right = Outcome(TASK, 1, chance)
    assert right(hand).tolist() == [reward] and right.correct and right.choice == 1
    wrong = Outcome(TASK, -1, 0.14)
    assert wrong(hand).tolist() == [1.0] and not wrong.correct


def test_wanted_commands_are_turned_with_the_answers(start):
    draws = [draw_trial(start, 0, k, 0.0, 0.2, np.random.default_rng(0))[0] for k in range(3)]
    np.testing.assert_allclose(draws[1].wanted[..., 0], -draws[0].wanted[..., 0])
    np.testing.assert_allclose(draws[2].wanted, draws[0].wanted)
    assert [int(each.side[0]) for each in draws] == [-1, 1, -1]


@pytest.mark.parametrize("region", ["olive", "nuclei", "purkinje", "granule"])
def test_lesions_begin_at_their_trial(start, run, region):
    lesioned = learn_from_rewards(TASK, start=start, lesion=region, share=1.0, lesion_from=4, **ALL)
    found, intact = lesioned.activity.values, run.activity.values
    np.testing.assert_array_equal(found[:4], intact[:4])
    if region == "olive":
        assert (cells(lesioned, "olive")[4:] == 1).all()
    else:
        assert not np.array_equal(found[4:], intact[4:])


def test_a_run_is_a_file(run, tmp_path):
    run.save(tmp_path / "run.nc")
    again = Run.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(again.behaviour["reward"], run.behaviour["reward"])
    assert again.truth.configuration["teaching"] == "reward"
    np.testing.assert_array_equal(again.activity["outcome"], np.full(8, 0.3))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("task", {"task": CenterOut()}),
        ("blocks", {"blocks": 40}),
        ("blocks", {"blocks": (0,)}),
        ("blocks", {"blocks": ()}),
        ("teaching", {"teaching": "rpe"}),
        ("exploration", {"exploration": -1}),
        ("motor_rate", {"motor_rate": -1}),
        ("critic_rate", {"critic_rate": np.nan}),
        ("retention", {"retention": 1.1}),
        ("outcome", {"outcome": 0}),
        ("lesion", {"lesion": "striatum"}),
        ("share", {"lesion": "nuclei", "share": 2}),
        ("lesion_from", {"lesion": "nuclei", "lesion_from": 9}),
        ("bin_width", {"bin_width": 0.03}),
        ("n_granule", {"n_granule": 0}),
        ("seed", {"seed": -1}),
        ("start", {"start": "circuit"}),
        ("anatomy", {"anatomy": SMALL}),
    ],
)
def test_wrong_values_are_refused_by_name(start, name, options):
    given = {"task": TASK, "start": start, "blocks": (2, 2)} | options
    with pytest.raises(ValueError, match=name):
        learn_from_rewards(given.pop("task"), **given)


def test_a_start_for_other_inputs_is_refused(start):
    with pytest.raises(ValueError, match=r"start.*4 inputs"):
        learn_from_rewards(ReversalLearning(n_cues=3), start=start)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("task", {"task": CenterOut()}),
        ("anatomy", {"anatomy": replace(SMALL, signals=("motor",))}),
        ("anatomy", {"anatomy": replace(SMALL, cerebellum=False)}),
        ("n_iterations", {"n_iterations": 0}),
        ("seed", {"seed": 0.5}),
    ],
)
def test_what_cannot_be_pushed_ahead(name, options):
    given = {"task": TASK} | options
    with pytest.raises(ValueError, match=name):
        push_ahead(given.pop("task"), **given)
