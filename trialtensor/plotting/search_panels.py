"""Panels of the search figure, one function each: errors, stability, core consistency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.candidates import Candidates
from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED
from trialtensor.plotting.panels import style_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST = "#d55e00"
MAX_NUMBERS = 40
# Values below these are drawn as arrows at the edge: how far below is uninformative.
LEAST_STABILITY = -0.25
LEAST_CONSISTENCY = -25.0


def draw_frame(ax: Axes, shown: Candidates, search: Any, *, named: bool) -> None:
    """Draw an empty panel with the choice shaded."""
    from matplotlib.ticker import MaxNLocator

    style_panel(ax)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.set_xlim(-0.6, len(shown.table) - 0.4)
    chosen = shown.place(search.n_components_)
    if chosen is not None:
        ends = chosen - 0.4, chosen + 0.4
        name = f"chosen: {shown.names[chosen]}" if named else None
        ax.axvspan(*ends, color=FAINT, alpha=0.55, linewidth=0, zorder=0, label=name)


def draw_error(ax: Axes, shown: Candidates, search: Any) -> None:
    """Draw the held-out error of every candidate, relative to no components."""
    error = shown.table["error"].to_numpy()
    ax.axhline(1, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label="no components")
    _draw_splits(ax, shown, shown.splits)
    _draw_means(ax, shown, error, shown.table["error_se"].to_numpy())
    _mark_choices(ax, shown, search, error)
    low = min(error.min(), shown.splits.min(), 1)
    # Values far above those of no components only need to be visible.
    high = min(max(error.max(), shown.splits.max(), 1), 1 + max(1 - low, 0.25))
    pad = 0.06 * (high - low)
    ax.set_ylim(low - pad, high + pad)
    _draw_beyond(ax, error > high + pad, upwards=True)
    name = "Held-out error"
    if shown.place(search.n_components_) is None:
        name += f": {'not clearly' if error.min() < 1 else 'no'} better than without components"
    _name_panel(ax, name, "held-out error\n(1 = no components)")
    _draw_key(ax)


def draw_close_up(ax: Axes, shown: Candidates, search: Any) -> None:
    """Draw the error above the best, split by split."""
    above = shown.table["above_best"].to_numpy()
    error = shown.table["above_best_se"].to_numpy()
    best = int(np.argmin(shown.table["error"].to_numpy()))
    ax.axhline(0, color=MUTED, linewidth=0.7)
    # Paired: on each split, against the best one on the same split.
    _draw_splits(ax, shown, shown.splits - shown.splits[best])
    _draw_means(ax, shown, above, error)
    _mark_choices(ax, shown, search, above)
    chosen = shown.place(search.n_components_)
    must = 0.0 if chosen is None else above[chosen] + error[chosen]
    lowest = np.sort(above + error)[: max(6, len(above) // 4)]
    high = max(lowest[-1], 1.4 * must, 1e-6)
    ax.set_ylim(-0.2 * high, 1.12 * high)
    _draw_beyond(ax, above > 1.12 * high, upwards=True)
    _name_panel(ax, "Close up: difference to the best on the same split", "error above\nthe best")


def _draw_splits(ax: Axes, shown: Candidates, values: np.ndarray) -> None:
    """Draw thin lines, or points if candidates have several types."""
    x = np.arange(len(values))
    if values.shape[1] < 2:
        return
    for i, split in enumerate(values.T):
        name = "single splits" if i == 0 else None
        if shown.types or len(x) == 1:
            ax.plot(x, split, ".", color=MUTED, markersize=3, markeredgewidth=0, label=name)
        else:
            ax.plot(x, split, color=MUTED, linewidth=0.6, alpha=0.8, label=name)


def _draw_means(ax: Axes, shown: Candidates, mean: np.ndarray, error: np.ndarray) -> None:
    x, near, single = np.arange(len(mean)), shown.near, shown.splits.shape[1] < 2
    if not shown.types:
        ax.plot(x, mean, color=ACCENT, linewidth=1.2)
    kinds = ((near, ACCENT, "within 1 SE of the best"), (~near, "white", "worse by more than 1 SE"))
    if single:
        kinds = ((near, ACCENT, "lowest (one split)"), (~near, "white", "others (one split)"))
    for rows, face, name in kinds:
        if rows.any():
            ax.errorbar(
                x[rows],
                mean[rows],
                None if single else error[rows],
                linestyle="none",
                marker="o",
                markersize=4.5,
                markerfacecolor=face,
                color=ACCENT,
                elinewidth=1.1,
                capsize=2,
                label=name if single else f"mean ± 1 SE, {name}",
            )


def _mark_choices(ax: Axes, shown: Candidates, search: Any, heights: np.ndarray) -> None:
    style: dict[str, Any] = {"linestyle": "none", "color": BEST, "zorder": 4}
    simple = shown.place(search.one_se_n_components_)
    if simple is not None:
        ax.plot(
            simple,
            heights[simple],
            marker="o",
            markersize=11,
            fillstyle="none",
            markeredgewidth=1.3,
            label="fewest within 1 SE",
            **style,
        )
    best = int(np.argmin(shown.table["error"].to_numpy()))
    ax.plot(best, heights[best], marker="*", markersize=8, label="lowest error", **style)


def draw_stability(ax: Axes, shown: Candidates, profile: dict[str, np.ndarray]) -> None:
    """Draw the agreement of restarts where it is known."""
    corrected, match = profile["stability"], profile["match"]
    x = np.arange(len(corrected))
    ax.axhline(0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label="chance")
    line = "o" if shown.types else "o-"
    ax.plot(x, match, line, color=MUTED, markersize=2.5, linewidth=0.8, label="not corrected")
    ax.plot(x, corrected, line, color=ACCENT, markersize=4.5, linewidth=1.2, label="corrected")
    low = min(float(np.nanmin(np.append(corrected, 0.0))), -0.05)
    bottom = max(low, LEAST_STABILITY) - 0.05
    ax.set_ylim(bottom, 1.08)
    ax.set_yticks([0, 0.5, 1])
    _draw_beyond(ax, corrected < bottom, upwards=False)
    if not np.isfinite(corrected).any():
        ax.text(
            0.5,
            0.6,
            "one restart: nothing to compare",
            ha="center",
            transform=ax.transAxes,
            fontsize=8,
            color=INK,
        )
    _name_panel(
        ax, "Agreement of restarts, corrected for chance", "stability (1 = same,\n0 = chance)"
    )
    _draw_key(ax)


def draw_consistency(ax: Axes, percent: np.ndarray) -> None:
    """Draw the core consistency in percent."""
    ax.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    x = np.arange(len(percent))
    inside = ~(percent < LEAST_CONSISTENCY)
    bottom = LEAST_CONSISTENCY - 8 if (percent < 0).any() else -8.0
    seen = np.where(inside, percent, np.nan)
    ax.plot(x, seen, "o-", color=ACCENT, markersize=4.5, linewidth=1.2)
    ax.set_ylim(bottom, 110)
    ax.set_yticks([0, 50, 100])
    name = f"below {LEAST_CONSISTENCY:.0f} %".replace("-", "−")
    _draw_beyond(ax, ~inside, upwards=False, label=name)
    _name_panel(ax, "Core consistency", "core\nconsistency (%)")
    if not inside.all():
        _draw_key(ax)


def _draw_beyond(ax: Axes, rows: np.ndarray, *, upwards: bool, label: str = "") -> None:
    """Draw arrows at the edge for candidates whose values lie outside the panel."""
    from matplotlib.transforms import ScaledTranslation

    if not rows.any():
        return
    low, high = ax.get_ylim()
    inwards = ScaledTranslation(0, (-4 if upwards else 4) / 72, ax.figure.dpi_scale_trans)
    ax.plot(
        np.flatnonzero(rows),
        np.full(rows.sum(), high if upwards else low),
        "^" if upwards else "v",
        color=ACCENT,
        markersize=5,
        markeredgewidth=0,
        transform=ax.transData + inwards,
        label=label,
    )


def _draw_key(ax: Axes) -> None:
    """Draw the key beside the panel, where it can't cover anything."""
    handles, names = ax.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: not names[i].startswith(("mean", "corrected")))
    ax.legend(
        [handles[i] for i in order],
        [names[i] for i in order],
        fontsize=7,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.04),
        borderaxespad=0.3,
        handlelength=1.8,
    )


def _name_panel(ax: Axes, title: str, name: str) -> None:
    ax.set_title(title, fontsize=9.5, color=INK, loc="left")
    ax.set_ylabel(name, fontsize=8.5, color=INK)


def name_candidates(axes: np.ndarray, shown: Candidates) -> None:
    """Write candidate names along the lowest panel."""
    names = shown.names
    step = 1 if shown.types else -(-len(names) // MAX_NUMBERS)
    ticks = range(0, len(names), step)
    axes[-1].set_xticks(
        ticks, [names[i] for i in ticks], rotation=90 if shown.types else 0, fontsize=7
    )
    text = "components"
    if shown.types:
        text = f"components ({', '.join(shown.types)}), fewest parameters first"
    if len(names) < shown.n_tried:
        text += f"\n(of {shown.n_tried}, the {len(names)} with the lowest error)"
    axes[-1].set_xlabel(text, fontsize=8.5, color=INK)
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
