"""An interactive figure of a search for the number of components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.explore.embedding import Interactive
from trialtensor.explore.stacked import Items, hover, stacked, stacked_panel
from trialtensor.plotting.candidates import Candidates, candidates, count_text, has_consistency
from trialtensor.plotting.colors import ACCENT, INK, MUTED
from trialtensor.plotting.search_panels import BEST, LEAST_CONSISTENCY, LEAST_STABILITY

if TYPE_CHECKING:
    import pandas
    from bokeh.plotting import figure

HEIGHTS = {"error": 300, "close-up": 190, "stability": 190, "consistency": 170}
MAX_NUMBERS = 40


def explore_search(
    search: Any, profile: pandas.DataFrame | None = None, *, title: str | None = None
) -> Interactive:
    """Return an interactive figure of a search: point at a candidate to read its numbers.

    The panels are those of `trialtensor.plotting.plot_search`: held-out error, the same close up,
    and with a profile the agreement of restarts and the core consistency. All are zoomed and
    dragged together, and boxes above show or hide what they name.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    profile : pandas.DataFrame, optional
        From `trialtensor.selection.restart_profile`.
    title : str, optional

    Returns
    -------
    Interactive

    Raises
    ------
    ValueError
        For a profile of other candidates.
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.explore.search import explore_search
    >>> from trialtensor.selection import CrossValidatedSearch, TimeBlocks
    >>> X = make_tca(30, 20, 25, 2, snr=2.0, random_state=0).X
    >>> splits = TimeBlocks(n_splits=2)
    >>> search = CrossValidatedSearch(TCA(1, n_init=2), range(1, 4), splits=splits).fit(X)
    >>> explore_search(search).alt
    'Held-out error of 3 candidates for the number of components; chosen: 2.'
    """
    from bokeh.models import Range1d

    shown = candidates(search, profile)
    x_range = Range1d(start=-0.6, end=len(shown.table) - 0.4)
    columns = _columns(shown)
    items = Items()
    panels = [_error(shown, x_range, columns, items), _close_up(shown, x_range, columns, items)]
    if shown.profile is not None:
        panels.append(_stability(shown.profile, x_range, columns, items))
        if has_consistency(profile):
            panels.append(_consistency(shown.profile, x_range, columns))
    for plot in panels:
        _mark_chosen(plot, shown, search, items)
        _name_candidates(plot, shown, last=plot is panels[-1])
    chosen = shown.place(search.n_components_)
    alt = (
        f"Held-out error of {len(search.table_)} candidates for the number of components; chosen: "
        f"{'none' if chosen is None else shown.names[chosen]}."
    )
    return Interactive(
        stacked(panels, items, "search"), title or "How many components", alt, _tables(search)
    )


def _tables(search: Any) -> tuple[tuple[str, pandas.DataFrame], ...]:
    table = search.table_.copy()
    table["n_components"] = [count_text(each) for each in table["n_components"]]
    return (("Candidates", table.set_index("n_components")),)


def _columns(shown: Candidates) -> dict[str, Any]:
    """Return the numbers of every candidate, as they are drawn and as they are read."""
    table, single = shown.table, shown.splits.shape[1] < 2
    known = {} if shown.profile is None else shown.profile
    error, above = table["error"].to_numpy(float), table["above_best"].to_numpy(float)
    spread = np.zeros(len(table)) if single else table["error_se"].to_numpy(float)
    apart = np.zeros(len(table)) if single else table["above_best_se"].to_numpy(float)
    return {
        "x": np.arange(len(table)),
        "name": shown.names,
        "parameters": [f"{n:,}" for n in table["n_parameters"]],
        "error": error,
        "error low": error - spread,
        "error high": error + spread,
        "above": above,
        "above low": above - apart,
        "above high": above + apart,
        "error text": _plus_minus(error, spread, single),
        "above text": _plus_minus(above, apart, single),
        "explained": [f"{100 * share:.1f} %" for share in table["explained"]],
        "filled": shown.near.astype(float),
        **{
            f"{name} text": ["" if np.isnan(value) else f"{value:.2f}" for value in values]
            for name, values in known.items()
        },
    }


def _plus_minus(values: np.ndarray, spread: np.ndarray, single: bool) -> list[str]:
    if single:
        return [f"{value:.4f}" for value in values]
    return [f"{value:.4f} ± {error:.4f}" for value, error in zip(values, spread, strict=True)]


def _said(columns: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is shown of the candidate that is pointed at, in every panel the same."""
    rows = [
        ("components", "@name"),
        ("parameters", "@parameters"),
        ("held-out error", "@{error text}"),
        ("above the best", "@{above text}"),
        ("explained", "@explained"),
        ("agreement of restarts", "@{stability text}"),
        ("before correction", "@{match text}"),
        ("core consistency (%)", "@{core_consistency text}"),
    ]
    return [(words, column) for words, column in rows if column.strip("@{}") in columns]


def _error(shown: Candidates, x_range: Any, columns: dict[str, Any], items: Items) -> figure:
    error, splits = columns["error"], shown.splits
    low = min(error.min(), splits.min(), 1)
    # Values far above those of no components only need to be visible.
    high = min(max(error.max(), splits.max(), 1), 1 + max(1 - low, 0.25))
    plot = stacked_panel(
        "Held-out error",
        "error",
        x_range=x_range,
        height=HEIGHTS["error"],
        y_label="1 = no components",
    )
    pad = 0.08 * (high - low)
    _set_range(plot, low - pad, high + pad)
    none = plot.hspan(y=[1.0], line_color=INK, line_dash="dashed")
    items.add("no components", "currentColor", none)
    _draw(plot, shown, columns, "error", splits, items)
    return plot


def _close_up(shown: Candidates, x_range: Any, columns: dict[str, Any], items: Items) -> figure:
    best = int(np.argmin(columns["error"]))
    above, spread = columns["above"], columns["above high"] - columns["above"]
    lowest = np.sort(above + spread)[: max(6, len(above) // 4)]
    plot = stacked_panel(
        "Close up: difference to the best on the same split",
        "close-up",
        x_range=x_range,
        height=HEIGHTS["close-up"],
        y_label="error above best",
    )
    high = max(float(lowest[-1]), 1e-6)
    _set_range(plot, -0.2 * high, 1.12 * high)
    _draw(plot, shown, columns, "above", shown.splits - shown.splits[best], items)
    return plot


def _set_range(plot: figure, low: float, high: float) -> None:
    from bokeh.models import Range1d

    plot.y_range = Range1d(start=low, end=high)


def _draw(
    plot: figure,
    shown: Candidates,
    columns: dict[str, Any],
    name: str,
    splits: np.ndarray,
    items: Items,
) -> None:
    """Draw means with their error, and single splits behind them."""
    from bokeh.models import ColumnDataSource

    if splits.shape[1] > 1:
        x = np.repeat(np.arange(len(splits), dtype=float), splits.shape[1])
        single = plot.scatter(x, splits.ravel(), size=3.5, fill_color=MUTED, line_color=None)
        items.add("single splits", MUTED, single)
    source = ColumnDataSource({**columns, "y": _inside(plot, columns[name])})
    means: list[Any] = []
    if not shown.types:
        means.append(plot.line("x", "y", source=source, line_color=ACCENT, line_width=1.4))
    means.append(
        plot.segment(
            "x",
            f"{name} low",
            "x",
            f"{name} high",
            source=source,
            line_color=ACCENT,
            line_width=1.4,
        )
    )
    points = _points(plot, source)
    items.add("mean ± 1 SE (filled: within 1 SE of the best)", ACCENT, *means, points)
    plot.add_tools(hover([points], _said(columns)))


def _points(plot: figure, source: Any) -> Any:
    return plot.scatter(
        "x", "y", source=source, size=8, fill_color=ACCENT, fill_alpha="filled", line_color=ACCENT
    )


def _inside(plot: figure, values: np.ndarray) -> np.ndarray:
    """Return values, those beyond a panel at its edge, where they can still be pointed at."""
    shown: Any = plot.y_range
    low, high = shown.start, shown.end
    return np.where(np.isnan(values), np.nan, np.clip(values, low, high))


def _stability(
    known: dict[str, np.ndarray], x_range: Any, columns: dict[str, Any], items: Items
) -> figure:
    plot = stacked_panel(
        "Agreement of restarts, corrected for chance",
        "agreement",
        x_range=x_range,
        height=HEIGHTS["stability"],
        y_label="1 = same, 0 = chance",
    )
    low = min(float(np.nanmin(np.append(known["stability"], 0.0))), -0.05)
    _set_range(plot, max(low, LEAST_STABILITY) - 0.05, 1.1)
    plot.hspan(y=[0.0], line_color=INK, line_dash="dashed")
    raw = plot.line(columns["x"], known["match"], line_color=MUTED, line_width=1.4)
    items.add("agreement before correction", MUTED, raw)
    _draw_line(plot, columns, known["stability"])
    return plot


def _consistency(known: dict[str, np.ndarray], x_range: Any, columns: dict[str, Any]) -> figure:
    plot = stacked_panel(
        "Core consistency",
        "consistency",
        x_range=x_range,
        height=HEIGHTS["consistency"],
        y_label="%",
    )
    values = known["core_consistency"]
    _set_range(plot, LEAST_CONSISTENCY - 8 if (values < 0).any() else -8.0, 110.0)
    _draw_line(plot, columns, values)
    return plot


def _draw_line(plot: figure, columns: dict[str, Any], values: np.ndarray) -> None:
    from bokeh.models import ColumnDataSource

    source = ColumnDataSource({**columns, "y": _inside(plot, values)})
    plot.line("x", "y", source=source, line_color=ACCENT, line_width=1.4)
    points = plot.scatter("x", "y", source=source, size=8, fill_color=ACCENT, line_color=ACCENT)
    plot.add_tools(hover([points], _said(columns)))


def _mark_chosen(plot: figure, shown: Candidates, search: Any, items: Items) -> None:
    chosen = shown.place(search.n_components_)
    if chosen is None:
        return
    band = plot.vstrip(
        x0=[chosen - 0.4], x1=[chosen + 0.4], fill_color=BEST, fill_alpha=0.16, line_color=None
    )
    band.level = "underlay"
    items.add(f"chosen: {shown.names[chosen]}", BEST, band)


def _name_candidates(plot: figure, shown: Candidates, *, last: bool) -> None:
    names = shown.names
    step = 1 if shown.types else -(-len(names) // MAX_NUMBERS)
    plot.xaxis.ticker = list(range(0, len(names), step))
    plot.xaxis.major_label_overrides = dict(enumerate(names))
    if shown.types:
        plot.xaxis.major_label_orientation = "vertical"
    if not last:
        plot.xaxis.major_label_text_font_size = "0px"
        return
    text = f"components ({', '.join(shown.types)})" if shown.types else "components"
    if len(names) < shown.n_tried:
        text += f"; of {shown.n_tried}, the {len(names)} with the lowest error"
    plot.xaxis.axis_label = text
