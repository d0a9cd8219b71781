"""Means of blocks and how sure their differences are."""

import numpy as np
import pytest
import scipy.signal

from trialtensor.tracking import block_contrasts
from trialtensor.tracking.block_readings import variances
from trialtensor.tracking.contrasts import holm
from trialtensor.tracking.mixtures import Mixtures
from trialtensor.tracking.transitions.evidence import Filters
from trialtensor.tracking.transitions.noise_kinds import noise_kinds

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
    assert found.contrasts["p_value"][1] > 0.01


def test_a_difference_of_two_standard_deviations_is_sure():
    """Some white noise looks slow, so not every series is as sure."""
    adjusted = []
    for seed in range(7):
        y = np.random.default_rng(seed).normal(size=160) + 2 * (LABELS == "adaptation")
        adjusted.append(block_contrasts(y, LABELS).contrasts["p_adjusted"][[0, 2]].max())
    assert np.median(adjusted) < 1e-3 and max(adjusted) < 0.05


def learned(onset=50, stop=110, size=3.0, tau=15.0):
    """Learn in the second block; nothing is left in the third."""
    trials = np.arange(160)
    course = size * (1 - np.exp(-(trials - onset + 1) / tau))
    return np.where((trials >= onset) & (trials < stop), course, 0.0)


@pytest.mark.parametrize("memory", [0.0, 0.6])
@pytest.mark.parametrize("course", [np.zeros(160), learned()], ids=["none", "learning"])
def test_intervals_hold_the_truth(memory, course):
    of_blocks = [course[name == LABELS].mean() for name in ("baseline", "adaptation", "washout")]
    truth = np.subtract.outer(of_blocks, of_blocks)[[1, 2, 2], [0, 0, 1]]
    covered = []
    for seed in range(15):
        new = np.random.default_rng(seed).standard_normal(160) * np.sqrt(1 - memory**2)
        noise = scipy.signal.lfilter([1.0], [1.0, -memory], new)
        contrasts = block_contrasts(course + noise, LABELS).contrasts
        covered += ((contrasts["low"] <= truth) & (contrasts["high"] >= truth)).tolist()
    assert np.mean(covered) > 0.82


def test_learning_within_a_block_is_no_noise():
    """The less noise, the surer, of the mean and of the end."""
    labels = np.repeat(["baseline", "learning"], [40, 80])
    curve = np.r_[np.zeros(40), 30 * (1 - np.exp(-np.arange(80) / 5))]
    noise = np.random.default_rng(0).normal(size=120)
    rows = [
        block_contrasts(curve + sd * noise, labels).contrasts.iloc[0]
        for sd in (0.01, 0.1, 1, 10, 100)
    ]
    p = [row["p_value"] for row in rows]
    assert p == sorted(p) and 0 < p[0] < 1e-100 and p[3] < 1e-3 < p[4]
    widths = [row["high"] - row["low"] for row in rows]
    assert widths == sorted(widths) and widths[0] < 0.05
    assert rows[0]["low"] < curve[40:].mean() < rows[0]["high"]
    assert rows[0]["end_low"] < curve[-1] < rows[0]["end_high"]
    assert rows[0]["end_high"] - rows[0]["end_low"] < 0.1


def test_ends_of_blocks_with_the_same_mean():
    """One block ends where the next begins, and means say nothing of that."""
    labels = np.repeat(["a", "b"], 60)
    line = np.linspace(-1, 1, 60)
    y = np.concatenate([line, -line]) + 0.05 * np.random.default_rng(0).normal(size=120)
    row = block_contrasts(y, labels).contrasts.iloc[0]
    assert row["low"] < 0 < row["high"] and row["p_value"] > 0.1
    assert row["end_low"] < -2 < row["end_high"] and row["end_p_value"] < 1e-6


def test_labels_that_take_turns_are_compared_at_the_same_trials():
    """More trials of one come late, when all have learned."""
    rng = np.random.default_rng(0)
    labels = rng.random(200) < np.linspace(0.1, 0.9, 200)
    trials = np.arange(200)
    course = 10 * (1 - np.exp(-(trials + 1) / 40)) + 0.5 * labels
    y = course + 0.2 * rng.normal(size=200)
    row = block_contrasts(y, np.where(labels, "late", "early")).contrasts.iloc[0]
    sign = 1 if row["block"] == "late" else -1
    assert abs(sign * row["difference"] - 0.5) < 0.15
    assert row["high"] - row["low"] < 0.3 and row["p_value"] < 1e-4


@pytest.mark.parametrize("kind", [0, 7, 14, 28, 30])
def test_variances_of_sums(kind):
    """A random walk and slow noise by their dense covariance."""
    kinds, n, rng = noise_kinds(), 30, np.random.default_rng(0)
    filters = Filters(kinds, np.ones(n))
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    earlier = np.minimum.outer(np.arange(n), np.arange(n))
    if kinds.walks[kind]:
        slow = kinds.new[kind] * earlier
    else:
        slow = np.nan_to_num(kinds.share[kind]) * kinds.rho[kind] ** apart
    weights = rng.normal(size=(3, n))
    expected = np.sum(weights @ (slow + kinds.white[kind] * np.eye(n)) * weights, axis=1)
    np.testing.assert_allclose(variances(weights, filters, kind), expected, rtol=1e-6)


def test_a_mixture_of_t_distributions():
    weights, degrees = np.array([0.3, 0.7]), np.array([5.0, 60.0])
    middles, widths = np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([[2.0, 0.5], [0.0, 0.0]])
    found = Mixtures(weights, middles, widths, degrees)
    rng = np.random.default_rng(0)
    part = rng.random(400_000) < 0.3
    drawn = np.where(
        part, 1 + 2 * rng.standard_t(5, 400_000), 3 + 0.5 * rng.standard_t(60, 400_000)
    )
    np.testing.assert_allclose(found.mean(), [drawn.mean(), 0], atol=0.02)
    for probability in (0.05, 0.5, 0.95):
        expected = [np.quantile(drawn, probability), 0]
        np.testing.assert_allclose(found.quantile(probability), expected, atol=0.03)
    np.testing.assert_allclose(found.p_values(), [2 * np.mean(drawn < 0), 1], atol=0.005)


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
