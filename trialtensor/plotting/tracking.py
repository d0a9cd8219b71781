"""Series over trials as `track` follows them: points, a smooth curve, and changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import as_names, plain_labels, unlabelled
from trialtensor.data.parameters import check_instance
from trialtensor.plotting.above import heighten, name_above
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import INK
from trialtensor.plotting.labels import cut, shorten
from trialtensor.plotting.panels import name_row, style_panel
from trialtensor.plotting.trial_courses import (
    CHANGE,
    draw_course,
    draw_onset,
    fit_heights,
    name_trials,
    series_axes,
)
from trialtensor.tracking.following_result import Tracking

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLOCK = "#eef1f4"
MOST_BLOCKS = 12


def plot_tracking(
    tracking: Any, *, series: Any = None, units: Any = None, axes: Any = None
) -> np.ndarray:
    """Plot the result of `trialtensor.tracking.track`, one row per series.

    Points are trials, less what their condition adds if conditions were given; the line is the
    course (a posterior mean), with its interval. A vertical
    line marks the onset of a transition, with its trial above, and the band around it the interval
    of this trial. Alternate blocks are shaded, with names above.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    series : sequence of str or int, optional
        Draw these, in this order: names are those in the tables of the result, numbers count from
        0. All by default.
    units : str or dict of str to str, optional
        Units of all series, or by the name of each. Courses of a model's components are in the
        units of the data unless told otherwise.
    axes : (n_series,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (n_series,) array of Axes

    Raises
    ------
    ValueError
        For another number of axes, series that aren't there, and units of such series.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import track
    >>> y = np.random.default_rng(0).normal(size=(60, 2))
    >>> plot_tracking(track(y)).shape
    (2,)
    """
    check_instance("tracking", tracking, Tracking, "a Tracking")
    known = list(tracking.series.columns)
    names = [known[i] for i in choose(series, known, "series")]
    unit_of = _units(tracking, known, units)
    own_figure = axes is None
    axes = series_axes(len(names), axes)
    name_trials(axes, len(tracking.series))  # first: numbers of onsets depend on the limits
    heights = []
    for ax, name in zip(axes, names, strict=True):
        style_panel(ax)
        blocks = _draw_blocks(ax, tracking.labels)
        found = tracking.found[name]
        y = tracking.series[name].to_numpy() - found.offsets
        draw_course(ax, y, found.course, found.band)
        fit_heights(ax, y)
        top = _draw_changes(ax, tracking.changes[tracking.changes["series"] == name])
        if ax is axes[0]:
            top = name_above(ax, blocks, color=INK, size=8.5, start=top)
        name_row(ax, _in_lines(name, unit_of.get(name)))
        heights.append(top)
    if own_figure:
        heighten(axes, heights)
    return axes


def _units(tracking: Any, known: list[str], units: Any) -> dict[str, str]:
    """Return the units of series: those given, else of components those of the data."""
    own = {name: "units of the data" for name in known if tracking.from_model}
    own.pop("behaviour", None)
    if units is None:
        return own
    if isinstance(units, str):
        return dict.fromkeys(known, units)
    if not isinstance(units, Mapping):
        raise ValueError(f"units: expected text, or a dict of series to text, got {units!r}")
    unknown = [name for name in units if name not in known]
    if unknown:
        raise ValueError(f"units: expected series among {known}, got {unknown}")
    return own | dict(units)


def _in_lines(name: str, unit: str | None) -> str:
    """Break the name of a series, and its unit, into lines that fit beside its panel."""
    lines = [cut(part, 20) for part in str(name).split(", ")]
    return "\n".join([*lines, *([f"({cut(unit, 20)})"] if unit else [])])


def _draw_blocks(ax: Axes, labels: np.ndarray | None) -> list[tuple[float, str]]:
    """Shade every second block; return the middle and the name of each."""
    if labels is None:
        return []
    names, codes = _blocks_of(labels)
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    if len(starts) > MOST_BLOCKS:
        return []  # labels that take turns are no blocks
    found = []
    for i, (start, stop) in enumerate(zip(starts, np.append(starts[1:], len(codes)), strict=True)):
        if codes[start] < 0:
            continue  # trials in no block
        if i % 2:
            ax.axvspan(start - 0.5, stop - 0.5, color=BLOCK, linewidth=0, zorder=0)
        found.append(((start + stop - 1) / 2, shorten(names[codes[start]])))
    return found


def _blocks_of(labels: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the names of blocks, and the block of each trial; -1 for none."""
    labels = plain_labels(labels)
    known = ~unlabelled(labels)
    texts = [str(label) for label in as_names(labels[known])]
    names = list(dict.fromkeys(texts))
    codes = np.full(len(labels), -1)
    codes[known] = [names.index(text) for text in texts]
    return names, codes


def _draw_changes(ax: Axes, changes: Any) -> float:
    """Draw onsets with their trials above; return the height in points that these use up."""
    rows = changes.to_dict("records")
    for row in rows:
        draw_onset(ax, row)
    return name_above(ax, [(row["onset"], f"{row['onset']}") for row in rows], color=CHANGE)
