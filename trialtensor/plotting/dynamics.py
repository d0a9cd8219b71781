"""Dynamics over trials: how fast activity decays, and how fast it rotates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import Fitted
from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED
from trialtensor.plotting.columns import fitted_of
from trialtensor.plotting.grid import take_axes
from trialtensor.plotting.panels import caption, count_in_whole_numbers, say, style_panel
from trialtensor.plotting.positions import time_positions, trial_positions
from trialtensor.plotting.trial_courses import point_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REAL = 1e-6  # imaginary parts below this, as a share of the modulus, are rounding


def plot_dynamics(model: Any, *, intervals: Any = None, axes: Any = None) -> np.ndarray:
    """Plot the spectral radius and the frequency of rotations of fitted dynamics over trials.

    Above, the spectral radius of the matrix of every trial: below 1, activity decays by that factor
    from one bin to the next. Below, the frequency at which activity rotates, from the angle of each
    pair of complex eigenvalues: dark, that of the pair which decays most slowly; light, the
    others. A trial whose eigenvalues are all real has no rotation.

    Parameters
    ----------
    model : fitted TrialVaryingDynamics, or another with ``eigenvalues_``
    intervals : optional
        As from ``model.intervals(X)``: that of the spectral radius is drawn as a band.
    axes : (2,) array of Axes, optional
        By default of a new figure.

    Returns
    -------
    (2,) array of Axes

    Raises
    ------
    ValueError
        If the model has no eigenvalues, or for intervals of other trials.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import TrialVaryingDynamics
    >>> X = np.random.default_rng(0).normal(size=(20, 4, 30)).cumsum(axis=2)
    >>> model = TrialVaryingDynamics(2, n_init=1, random_state=0).fit(X)
    >>> [ax.get_ylabel() for ax in plot_dynamics(model)]
    ['spectral radius\\n(below 1: decay)', 'rotation\\n(cycles per bin)']
    """
    fitted = fitted_of(model)
    if "eigenvalues" not in fitted.arrays:
        raise ValueError(
            f"model: {fitted.kind} has no eigenvalues by trial; TrialVaryingDynamics has"
        )
    values = np.asarray(fitted["eigenvalues"])
    band = None if intervals is None else np.asarray(intervals.spectral_radius)
    if band is not None and band.shape != (2, len(values)):
        raise ValueError(f"intervals: expected those of {len(values)} trials, got {band.shape[-1]}")
    radius, rotation = take_axes(axes, (2,), (7.5, 4.0), each="radius and rotation", sharex=True)
    trials = trial_positions(fitted.coords, len(values)).positions
    _draw_radius(radius, trials, np.abs(values[:, 0]), band)
    step, unit = _step(fitted)
    _draw_rotation(rotation, trials, values, step)
    caption(radius, y="spectral radius\n(below 1: decay)")
    caption(rotation, y=f"rotation\n({unit})", x="trial")
    radius.tick_params(labelbottom=False)
    return np.array([radius, rotation], dtype=object)


def rotations(values: np.ndarray) -> np.ndarray:
    """Return the cycles per bin of each pair of complex eigenvalues, (n_trials, n); else NaN.

    Examples
    --------
    >>> pair = 0.9 * np.exp(2j * np.pi * 0.05)
    >>> rotations(np.array([[pair, pair.conjugate(), 0.5]])).round(3).tolist()
    [[0.05, nan, nan]]
    """
    turning = np.nan_to_num(values.imag) > REAL * np.nan_to_num(np.abs(values))
    return np.where(turning, np.angle(values) / (2 * np.pi), np.nan)


def _step(fitted: Fitted) -> tuple[float, str]:
    """Return the time between bins and the unit of frequencies."""
    place = time_positions(fitted.coords, fitted.length("time"))
    steps = np.diff(place.positions)
    if not place.label.endswith("(s)") or not len(steps) or not np.median(steps) > 0:
        return 1.0, "cycles per bin"
    return float(np.median(steps)), "Hz"


def _draw_radius(ax: Axes, trials: np.ndarray, radius: np.ndarray, band: Any) -> None:
    style_panel(ax)
    ax.axhline(1, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    if band is not None:
        ax.fill_between(trials, *band, color=ACCENT, alpha=0.25, linewidth=0)
    marker = "o" if len(trials) < 60 else None
    ax.plot(trials, radius, color=ACCENT, linewidth=1.5, marker=marker, markersize=3)
    ax.margins(x=0.02)


def _draw_rotation(ax: Axes, trials: np.ndarray, values: np.ndarray, step: float) -> None:
    style_panel(ax)
    count_in_whole_numbers(ax)
    found = rotations(values) / step
    if not np.isfinite(found).any():
        say(ax, "no rotation: all eigenvalues are real")
        ax.set_yticks([])
        return
    rotating = np.isfinite(found)
    slowest = np.where(rotating, np.abs(values), -1).argmax(axis=1)
    first = np.take_along_axis(found, slowest[:, None], axis=1)[:, 0]
    np.put_along_axis(found, slowest[:, None], np.nan, axis=1)
    size = point_size(len(trials))
    for column in found.T:
        ax.scatter(trials, column, s=size, color=FAINT, edgecolors=MUTED, linewidths=0.4, zorder=1)
    ax.scatter(trials, first, s=size, color=INK, linewidths=0, zorder=2)
    ax.set_ylim(0, 1.1 * np.nanmax(np.append(first, found)))
    ax.margins(x=0.02)
