"""Reading built pages: names, links, and what a page would ask the network for."""

import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path.append(str(DOCS / "_ext"))

# Elements that load what their attribute names, as soon as a page is opened.
_LOADS = {"src", "srcset", "poster", "data"}


@dataclass
class Page:
    """What a built page has and where it leads."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)
    # Of objects described here: full name -> class of its list ("py attribute", "std option").
    objects: dict[str, str] = field(default_factory=dict)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page, self.lists = page, []
        self.hidden = 0

    def handle_starttag(self, tag, attributes):
        given = {key: value or "" for key, value in attributes}
        if "id" in given:
            self.page.anchors.add(given["id"])
        if tag == "a" and "name" in given:
            self.page.anchors.add(given["name"])
        if tag == "a" and "href" in given:
            self.page.links.add(given["href"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            self.page.loads.add(given["href"])
        self.page.loads |= {given[key] for key in _LOADS & given.keys() if tag != "a"}
        if tag == "dl":
            self.lists.append(given.get("class", ""))
        if tag == "dt" and "id" in given and self.lists:
            self.page.objects[given["id"]] = self.lists[-1]
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        if tag == "dl" and self.lists:
            self.lists.pop()
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.hidden:
            self.page.text += data


def read(path: Path) -> Page:
    """Return what a built page has."""
    page = Page(path)
    _Reader(page).feed(path.read_text("utf-8"))
    return page


def read_all(folder: Path) -> dict[Path, Page]:
    """Return every built page, by its path."""
    paths = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    return {path: read(path) for path in paths}


def is_external(link: str) -> bool:
    """Whether a link leads out of the site."""
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def broken(page: Page, pages: dict[Path, Page]) -> list[str]:
    """Return the links of a page into this site that lead nowhere."""
    lost = []
    for link in sorted(page.links):
        if is_external(link):
            continue
        parts = urlsplit(link)
        target = page.path.parent / unquote(parts.path) if parts.path else page.path
        target = target.resolve()
        if not target.is_file():
            lost.append(link)
        elif parts.fragment and target in pages:
            known = pages[target].anchors
            lost += [link] if unquote(parts.fragment) not in known else []
    return lost


def outside(page: Page) -> list[str]:
    """Return what a page loads from elsewhere: scripts, styles, images, fonts."""
    styles = page.path.read_text("utf-8")
    named = set(page.loads) | set(re.findall(r"url\(['\"]?(https?:[^)'\"]+)", styles))
    return sorted(each for each in named if is_external(each) and not each.startswith("data:"))
