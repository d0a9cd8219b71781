"""Sections that users add to a page."""

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure

from tests.made_searches import TYPICAL, made_search
from tests.report.conftest import Page
from trialtensor.report import Report, SearchReport, TrackingReport
from trialtensor.tracking import track

EVIL = "<script>alert(1)</script>"


def read(report, path):
    return Page(report.write(path / "page.html", static=True).read_text("utf-8"))


def drawn():
    figure = Figure()
    figure.subplots().plot([0, 1])
    return figure


def test_everything_that_can_be_added(labelled_model, tmp_path):
    table = pandas.DataFrame({"animal": [EVIL, "J"], "n": [0.123456, np.nan]})
    figure = drawn()
    report = Report(labelled_model).add_section("By hand", "<p>Monkey <b>J</b></p>")
    report.add_section("Table", table, before="components")
    report.add_section("Figures", [figure, figure.axes[0], np.array(figure.axes)])
    report.add_section("Result", track(np.arange(20.0)))
    page = read(report, tmp_path)
    ids = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert ids.index("table") == ids.index("components") - 1
    assert ids[-3:] == ["by-hand", "figures", "result"] and len(set(ids)) == len(ids)
    assert "Monkey J" in page.text and "0.1235" in page.text and EVIL in page.text
    assert sum(a["alt"] == "Figures" for tag, a in page.tags if tag == "img") == 3
    assert "script" not in {tag for tag, _ in page.tags}
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert all(link[1:] in ids for link in links) and "#by-hand" in links


def test_a_section_replaces_the_one_with_its_heading(labelled_model, tmp_path):
    report = Report(labelled_model).add_section("Animal", "<p>Monkey J</p>")
    report.add_section("Animal", "<p>Monkey K</p>", before="fit")
    text = read(report, tmp_path).text
    assert "Monkey K" in text and "Monkey J" not in text
    assert report.sections.count("Animal") == 1
    # It may stand in for a section of ours.
    report.add_section("fit", "<p>Not told</p>")
    assert "Most negative cosine" not in read(report, tmp_path).text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<p>Monkey <b>J</p>", "</p> inside <b> closes nothing"),
        ("<div>", "<div> is never closed"),
        ("<p>a</p></div>", "</div> closes nothing"),
        (f"<p>{EVIL}</p>", "<script> does nothing in this page"),
        ("<link rel='stylesheet' href='http://a.b/c.css'>", "<link> does nothing"),
        (3, "expected HTML as text, .* got int"),
        ([], "got nothing"),
    ],
)
def test_what_would_break_the_page_is_refused(labelled_model, content, why):
    with pytest.raises(ValueError, match=f"content: .*{why}"):
        Report(labelled_model).add_section("Animal", content)


def test_places_that_are_not_there(labelled_model):
    report = Report(labelled_model)
    with pytest.raises(ValueError, match=r"before: expected one of \['introduction', 'data'"):
        report.add_section("Animal", "<p>J</p>", before="nothing")
    with pytest.raises(ValueError, match="before: "):
        report.add_section("Animal", "<p>J</p>", before="Animal")
    with pytest.raises(ValueError, match="title: expected the heading"):
        report.add_section(" ", "<p>J</p>")


def test_pages_of_searches_and_of_tracking(tmp_path):
    search = SearchReport(made_search(TYPICAL)).add_section("By hand", "<p>mine</p>", before="data")
    assert "mine" in read(search, tmp_path).text
    tracking = TrackingReport(track(np.arange(20.0))).add_section("Table", drawn())
    assert tracking.sections[-2:] == ["repeating", "Table"]
    assert any(a["alt"] == "Table" for tag, a in read(tracking, tmp_path).tags if tag == "img")


def test_long_tables_are_cut(labelled_model, tmp_path):
    table = pandas.DataFrame({"n": range(1000)}, index=pandas.Index(range(1000), name="trial"))
    page = read(Report(labelled_model).add_section("Table", table), tmp_path)
    assert "The first 200 of 1,000 rows." in page.text
