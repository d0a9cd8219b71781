"""The page about a search."""

import html
import re

import numpy as np
import pytest

from tests.made_searches import NOISE, TRIPLES, TYPICAL, made_profile, made_search
from tests.report.conftest import Page
from trialtensor import TCA, CoupledTCA, make_tca
from trialtensor.report import write_search_report
from trialtensor.selection import CrossValidatedSearch, Speckled


@pytest.fixture
def page(tmp_path):
    def write(search, **options):
        options = {"static": True, **options}
        path = write_search_report(search, tmp_path / "search.html", **options)
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_page_is_self_contained_and_says_what_was_chosen(page):
    search = made_search(TYPICAL)
    report = page(search, profile=made_profile(dict.fromkeys(TYPICAL, 0.9)), source="a/day1.npz")
    assert not {"script", "link", "iframe"} & {tag for tag, _ in report.tags}
    (image,) = [attributes for tag, attributes in report.tags if tag == "img"]
    assert image["src"].startswith("data:image/png;base64,") and "3 components" in image["alt"]
    assert "How many components: day1.npz" in report.text
    assert "3 components: the fewest parameters" in report.text
    rows = [attributes for tag, attributes in report.tags if tag == "tr"]
    assert sum(attributes.get("class") == "chosen" for attributes in rows) == 1
    assert "Core consistency" in report.text and "lowest error" in report.text


def test_pages_of_slices_and_without_a_profile(page):
    report = page(made_search(TRIPLES), profile=made_profile(dict.fromkeys(TRIPLES, 0.9)))
    assert "2 components (1 trial-slicing, 1 neuron-slicing)" in report.text
    assert "core consistency" not in report.text.lower()
    assert "Stability" not in page(made_search(TYPICAL)).text


def test_a_page_where_nothing_generalises(page):
    report = page(made_search(NOISE), model_report="chosen/report.html")
    assert "No component generalises" in report.text
    assert "chosen/report.html" not in report.text


def test_text_from_outside_is_escaped(page):
    evil = "<script>alert(1)</script>"
    report = page(made_search(TYPICAL), title=evil, source=evil, preprocessing=[evil], command=evil)
    assert "script" not in {tag for tag, _ in report.tags}
    assert report.text.count("alert(1)") >= 4


def test_its_code_repeats_the_search(tmp_path):
    X = make_tca(30, 12, 15, 2, nonnegative=True, snr=4.0, random_state=0).X
    splits = Speckled(0.2, n_splits=2, random_state=5)
    search = CrossValidatedSearch(
        TCA(1, n_init=2, nonnegative=True),
        [1, 2, 3],
        splits=splits,
        random_state=4,
        refit=False,
    ).fit(X)
    path = write_search_report(search, tmp_path / "r.html", X=X, code="X = given", static=True)
    text = path.read_text(encoding="utf-8")
    assert "30 trials × 12 neurons × 15 time bins" in text
    code = html.unescape(re.search(r"<pre>(.*?)</pre>", text, re.S)[1])
    code = code.replace("trialtensor.plot_search(search)", "")
    names = {"given": X}
    exec(code, names)
    assert names["search"].table_.equals(search.table_)


def test_refused(page):
    with pytest.raises(ValueError, match="profile: expected one of the candidates"):
        page(made_search(TYPICAL), profile=made_profile({9: 1.0}))


def test_a_search_for_a_kind_without_core_consistency(tmp_path):
    search = made_search(TYPICAL)
    search.estimator = CoupledTCA(1, n_init=2)
    X = make_tca(20, 15, 30, 2, random_state=0).X
    X[2, 1, 4] = np.nan
    profile = made_profile(dict.fromkeys(TYPICAL, 0.9), core_consistency=np.nan)
    path = write_search_report(
        search, tmp_path / "r.html", profile=profile, X={"a": X, "b": X[:, :4]}, static=True
    )
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", path.read_text("utf-8")))
    assert "CoupledTCA · 5 candidates" in text
    assert "core consistency" not in text.lower()
    assert "2 arrays of 20 trials × 4 to 15 neurons × 30 time bins" in text
    assert "2 entries (0.0 %) are missing" in text
    assert "Counts are of" not in text
