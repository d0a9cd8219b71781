"""Means of blocks and how sure their differences are."""

import numpy as np
import pytest

from trialtensor.tracking import block_contrasts
from trialtensor.tracking.contrasts import holm
from trialtensor.tracking.memory import KINDS, filtered

LABELS = np.repeat(["baseline", "adaptation", "washout"], [50, 60, 50])


def test_means_and_differences():
    y = np.random.default_rng(0).normal(size=160) + 2 * (LABELS == "adaptation")
    y[[3, 70]] = np.nan
    found = block_contrasts(y, LABELS)
    expected = [np.nanmean(y[name == LABELS]) for name in found.blocks["block"]]
    assert found.blocks["block"].tolist() == ["baseline", "adaptation", "washout"]
    assert found.blocks["n_trials"].tolist() == [49, 59, 50]
    np.testing.assert_allclose(found.blocks["mean"], expected)
    pairs = found.contrasts[["block", "minus"]].to_numpy().tolist()
    assert pairs == [
        ["adaptation", "baseline"],
        ["washout", "baseline"],
        ["washout", "adaptation"],
    ]
    np.testing.assert_allclose(found.contrasts["difference"][0], expected[1] - expected[0])
    assert found.contrasts["p_adjusted"][[0, 2]].max() < 1e-3
    assert found.contrasts["p_value"][1] > 0.01


@pytest.mark.parametrize("kind", [0, len(KINDS) - 9])
def test_intervals_hold_the_truth(kind):
    covered = []
    for seed in range(60):
        noise = filtered(np.random.default_rng(seed).standard_normal((2, 160)), kind)
        contrasts = block_contrasts(noise, LABELS).contrasts
        covered += ((contrasts["low"] <= 0) & (contrasts["high"] >= 0)).tolist()
    assert 0.82 < np.mean(covered) < 0.98


def test_trials_without_a_block_are_left_out():
    labels = LABELS.astype(object)
    labels[:50] = None
    y = np.where(LABELS == "baseline", 100.0, np.random.default_rng(0).normal(size=160))
    found = block_contrasts(y, labels)
    assert found.blocks["block"].tolist() == ["adaptation", "washout"]
    assert found.blocks["mean"].abs().max() < 1


def test_holm():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(holm(p), [0.03, np.nan, 0.06, 0.06])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(160), "labels: expected at least 2 blocks to compare, got 1"),
        (
            np.arange(160) < 3,
            "labels: expected at least 5 trials with a value in each block, got 3",
        ),
        (np.zeros(10), r"labels: expected a label for each of the 160 trials, got shape \(10,\)"),
    ],
)
def test_what_is_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        block_contrasts(np.zeros(160), labels)
