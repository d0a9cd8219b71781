"""Pages made of sections: those that are registered for all pages of a kind, and one's own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from trialtensor.report.content import as_fragment
from trialtensor.report.document import Head, document
from trialtensor.report.registry import Section, sections
from trialtensor.report.sections import Fragment, Origin
from trialtensor.storage import write_whole


@dataclass(frozen=True)
class _Added:
    """A section of one page, and the section that it stands before."""

    name: str
    fragment: Fragment
    before: str | None


class Page:
    """A page about something, as a list of sections.

    Subclasses set ``about`` and supply ``_head``.

    Parameters
    ----------
    subject : object
        What the page is about.
    context : Origin
        What its sections know besides.
    title : str
    """

    about: ClassVar[str]

    def __init__(self, subject: Any, context: Origin, title: str) -> None:
        self._subject = subject
        self._context = context
        self._added: dict[str, _Added] = {}
        self.title = title

    @property
    def sections(self) -> list[str]:
        """Names of the sections, in order; those of added ones are their titles.

        A section that has nothing to say about this model or result leaves no trace on the page.
        """
        return [section.name for section in self._sections()]

    def add_section(self, title: str, content: Any, *, before: str | None = None) -> Self:
        """Add a section to this page.

        Parameters
        ----------
        title : str
            Its heading. A section with the heading of an earlier one replaces it.
        content : str, matplotlib figure or axes, pandas.DataFrame, Interactive, or list of them
            HTML as text (yours, so that it isn't escaped: use `html.escape` for text from
            elsewhere), a figure, a table, an interactive figure, or an object with
            ``_repr_html_``, as most results of this library have.
        before : str, optional
            Name of the section that it comes before, one of ``sections``; by default it is last.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For other content, for HTML that would break the page (tags that don't nest, scripts,
            anything that would be loaded), and if there is no section called `before`.

        Examples
        --------
        >>> from trialtensor import TCA, make_tca
        >>> from trialtensor.report import Report
        >>> X = make_tca(20, 10, 15, 2, random_state=0).X
        >>> report = Report(TCA(2, n_init=2, random_state=0).fit(X))
        >>> page = report.add_section("Animal", "<p>Monkey <b>J</b></p>", before="components")
        >>> page.sections[3:6]
        ['blocks', 'Animal', 'components']
        """
        known = [name for name in self.sections if name != title]
        if before is not None and before not in known:
            raise ValueError(f"before: expected one of {known}, got {before!r}")
        self._added[title] = _Added(title, as_fragment(title, content), before)
        return self

    def write(self, path: str | os.PathLike[str], *, static: bool = False) -> Path:
        """Write the page as one HTML file that needs nothing else, no network either.

        Parameters
        ----------
        path : path
            The HTML file; overwritten if it exists. Its folder must exist.
        static : bool
            True for a page without any script: figures are pictures only.

        Returns
        -------
        pathlib.Path
            The file that was written.

        Raises
        ------
        OSError
            If the file can't be written.
        """
        write_whole(path, self._text(static))
        return Path(path)

    def _text(self, static: bool) -> str:
        context = replace(self._context, static=static)
        written = ((each.name, each.write(self._subject, context)) for each in self._sections())
        named = [(name, found) for name, found in written if found is not None]
        return str(document(self._head(), named, static=static))

    def _sections(self) -> list[Section]:
        """Return registered and added sections, in order."""
        found = [each for each in sections(self.about) if each.name not in self._added]
        for added in self._added.values():
            names = [each.name for each in found]
            # Last also if what it stood before has been taken away since.
            place = names.index(added.before) if added.before in names else len(names)
            found.insert(place, Section(added.name, _always(added.fragment)))
        return found

    def _head(self) -> Head:
        raise NotImplementedError


def _always(fragment: Fragment) -> Any:
    return lambda *_: fragment


def listed_steps(preprocessing: Iterable[str]) -> list[str]:
    """Return processing steps as a list, also a single one.

    Examples
    --------
    >>> listed_steps("square root"), listed_steps(["square root", "z score"])
    (['square root'], ['square root', 'z score'])
    """
    return [preprocessing] if isinstance(preprocessing, str) else list(preprocessing)


def origin_of(source: str | os.PathLike[str] | None) -> str | None:
    """Return a source as text; None without one."""
    return None if source is None else os.fspath(source)
