"""Adaptation as the sum of a fast and a slow state, beside the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_instance
from trialtensor.plotting.colors import ACCENT, INK, MUTED, QUALITATIVE
from trialtensor.plotting.grid import take_one
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption, draw_legend, style_panel
from trialtensor.plotting.trial_courses import name_trials, point_size
from trialtensor.tracking.two_rate import OneRateFit, TwoRateFit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAST, SLOW, CLAMP = QUALITATIVE[3], ACCENT, "#f1f1f1"
NEAR = 3.0  # ranges of the data within which the perturbation is shown


def plot_rates(
    fit: Any, y: Any, perturbation: Any, *, units: str | None = None, ax: Axes | None = None
) -> Axes:
    """Plot a fit of `trialtensor.tracking.two_rate_fit` or `one_rate_fit` with its data.

    Points are observations, or the mean of the subjects with its standard error; the black line is
    what the fit expects: the sum of the fast (dashed) and slow state. States and perturbation are
    scaled and shifted like the fit, into the unit of the observations. Error clamps are shaded.

    Parameters
    ----------
    fit : trialtensor.tracking.TwoRateFit or OneRateFit
    y : (n_trials,) or (n_subjects, n_trials) array
        What was fitted.
    perturbation : (n_trials,) array
        NaN is an error clamp.
    units : str, optional
        Of the observations, such as "°".
    ax : Axes, optional
        By default of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For another number of trials than that of the fit.

    References
    ----------
    Smith, Ghazizadeh & Shadmehr 2006, PLoS Biology 4(6): e179.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor.tracking import one_rate_fit
    >>> y, perturbation = 1 - 0.8 ** np.arange(40), np.ones(40)
    >>> plot_rates(one_rate_fit(y, perturbation), y, perturbation).get_ylabel()
    'adaptation'
    """
    check_instance("fit", fit, (TwoRateFit, OneRateFit), "a TwoRateFit or OneRateFit")
    series = np.atleast_2d(as_floats(y, "y"))
    schedule = as_floats(perturbation, "perturbation")
    n = len(fit.predicted)
    for name, shape in (("y", series.shape[-1:]), ("perturbation", schedule.shape)):
        if shape != (n,):
            raise ValueError(f"{name}: expected the {n} trials of the fit, got shape {shape}")
    ax = take_one(ax, (8.2, 3.2))
    style_panel(ax)
    offset = fit.parameters.get("offset", 0.0)
    _draw_clamps(ax, np.isnan(schedule))
    trials = np.arange(n)
    scaled = fit.scale * schedule + offset
    name = "perturbation" if fit.scale == 1 and offset == 0 else "perturbation, scaled"
    style: dict[str, Any] = {"color": MUTED, "linewidth": 1.0, "linestyle": ":"}
    ax.step(trials, scaled, where="mid", label=name, **style)
    mean = _draw_observations(ax, series)
    if hasattr(fit, "slow"):
        ax.plot(trials, fit.scale * fit.fast + offset, color=FAST, linestyle="--", label="fast")
        ax.plot(trials, fit.scale * fit.slow + offset, color=SLOW, label="slow")
    net = "net: fast + slow" if hasattr(fit, "slow") else "one rate"
    ax.plot(trials, fit.predicted, color="black", linewidth=1.6, label=net)
    _limit(ax, mean, fit.predicted, scaled)
    name_trials(np.array([ax]), n)
    caption(ax, y="adaptation" + (f" ({shorten(units)})" if units else ""), title=_words(fit))
    draw_legend(ax)
    return ax


def _draw_clamps(ax: Axes, clamped: np.ndarray) -> None:
    edges = np.flatnonzero(np.diff(np.r_[False, clamped, False])).reshape(-1, 2)
    for i, (start, stop) in enumerate(edges):
        name = "error clamp" if i == 0 else None
        ax.axvspan(start - 0.5, stop - 0.5, color=CLAMP, linewidth=0, zorder=0, label=name)


def _draw_observations(ax: Axes, series: np.ndarray) -> np.ndarray:
    """Draw the mean of the subjects, with its standard error if there are several; return it."""
    counts = np.isfinite(series).sum(axis=0)
    total = np.nansum(series, axis=0)
    mean = np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    trials, several = np.arange(len(mean)), len(series) > 1
    if several:
        squares = np.nansum((series - mean) ** 2, axis=0)
        half = np.sqrt(squares / np.maximum(counts - 1, 1) / np.maximum(counts, 1))
        ax.vlines(trials, mean - half, mean + half, color=MUTED, linewidth=0.6, alpha=0.7)
    name = f"mean of {len(series)} subjects ± 1 SE" if several else "data"
    size = point_size(len(mean))
    ax.scatter(trials, mean, s=size, color=INK, alpha=0.55, linewidths=0, zorder=2, label=name)
    return mean


def _limit(ax: Axes, mean: np.ndarray, predicted: np.ndarray, scaled: np.ndarray) -> None:
    """Show all of the data, and the perturbation unless it dwarfs them."""
    shown = np.concatenate([mean, predicted])
    low, high = np.nanmin(shown), np.nanmax(shown)
    size = (high - low) or 1.0
    near = scaled[np.abs(scaled - (low + high) / 2) < NEAR * size]
    low, high = np.min([low, *near]), np.max([high, *near])
    ax.set_ylim(low - 0.06 * size, high + 0.06 * size)


def _words(fit: Any) -> str:
    shown = [name for name in ("A", "B", "A_f", "B_f", "A_s", "B_s") if name in fit.parameters]
    parts = []
    for name in shown:
        low, high = fit.intervals[name]
        parts.append(f"{name} = {fit.parameters[name]:.3g} ({low:.3g} to {high:.3g})")
    lines = [", ".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return "\n".join(lines)
