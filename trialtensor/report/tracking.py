"""One self-contained HTML page about components over trials."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.data.shown import p_equation, p_text
from trialtensor.plotting.tracking import plot_tracking
from trialtensor.report import data_wording
from trialtensor.report import tracking_headline as headline
from trialtensor.report import tracking_wording as wording
from trialtensor.report.change_wording import count_text, label_text, number
from trialtensor.report.figures import as_png
from trialtensor.report.rendering import render, repeating_part
from trialtensor.tracking.pattern_courses import UNLIKE

TEMPLATE = "tracking.html.jinja"


def write_tracking_report(
    tracking: Any,
    path: str | os.PathLike[str],
    *,
    patterns: Any = None,
    periods: str = "early and late trials",
    title: str | None = None,
    source: str | os.PathLike[str] | None = None,
    command: str | Iterable[str] | None = None,
    code: str | None = None,
) -> Path:
    """Write one HTML file on which components change, when, how fast and how certainly.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    patterns : trialtensor.tracking.PatternChange, optional
        The test of whether neurons stayed the same.
    periods : str
        Description of the trials compared, for the reader.
    title : str, optional
    source : str or path, optional
        Where the model or the data came from.
    command : str or list of str, optional
        Command line, shown as the way to repeat it.
    code : str, optional
        Python that does the same; by default with dots for what was given.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from trialtensor.tracking import track
    >>> y = np.random.default_rng(0).normal(size=(60, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tracking_report(track(y), folder + "/tracking.html").name
    'tracking.html'
    """
    names = list(tracking.series.columns)
    where = f": {Path(source).name}" if source is not None else ""
    return render(
        TEMPLATE,
        path,
        title=title or f"Components over trials{where}",
        n_trials=len(tracking.series),
        count=count_text([name for name in names if name != "behaviour"]),
        level=f"{tracking.level:.0%}",
        verdict=" ".join(headline.verdict_sentences(tracking)),
        misleading=headline.warning_sentences(tracking),
        checked=tracking.replication is not None,
        from_model=tracking.from_model,
        made=data_wording.making_sentences({"made": tracking.made}),
        conditions=any(np.any(found.offsets) for found in tracking.found.values()),
        unstable=_unstable_rows(tracking),
        told=[(wording.heading(name), wording.series_sentences(tracking, name)) for name in names],
        contrasts=_contrast_rows(tracking),
        patterns=_pattern_rows(patterns),
        periods=periods,
        new_p=None if patterns is None else _new_p(patterns),
        drift=None if patterns is None else f"{patterns.drift:.0%}",
        nothing_alike=patterns is not None
        and any(UNLIKE in name for name in patterns.components["name"]),
        something_new=patterns is not None and patterns.new_p <= patterns.alpha,
        figure_png=_figure_png(tracking),
        **repeating_part(command, code or _code(tracking)),
    )


def _code(tracking: Any) -> str:
    """Return the call with the arguments that were used, without their values."""
    given = {
        "labels": tracking.labels is not None,
        "behaviour": "behaviour" in tracking.series,
        "perturbation": tracking.rates is not None,
    }
    arguments = ["model" if tracking.from_model else "values"]
    arguments += ["X"] if tracking.replication is not None else []
    arguments += [f"{name}=..." for name, used in given.items() if used]
    return f"tracking = trialtensor.track({', '.join(arguments)})"


def _new_p(patterns: Any) -> str:
    return p_equation(patterns.new_p, bool(patterns.at_floor("new_p")))


def _figure_png(tracking: Any) -> str:
    # A bare figure: pyplot would show it a second time in a notebook, and keep it alive.
    from matplotlib.figure import Figure

    n = tracking.series.shape[1]
    figure = Figure(figsize=(9.0, 0.6 + 1.4 * n), layout="constrained")
    plot_tracking(tracking, axes=figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0])
    return as_png(figure)


def _unstable_rows(tracking: Any) -> list[list[str]]:
    if tracking.unstable is None:
        return []
    return [
        [
            str(row["label"]),
            row["kind"],
            f"{row['trial']}",
            f"{number(row['before'])} to {number(row['after'])}",
            p_text(row["p_adjusted"]),
        ]
        for row in tracking.unstable.to_dict("records")
    ]


def _contrast_rows(tracking: Any) -> list[list[str]]:
    if tracking.contrasts is None:
        return []
    return [
        [
            row["series"],
            f"{label_text(row['block'])} minus {label_text(row['minus'])}",
            f"{number(row['difference'])} ({number(row['low'])} to {number(row['high'])})",
            p_text(row["p_adjusted"]),
            wording.contrast_text(row, tracking.alpha),
        ]
        for row in tracking.contrasts.to_dict("records")
    ]


def _with_range(row: Any, name: str, ends: str) -> str:
    low, high = row[f"{ends}_low"], row[f"{ends}_high"]
    return f"{number(row[name])} ({number(low)} to {number(high)})"


def _pattern_rows(patterns: Any) -> list[list[str]]:
    if patterns is None:
        return []
    rows = patterns.components.to_dict("records")
    floor = patterns.at_floor("rotation_p")
    return [
        [
            row["name"],
            _with_range(row, "gain", "gain"),
            p_text(row["gain_p"]),
            _with_range(row, "angle_deg", "angle"),
            p_text(row["rotation_p"], bool(least)),
            wording.pattern_text(row["verdict"]),
        ]
        for row, least in zip(rows, floor, strict=True)
    ]
