"""Evidence accumulation and delayed match-to-sample: stimuli, learning, lesions of the nuclei."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import (
    CCRNN,
    DelayedMatch,
    EvidenceAccumulation,
    Schedule,
    TwoStateModel,
    simulate,
)
from trialtensor_models.network import AS_IT_IS, run_trial
from trialtensor_models.plants import direction

SEEDS = range(3)


def correct(runs, first, last):
    """Share of right choices of each run in some trials."""
    return np.array([run.behaviour["correct"].values[first:last].mean() for run in runs])


def sessions(model, schedule):
    return simulate(model, model.task, schedule, seed=SEEDS, record="behaviour")


@pytest.fixture(scope="module")
def evidence():
    return CCRNN.pretrained(task="evidence")


@pytest.fixture(scope="module")
def match():
    return CCRNN.pretrained(task="match")


def test_the_nuclei_are_needed_to_reverse_a_decision_but_not_to_take_it(evidence):
    intact = sessions(evidence, Schedule().baseline(20).reverse(140))
    lesioned = sessions(evidence.lesion("nuclei"), Schedule().baseline(20).reverse(20))
    assert (correct(intact, 0, 20) > 0.7).all() and (correct(lesioned, 0, 20) > 0.7).all()
    assert (correct(intact, 20, 30) < 0.3).all()
    assert (correct(intact, 130, 160) > 0.65).all()
    # Without nuclei decisions go on to the side of the evidence.
    assert (correct(lesioned, 20, 40) < 0.3).all()


def test_naive_cortex_accumulates(evidence):
    n, task = 500, replace(evidence.task, strengths=(0.01,))
    draw = task.draw(np.arange(n) % 2, 0.01, np.random.default_rng(0))
    silent = np.zeros((n, 2, 1000)), np.zeros((n, 2, 100))
    command = run_trial(evidence.wiring, draw.inputs, *silent, AS_IT_IS).command[:, 0]
    turned = -direction(command, draw.desired)
    thirds = draw.inputs[:, :60, 0].reshape(n, 3, 20).sum(2)
    weights = np.linalg.lstsq(thirds, turned, rcond=None)[0]
    # A leak of 50 ms alone would leave e^-8 of the first third beside the last.
    assert (weights > 0.8 * weights.max()).all()
    assert np.corrcoef(thirds.sum(1), turned)[0, 1] > 0.8


def test_evidence_is_drawn_anew_on_every_trial():
    task = EvidenceAccumulation(strengths=(0.2,), noise=2.0)
    draw = task.draw(np.ones(4000, dtype=int), 0.01, np.random.default_rng(0))
    stream = draw.inputs[:, :60, 0]
    assert abs(stream.mean() - 0.2) < 0.02 and abs(stream.std() - 2) < 0.02
    assert (draw.inputs[:, 60:] == 0).all() and (draw.side == 1).all()
    # At half the step each has twice the variance: as much evidence a second.
    finer = task.draw(np.ones(4000, dtype=int), 0.005, np.random.default_rng(0))
    assert abs(finer.inputs[:, :120, 0].std() - 2 * np.sqrt(2)) < 0.03


def test_matching_is_learned_with_nuclei_only(match):
    intact = sessions(match, Schedule().baseline(72))
    lesioned = sessions(match.lesion("nuclei"), Schedule().baseline(20))
    assert (correct(intact, 40, 72) > 0.8).all()
    # Cortex reports the sample, which is right on half of the trials.
    np.testing.assert_allclose(correct(lesioned, 0, 20), 0.5, atol=0.05)


def test_stimuli_of_a_match():
    task = DelayedMatch()
    draw = task.draw(np.arange(4), 0.01, np.random.default_rng(0))
    shown = [(d[:20, :2].argmax(1)[0], d[50:, :2].argmax(1)[-1]) for d in draw.inputs]
    assert ["AB"[a] + "AB"[b] for a, b in shown] == list(task.labels)
    assert (draw.inputs[:, 20:50, :2] == 0).all()
    assert list(draw.side) == [-1, 1, 1, -1]
    # Straight ahead is asked for in the task, the sample in pretraining.
    assert (draw.desired[..., 0] == 0).all()
    reported = task.reference().draw(np.arange(4), 0.01, np.random.default_rng(0))
    assert list(np.sign(reported.desired[..., 0].sum(1))) == [-1, -1, 1, 1]


def test_told_errors_teach_cortex_in_parallel_without_nuclei(match):
    model = match.with_plasticity(teacher="parallel", B_s=0.1).lesion("nuclei")
    run = simulate(model, model.task, Schedule().baseline(10), record="behaviour")
    assert np.abs(run.truth.slow.values).max() > 1
    assert np.abs(run.truth.fast.values).max() < 1e-9


@pytest.mark.parametrize("task", ["reversal", "evidence", "match"])
def test_networks_survive_their_files(task, tmp_path):
    model = CCRNN.pretrained(task=task)
    model.save(tmp_path / "network.h5")
    assert CCRNN.load(tmp_path / "network.h5").task == model.task


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: EvidenceAccumulation(strengths=()), "strengths: expected numbers above 0"),
        (lambda: EvidenceAccumulation(noise=-1), "noise: expected a number of at least 0"),
        (lambda: DelayedMatch(delay=0), "delay: expected a number above 0"),
        (lambda: DelayedMatch(exploration=-1), "exploration: expected a number of at least 0"),
        (
            lambda: TwoStateModel().simulate(Schedule().reverse(2)),
            "schedule: reverse is for tasks with choices",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
