"""Attributes of a numpydoc docstring as objects of the page, under the names that they have.

An entry may name several: ``trial_factors_, neuron_factors_ : arrays``. Each becomes an anchor of
its own, and names with a trailing underscore, which reStructuredText takes for references, stay
whole.
"""

from __future__ import annotations

import re
import textwrap
from itertools import pairwise
from typing import NamedTuple

from sphinx.application import Sphinx


class Entry(NamedTuple):
    """Attributes that are described together."""

    names: tuple[str, ...]
    type: str
    text: list[str]


def entries(lines: list[str]) -> list[Entry]:
    """Parse the lines below ``Attributes`` and its rule."""
    found: list[Entry] = []
    heading = ""
    for line in lines:
        if line and not line[0].isspace():
            heading = f"{heading} {line}".strip()
            if heading.endswith(","):  # goes on in the next line
                continue
            names, _, kind = heading.partition(" :")
            split = tuple(name.strip() for name in names.split(",") if name.strip())
            found.append(Entry(split, kind.strip(), []))
            heading = ""
        elif found:
            found[-1].text.append(line)
    return found


def section(lines: list[str]) -> tuple[int, int] | None:
    """Return where the section of attributes begins and ends, if there is one."""
    heads = [
        i
        for i in range(len(lines) - 1)
        if lines[i].strip() and re.fullmatch(r"-{3,}", lines[i + 1].strip())
    ]
    for i, stop in pairwise([*heads, len(lines)]):
        if lines[i].strip() == "Attributes":
            return i, stop
    return None


def documented(docstring: str) -> list[str]:
    """Return the names that a docstring lists as attributes."""
    lines = docstring.splitlines()
    where = section(lines)
    if where is None:
        return []
    return [name for entry in entries(lines[where[0] + 2 : where[1]]) for name in entry.names]


def _directive(entry: Entry) -> list[str]:
    head = ".. attribute:: "
    lines = [head + entry.names[0]]
    lines += [" " * len(head) + name for name in entry.names[1:]]
    lines.append("")
    if entry.type:
        lines += ["   .. rst-class:: attribute-type", "", f"   {entry.type}", ""]
    lines += textwrap.indent(textwrap.dedent("\n".join(entry.text)), "   ").splitlines()
    return [*lines, ""]


def rewrite(app, what, name, obj, options, lines: list[str]) -> None:
    """Replace the section of attributes by a directive for each entry, before napoleon reads it."""
    where = section(lines)
    if what not in ("class", "exception") or where is None:
        return
    start, stop = where
    # Two blank lines end a section of napoleon's.
    new = ["", "", ".. rubric:: Attributes", ""]
    for entry in entries(lines[start + 2 : stop]):
        new += _directive(entry)
    lines[start:stop] = new


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", rewrite, priority=400)
    return {"parallel_read_safe": True}
