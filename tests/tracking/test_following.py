"""Components followed all at once."""

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor.tracking import track, transitions

LABELS = np.repeat(["baseline", "adaptation", "washout"], [50, 100, 50])


def series(seed=0):
    """One learns and is behaviour's source, one changes at trial 50, one does nothing."""
    rng = np.random.default_rng(seed)
    adaptation = np.zeros(200)
    adaptation[50:150] = 1 - np.exp(-np.arange(100) / 12)
    step = 1.0 * (np.arange(200) >= 50)
    together = 0.2 * rng.normal(size=200)
    values = np.stack([adaptation + together, step, np.zeros(200)], axis=1)
    values += np.array([0.02, 0.3, 0.3]) * rng.normal(size=(200, 3))
    return values, adaptation + together + 0.05 * rng.normal(size=200)


def test_tables_say_what_was_planted():
    values, behaviour = series()
    found = track(values, labels=LABELS, behaviour=behaviour)
    summary = found.summary.set_index("series")
    assert summary.loc["component 1", "model"] == "exponential"
    assert summary.loc["component 1", "time_constant"] == pytest.approx(12, rel=0.3)
    assert summary.loc["component 3", "n_changes"] == 0
    assert "component 3" not in set(found.changes["series"])
    row = found.changes[found.changes["series"] == "component 2"].iloc[0]
    assert abs(row["onset"] - 50) <= 2
    assert row["replicated"] == "not checked"
    assert row["after"] - row["before"] == pytest.approx(1, abs=0.2)
    assert found.learning_trials == (50, 149)
    assert found.learning_block == "adaptation"
    assert found.cautions == ()
    relations = found.relations.set_index("series")
    assert relations.loc["component 1", "p_adjusted"] < 0.02
    assert relations.loc["component 1", "lead"] == 0
    assert relations.loc["component 3", "p_adjusted"] > 0.05
    contrasts = found.contrasts[found.contrasts["series"] == "component 2"]
    assert contrasts["block"].tolist() == ["adaptation", "washout", "washout"]
    assert contrasts["p_adjusted"].iloc[0] < 0.01


def test_of_one_series_it_is_the_single_functions():
    y = series()[0][:, 1]
    found = track(y, random_state=3)
    expected = transitions(y, random_state=np.random.default_rng(3))
    table = found.found["component 1"].table
    assert table.equals(expected.table)
    shared = [name for name in table.columns if name in found.changes.columns]
    assert found.changes[shared].astype(object).equals(table[shared].astype(object))
    assert found.blocks is None
    assert found.relations is None


def test_a_model_with_names_of_labels(labelled_model):
    found = track(labelled_model, labels="phase")
    assert found.series.shape == (40, 2)
    assert found.blocks["block"].tolist() == ["baseline", "washout"] * 2
    expected = labelled_model.trial_factors_[:, 0] * labelled_model.weights_[0]
    np.testing.assert_allclose(found.series["component 1"], expected)


def test_noise_is_left_alone():
    reported = [
        len(track(np.random.default_rng(seed).normal(size=(80, 3))).changes) > 0
        for seed in range(6)
    ]
    assert sum(reported) <= 1


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros((15, 2)), {}, "model: expected at least 20 trials with a value, got 15"),
        (np.zeros((30, 2)), {"labels": "phase"}, "labels: no label of trials is called 'phase'"),
        (np.zeros((30, 2)), {"labels": [1, 2]}, "labels: expected a value for each of the 30"),
        (np.zeros((30, 2)), {"behaviour": np.zeros(30)}, "behaviour: expected at least 40 trials"),
        (np.zeros((30, 2)), {"learning_block": "a"}, "learning_block: needs labels"),
        (np.zeros((30, 2)), {"alpha": 2}, "alpha: expected a number between 0 and 1"),
    ],
)
def test_what_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        track(values, **options)


def test_an_unknown_learning_block():
    with pytest.raises(ValueError, match="no block is called 'rest'; known are baseline, adapt"):
        track(series()[0], labels=LABELS, learning_block="rest")


def test_targets_that_take_turns_are_conditions():
    """As labels or beside blocks, learning is looked for within them."""
    rng = np.random.default_rng(0)
    target = np.arange(200) % 4
    y = 1.0 * (np.arange(200) >= 90) + 3.0 * target + 0.4 * rng.normal(size=200)
    for given in ({"labels": target}, {"conditions": target}):
        found = track(y, **given)
        assert len(found.changes) == 1
        row = found.changes.iloc[0]
        assert row["onset_low"] <= 90 <= row["onset_high"]
    # Targets are compared as they are, not after their levels were taken off.
    contrasts = track(y, labels=target).contrasts
    np.testing.assert_allclose(contrasts["difference"].max(), 9, atol=0.5)
    assert len(track(y).changes) == 0


def test_an_order_that_is_no_time_is_said(labelled_model):
    rng = np.random.default_rng(0)
    blocked = np.repeat(["left", "right"], 40)
    found = track(rng.normal(size=80), conditions=blocked)
    assert any("Conditions come in blocks" in each for each in found.cautions)
    assert not any("order" in each for each in track(labelled_model).cautions)


def test_neurons_are_asked():
    """About a component that learns, and about one that many neurons leave, one by one."""
    rng = np.random.default_rng(0)
    neurons, times = rng.gamma(1.0, size=(40, 2)), np.arange(20)
    courses = np.exp(-0.5 * ((times[:, None] - [6, 13]) / 2.5) ** 2)
    strength = np.ones((120, 2))
    strength[60:, 0] += 0.8
    rates = 0.5 + np.einsum("kr,nr,tr->knt", strength, neurons, courses)
    strongest = int(np.argmax(neurons[:, 1]))
    rates[80:, strongest] *= 0.02
    X = np.sqrt(rng.poisson(2 * rates).astype(float))
    model = TCA(3, nonnegative=True, n_init=3, random_state=0).fit(X)
    found = track(model, X)
    confirmed = found.changes[found.changes["replicated"] == "confirmed"]
    assert set(confirmed["onset"].between(55, 65)) == {True}
    assert strongest in found.unstable["neuron"].tolist()
    without = track(model, X, exclude="unstable")
    assert str(strongest) in without.excluded
    assert "confirmed" in without.changes["replicated"].tolist()
    by_number = track(model, X, exclude=[strongest])
    assert by_number.excluded == (str(strongest),)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"X": np.zeros((40, 4, 5))}, "X: series have no neurons"),
        ({"exclude": "unstable"}, "exclude: needs X"),
    ],
)
def test_data_without_a_model_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        track(np.random.default_rng(0).normal(size=40), **options)


def test_other_data_is_refused():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6, 5))
    model = TCA(1, random_state=0, n_init=1).fit(X)
    with pytest.raises(ValueError, match="40"):
        track(model, X[:30])
    with pytest.raises(ValueError, match="exclude: expected neurons 0 to 5, got"):
        track(model, X, exclude=[6])
    with pytest.raises(ValueError, match="exclude: no neuron is called 'u9'"):
        track(model, X, exclude=["u9"])


@pytest.mark.filterwarnings("ignore:values")
def test_series_sorted_by_their_own_values_are_cautioned():
    y = np.random.default_rng(0).normal(size=(100, 2))
    y[:, 1].sort()
    (caution,) = track(y).cautions
    assert caution.startswith("The series of component 2 never turns")
