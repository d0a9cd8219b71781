"""The scripts of the gallery run, and what they say of planted truths holds."""

import ast
import re
import runpy
from pathlib import Path

import pytest

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("plot_*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem.removeprefix("plot_"))
def test_script(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert "nan" not in capsys.readouterr().out.lower().split()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem.removeprefix("plot_"))
def test_script_tells_a_story(script):
    """A title, a question, checks of what it says, and what to keep in mind."""
    text = script.read_text("utf-8")
    title, underline = text.splitlines()[1:3]
    assert set(underline) == {"="}
    assert len(underline) >= len(title)
    assert "?" in text.split('"""')[1]
    assert text.count("\nassert ") + text.count("\n    assert ") >= 2
    assert "# What to keep in mind\n" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem.removeprefix("plot_"))
def test_no_block_ends_with_a_value(script):
    """The page would show its repr, such as an array of axes."""
    for block in re.split(r"(?m)^# %%.*$", script.read_text("utf-8")):
        *_, last = ast.parse(block).body or [None]
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
            assert ast.unparse(last).startswith("print("), ast.unparse(last)
