"""Sections of pages: what they are made from, and what they are written into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    import pandas

    from trialtensor.explore.embedding import Interactive


@dataclass(frozen=True)
class Fragment:
    """One section as rendered in the page.

    Attributes
    ----------
    title : str or None
        Its heading, if it has one.
    html : Markup
        With `slot(0)`, `slot(1)`, ... where the interactive figures go.
    figures : tuple of Interactive
        The interactive figures, in the order of their slots.
    """

    title: str | None
    html: Markup
    figures: tuple[Interactive, ...] = ()


def slot(place: int) -> Markup:
    """Return what marks the place of an interactive figure in the HTML of its section.

    Parameters
    ----------
    place : int
        In ``Fragment.figures``.
    """
    # A comment: text that was escaped can't be one.
    return Markup(f"<!--interactive figure {place}-->")


@dataclass(frozen=True)
class Origin:
    """Where the results of a page came from.

    Attributes
    ----------
    source : str or None
        Where the data came from.
    command, code
        Command line and Python code that give the results.
    static : bool
        True for a page without scripts: no interactive figure is needed.
    """

    source: str | None = None
    command: Any = None
    code: str | None = None
    static: bool = False


@dataclass(frozen=True)
class Context(Origin):
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
    static : bool
        True for a page without scripts: no interactive figure is needed.
    """

    X: Any = None
    mask: Any = None
    color_by: Any = None
    preprocessing: list[str] = field(default_factory=list)
    fit_options: dict[str, Any] = field(default_factory=dict)

    @property
    def color_name(self) -> str | None:
        """Name of the labels; None without labels."""
        if self.color_by is None or isinstance(self.color_by, str):
            return self.color_by
        name = getattr(self.color_by, "name", None)
        return name if isinstance(name, str) and name else "label"


@dataclass(frozen=True)
class SearchContext(Origin):
    """Information available besides a search; the attributes of `Context` mean the same here.

    Attributes
    ----------
    profile : pandas.DataFrame or None
        Agreement of restarts.
    X, mask
        The data of the search, or None.
    preprocessing : list of str
    fit_options : dict
    model_report : str or None
        Path to the report of the chosen model.
    """

    profile: pandas.DataFrame | None = None
    X: Any = None
    mask: Any = None
    preprocessing: list[str] = field(default_factory=list)
    fit_options: dict[str, Any] = field(default_factory=dict)
    model_report: str | None = None


@dataclass(frozen=True)
class TrackingContext(Origin):
    """Information available besides the components over trials.

    Attributes
    ----------
    patterns : PatternChange or None
        The test of whether neurons stayed the same.
    periods : str
        Description of the trials compared.
    """

    patterns: Any = None
    periods: str = "early and late trials"
