"""The figure of a comparison of theories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.grid import figure_of_size
from trialtensor.plotting.panels import draw_legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from trialtensor_models.rates.behaviour import Behaviour
    from trialtensor_models.rates.held_out import HeldOut
    from trialtensor_models.rates.theory_fits import TheoryFit

COLORS = {
    "one-rate": "#999999",
    "two-state": "#0072B2",
    "two-state, serial": "#56B4E9",
    "gated slow states": "#009E73",
    "context inference": "#D55E00",
}


def plot_theories(
    behaviour: Behaviour,
    fits: Mapping[str, TheoryFit],
    table: pd.DataFrame,
    scores: Mapping[str, HeldOut],
    by: str,
    figure: Any = None,
) -> Figure:
    """Draw behaviour with what each theory expects of the whole schedule, and the ranking.

    Parameters
    ----------
    behaviour, fits, table, scores, by
        Of a `TheoryComparison`.
    figure : Figure or SubFigure, optional
        Drawn into; by default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        Above, the mean of the subjects with its standard error, and the theories without any
        movement seen. Below, how much worse than the best they predict held-out units: a dot a
        unit, and the mean with two standard errors.
    """
    figure = figure_of_size(figure, (9.4, 6.5))
    above, below = figure.subplots(2, 1, height_ratios=[2.2, 1])
    _behaviour(above, behaviour, fits)
    _ranking(below, table, {name: getattr(scores[name], by) for name in fits}, by)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _behaviour(axes: Axes, data: Behaviour, fits: Mapping[str, TheoryFit]) -> None:
    group = max(data.groups, key=len)  # the trials that most subjects went through
    shown, n = data.adaptation[group], len(group)
    seen = np.maximum(np.isfinite(shown).sum(axis=0), 1)
    with np.errstate(invalid="ignore"):
        mean = np.where(np.isfinite(shown).any(axis=0), np.nansum(shown, axis=0) / seen, np.nan)
        half = np.sqrt(np.nanmean((shown - mean) ** 2, axis=0) / seen) if n > 1 else 0 * mean
    trials = np.arange(len(mean))
    axes.fill_between(trials, mean - half, mean + half, color="0.85", lw=0)
    label = "the subject" if n == 1 else f"{n} subjects, mean ± s.e."
    axes.plot(trials, mean, ".", color="black", ms=3, label=label)
    alone = data.take(group[:1]).without(np.ones(len(mean), bool))
    for name, fit in fits.items():
        axes.plot(trials, fit.predict(alone)[0], color=COLORS[name], lw=1.5, label=name)
    size = data.perturbation[group[0]]
    axes.step(trials, size, where="mid", color="0.3", lw=0.8, ls=":", label="perturbation")
    for first, last in _runs(np.isnan(size)):
        axes.axvspan(first - 0.5, last + 0.5, color="0.95", lw=0, zorder=0)
    axes.set(xlabel="trial", ylabel="adaptation")
    draw_legend(axes)


def _ranking(axes: Axes, table: pd.DataFrame, scores: Mapping[str, np.ndarray], by: str) -> None:
    names = [name for name in table.index if name in scores]
    best = names[0]
    for place, name in enumerate(names):
        gaps = scores[best] - scores[name]
        spread = np.linspace(-0.2, 0.2, len(gaps)) if len(gaps) > 1 else np.zeros(1)
        axes.plot(gaps, place + spread, ".", color=COLORS[name], alpha=0.4, ms=4)
        row = table.loc[name]
        axes.errorbar(
            row[f"{by}_gap"],
            place,
            xerr=2 * row[f"{by}_se"],
            fmt="o",
            color=COLORS[name],
            capsize=3,
        )
    shared = table.index[table["same_as"] != ""]
    twins = {name: [n for n in shared if table.loc[n, "same_as"] == name] for name in names}
    axes.set_yticks(range(len(names)), ["\n= ".join([name, *twins[name]]) for name in names])
    axes.invert_yaxis()
    axes.axvline(0, color="0.7", lw=0.8, zorder=0)
    unit = "subject" if by == "subjects" else "run of trials or subject"
    axes.set_xlabel(f"log density below {best}, held-out {unit}")


def _runs(flags: np.ndarray) -> np.ndarray:
    """First and last index of each run of true values, (n_runs, 2)."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False])).reshape(-1, 2)
    return edges - [0, 1]
