"""Fast and slow adaptation of components and of behaviour, beside one perturbation."""

import re

import numpy as np
import pytest

from trialtensor.report.tracking_wording import series_sentences
from trialtensor.tracking import track
from trialtensor.tracking.rate_models import one_state, two_states

PERTURBATION = np.r_[np.zeros(20), np.full(90, 30.0), np.full(10, -30.0), np.full(40, np.nan)]
PLANTED = {"A_f": 0.6, "B_f": 0.2, "A_s": 0.99, "B_s": 0.03}


@pytest.fixture(scope="module")
def tracking():
    """Two rates, upside down in a unit of its own; one rate; noise; two rates in degrees."""
    rng = np.random.default_rng(0)
    two = two_states(PLANTED, PERTURBATION, "parallel").sum(axis=0)
    one = one_state({"A": 0.98, "B": 0.1}, PERTURBATION).sum(axis=0)
    noise = rng.normal(size=(160, 4))
    values = np.stack([5 - 0.05 * two, 0.1 * one, np.zeros(160)], axis=1)
    values += [0.02, 0.05, 1.0] * noise[:, :3]
    # Of eight intervals at 90 %, some would miss.
    behaviour = two + 0.5 * noise[:, 3]
    return track(values, behaviour=behaviour, perturbation=PERTURBATION, level=0.99)


@pytest.mark.slow
def test_planted_rates_are_found(tracking):
    rates = tracking.rates.set_index("series")
    assert rates["model"].tolist() == ["two rates", "one rate", "none", "two rates"]
    for name in ("component 1", "behaviour"):
        row = rates.loc[name]
        for rate, value in PLANTED.items():
            assert row[f"{rate}_low"] < value < row[f"{rate}_high"]
            assert row[rate] == pytest.approx(value, abs=0.08)
        assert row["bic_against_one_rate"] < -20
        assert row["rebound"] > 0.1
    assert rates.loc["component 1", "scale"] == pytest.approx(-0.05, rel=0.2)
    assert rates.loc["behaviour", "scale"] == pytest.approx(1, rel=0.2)
    assert rates.loc["component 2", "bic_against_one_rate"] > 0
    assert rates.loc["component 3", ["A_f", "B_s_low", "rebound"]].isna().all()
    assert set(tracking.adaptation) == {"component 1", "component 2", "behaviour"}
    fit = tracking.adaptation["component 1"]
    truth = two_states(PLANTED, PERTURBATION, "parallel")
    assert np.corrcoef(fit.fast, truth[0])[0, 1] > 0.98
    assert np.corrcoef(fit.slow, truth[1])[0, 1] > 0.98


@pytest.mark.slow
def test_the_report_says_it(tracking):
    first, second, third = (series_sentences(tracking, f"component {r}")[-1] for r in (1, 2, 3))
    assert re.match(
        r"It follows the perturbation \(scale .* to .*\) with two rates of learning: a fast", first
    )
    assert re.search(r"a fast process that learns 0\.\d+ \(0\.\d+ to 0\.\d+\) of an error", first)
    assert second.startswith("It follows the perturbation (scale ")
    assert second.endswith("two rates of learning explain it no better than one.")
    assert third == "No learner of the perturbation explains it better than noise that may drift."
    assert "nan" not in first + second + third


def test_without_a_perturbation_nothing_is_fitted():
    found = track(np.random.default_rng(0).normal(size=40))
    assert found.rates is None and found.adaptation == {}


def test_a_constant_series_has_no_rates():
    found = track(np.ones(60), perturbation=np.repeat([0.0, 1.0, np.nan], 20))
    assert found.rates["model"].tolist() == ["none"]


@pytest.mark.parametrize(
    ("perturbation", "message"),
    [
        (np.zeros(40), "perturbation: expected trials with a perturbation, got only 0 or NaN"),
        (np.ones(39), "perturbation: expected a value for each of the 40 trials"),
        (np.full(40, "a"), "perturbation: expected a number a trial"),
        (np.full(40, np.inf), "perturbation: expected numbers or NaN, got an infinite value"),
        ("rotation", "perturbation: no label of trials is called 'rotation'"),
    ],
)
def test_what_is_refused(perturbation, message):
    with pytest.raises(ValueError, match=message):
        track(np.random.default_rng(0).normal(size=(40, 2)), perturbation=perturbation)
