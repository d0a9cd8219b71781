"""The panels that hold components: a plot for each kind of part, a lane for each component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.explore.panels import Panel
from trialtensor.explore.text import plain
from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED, NO_LABEL
from trialtensor.plotting.labels import cut

if TYPE_CHECKING:
    from bokeh.models.renderers import GlyphRenderer
    from bokeh.plotting import figure

# Pixels of a lane: for many components they get lower, images need more.
LANE, LOWEST_LANE, IMAGE_LANE, ALL_LANES = 66, 34, 150, 1000
AROUND = 84
MARK = "#d55e00"
# More bars are drawn as lines, since each would be thinner than a pixel.
MAX_BARS = 150


def plot_of(panel: Panel, name: str) -> figure:
    """Return the empty plot of a panel; the page fills it.

    Parameters
    ----------
    panel : Panel
    name : str
        By which the page finds it.
    """
    n = len(panel.components)
    plot = _empty(panel, name, lane_height(n, image=panel.beside_image) * n + AROUND)
    if panel.is_image:
        _add_images(plot, panel)
    else:
        _add_vectors(plot, panel)
    _add_notes(plot)
    _add_marks(plot)
    return plot


def lane_height(n: int, *, image: bool) -> int:
    """Return the pixels of each of `n` lanes."""
    usual = IMAGE_LANE if image else LANE
    return int(np.clip(ALL_LANES // max(n, 1), LOWEST_LANE, usual))


def _empty(panel: Panel, name: str, height: int) -> figure:
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    plot: Any = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        title=plain(panel.title),
        x_axis_label=plain(panel.entity.title.replace("\\$", "$")),
        x_range=Range1d(start=0, end=1),
        y_range=Range1d(start=-n_lanes(panel) + 0.5, end=0.5),
        tools=_tools(panel),
        toolbar_location="above",
        styles={"flex": f"{panel.width:g} 1 300px", "min-width": "min(280px, 100%)"},
    )
    style(plot)
    plot.toolbar.active_drag = plot.tools[0]
    plot.toolbar.active_scroll = None  # the wheel scrolls the page
    plot.ygrid.visible = False
    plot.yaxis.major_tick_line_color = None
    plot.yaxis.minor_tick_line_color = None
    plot.yaxis.ticker = []
    if panel.entity.sorts:
        plot.xaxis.ticker.min_interval = 1  # there is nothing between two neurons
    ticks = panel.entity.place.ticks
    if ticks and not panel.entity.sorts:
        plot.xaxis.ticker = list(ticks)
        texts = panel.entity.place.tick_labels
        plot.xaxis.major_label_overrides = dict(zip(ticks, map(plain, texts), strict=True))
    found: figure = plot
    return found


def n_lanes(panel: Panel) -> int:
    """Return the number of lanes of a panel, one for each of its components."""
    return max(len(panel.components), 1)


def style(plot: Any) -> None:
    """Give a plot the colours and letters of all figures.

    Parameters
    ----------
    plot : bokeh.plotting.figure
    """
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.outline_line_color = FAINT
    plot.title.text_color = INK
    plot.title.text_font_size = "13px"
    plot.grid.grid_line_color = FAINT
    plot.grid.grid_line_alpha = 0.5
    for axis in plot.axis:
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "12px"
        axis.axis_label_text_color = axis.major_label_text_color = INK
        axis.axis_line_color = axis.major_tick_line_color = FAINT
        axis.minor_tick_line_color = None


def _tools(panel: Panel) -> list[Any]:
    """Return the tools of a panel; dragging does what the first one does."""
    from bokeh.models import (
        BoxSelectTool,
        BoxZoomTool,
        LassoSelectTool,
        ResetTool,
        SaveTool,
        WheelZoomTool,
    )

    looking = [BoxZoomTool(dimensions="width"), WheelZoomTool(dimensions="width")]
    always = [ResetTool(), SaveTool(filename=panel.title)]
    if panel.entity.sorts and not panel.is_image:
        return [BoxSelectTool(dimensions="width"), LassoSelectTool(), *looking, *always]
    return [*looking, *always]


def _add_vectors(plot: Any, panel: Panel) -> None:
    from bokeh.models import ColumnDataSource, HSpan

    zero = ColumnDataSource({"y": []}, name=f"{plot.name} zero")
    plot.add_glyph(zero, HSpan(y="y", line_color=FAINT))
    lanes = range(len(panel.components))
    names = ("x", "color", *(f"{letter}{k}" for letter in "yb" for k in lanes))
    source = ColumnDataSource({name: [] for name in names}, name=f"{plot.name} lanes")
    for k in lanes:
        _add_lane(plot, source, panel, k).name = f"{plot.name} y{k}"
    for tool in plot.tools:
        if hasattr(tool, "renderers"):
            tool.renderers = [each for each in plot.renderers if each.data_source is source]


def _add_lane(plot: figure, source: Any, panel: Panel, k: int) -> GlyphRenderer[Any]:
    from bokeh.models import Line, Scatter, VBar

    name = f"y{k}"
    if panel.style == "line":
        return plot.add_glyph(source, Line(x="x", y=name, line_color=ACCENT, line_width=1.8))
    if panel.style == "point":
        glyph: Any = Scatter(
            x="x", y=name, size=_point_size(panel.entity.n), fill_color=ACCENT, line_color=None
        )
        return _add_selectable(plot, source, glyph)
    few = panel.entity.n <= MAX_BARS
    glyph = VBar(x="x", top=name, bottom=f"b{k}", width=0.8, fill_color=ACCENT, line_color=ACCENT)
    if few:
        glyph.line_color = None
    else:
        glyph.fill_color = None
    return _add_selectable(plot, source, glyph)


def _add_selectable(plot: figure, source: Any, glyph: Any) -> GlyphRenderer[Any]:
    """Add a glyph whose entries fade beside others that are selected."""
    faded = glyph.clone()
    faded.fill_alpha = faded.line_alpha = 0.16
    # Not "auto": the page gives all three their colour.
    return plot.add_glyph(source, glyph, selection_glyph=glyph.clone(), nonselection_glyph=faded)


def _point_size(n: int) -> float:
    return float(np.clip(60 / np.sqrt(max(n, 1)), 2, 7))


def _add_images(plot: figure, panel: Panel) -> None:
    from bokeh.models import ColumnDataSource, Image, LinearColorMapper

    mapper = LinearColorMapper(palette=_diverging(), low=-1, high=1, nan_color=NO_LABEL)
    for k, values in enumerate(panel.values):
        if values is None:
            continue
        # Filled by the page, in the order in which rows are sorted there.
        empty = np.zeros(values.shape, np.float32)
        source = ColumnDataSource({"image": [empty]}, name=f"{plot.name} image{k}")
        glyph = Image(image="image", x=0, y=-k - 0.46, dw=1, dh=0.92, color_mapper=mapper)
        plot.add_glyph(source, glyph).name = f"{plot.name} y{k}"
    plot.grid.visible = False
    _add_color_bar(plot, mapper)


def _add_color_bar(plot: figure, mapper: Any) -> None:
    from bokeh.models import FixedTicker
    from bokeh.models.annotations import ColorBar

    bar = ColorBar(
        color_mapper=mapper,
        ticker=FixedTicker(ticks=[-1, 0, 1]),
        major_label_overrides={-1: "−", 0: "0", 1: "+"},
        width=6,
        padding=4,
        label_standoff=4,
        major_label_text_color=INK,
        background_fill_color=None,
    )
    plot.add_layout(bar, "right")


def _diverging() -> list[str]:
    from matplotlib.colors import to_hex

    from trialtensor.plotting.colors import diverging_colormap

    return [to_hex(color) for color in diverging_colormap()(np.linspace(0, 1, 255))]


def _add_notes(plot: figure) -> None:
    """Add the place of the words in empty lanes."""
    from bokeh.models import ColumnDataSource, Text

    notes = ColumnDataSource({"x": [], "y": [], "text": []}, name=f"{plot.name} notes")
    text = Text(x="x", y="y", text="text", text_align="center", text_baseline="middle")
    text.text_color = INK
    text.text_font_size = "12px"
    plot.add_glyph(notes, text)


def _add_marks(plot: figure) -> None:
    """Add what marks the entry pointed at, on a layer of its own: pointing paints nothing else."""
    from bokeh.models import ColumnDataSource, HSpan, Scatter, Text, VSpan

    names = ("x", "y", "text", "align", "shift")
    marks = ColumnDataSource({name: [] for name in names}, name=f"{plot.name} marks")
    columns = ColumnDataSource({"x": []}, name=f"{plot.name} column")
    rows = ColumnDataSource({"y": []}, name=f"{plot.name} rows")
    line: dict[str, Any] = {"line_color": MARK, "line_width": 1.2, "line_alpha": 0.8}
    plot.add_glyph(columns, VSpan(x="x", **line), level="overlay")
    plot.add_glyph(rows, HSpan(y="y", **line), level="overlay")
    dot = Scatter(x="x", y="y", size=8, fill_color=MARK, line_color="white")
    plot.add_glyph(marks, dot, level="overlay")
    text = Text(
        x="x",
        y="y",
        text="text",
        x_offset="shift",
        text_align="align",
        y_offset=-3,
        text_font_size="11px",
        text_color=INK,
        background_fill_color="#ffffff",
        background_fill_alpha=0.85,
        padding=1,  # type: ignore[arg-type]  # Bokeh's stub leaves numbers out
    )
    plot.add_glyph(marks, text, level="overlay")


def detail_plot(name: str, title: str, axis_label: str, unit: str = "") -> figure:
    """Return the empty plot of mean activity, in the data and in the model.

    Parameters
    ----------
    name : str
    title : str
    axis_label : str
        Of the times.
    unit : str
        Of the data.
    """
    from bokeh.models import ColumnDataSource, Range1d
    from bokeh.plotting import figure

    plot = figure(
        name=name,
        height=190,
        sizing_mode="stretch_width",
        title=plain(title),
        x_axis_label=plain(axis_label),
        # The title says that it is the mean.
        y_axis_label=plain(cut(unit, 22) or "mean activity"),
        tools="save",
        x_range=Range1d(start=0, end=1),
        y_range=Range1d(start=0, end=1),
        styles={"flex": "1 1 300px", "min-width": "min(280px, 100%)"},
    )
    style(plot)
    plot.yaxis.axis_label_text_font_size = "11px"
    source = ColumnDataSource({"x": [], "data": [], "model": []}, name=f"{name} source")
    plot.line("x", "data", source=source, line_color=MUTED, line_width=3)
    plot.line("x", "model", source=source, line_color=ACCENT, line_width=1.8)
    return plot
