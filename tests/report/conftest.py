"""Reports as a reader sees them."""

import re
from html.parser import HTMLParser

import pytest

from trialtensor.report import write_report

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects tags and text, and fails on tags that don't nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID, tag  # browsers would leave any other open
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def page(tmp_path):
    """Writes the report of a model and reads it back."""

    def write(model, **options):
        path = write_report(model, tmp_path / "report.html", **{"static": True, **options})
        return Page(path.read_text(encoding="utf-8"))

    return write
