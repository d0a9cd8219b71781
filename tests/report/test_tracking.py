"""The page about components over trials."""

import re

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor.data.shown import p_text
from trialtensor.report import write_tracking_report
from trialtensor.report.change_wording import count_text
from trialtensor.report.tracking_headline import overview_sentence
from trialtensor.report.tracking_wording import heading, series_sentences
from trialtensor.tracking import pattern_change, track

LABELS = np.repeat(["baseline", "learning"], [40, 80])


@pytest.fixture(scope="module")
def tracking():
    rng = np.random.default_rng(0)
    learned = np.r_[np.zeros(40), 1 - np.exp(-np.arange(80) / 10)]
    together = 0.3 * rng.normal(size=120)
    y = np.stack([learned + 0.05 * rng.normal(size=120), together + 1.0], axis=1)
    return track(y, labels=LABELS, behaviour=together + 0.05 * rng.normal(size=120))


def test_the_page_says_what_was_found(tracking, tmp_path):
    rng = np.random.default_rng(0)
    X = np.abs(rng.normal(size=(1, 10, 1))) * np.hanning(12) + 0.1 * rng.normal(size=(120, 10, 12))
    patterns = pattern_change(X, np.arange(40), np.arange(80, 120), n_null=99)
    path = write_tracking_report(tracking, tmp_path / "page.html", patterns=patterns, static=True)
    page = path.read_text("utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Component 1 changes (from trial " in text
    assert "with a time constant of" in text
    assert "Here is each series that was given" in text
    assert "neurons of a component" not in text
    assert "Within the block learning (trials 40 to 119)" in text
    assert "The same neurons?" in text
    assert "learning minus baseline" in text
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", text)
    assert 'src="http' not in page


def test_sentences(tracking):
    first, second = (series_sentences(tracking, f"component {r}") for r in (1, 2))
    assert re.match(r"From trial \d+ on \(\d+ to \d+\) it rises from ", first[0])
    assert first[-1].startswith("From trial to trial it does not certainly go with behaviour")
    assert re.match(r"No certain change: one has a probability of \d+% \(p = ", second[0])
    assert "it goes with behaviour (correlation 0.9" in second[-1]
    assert second[-1].endswith("neither is certainly ahead.")


def test_nothing_changes():
    found = track(np.random.default_rng(1).normal(size=(60, 3)))
    assert overview_sentence(found).startswith("None of 3 components changes by more")
    assert p_text(float("nan")) == "–"


def test_names_of_series_are_taken_as_they_are():
    assert heading("component 1, M1") == "Component 1, M1"
    assert count_text(["component 1, M1", "component 1, PMd"]) == "2 courses of components"


def test_a_ramp_rises_steadily():
    y = np.linspace(0, 3, 80) + 0.05 * np.random.default_rng(0).normal(size=80)
    text = overview_sentence(track(y))
    assert "it rises steadily over all trials" in text or "it rises steadily, from" in text
    assert "at once" not in text


def test_what_neurons_say_comes_first(tmp_path):
    """A gain of all neurons is named as such; dropped neurons are listed on the page."""
    rng = np.random.default_rng(1)
    neurons = rng.gamma(1.0, size=(40, 2))
    courses = np.exp(-0.5 * ((np.arange(20)[:, None] - [6, 13]) / 2.5) ** 2)
    rates = np.broadcast_to(2 + 2 * np.einsum("nr,tr->nt", neurons, courses), (120, 40, 20)).copy()
    rates[70:] *= 1.6
    rates[80:, 7] *= 0.02
    X = np.sqrt(rng.poisson(rates).astype(float))
    model = TCA(2, nonnegative=True, n_init=2, random_state=0).fit(X)
    assert "agree on its changes was not checked" in overview_sentence(track(model))
    found = track(model, X)
    text = overview_sentence(found)
    assert text.startswith("None of 2 components changes in a way that is its own")
    assert "All neurons together change (" in text
    page = write_tracking_report(found, tmp_path / "page.html", static=True).read_text("utf-8")
    assert "Neurons that change by themselves" in page
    assert "drops out" in page


def test_the_headline_dates_many_changes_and_includes_behaviour():
    rng = np.random.default_rng(2)
    up_and_down = np.select([np.arange(160) < k for k in (40, 80, 120, 160)], [0, 3, 0, 3])
    y = np.stack([up_and_down + 0.1 * rng.normal(size=160), rng.normal(size=160)], axis=1)
    learned = (np.arange(160) >= 60) + 0.1 * rng.normal(size=160)
    text = overview_sentence(track(y, behaviour=learned))
    assert text.startswith("Component 1 changes 3 times (at trials 40, 80 and 120).")
    assert "Behaviour changes (at trial 60 (certain to the trial) it rises from " in text


def test_what_wanders_learns_nothing_for_certain():
    walk = np.cumsum(np.random.default_rng(4).normal(size=200))
    found = track(walk, labels=np.repeat(["baseline", "learning"], 100))
    assert found.summary["wanders"].tolist() == [True]
    assert (
        "Within the block learning (trials 100 to 199) no course is certain."
        in series_sentences(found, "component 1")
    )
