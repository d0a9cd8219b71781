"""p values at their floor, and results on one line."""

import re

import numpy as np
import pytest

from trialtensor import TCA, make_tca, track
from trialtensor.data.shown import p_equation, p_text
from trialtensor.report.tracking_wording import series_sentences
from trialtensor.selection import ComponentTest, bootstrap, component_test, residual_report
from trialtensor.tracking import (
    block_contrasts,
    change_points,
    learning_curve,
    pattern_change,
    relate,
    smooth_curve,
    subspace_drift,
    transitions,
)
from trialtensor_models.analysis.comparison import ModelComparison
from trialtensor_models.analysis.scores import Score

STEP = np.repeat([0.0, 5.0], 40) + np.random.default_rng(0).normal(size=80)
X = make_tca(80, 8, 10, 2, snr=5.0, random_state=0).X


@pytest.mark.parametrize(
    ("p", "at_floor", "text"),
    [
        (0.0004, False, "< 0.001"), (0.001, False, "0.001"), (0.034, False, "0.034"),
        (0.001, True, "≤ 0.001"), (0.01, True, "≤ 0.01"), (1.0, True, "1"),
        (1e-4, True, "≤ 0.0001"),
        (float("nan"), True, "–"),
    ],
)  # fmt: skip
def test_text(p, at_floor, text):
    assert p_text(p, at_floor) == text
    assert p_equation(p, at_floor) == (f"p {text}" if text[0] in "<≤" else f"p = {text}")


def test_results_know_their_floor_and_show_it():
    changes = change_points(STEP)
    assert not changes.at_floor("p_value") and changes.p_value < 0.001
    related = relate(STEP, STEP, n_null=49, n_bootstrap=20)
    assert related.at_floor() and related.p_value == pytest.approx(1 / 50)
    for result, text in ((changes, "p_value < 0.001"), (related, "p_value ≤ 0.02")):
        assert text in repr(result) and "\n" not in repr(result) and len(repr(result)) < 500
    nothing = change_points(np.random.default_rng(7).normal(size=80))
    assert not nothing.at_floor("p_value") and 0.05 < nothing.p_value < 1
    assert f"p_value={nothing.p_value:.2g}, " in repr(nothing)


def test_other_results_with_p_values():
    drift = subspace_drift(X, n_windows=4, n_dims=2, n_null=19)
    assert "p_value" in repr(drift) and "array (4, 4)" in repr(drift)
    steady = np.repeat(np.random.default_rng(0).normal(size=(1, 8, 10)), 80, axis=0) + X / 9
    found = pattern_change(steady, np.arange(40), np.arange(40, 80), components=2, n_null=19)
    presence = found.components[["early_p", "late_p"]]
    floors = {name: found.at_floor(name).tolist() for name in presence}
    assert floors == (presence <= 0.05 + 1e-9).to_dict("list")
    # Nineteen random signs may have one that is as large, but not for all.
    assert any(map(any, floors.values()))
    assert "table of 2 rows" in repr(found)
    tested = component_test(TCA(2, n_init=1, random_state=0), X, n_permutations=9, random_state=0)
    assert tested.at_floor().all() and "p_values=[≤ 0.1, ≤ 0.1]" in repr(tested)
    two = ComponentTest("permute_trials", np.array([0.5, 0.1]), np.full(9, 0.2), np.array([0.1, 1]))
    assert two.at_floor().tolist() == [True, False] and "[≤ 0.1, 1]" in repr(two)


def test_pages_and_figures():
    tracked = track(np.stack([STEP, STEP + 10], axis=1), behaviour=STEP)
    (sentence,) = [s for s in series_sentences(tracked, "component 1") if "behaviour" in s]
    assert f"p ≤ {tracked.relations['p_adjusted'][0]:.2g}" in sentence
    quiet = track(np.random.default_rng(5).normal(size=(80, 2)))
    assert "(p = " in series_sentences(quiet, "component 1")[0]
    score = Score(0.1, np.linspace(0.5, 1, 199), "places")
    shown = ModelComparison(None, None, {"curves": score})  # type: ignore[arg-type]
    assert shown.p_text("curves") == "p ≤ 0.005" and shown.p_value("curves") == 0.005


def test_residuals_that_drift():
    noise = np.random.default_rng(0).standard_normal((50, 20, 10))
    model = TCA(1, random_state=0, n_init=1).fit(noise)
    drifting = residual_report(model, noise + 0.02 * np.arange(50)[:, None, None])
    assert "(p ≤ 0.001)" in " ".join(drifting.sentences)
    assert "p_value ≤ 0.001" in repr(drifting.trial_trend)


def test_results_without_p_values_are_one_line_too():
    curve = learning_curve(1 - np.exp(-np.arange(40) / 5))
    assert "best=LearningFit(model='exponential', " in repr(curve)
    assert "time_constants=[5], " in repr(curve) and "fitted=array (40,)" in repr(curve)
    report = residual_report(TCA(1, n_init=1, random_state=0).fit(X), X)
    for result in (
        curve, report, smooth_curve(STEP), smooth_curve(STEP, bandwidth=9),
        block_contrasts(STEP, np.repeat(["a", "b"], 40)), transitions(STEP),
    ):  # fmt: skip
        text = repr(result)
        assert "\n" not in text and "np." not in text and "dtype" not in text and len(text) < 500
        assert not re.search(r"\d\.\d{8}", text)
    assert "noise=Noise(coefficients=[" in repr(smooth_curve(STEP))


def test_a_bootstrap_is_one_line():
    model = TCA(2, random_state=0, n_init=1).fit(X)
    text = repr(bootstrap(model, X, n_samples=2, random_state=0))
    assert text.startswith("Bootstrap(estimates={trial_factors, ") and "\n" not in text
