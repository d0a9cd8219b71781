"""The table as a picture: curves above, numbers below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.labels import as_drawn
from trialtensor_models.phenomena.paradigms import opposite, recovery, retention, washout
from trialtensor_models.phenomena.rows import Cast, Row
from trialtensor_models.sessions import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NETWORK, TWO_STATE, ONE_RATE = "#0072B2", "#D55E00", "#999999"  # told apart by the colour-blind
_CURVES = {
    "learning, washout, relearning": washout,
    "reversal to zero, then error clamp": recovery,
    "opposite rotation": opposite,
    "retention in the clamp": retention,
}


def plot_phenomena(cast: Cast, rows: Iterable[Row], *, curves: bool = True) -> Figure:
    """Adaptation in four schedules, and all numbers beside what was expected of them.

    Parameters
    ----------
    cast : Cast
    rows : iterable of Row
    curves : bool
        Whether to draw adaptation by trial, which simulates the schedules that no row needed yet.
    """
    import matplotlib.pyplot as plt

    rows = [row for row in rows if np.isfinite(row.accepted).any()]
    tall = [4.8 * curves, 0.9 + 0.26 * len(rows)]
    figure = plt.figure(figsize=(12, sum(tall)), layout="constrained")
    if not curves:
        _numbers(figure.subplots(), rows)
        return figure
    above, below = np.ravel(figure.subfigures(2, 1, height_ratios=tall))  # type: ignore[arg-type]
    for axes, (title, schedule) in zip(above.subplots(2, 2).flat, _CURVES.items(), strict=True):
        _curves(axes, cast, schedule)
        axes.set_title(title, fontsize=10)
    above.axes[0].legend(frameon=False, fontsize=8, loc="upper right")
    _numbers(below.subplots(), rows)
    return figure


def _curves(axes: Axes, cast: Cast, schedule: Schedule) -> None:
    curves = cast.networks.curves(schedule)
    for i, curve in enumerate(curves):
        axes.plot(
            curve.adaptation, color=NETWORK, lw=0.8, alpha=0.6, label=None if i else "networks"
        )
    for subjects, color, name in (
        (cast.two_state, TWO_STATE, "two-state"),
        (cast.one_rate, ONE_RATE, "one-rate"),
    ):
        axes.plot(subjects.curves(schedule)[0].adaptation, color=color, lw=1.6, label=name)
    for edge in np.flatnonzero(np.diff(curves[0].block)):
        axes.axvline(edge + 0.5, color="0.8", lw=0.8, zorder=0)
    axes.axhline(0, color="0.8", lw=0.8, zorder=0)
    axes.set(xlabel="trial", ylabel="adaptation / rotation")
    axes.spines[["top", "right"]].set_visible(False)


def _numbers(axes: Axes, rows: list[Row]) -> None:
    """Each row on a scale of its own, on which the accepted range is from 0 to 1."""
    axes.axvspan(0, 1, color="0.92", zorder=0)
    for y, row in enumerate(rows):
        place = _scale(row)
        low, high = row.network.interval
        axes.plot([place(low), place(high)], [y, y], color=NETWORK, lw=2, zorder=2)
        axes.plot(
            place(row.network.mean),
            y,
            "o",
            color=NETWORK,
            ms=6,
            zorder=3,
            **_label(y, "networks, 95 % interval"),
        )
        for value, marker, color, name in (
            (row.two_state, "D", TWO_STATE, "two-state"),
            (row.published, "|", "black", "published two-state"),
        ):
            if value is not None:
                axes.plot(
                    place(value), y, marker, color=color, ms=10 if marker == "|" else 5,
                    ls="none", zorder=4, **_label(y, name),
                )  # fmt: skip
        verdict = "" if row.holds else "missed" if row.expected else "known gap"
        axes.text(2.03, y, f"{row.network.mean:z.2f}  {verdict}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [as_drawn(row.name) for row in rows], fontsize=8)
    axes.set(xlim=(-1, 2), ylim=(len(rows) - 0.4, -0.6), xticks=[0, 1])
    axes.set_xticklabels(["least accepted", "most accepted"], fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.06), ncols=3)


def _label(y: int, name: str) -> dict[str, Any]:
    return {"label": name} if y == 0 else {}


def _scale(row: Row) -> Any:
    """To units of the accepted range; an open end is put where the network fits in."""
    low, high = row.accepted
    width = max(abs(row.network.mean - (low if np.isfinite(low) else high)), 0.5) * 1.5
    if np.isinf(low):
        low = high - width
    if np.isinf(high):
        high = low + width
    return lambda value: float(np.clip((value - low) / (high - low), -0.98, 1.98))
