"""Interactive figures, and how they get into a page that needs no network."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.explore.page import frame, page
from trialtensor.explore.tables import tables_html
from trialtensor.storage import write_whole

if TYPE_CHECKING:
    import pandas
    from bokeh.models import LayoutDOM

# In the order in which they run; the last one starts what the others define.
SCRIPTS = (
    "themes.js",
    "page.js",
    "stacked.js",
    "numbers.js",
    "entries.js",
    "details.js",
    "lanes.js",
    "controls.js",
    "explore.js",
)
STYLE = "explore.css"


@dataclass(frozen=True)
class Interactive:
    """An interactive figure with the text and the tables that stand in for it.

    Shown by notebooks as the last value of a cell.

    Attributes
    ----------
    layout : bokeh.models.LayoutDOM
        As wide as its place. Behaviour comes from the scripts of this package, so that it needs
        `save`, `embed` or a notebook rather than ``bokeh.io.show``.
    title : str
    alt : str
        What it shows in plain words, for readers who can't see it.
    tables : tuple of (str, pandas.DataFrame)
        The numbers behind the figure, each with a title.
    """

    layout: LayoutDOM
    title: str
    alt: str
    tables: tuple[tuple[str, pandas.DataFrame], ...] = ()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page of its own, which works without a network.

        Parameters
        ----------
        path : path
            The HTML file; overwritten if it exists. Its folder must exist.

        Returns
        -------
        pathlib.Path
            The file that was written.

        Raises
        ------
        OSError
            If the file can't be written.
        """
        write_whole(path, self._page())
        return Path(path)

    def _repr_html_(self) -> str:
        """Return the page in a frame, which every notebook shows, and pages made of notebooks."""
        return frame(self._page(), self.title, self.layout)

    def _page(self) -> str:
        embedded = embed(self)
        tables = tables_html(self.tables)
        return page(self.title, self.alt, embedded.divs[0], tables, embedded.script)


@dataclass(frozen=True)
class Embedded:
    """Interactive figures as parts of a page.

    Attributes
    ----------
    divs : tuple of str
        One HTML fragment for each figure, in the order given.
    script : str
        All JavaScript that the page needs: Bokeh, the figures and what moves them. It goes into
        one ``<script>`` at the end of the body, as it is, and asks for no network and no ``eval``.
    """

    divs: tuple[str, ...]
    script: str


def embed(*figures: Interactive) -> Embedded:
    """Return the HTML and the script that put figures into a page.

    Parameters
    ----------
    *figures : Interactive

    Returns
    -------
    Embedded

    Raises
    ------
    ValueError
        For anything but interactive figures.

    Examples
    --------
    >>> from bokeh.plotting import figure
    >>> from trialtensor.explore import Interactive, embed
    >>> plot = figure(height=200, sizing_mode="stretch_width")
    >>> _ = plot.line([1, 2, 3], [4, 6, 5])
    >>> page = embed(Interactive(plot, "A line", "A line that rises and falls."))
    >>> len(page.divs), "</script" in page.script
    (1, False)
    """
    from bokeh.embed import json_item

    for each in figures:
        if not isinstance(each, Interactive):
            raise ValueError(f"figures: expected Interactive figures, got {type(each).__name__}")
    places = [f"trialtensor-{each.layout.id}" for each in figures]
    items: list[Any] = [
        json_item(each.layout, place)  # type: ignore[arg-type]
        for each, place in zip(figures, places, strict=True)
    ]
    parts = [
        *(_bundle(name) for name in _components(figures)),
        *(_static(name) for name in SCRIPTS),
        f"trialtensor.addStyle({_literal(_static(STYLE))});",
        f"trialtensor.start({_literal(items)});",
    ]
    divs = (_div(each, place) for each, place in zip(figures, places, strict=True))
    return Embedded(tuple(divs), "\n".join(parts))


def _div(each: Interactive, place: str) -> str:
    """Return the place of a figure: a group, since it holds controls besides the picture."""
    return (
        f'<div class="tt-interactive" role="group" aria-label="{escape(each.alt)}">'
        f'<div id="{place}" class="tt-figure"></div></div>'
    )


def _components(figures: tuple[Interactive, ...]) -> list[str]:
    """Return the names of the parts of Bokeh that figures need: its core, widgets, tables."""
    modules = {type(model).__module__ for each in figures for model in each.layout.references()}
    tables = any(name.startswith("bokeh.models.widgets.tables") for name in modules)
    widgets = tables or any(name.startswith("bokeh.models.widgets") for name in modules)
    return ["bokeh", *["bokeh-widgets"] * widgets, *["bokeh-tables"] * tables]


@cache
def _bundle(component: Any) -> str:
    """Return one of Bokeh's bundles, which bring no `</script` and no comment of HTML."""
    from bokeh.resources import Resources

    return Resources(mode="inline", components=[component]).js_raw[0]


@cache
def _static(name: str) -> str:
    return files("trialtensor.explore").joinpath("static", name).read_text("utf-8")


def _literal(value: Any) -> str:
    """Return JSON that can't end the script, or begin a comment in it, whatever labels hold."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e")
