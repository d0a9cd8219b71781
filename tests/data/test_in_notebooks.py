"""What notebooks show: short, escaped, whole."""

from dataclasses import dataclass

import numpy as np
import pandas
import pytest

import trialtensor as tt
from tests.made_searches import TYPICAL, made_search
from tests.other_kinds import models
from tests.report.conftest import Page
from trialtensor.data.in_notebooks import summary_html
from trialtensor.data.shown import OneLine
from trialtensor.models.credibility import credibility

EVIL = "<script>alert(1)</script>"


def shown(thing):
    html = thing._repr_html_()
    assert len(html) < 20_000
    page = Page(html)  # its tags nest
    assert "script" not in {tag for tag, _ in page.tags}
    return page.text


def test_text_is_escaped_and_cut():
    table = pandas.DataFrame({EVIL: [EVIL, 0.123456789, None]}, index=[EVIL, 1, 2])
    html = summary_html(EVIL, {EVIL: [EVIL, "long " * 500]}, notes=[EVIL], tables={EVIL: table})
    page = Page(html)
    assert "script" not in {tag for tag, _ in page.tags} and page.text.count("alert(1)") == 8
    assert "0.1235" in page.text and "…" in page.text and len(page.text) < 1500


def test_tables_are_cut_and_say_so():
    html = summary_html("a", {}, tables={"rows": pandas.DataFrame({"n": range(100)})})
    assert "rows, 6 of 100 rows" in html and html.count("<tr") == 7


@pytest.mark.parametrize("kind", ["labelled", "missing"])
def test_models(kind):
    for name, model in models(kind).items():
        text = shown(model)
        assert credibility(model.fitted_).sentence in text
        assert f"{name}, " in text and "24 trials × 10 neurons × 15 times" in text
        assert "text/html" in model._repr_mimebundle_()


def test_models_that_are_not_fitted_show_the_diagram_of_scikit_learn():
    for thing in (tt.TCA(2), tt.CrossValidatedSearch(tt.TCA(1), [1, 2])):
        assert "sk-container" in thing._repr_html_()


def test_searches():
    text = shown(made_search(TYPICAL))
    assert "3 components, by the rule one-se" in text and "above_best" in text


def test_results_of_tracking():
    y = np.r_[np.zeros(30), np.ones(30)] + 0.1 * np.random.default_rng(0).normal(size=60)
    found = tt.track(y, labels=np.repeat([EVIL, "b"], 30))
    text = shown(found)
    assert "changes" in text and "onset_low" in text and "alert(1)" in text
    text = shown(found.found["component 1"])
    assert "p value < 0.001" in text and "onset" in text


def test_results_of_selection():
    model = models("labelled")["TCA"]
    text = shown(tt.stability(model))
    assert "corrected" in text
    report = tt.residual_report(model, tt.make_tca(24, 10, 15, 2, snr=5.0, random_state=0).X)
    assert all(sentence in shown(report) for sentence in report.sentences)


@dataclass(frozen=True, repr=False)
class Everything(OneLine):
    """A result with a value of each sort."""

    small: np.ndarray
    large: np.ndarray
    nothing: None
    flag: bool
    pair: tuple
    by_name: dict
    nested: dict
    table: pandas.DataFrame


def test_large_values_are_left_out():
    found = Everything(
        np.arange(3), np.ones((40, 9)), None, True, (1, 2.5), {"a": 1.0}, {"b": np.ones(9)},
        pandas.DataFrame({"n": []}),
    )  # fmt: skip
    text = shown(found)
    assert "small [0, 1, 2]" in text and "flag yes" in text and "pair 1, 2.5" in text
    assert "by name a: 1" in text
    assert not any(word in text for word in ("large", "nothing", "nested", "table"))
