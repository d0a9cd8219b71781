"""The frame of a page: what comes first, contents, sections, interactive figures, safety."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from trialtensor.report.rendering import fragment
from trialtensor.report.sections import Fragment, slot

if TYPE_CHECKING:
    from trialtensor.explore.embedding import Interactive

# Nothing may be loaded from anywhere; scripts run only if their hash is named. Bokeh sets styles.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {scripts}; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Head:
    """What stands above the sections of a page.

    Attributes
    ----------
    title : str
    facts : str
        The kind and the number of things, in a few words.
    verdict : str
        What the page comes to, in a sentence or two.
    sign : {"good", "bad", "open", ""}
        Whether that is good news; "open" if it isn't known, "" if it isn't that kind of question.
    """

    title: str
    facts: str
    verdict: str
    sign: str = ""


@dataclass(frozen=True)
class _Part:
    """A section with its place in the page."""

    id: str
    title: str | None
    html: Markup


def document(head: Head, named: Sequence[tuple[str, Fragment]], *, static: bool) -> Markup:
    """Put a page together.

    Parameters
    ----------
    head : Head
    named : sequence of (str, Fragment)
        The sections with their names.
    static : bool
        True for a page without any script.
    """
    figures = () if static else tuple(each for _, part in named for each in part.figures)
    divs, drawing = _embedded(figures)
    ids, places, parts = _ids([name for name, _ in named]), iter(divs), []
    for id_, (_, part) in zip(ids, named, strict=True):
        html = part.html
        for k in range(len(part.figures)):
            html = html.replace(slot(k), Markup("" if static else next(places)))
        parts.append(_Part(id_, part.title, html))
    scripts = {} if static else _scripts(drawing)
    return fragment(
        "base.html.jinja",
        head=head,
        parts=parts,
        static=static,
        policy=policy(*scripts.values()),
        scripts={name: Markup(text) for name, text in scripts.items()},
        **dated(),
    )


def dated() -> dict[str, object]:
    """Return the values that say when and by which version a page was written."""
    import datetime

    from trialtensor.io.export import versions

    return {"date": datetime.date.today().isoformat(), "versions": versions()}


def policy(*scripts: str) -> str:
    """Return the Content-Security-Policy of a page that runs these scripts and no others.

    Parameters
    ----------
    *scripts : str
        As they stand between the tags.

    Examples
    --------
    >>> policy()
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'none'; \
base-uri 'none'; form-action 'none'"
    """
    digests = [hashlib.sha256(each.encode()).digest() for each in scripts]
    names = [f"'sha256-{base64.b64encode(each).decode()}'" for each in digests]
    return _POLICY.format(scripts=" ".join(names) or "'none'")


def _embedded(figures: tuple[Interactive, ...]) -> tuple[tuple[str, ...], str]:
    if not figures:
        return (), ""
    from trialtensor.explore.embedding import embed

    embedded = embed(*figures)
    return embedded.divs, embedded.script


def _scripts(drawing: str) -> dict[str, str]:
    """Return the scripts by their place: before anything is shown, and at the end."""
    scripts = {
        "early": fragment("scripts/early.js.jinja"),
        "drawing": drawing,
        "late": fragment("scripts/late.js.jinja"),
    }
    # As a browser reads them, or the hash would be that of another text.
    return {name: re.sub("\r\n?", "\n", str(text)) for name, text in scripts.items() if text}


def _ids(names: Sequence[str]) -> list[str]:
    """Return names for links within the page: letters, digits and hyphens, each once.

    Examples
    --------
    >>> _ids(["left_over", "Left over", "ערב"])
    ['left-over', 'left-over-2', 'section']
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "section"
        n = 1
        while (each := plain if n == 1 else f"{plain}-{n}") in found:
            n += 1
        found.append(each)
    return found
