"""The tables of the developer pages list the files that exist."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "developer"
ROOMS = sorted(
    room.name for room in (ROOT / "trialtensor").iterdir() if (PAGES / f"{room.name}.md").exists()
)


def named(page):
    """Return the names of files in a page; a ``*`` stands for several."""
    return set(re.findall(r"`(?:[a-z_]+/)*([a-z0-9_*]+\.py)`", page.read_text(encoding="utf-8")))


def test_rooms_are_found():
    assert {"models", "data", "selection", "tracking", "report"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_of_a_room_is_in_its_page(room):
    known = named(PAGES / f"{room}.md")
    files = {path.name for path in (ROOT / "trialtensor" / room).glob("*.py")} - {"__init__.py"}
    assert [name for name in sorted(files) if not any(fnmatch(name, each) for each in known)] == []


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_no_page_names_a_file_that_is_gone(page):
    files = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    assert [name for name in sorted(named(page)) if not any(fnmatch(f, name) for f in files)] == []
