"""Components followed all at once."""

import numpy as np
import pytest

from trialtensor.tracking import change_points, track

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
    assert abs(row["trial"] - 50) <= 2
    assert row["after"] - row["before"] == pytest.approx(1, abs=0.2)
    assert found.learning_trials == (50, 149)
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
    expected = change_points(y, random_state=np.random.default_rng(3))
    np.testing.assert_array_equal(found.found["component 1"].trials, expected.trials)
    np.testing.assert_array_equal(found.found["component 1"].intervals, expected.intervals)
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
