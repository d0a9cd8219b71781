"""Networks on tasks that they aren't trained on, or don't do, or with rates that oscillate."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import (
    CCRNN,
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    PointMass,
    ReversalLearning,
    Schedule,
    TwoStateModel,
    simulate,
)
from trialtensor_models.network import CorticalWeights, Plasticity
from trialtensor_models.sessions.trained_checks import naive_miss, unsettled, untrained

ONE = Schedule().baseline(1)
QUIET = PointMass(motor_noise=0.0)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained()


def warned(model, task, schedule=ONE):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        simulate(model, task, schedule, record="behaviour")
    return [str(each.message) for each in caught]


@pytest.mark.parametrize("name", ["center_out", "reversal", "evidence", "match"])
def test_packaged_networks_do_their_tasks_without_a_word(name):
    model = CCRNN.pretrained(task=name)
    assert warned(model, model.task) == []


@pytest.mark.parametrize("task", [CenterOut(n_targets=3), CenterOut(n_targets=1, first_angle=33.3)])
def test_other_targets_need_no_training(model, task):
    assert warned(model, task) == []


def test_what_the_trials_do_not_depend_on_needs_no_training():
    model = CCRNN.pretrained(task="reversal")
    task = ReversalLearning(turn=40, reward_probability=1, exploration=3, turns=(-9, 0, 9))
    assert warned(model, task) == []


@pytest.mark.parametrize(
    ("name", "task"),
    [("center_out", DelayedMatch()), ("center_out", ReversalLearning()), ("match", CenterOut())],
)
def test_another_task_is_refused_by_name(name, task):
    message = f"task: the network is trained on {name}, not on {task.name}; use one that is"
    with pytest.raises(ValueError, match=message):
        simulate(CCRNN.pretrained(task=name), task, ONE)


def test_a_network_that_is_given_another_task_says_how_badly_it_does_it(model):
    # Stimuli of a match are targets to it: straight ahead is never reached.
    given = replace(model, task=DelayedMatch())
    said = warned(given, given.task)
    assert len(said) == 1 and "model: the network doesn't do match: naive trials end" in said[0]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"hold": 0.4}, "hold=0.4 (trained: 0.2)"),
        ({"duration": 0.7}, "duration=0.7 (trained: 0.5)"),
        ({"stay": 0.5}, "stay=0.5 (trained: 0.2)"),
        ({"distance": 0.2, "hold": 0.1}, "distance=0.2 (trained: 0.1), hold=0.1 (trained: 0.2)"),
    ],
)
def test_untrained_timing_is_named_with_what_it_costs(model, options, named):
    task = CenterOut(**options)
    (said,) = warned(model, task)
    assert named in said and "pretrain() it on this task" in said
    # What it says is what a hand without noise does.
    quiet = replace(model, cortex=replace(model.cortex, noise=0.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = simulate(
            quiet,
            replace(task, n_targets=16),
            Schedule().baseline(16, learns=False),
            plant=QUIET,
            record="behaviour",
        )
    share = float(run.behaviour["end_error"].mean()) / task.distance
    assert f"naive trials end {100 * share:.0f} % of" in said


def test_evidence_of_other_strength_is_named():
    own = EvidenceAccumulation()
    assert untrained(own, replace(own, strengths=(0.5,), exploration=1), 0.01) == (
        "strengths=(0.5,) (trained: (0.1, 0.2, 0.4, 0.8))",
    )


def test_a_cortex_that_does_not_reach_is_named(model):
    rng = np.random.default_rng(0)
    raw = CorticalWeights(
        *(getattr(model.weights, name) for name in ("W", "W_in", "W_th")),
        W_out=model.weights.W_out[:, rng.permutation(200)],
        b=model.weights.b,
    )
    lost = replace(model, weights=raw)
    assert naive_miss(lost, CenterOut()) > 0.5 > 0.05 > naive_miss(model, CenterOut())
    with pytest.warns(UserWarning, match="model: the network doesn't do center_out: naive trials"):
        try:
            simulate(lost, CenterOut(), ONE, record="behaviour")
        except ValueError as error:
            assert "pretrain the network" in str(error)  # its gains may not be measurable
    # A lesion is no lack of training.
    assert warned(model.lesion("cortex", fraction=0.3), CenterOut()) == []


def test_large_rates_are_said_to_oscillate_and_do(model):
    wild = model.with_plasticity(B_f=1.6)
    schedule = Schedule().rotate(30, 40)
    with pytest.warns(UserWarning, match="adaptation overshoots, and oscillates from trial to"):
        run = simulate(wild, CenterOut(n_targets=1), schedule, plant=QUIET, record="behaviour")
    steps = np.diff(run.behaviour["adaptation"].values[10:])
    assert np.mean(np.sign(steps[1:]) != np.sign(steps[:-1])) > 0.7 and np.abs(steps).mean() > 3
    assert len(warned(model.with_plasticity(B_f=0.6).scale(granule=900), CenterOut())) == 0
    # Whatever makes the cerebellum's output larger counts.
    doubled = Schedule().baseline(1, cerebellum=8)
    assert "output times 8" in warned(model, CenterOut(n_targets=1), doubled)[0]


@pytest.mark.parametrize("teacher", ["serial", "parallel"])
def test_rates_settle_where_the_two_state_model_does(teacher):
    rng = np.random.default_rng(0)
    for _ in range(40):
        rates = dict(zip(("A_f", "B_f", "A_s", "B_s"), rng.uniform(0, (1, 3, 1, 2)), strict=True))
        said = unsettled(Plasticity(teacher=teacher, **rates), 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            error = TwoStateModel(form=teacher, **rates).simulate(np.ones(2000)).error
            steps = np.abs(np.diff(error))
        grows = not np.isfinite(error).all() or steps[-50:].max() > 10 * steps[:50].max()
        assert grows == ("grow" in said), (rates, said)


def test_rewards_do_not_grow_with_what_is_missed():
    assert unsettled(Plasticity(B_f=5, teacher="rpe"), 1.0) == ""
