"""Constants, rounding and exact curves: nothing is certain that isn't, and nothing fails."""

import math
import warnings

import numpy as np
import pytest

from trialtensor import TCA, plot_tracking, track, write_report, write_tracking_report
from trialtensor.selection import residual_report
from trialtensor.tracking import (
    block_contrasts,
    change_points,
    learning_curve,
    pattern_change,
    relate,
    smooth_curve,
    subspace_drift,
    template_alignment,
    trial_similarity,
)

RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=90)
BLOCKS = np.repeat(["a", "b", "c"], 30)
CONSTANTS = {
    "zero": np.zeros(90),
    "exact": np.full(90, 0.1),
    "large": np.full(90, 1e9 / 3),
    "rounded": 0.1 * (1 + 1e-16 * RNG.normal(size=90)),
    "float32": (0.1 * (1 + 1e-7 * RNG.normal(size=90))).astype(np.float32),
    "gaps": np.where(np.arange(90) % 7 == 3, np.nan, 0.7),
}
TRIALS = np.arange(90.0)
EARLY, LATE = np.arange(30), np.arange(30, 60)
SHAPES = np.stack([np.hanning(10), np.linspace(0, 1, 10)], axis=1)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_says_nothing(name):
    y = CONSTANTS[name]
    found = change_points(y)
    assert found.n_changes == 0 and found.p_value == 1
    table = block_contrasts(y, BLOCKS).contrasts
    assert (table["p_value"] == 1).all() and np.allclose(table["difference"], 0, atol=1e-15)
    for one, other in ((y, NOISE), (NOISE, y), (y, y)):
        related = relate(one, other, n_null=19)
        told = [related.lead, related.correlation, related.p_value, *related.lead_interval]
        assert np.isnan(told).all()
    assert learning_curve(y).best.model == "constant"
    curve = smooth_curve(y)
    level = np.nanmedian(y.astype(float))
    assert np.nanmax(np.abs(curve.value - level)) == 0 and np.nanmax(np.ptp(curve.interval, 0)) == 0


def test_what_is_constant_where_it_is_compared_has_no_lead():
    behaviour = np.zeros(90)
    behaviour[:3] = 1  # at other trials than those on which all leads are compared
    assert np.isnan(relate(NOISE, behaviour, detrend=False, n_null=19).lead)


def test_blocks_that_differ_and_do_not_vary():
    """All orders of 60 trials are as likely: two of them set these blocks as far apart."""
    table = block_contrasts(np.repeat([0.1, 0.1, 0.3], 30), BLOCKS).contrasts.set_index("block")
    certain = table.loc["c"]
    assert np.allclose(certain["p_value"], 2 / math.comb(60, 30), rtol=1e-9)
    assert np.allclose(certain[["difference", "low", "high"]], 0.2)
    assert table.loc["b", "p_value"] == 1
    uneven = np.repeat(["a", "b"], [20, 70])
    p = block_contrasts((uneven == "b") * 1e6, uneven).contrasts["p_value"][0]
    assert p == pytest.approx(1 / math.comb(90, 20), rel=1e-9)


def test_a_clear_difference_is_never_certain():
    y = np.repeat([0.0, 1e6, 2e6], 30) + RNG.normal(size=90)
    table = block_contrasts(y, BLOCKS).contrasts
    assert (table["p_value"] > 0).all() and (table["p_value"] < 1e-20).all()


def test_an_exact_step_is_found():
    found = change_points(np.repeat([1 / 3, 2 / 3], [40, 50]))
    assert found.trials.tolist() == [40] and found.intervals.tolist() == [[40, 40]]


def test_an_exact_line_does_not_go_with_anything_beyond_its_trend():
    assert np.isnan(relate(TRIALS / 3, NOISE, n_null=19).p_value)


@pytest.mark.parametrize("tau", [0.1, 0.3, 1, 4, 15, 40, 150, 900])
@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (-3, 5), (1e-9, 0), (1, 1e4)])
def test_one_exponential_is_one(tau, scale, offset):
    found = learning_curve(offset + scale * np.exp(-TRIALS / tau))
    assert found.best.model == "exponential"
    assert found.best.time_constants == pytest.approx([tau], rel=1e-4)
    low, high = found.best.time_constant_intervals[0]
    assert low < tau * (1 + 1e-9) and high > tau * (1 - 1e-9) and high - low < 1e-2 * tau
    assert found.best.amplitudes == pytest.approx([-scale], rel=1e-3)


@pytest.mark.parametrize(
    ("curve", "model", "taus"),
    [
        (0.3 + TRIALS / 7, "linear", []),
        (np.full(90, 1 / 3), "constant", []),
        (np.exp(-TRIALS / 5) + 0.5 * np.exp(-TRIALS / 60), "two-exponential", [5, 60]),
        (np.exp(-TRIALS / 5) - np.exp(-TRIALS / 12), "two-exponential", [5, 12]),
        (np.round(np.exp(-TRIALS / 15), 6), "exponential", [15]),
        (np.exp(-TRIALS / 15).astype(np.float32), "exponential", [15]),
        (np.where(TRIALS % 5 == 1, np.nan, np.exp(-TRIALS / 15)), "exponential", [15]),
    ],
)
def test_exact_curves_are_what_they_are(curve, model, taus):
    found = learning_curve(curve).best
    assert found.model == model
    assert found.time_constants == pytest.approx(taus, rel=1e-4)


PATTERN = RNG.normal(size=(1, 8, 10))
TENSORS = {
    "zero": np.zeros((60, 8, 10)),
    "one value": np.full((60, 8, 10), 3.7),
    "one pattern": np.repeat(PATTERN, 60, axis=0),
    "rounded": np.repeat(PATTERN, 60, axis=0) + 1e-16 * RNG.normal(size=(60, 8, 10)),
}


@pytest.mark.parametrize("name", TENSORS)
def test_patterns_that_never_change(name):
    X = TENSORS[name]
    found = pattern_change(X, EARLY, LATE, components=SHAPES, n_null=99)
    assert set(found.components["verdict"]) <= {"no change", "not seen"}
    assert found.new_p == 1
    assert not (found.components[["gain_p", "rotation_p"]] < 1).any(axis=None)
    assert subspace_drift(X, n_windows=4, n_dims=2, n_null=99).p_value == 1
    assert np.isnan(template_alignment(X, EARLY, LATE).shift).all()
    assert np.isnan(trial_similarity(X, n_windows=6)[0]).all()


def test_a_constant_neuron_correlates_with_nothing_and_hides_nothing():
    X = RNG.normal(size=(60, 8, 10)) + np.where(np.arange(60) < 30, 0, 1)[:, None, None] * PATTERN
    with_constant = np.concatenate([X, np.full((60, 1, 10), 1 / 3)], axis=1)
    for found, alone in zip(
        (template_alignment(each, EARLY, LATE) for each in (with_constant, X)), (0, 1), strict=True
    ):
        assert np.nanmean(found.shift[30:]) > 0.2 and alone in (0, 1)


def test_data_of_one_value_in_a_model_its_page_and_its_tracking(tmp_path):
    X = TENSORS["one value"]
    model = TCA(1, n_init=2, random_state=0).fit(X)
    assert model.explained_variance_ratio_ == pytest.approx(1)
    report = residual_report(model, X)
    assert not report.outlying_trials.size and np.isnan(report.trial_trend.p_value)
    assert "drift" not in " ".join(report.sentences)
    page = write_report(model, tmp_path / "model.html", X=X, static=True).read_text()
    followed = track(model, behaviour=CONSTANTS["exact"][:60], labels=BLOCKS[:60])
    assert followed.summary["n_changes"].tolist() == [0, 0]
    assert np.isnan(followed.relations["lead"]).all()
    plot_tracking(followed)
    tracked = write_tracking_report(followed, tmp_path / "tracking.html", static=True).read_text()
    assert "can't be told: one of the two doesn't vary" in tracked.replace("&#39;", "'")
    for text in (page, tracked):
        assert ">nan" not in text and " nan " not in text
