"""Panels below each other that share their horizontal axis, and what they show or hide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trialtensor.explore.plots import style
from trialtensor.explore.text import plain
from trialtensor.plotting.labels import shorten

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM

MAX_LETTERS = 60  # of the words beside a box


def stacked_panel(title: str, name: str, *, x_range: Any, height: int, y_label: str = "") -> Any:
    """Return an empty panel, to be dragged and zoomed along with those that share its range.

    Parameters
    ----------
    title : str
    name : str
        Of the saved picture.
    x_range : bokeh.models.Range1d
        That of all panels.
    height : int
        Pixels.
    y_label : str
    """
    from bokeh.models import (
        BoxZoomTool,
        PanTool,
        ResetTool,
        SaveTool,
        WheelZoomTool,
    )
    from bokeh.plotting import figure

    tools = [
        PanTool(dimensions="width"),
        BoxZoomTool(),
        WheelZoomTool(dimensions="width"),
        ResetTool(),
        SaveTool(filename=name),
    ]
    plot: Any = figure(
        title=plain(title),
        y_axis_label=plain(y_label),
        x_range=x_range,
        height=height,
        sizing_mode="stretch_width",
        tools=tools,
        toolbar_location="above",
        min_border_left=64,
    )
    # The wheel scrolls the page until a reader asks for something else.
    plot.toolbar.active_scroll = None
    plot.toolbar.active_drag = None
    style(plot)
    plot.title.text_font_style = "bold"
    return plot


def hover(renderers: Sequence[Any], rows: Sequence[tuple[str, str]]) -> Any:
    """Return a tool that shows the columns of what is pointed at.

    Parameters
    ----------
    renderers : list of bokeh.models.GlyphRenderer
    rows : sequence of (str, str)
        Words, and Bokeh's name of a column, such as ``@trial``. Values are shown as plain text.
    """
    from bokeh.models import HoverTool

    tooltips = [(plain(words).replace("@", "@\u2060"), column) for words, column in rows]
    return HoverTool(renderers=list(renderers), tooltips=tooltips, point_policy="follow_mouse")


def short(text: str) -> str:
    """Return a label or name of bounded length, for `plain`."""
    # The dollars of `shorten` are for matplotlib.
    return shorten(text).replace("\\$", "$")


class Items:
    """What readers can show and hide, by its words, in the order in which it was drawn."""

    def __init__(self) -> None:
        self._colors: dict[str, str] = {}

    def add(self, words: str, color: str, *renderers: Any) -> None:
        """Add what is drawn in a panel to what has the same words in others.

        Parameters
        ----------
        words : str
        color : str
            Of the box; that of the first panel holds.
        *renderers : bokeh.models.GlyphRenderer
        """
        self._colors.setdefault(words, color)
        for each in renderers:
            each.name = self._name(words)

    def _name(self, words: str) -> str:
        return f"item {list(self._colors).index(words)}"

    def payload(self) -> list[dict[str, str]]:
        """Return what the page needs to know."""
        return [
            {"label": _cut(words), "color": color, "name": self._name(words)}
            for words, color in self._colors.items()
        ]


def stacked(panels: Sequence[Any], items: Items, name: str) -> LayoutDOM:
    """Put panels below each other, with boxes above that show and hide what is in all of them.

    Parameters
    ----------
    panels : list of bokeh.plotting.figure
    items : Items
    name : str
    """
    from bokeh.models import Column

    about = {"kind": "stacked", "items": items.payload()}
    return Column(
        children=list(panels), sizing_mode="stretch_width", name=name, tags=["stacked", about]
    )


def _cut(words: str) -> str:
    return words if len(words) <= MAX_LETTERS else f"{words[: MAX_LETTERS - 1]}…"
