"""An interactive figure of components over trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import as_names, plain_labels, unlabelled
from trialtensor.explore.embedding import Interactive
from trialtensor.explore.stacked import Items, hover, short, stacked, stacked_panel
from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.trial_courses import CHANGE

if TYPE_CHECKING:
    import pandas
    from bokeh.plotting import figure

HEIGHT = 170
# Trials of more blocks than this are not told apart by colour; pointing at them still says which.
MAX_BLOCKS = 8
# Blue is the colour of courses, red that of changes.
_BLOCK_COLORS = (MUTED, *QUALITATIVE[1:3], *QUALITATIVE[4:])


def explore_tracking(tracking: Any, *, title: str | None = None) -> Interactive:
    """Return an interactive figure of the result of `trialtensor.tracking.track`.

    There is a panel for each series, and all are zoomed and dragged along trials together. Points
    are trials, less what their condition adds; pointing at one shows its number and its label. The
    line is the course with its interval, a red line the trial at which a change begins, and the
    band about it where it may have begun. Boxes above show or hide the trials of a block,
    courses and changes.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    title : str, optional

    Returns
    -------
    Interactive

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.explore.tracking import explore_tracking
    >>> from trialtensor.tracking import track
    >>> figure = explore_tracking(track(np.random.default_rng(0).normal(size=(60, 2))))
    >>> figure.alt
    'Strength of component 1 and component 2 on each of 60 trials, with courses; no changes.'
    """
    from bokeh.models import Range1d

    names, n = [str(name) for name in tracking.series.columns], len(tracking.series)
    x_range = Range1d(start=-0.5, end=n - 0.5, bounds=(-0.5 - 0.02 * n, n - 0.5 + 0.02 * n))
    labels = _labels_of(tracking)
    items = Items()
    panels = []
    for i, name in enumerate(tracking.series.columns):
        plot = stacked_panel(short(names[i]), names[i], x_range=x_range, height=HEIGHT)
        _draw_changes(plot, tracking.changes[tracking.changes["series"] == name], items)
        _draw_course(plot, tracking.found[name], items)
        _draw_trials(plot, tracking, name, labels, items)
        panels.append(plot)
    panels[-1].xaxis.axis_label = "trial, counted from 0"
    for plot in panels[:-1]:
        plot.xaxis.major_label_text_font_size = "0px"
    words = f"{len(tracking.changes)} change{'s' * (len(tracking.changes) != 1)}"
    alt = (
        f"Strength of {_listed(names)} on each of {n} trials, with courses; "
        f"{words if len(tracking.changes) else 'no changes'}."
    )
    return Interactive(
        stacked(panels, items, "tracking"), title or "Components over trials", alt, tables(tracking)
    )


def tables(tracking: Any) -> tuple[tuple[str, pandas.DataFrame], ...]:
    """Return the numbers behind the figure: changes, and the series trial by trial.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    """
    changes = ("Changes", tracking.changes.set_index("series"))
    series = tracking.series.copy()
    series.index.name = "trial"
    if tracking.labels is not None:
        series.insert(0, "label", _labels_of(tracking), allow_duplicates=True)
    found = [changes] if len(tracking.changes) else []
    return (*found, ("Strength on each trial", series))


def _listed(names: list[str]) -> str:
    if len(names) > 6:
        return f"{len(names)} series"
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:])


def _labels_of(tracking: Any) -> list[str]:
    """Return the label of each trial as text; empty where it has none."""
    n = len(tracking.series)
    if tracking.labels is None:
        return [""] * n
    labels = plain_labels(tracking.labels)
    known = ~unlabelled(labels)
    texts = np.full(n, "", dtype=object)
    texts[known] = [str(each) for each in as_names(labels[known])]
    return list(texts)


def _draw_changes(plot: figure, changes: pandas.DataFrame, items: Items) -> None:
    from bokeh.models import ColumnDataSource

    if not len(changes):
        return
    onsets = changes["onset"].to_numpy(float)
    low, high = (changes[f"onset_{end}"].to_numpy(float) for end in ("low", "high"))
    source = ColumnDataSource(
        {
            "onset": onsets,
            "from": low - 0.5,
            "to": high + 0.5,
            "text": [
                f"{a:.0f} ({b:.0f} to {c:.0f})" for a, b, c in zip(onsets, low, high, strict=True)
            ],
            "kind": [str(each) for each in changes["kind"]],
        }
    )
    band = plot.vstrip(
        x0="from", x1="to", source=source, fill_color=CHANGE, fill_alpha=0.22, line_color=None
    )
    line = plot.vspan(x="onset", source=source, line_color=CHANGE, line_width=1.6)
    items.add("change and where it may begin", CHANGE, band, line)
    plot.add_tools(hover([band], [("change at trial", "@text"), ("kind", "@kind")]))


def _draw_course(plot: figure, found: Any, items: Items) -> None:
    from bokeh.models import ColumnDataSource

    low, high = found.band
    trials = np.arange(len(found.course), dtype=np.int32)
    source = ColumnDataSource(
        {"x": trials, "y": _light(found.course), "low": _light(low), "high": _light(high)}
    )
    band = plot.varea(x="x", y1="low", y2="high", source=source, fill_color=ACCENT, fill_alpha=0.25)
    line = plot.line("x", "y", source=source, line_color=ACCENT, line_width=2)
    items.add("course and interval", ACCENT, band, line)


def _draw_trials(plot: figure, tracking: Any, name: Any, labels: list[str], items: Items) -> None:
    from bokeh.models import ColumnDataSource, Range1d

    values = tracking.series[name].to_numpy(float) - np.ravel(tracking.found[name].offsets)
    texts, trials = np.array(labels, dtype=object), np.arange(len(labels), dtype=np.int32)
    blocks = list(dict.fromkeys(labels))
    apart = 1 < len(blocks) <= MAX_BLOCKS
    size = float(np.clip(110 / np.sqrt(len(trials)), 3, 7))
    drawn = []
    for k, block in enumerate(blocks if apart else [""]):
        own = np.isfinite(values) & ((texts == block) if apart else True)
        columns = {"x": trials[own], "y": _light(values[own]), "label": list(texts[own])}
        if tracking.trial_numbers is not None:
            columns["coordinate"] = [str(each) for each in np.asarray(tracking.trial_numbers)[own]]
        color = _BLOCK_COLORS[k % len(_BLOCK_COLORS)] if apart else MUTED
        points = plot.scatter(
            "x",
            "y",
            source=ColumnDataSource(columns),
            size=size,
            fill_color=color,
            fill_alpha=0.75,
            line_color=None,
        )
        items.add(block or ("trials without a label" if apart else "trials"), color, points)
        drawn.append(points)
    rows = [("trial (counted from 0)", "@x"), (short(str(name)), "@y{0.000}")]
    rows += [("label", "@label")] if tracking.labels is not None else []
    rows += [("trial in the data", "@coordinate")] if tracking.trial_numbers is not None else []
    plot.add_tools(hover(drawn, rows))
    known = values[np.isfinite(values)]
    if len(known):
        low, high = np.quantile(known, [0.002, 0.998])
        pad = 0.08 * (high - low) or 1.0
        plot.y_range = Range1d(start=low - pad, end=high + pad)
    plot.yaxis.axis_label_text_color = INK


def _light(values: Any) -> np.ndarray:
    """Return numbers as they are drawn: no pixel needs more digits."""
    return np.asarray(values, dtype=np.float32)
