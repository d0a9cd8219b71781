"""Sections of the page of a model: their registry and their context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from trialtensor.models import TrialEstimator


@dataclass(frozen=True)
class Fragment:
    """One section as rendered in the page.

    Attributes
    ----------
    title : str or None
        Its heading, if it has one.
    html : Markup
    """

    title: str | None
    html: Markup


@dataclass(frozen=True)
class Context:
    """Information available besides the model.

    Attributes
    ----------
    X, mask
        The data of the fit, or None.
    color_by
        Trial label, as for `trialtensor.plotting.plot_factors`.
    source : str or None
        Where the data came from.
    preprocessing : list of str
        Processing steps before the fit.
    command, code
        Command line and Python code of the fit.
    fit_options : dict
        Further arguments of ``fit``, besides the data.
    """

    X: Any = None
    mask: Any = None
    color_by: Any = None
    source: str | None = None
    preprocessing: list[str] = field(default_factory=list)
    command: Any = None
    code: str | None = None
    fit_options: dict[str, Any] = field(default_factory=dict)

    @property
    def color_name(self) -> str | None:
        """Name of the labels; None without labels."""
        if self.color_by is None or isinstance(self.color_by, str):
            return self.color_by
        name = getattr(self.color_by, "name", None)
        return name if isinstance(name, str) and name else "label"


Writer = Callable[[TrialEstimator, Context], Fragment | None]


@dataclass(frozen=True)
class Section:
    """A section of the page of a model.

    Attributes
    ----------
    name : str
    write : callable
        Takes a model and a `Context`; returns a `Fragment`, or None if there is nothing to say.
    """

    name: str
    write: Writer


_sections: list[Section] = []


def register_section(name: str, write: Writer, *, before: str | None = None) -> None:
    """Add a section to the page of every model that it applies to.

    Parameters
    ----------
    name : str
        A section of this name is replaced and keeps its place.
    write : callable
        Takes a model and a `Context`; returns a `Fragment`, or None for a model without such a
        section.
    before : str, optional
        The section to insert it before; by default it comes last.

    Raises
    ------
    ValueError
        If there is no section called ``before``.

    Examples
    --------
    >>> from markupsafe import Markup
    >>> from trialtensor.report.sections import Fragment, register_section, sections
    >>> def animal(model, context):
    ...     return Fragment("Animal", Markup("<p>Monkey J</p>"))
    >>> register_section("animal", animal, before="restarts")
    >>> [section.name for section in sections()][-3:]
    ['animal', 'restarts', 'repeating']
    >>> _ = remove_section("animal")
    """
    names = [section.name for section in _sections]
    if before is not None and before not in names:
        raise ValueError(f"before: expected one of {names}, got {before!r}")
    section = Section(name, write)
    if name in names and before is None:
        _sections[names.index(name)] = section
        return
    if name in names:
        remove_section(name)
    names = [section.name for section in _sections]
    _sections.insert(len(names) if before is None else names.index(before), section)


def remove_section(name: str) -> Section:
    """Remove a section from all pages, and return it.

    Parameters
    ----------
    name : str

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    for i, section in enumerate(_sections):
        if section.name == name:
            return _sections.pop(i)
    names = [section.name for section in _sections]
    raise ValueError(f"name: expected one of {names}, got {name!r}")


def sections() -> list[Section]:
    """List the sections in the order of the page."""
    return list(_sections)
