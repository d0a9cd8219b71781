"""Sections of the page about components over trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.shown import p_equation, p_text
from trialtensor.plotting.tracking import plot_tracking
from trialtensor.report import data_wording
from trialtensor.report import tracking_headline as headline
from trialtensor.report import tracking_wording as wording
from trialtensor.report.change_wording import label_text, number
from trialtensor.report.figures import Picture, as_picture, figure_html
from trialtensor.report.interactive import interactive_tracking
from trialtensor.report.registry import register_section
from trialtensor.report.rendering import fragment, repeating_part
from trialtensor.report.sections import Fragment, TrackingContext
from trialtensor.tracking.pattern_courses import UNLIKE


def introduction(tracking: Any, context: TrackingContext) -> Fragment:
    """State what could mislead, and what the page is about."""
    html = fragment(
        "tracking/introduction.html.jinja",
        misleading=headline.warning_sentences(tracking),
        from_model=tracking.from_model,
        conditions=_with_conditions(tracking),
        checked=tracking.replication is not None,
        made=data_wording.making_sentences({"made": tracking.made}),
    )
    return Fragment(None, html)


def courses(tracking: Any, context: TrackingContext) -> Fragment:
    """Draw every series over trials, with its changes."""
    interactive = interactive_tracking(tracking, context)
    html = fragment(
        "tracking/courses.html.jinja",
        conditions=_with_conditions(tracking),
        level=f"{tracking.level:.0%}",
        figure=figure_html([_picture(tracking)], interactive=interactive),
    )
    return Fragment("Over trials", html, () if interactive is None else (interactive,))


def changes(tracking: Any, context: TrackingContext) -> Fragment:
    """State what each series does."""
    names = tracking.series.columns
    told = [(wording.heading(name), wording.series_sentences(tracking, name)) for name in names]
    html = fragment("tracking/changes.html.jinja", told=told)
    return Fragment("What changes, when, how fast", html)


def unstable(tracking: Any, context: TrackingContext) -> Fragment | None:
    """List neurons that change by themselves."""
    rows = _unstable_rows(tracking)
    if not rows:
        return None
    html = fragment("tracking/unstable.html.jinja", unstable=rows)
    return Fragment("Neurons that change by themselves", html)


def contrasts(tracking: Any, context: TrackingContext) -> Fragment | None:
    """Compare blocks of trials."""
    rows = _contrast_rows(tracking)
    if not rows:
        return None
    level = f"{tracking.level:.0%}"
    html = fragment("tracking/contrasts.html.jinja", contrasts=rows, level=level)
    return Fragment("Between blocks", html)


def patterns(tracking: Any, context: TrackingContext) -> Fragment | None:
    """State whether the neurons of components stayed the same."""
    found = context.patterns
    rows = _pattern_rows(found)
    if not rows:
        return None
    html = fragment(
        "tracking/patterns.html.jinja",
        patterns=rows,
        periods=context.periods,
        level=f"{tracking.level:.0%}",
        new_p=p_equation(found.new_p, bool(found.at_floor("new_p"))),
        drift=f"{found.drift:.0%}",
        nothing_alike=any(UNLIKE in name for name in found.components["name"]),
        something_new=found.new_p <= found.alpha,
    )
    return Fragment("The same neurons?", html)


def repeating(tracking: Any, context: TrackingContext) -> Fragment:
    """Show how to repeat it."""
    part = repeating_part(context.command, context.code or _code(tracking))
    return Fragment("To repeat this", fragment("sections/again.html.jinja", **part))


def _with_conditions(tracking: Any) -> bool:
    return any(np.any(found.offsets) for found in tracking.found.values())


def _picture(tracking: Any) -> Picture:
    # A bare figure: pyplot would show it a second time in a notebook, and keep it alive.
    from matplotlib.figure import Figure

    n = tracking.series.shape[1]
    figure = Figure(figsize=(9.0, 0.6 + 1.4 * n), layout="constrained")
    plot_tracking(tracking, axes=figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0])
    verdict = " ".join(headline.verdict_sentences(tracking))
    return as_picture(figure, f"Strength of each component over trials. {verdict}")


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


for _name, _write in (
    ("introduction", introduction),
    ("courses", courses),
    ("changes", changes),
    ("unstable", unstable),
    ("contrasts", contrasts),
    ("patterns", patterns),
    ("repeating", repeating),
):
    register_section(_name, _write, page="tracking")
