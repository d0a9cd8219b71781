"""The sections that every page of a kind has, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trialtensor.report.sections import Fragment

Writer = Callable[[Any, Any], Fragment | None]

# What pages are about.
PAGES = ("model", "search", "tracking")


@dataclass(frozen=True)
class Section:
    """A section of all pages of a kind.

    Attributes
    ----------
    name : str
    write : callable
        Takes what the page is about and its context; returns a `Fragment`, or None if there is
        nothing to say.
    """

    name: str
    write: Writer


_sections: dict[str, list[Section]] = {page: [] for page in PAGES}


def register_section(
    name: str, write: Writer, *, before: str | None = None, page: str = "model"
) -> None:
    """Add a section to every page of a kind that it applies to.

    For a section on one page only, see `trialtensor.report.Report.add_section`.

    Parameters
    ----------
    name : str
        A section of this name is replaced and keeps its place.
    write : callable
        Takes a model (or search, or `Tracking`) and a `Context` (`SearchContext`,
        `TrackingContext`); returns a `Fragment`, or None where there is nothing to say.
    before : str, optional
        The section to insert it before; by default it comes last.
    page : {"model", "search", "tracking"}
        Which pages.

    Raises
    ------
    ValueError
        If there is no section called ``before``, or no such kind of page.

    Examples
    --------
    >>> from markupsafe import Markup
    >>> from trialtensor.report import Fragment, register_section, remove_section
    >>> def animal(model, context):
    ...     return Fragment("Animal", Markup("<p>Monkey J</p>"))
    >>> register_section("animal", animal, before="restarts")
    >>> remove_section("animal").name
    'animal'
    """
    known = _of(page)
    names = [section.name for section in known]
    if before is not None and before not in names:
        raise ValueError(f"before: expected one of {names}, got {before!r}")
    section = Section(name, write)
    if name in names and before is None:
        known[names.index(name)] = section
        return
    if name in names:
        remove_section(name, page=page)
    names = [section.name for section in known]
    known.insert(len(names) if before is None else names.index(before), section)


def remove_section(name: str, *, page: str = "model") -> Section:
    """Remove a section from all pages of a kind, and return it.

    Parameters
    ----------
    name : str
    page : {"model", "search", "tracking"}

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    known = _of(page)
    for i, section in enumerate(known):
        if section.name == name:
            return known.pop(i)
    raise ValueError(f"name: expected one of {[each.name for each in known]}, got {name!r}")


def sections(page: str = "model") -> list[Section]:
    """List the sections in the order of the page.

    Parameters
    ----------
    page : {"model", "search", "tracking"}
    """
    return list(_of(page))


def _of(page: str) -> list[Section]:
    if page not in _sections:
        raise ValueError(f"page: expected one of {', '.join(PAGES)}, got {page!r}")
    return _sections[page]
