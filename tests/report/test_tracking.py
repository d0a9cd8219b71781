"""The page about components over trials."""

import re

import numpy as np
import pytest

from trialtensor.data.shown import p_text
from trialtensor.report import write_tracking_report
from trialtensor.report.tracking_wording import (
    count_text,
    heading,
    overview_sentence,
    series_sentences,
)
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
    path = write_tracking_report(tracking, tmp_path / "page.html", patterns=patterns)
    page = path.read_text("utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Of 2 components, 1 changes its level: component 1." in text
    assert "with a time constant of" in text
    assert "The same neurons?" in text
    assert "learning minus baseline" in text
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", text)
    assert 'src="http' not in page


def test_sentences(tracking):
    first, second = (series_sentences(tracking, f"component {r}") for r in (1, 2))
    assert re.match(r"From trial \d+ on \(90% interval: ", first[0])
    assert first[-1].startswith("From trial to trial it does not certainly go with behaviour")
    assert second[0].startswith("No certain change of level (p = ")
    assert "it goes with behaviour (correlation 0.9" in second[-1]
    assert second[-1].endswith("neither is certainly ahead.")


def test_nothing_changes():
    found = track(np.random.default_rng(1).normal(size=(60, 3)))
    assert overview_sentence(found).startswith("None of 3 components changes its level")
    assert p_text(float("nan")) == "–"


def test_names_of_series_are_taken_as_they_are():
    assert heading("component 1, M1") == "Component 1, M1"
    assert count_text(["component 1, M1", "component 1, PMd"]) == "2 courses of components"
