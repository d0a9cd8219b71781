"""The commands on the pages about formats work as they are copied."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.format_samples import MAKERS
from trialtensor.cli import app

PAGES = Path(__file__).resolve().parents[1] / "docs" / "guide" / "formats"


def commands(page: str) -> list[str]:
    """Every command in blocks of shell on a page, in one line each."""
    blocks = re.findall(r"```sh\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def test_every_page_has_a_sample():
    in_python = {"arrays"}
    assert {page.stem for page in PAGES.glob("*.md")} == set(MAKERS) | in_python


@pytest.mark.parametrize("name", MAKERS)
def test_the_commands_of_a_page(name, tmp_path, monkeypatch):
    if name == "nwb":
        pytest.importorskip("pynwb")
    MAKERS[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = commands(f"{name}.md")
    assert len(lines) >= 2
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "trialtensor"
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"{line}\n{result.output}"
    assert not list(tmp_path.rglob("run"))  # what a parameter file would have made
