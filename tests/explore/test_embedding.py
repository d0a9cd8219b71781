"""Figures in a page: complete, safe, and without anything from elsewhere."""

import base64
import hashlib
import re

import pandas
import pytest
from bokeh.models import Select
from bokeh.plotting import figure

from trialtensor.explore import Interactive, embed

UGLY = "</script><script>alert('1')</script><!-- \" & $$x$$"


def made(layout=None, tables=()):
    if layout is None:
        layout = figure(height=150, sizing_mode="stretch_width", title=UGLY)
        layout.line([0, 1], [1, 0])
    return Interactive(layout, UGLY, UGLY, tables)


def test_one_div_each_and_one_script():
    page = embed(made(), made())
    assert len(page.divs) == 2
    ids = [re.search(r'id="([^"]+)"', div).group(1) for div in page.divs]
    assert len(set(ids)) == 2
    assert all(f'"target_id": "{each}"' in page.script for each in ids)


def test_script_holds_no_markup_of_labels():
    script = embed(made()).script
    assert "</script" not in script and "<!--" not in script
    assert "alert('1')" in script


def test_only_what_is_needed_of_bokeh():
    plain, widgets = embed(made()).script, embed(made(Select(title="a"))).script
    assert 300_000 < len(widgets) - len(plain) < 500_000


def test_anything_else_is_refused():
    with pytest.raises(ValueError, match="figures: expected Interactive figures, got str"):
        embed("figure")


def test_page_of_its_own(tmp_path):
    table = pandas.DataFrame({UGLY: [1.25, float("nan")]}, index=[UGLY, "b"])
    path = made(tables=((UGLY, table),)).save(tmp_path / "page.html")
    text = path.read_text("utf-8")
    assert text.count("<script") == text.count("</script>") == 1
    script = text[text.index("<script>") + 8 : text.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "unsafe-eval" not in text
    assert "<td>1.25</td>" in text and "<td></td>" in text


def test_long_tables_are_cut_and_say_so(tmp_path):
    table = pandas.DataFrame({"a": range(2000)})
    text = made(tables=(("Numbers", table),)).save(tmp_path / "page.html").read_text("utf-8")
    assert text.count("<tr>") == 501
    assert "Numbers (the first 500 of 2,000 rows)" in text


def test_notebooks_get_a_frame():
    shown = made()._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and "<script" not in shown
    height = int(re.search(r"height: (\d+)px", shown).group(1))
    assert 300 < height < 600


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        made().save(tmp_path / "nowhere" / "page.html")
