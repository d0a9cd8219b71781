"""What users add to a page: text, figures, tables and interactive figures, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from trialtensor.report.figures import Picture, as_picture, figure_html
from trialtensor.report.sections import Fragment
from trialtensor.report.tables import table_html

if TYPE_CHECKING:
    from trialtensor.explore.embedding import Interactive

_VOID = frozenset(
    ("area", "br", "col", "hr", "img", "input", "source", "track", "wbr")  # HTML, section 13.1.2
)
# The Content-Security-Policy of the page would stop them, in silence.
_STOPPED = frozenset(("script", "link", "iframe", "object", "embed", "base", "form", "meta"))
_KINDS = (
    "HTML as text, a matplotlib figure, a pandas DataFrame, an interactive figure, an object with "
    "_repr_html_, or a list of these"
)


def as_fragment(title: Any, content: Any) -> Fragment:
    """Return a section of a page from what a user gave.

    Parameters
    ----------
    title : str
    content : str, matplotlib figure or axes, pandas.DataFrame, Interactive, or list of them

    Raises
    ------
    ValueError
        For anything else, and for HTML that would break the page.
    """
    given: object = title
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"title: expected the heading of the section, got {title!r}")
    several = list(content) if isinstance(content, list | tuple) else [content]
    if not several:
        raise ValueError(f"content: expected {_KINDS}, got nothing")
    figures: list[Interactive] = []
    html = [_html(title, each, figures) for each in several]
    return Fragment(title, Markup("\n").join(html), tuple(figures))


def _html(title: str, content: Any, figures: list[Interactive]) -> Markup:
    if isinstance(content, str):
        check_html(content)
        return Markup(f"<div>{content}</div>")
    if _is("trialtensor", "Interactive", content):
        figures.append(content)
        return figure_html((), interactive=content, place=len(figures) - 1)
    if _is("pandas", "DataFrame", content):
        return table_html(content)
    if (picture := _picture(title, content)) is not None:
        return figure_html([picture])
    if hasattr(content, "_repr_html_"):
        html = str(content._repr_html_())
        check_html(html)
        return Markup(f'<div class="scroll">{html}</div>')
    raise ValueError(f"content: expected {_KINDS}, got {type(content).__name__}")


def _is(package: str, name: str, value: Any) -> bool:
    """Return whether a value is of a class, without importing what defines it."""
    kinds = ((each.__module__.partition(".")[0], each.__name__) for each in type(value).__mro__)
    return (package, name) in kinds


def _picture(title: str, content: Any) -> Picture | None:
    """Draw a matplotlib figure, or that of some axes; None for anything else."""
    import numpy as np

    if isinstance(content, np.ndarray) and content.size:
        content = content.flat[0]
    figure = getattr(content, "figure", content)
    return as_picture(figure, title) if hasattr(figure, "savefig") else None


class _Nesting(HTMLParser):
    """Refuses tags that don't nest, and those that do nothing in this page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _STOPPED:
            raise ValueError(
                f"content: <{tag}> does nothing in this page, which runs no scripts but its own "
                "and loads nothing"
            )
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            inside = f" inside <{self.open[-1]}>" if self.open else ""
            raise ValueError(f"content: </{tag}>{inside} closes nothing")
        self.open.pop()


def check_html(text: str) -> None:
    """Refuse HTML that would break a page.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        For tags that don't nest, scripts, and what would be loaded.

    Examples
    --------
    >>> check_html("<p>Monkey <b>J</p>")
    Traceback (most recent call last):
    ...
    ValueError: content: </p> inside <b> closes nothing
    """
    nesting = _Nesting()
    nesting.feed(text)
    nesting.close()
    if nesting.open:
        raise ValueError(f"content: <{nesting.open[-1]}> is never closed")
