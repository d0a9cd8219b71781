"""Decoding in held-out blocks against slow surrogates; experiments on rewards, in small."""

import numpy as np
import pandas as pd
import pytest

from trialtensor_models.circuit import Anatomy, learn_from_rewards, push_ahead
from trialtensor_models.experiments import cognition_in_circuit, reward_in_purkinje
from trialtensor_models.experiments.decoding_over_blocks import (
    decode,
    held_out,
    shifts_of,
    surrogates_of,
)
from trialtensor_models.experiments.learned_values import fit_values, values_of
from trialtensor_models.experiments.reward_figure import plot_rewards
from trialtensor_models.experiments.reward_in_purkinje import Session
from trialtensor_models.tasks import DelayedMatch, ReversalLearning

N, BLOCK = 240, np.repeat(np.arange(6), 40)
CUE = np.resize([0, 1], N)


def drift(rng, n_columns):
    return np.cumsum(rng.normal(size=(N, n_columns)), axis=0)


def test_unrelated_drift_is_not_decoded():
    low = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        target = drift(rng, 1)[:, 0]
        low += decode(drift(rng, 5), target, BLOCK, CUE, n_surrogates=39).p_value <= 0.05
    assert low <= 6


def test_what_is_there_is_decoded():
    rng = np.random.default_rng(0)
    target = drift(rng, 1)[:, 0]
    rates = drift(rng, 5) + target[:, None] * rng.normal(size=5) + rng.normal(size=(N, 5))
    found = decode(rates, target, BLOCK, CUE, n_surrogates=39)
    assert found.p_value == pytest.approx(1 / 40)
    assert found.score > 0.8


def test_blocks_are_predicted_by_the_others_only():
    rng = np.random.default_rng(0)
    rates, targets = rng.normal(size=(N, 3)), rng.normal(size=(N, 2))
    rates, targets = rates - rates.mean(0), targets - targets.mean(0)
    changed = targets.copy()
    # Changes that keep the mean.
    changed[BLOCK == 2] *= -3
    changed[BLOCK == 2] += targets[BLOCK == 2].mean(0) - changed[BLOCK == 2].mean(0)
    one, other = held_out(rates, targets, BLOCK), held_out(rates, changed, BLOCK)
    np.testing.assert_allclose(one[BLOCK == 2], other[BLOCK == 2])
    assert np.abs(one[BLOCK != 2] - other[BLOCK != 2]).max() > 0.01
    # By hand, for one of them: ridge on standardised rates, through the mean.
    X, out = rates / rates.std(0), BLOCK == 4
    weights = np.linalg.solve(X[~out].T @ X[~out] + 30 * np.eye(3), X[~out].T @ targets[~out])
    np.testing.assert_allclose(one[out], X[out] @ weights)


def test_surrogates_keep_what_differs_between_cues():
    rng = np.random.default_rng(0)
    target = np.where(CUE == 1, 5.0, -5.0) + 0.1 * drift(rng, 1)[:, 0]
    for drawn in surrogates_of(target, CUE, 5, rng):
        for cue in (0, 1):
            np.testing.assert_allclose(drawn[cue == CUE].mean(), target[cue == CUE].mean())
        assert not np.allclose(drawn, target)
    moved = shifts_of(np.arange(N, dtype=float), CUE, 5, rng)
    for drawn in moved:
        # Whole turns of all cues, by a tenth of the session or more.
        step = drawn[0]
        assert step % 2 == 0 and 24 <= step <= N - 24
        np.testing.assert_array_equal(drawn, np.roll(np.arange(N), -int(step)))
    with pytest.raises(ValueError, match="as often"):
        surrogates_of(target, np.zeros(N) + (np.arange(N) < 3), 1, rng)


def test_a_learner_is_found_again():
    rng = np.random.default_rng(0)
    n, rate, inverse = 1500, 0.3, 4.0
    cue, right = rng.integers(0, 2, n), np.where(np.arange(n) // 50 % 2, 1, -1)
    table, choice, reward = np.full((2, 2), 0.5), np.empty(n, dtype=int), np.empty(n)
    signed = np.empty(n)
    for k in range(n):
        signed[k] = table[cue[k], 1] - table[cue[k], 0]
        a = int(rng.random() < 1 / (1 + np.exp(-inverse * signed[k])))
        choice[k] = 2 * a - 1
        correct = choice[k] == right[k] * (1 if cue[k] else -1)
        reward[k] = rng.random() < (0.85 if correct else 0.15)
        table[cue[k], a] += rate * (reward[k] - table[cue[k], a])
    found = fit_values(cue, choice, reward)
    assert found.rate == pytest.approx(rate, abs=0.1)
    assert found.inverse_temperature == pytest.approx(inverse, rel=0.3)
    assert np.corrcoef(found.signed, signed)[0, 1] > 0.95
    # Between the values of both answers, and the same by the learner that was fitted.
    low, high = np.minimum(found.left, found.right), np.maximum(found.left, found.right)
    assert ((found.expected >= low) & (found.expected <= high)).all()
    again = values_of(found, cue, choice, reward)
    np.testing.assert_array_equal(again.right, found.right)


@pytest.mark.parametrize(
    ("choice", "reward", "named"), [([0, 1], [1, 0], "choice"), ([1, -1], [1], "same trials")]
)
def test_values_of_wrong_trials(choice, reward, named):
    with pytest.raises(ValueError, match=named):
        fit_values(np.zeros(2, dtype=int), np.array(choice), np.array(reward))


def test_trials_of_the_same_cue_and_prediction_errors():
    task = ReversalLearning(cue=0.1, duration=0.2, stay=0.1)
    small = Anatomy(n_cortex=24, n_pons=12, ratio=2.0, n_purkinje=2, signals=("motor", "reward"))
    start = push_ahead(task, anatomy=small, n_iterations=3)
    session = Session(learn_from_rewards(task, start=start, blocks=(6, 6)))
    now, before = session.since_same_cue()
    assert (np.diff(now) > 0).all() and len(now) == 10
    np.testing.assert_array_equal(session.cue[now], session.cue[before])
    assert all(
        (session.cue[b + 1 : n] != session.cue[n]).all() for n, b in zip(now, before, strict=True)
    )
    values, told = session.values, session.behaviour
    chosen = np.where(told["choice"] > 0, values.right, values.left)
    np.testing.assert_allclose(session.error, told["reward"] - chosen)


def test_the_shipped_tables_show_what_the_guide_says():
    found = reward_in_purkinje.read_tables()
    table = reward_in_purkinje.summary(found["decoding"]).set_index(
        ["window", "variable", "region", "part", "arm"]
    )
    assert (table["n"] >= 5).all()
    error = ("cue", "last prediction error", "purkinje", "reward")
    assert table.loc[(*error, "reward"), "n_significant"] == 5
    for arm in ("unrelated", "told", "none"):
        assert table.loc[(*error, arm), "n_significant"] <= 1
    late = found["learning"][found["learning"]["trial"].between(20, 40)]
    late = late[late["reversed"]]
    correct = late.groupby("arm")["correct"].mean()
    assert correct["reward"] > 0.75
    assert correct[["unrelated", "none"]].between(0.42, 0.58).all()
    figure = plot_rewards(found)
    assert len(figure.axes) == 5


def test_answers_are_decoded_over_training():
    pytest.importorskip("torch")
    small = Anatomy(n_cortex=20, n_pons=12, ratio=2.0, n_purkinje=2)
    found = cognition_in_circuit.measure(
        1, tasks=(DelayedMatch(),), checkpoints=(0, 2), anatomy=small
    )
    assert found["iteration"].tolist() == [0, 2, 0, 2]
    assert found["cerebellum"].tolist() == ["gradient"] * 2 + ["local"] * 2
    assert (
        found[["cortex", "purkinje", "nuclei", "correct"]]
        .apply(lambda column: column.between(0, 1).all())
        .all()
    )
    shipped = pd.read_csv(cognition_in_circuit.TABLE)
    assert list(shipped.columns) == list(found.columns)
    assert len(cognition_in_circuit.plot_cognition(shipped).axes) == 8
