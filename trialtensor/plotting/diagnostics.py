"""Figures about the fit itself: its loss, its restarts, and missing data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import FitRecord
from trialtensor.plotting.colors import ACCENT, FAINT, INK, MUTED
from trialtensor.plotting.columns import fitted_of
from trialtensor.plotting.grid import take_axes, take_one
from trialtensor.plotting.panels import count_in_whole_numbers, draw_legend, style_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIMILARITY = "similarity to the best (1 = same; chance not removed)"
OVERLAP = "overlap with the loading subspaces of the best\n(1 = same; chance not removed)"


def plot_loss(model: Any, ax: Axes | None = None) -> Axes:
    """Plot the loss of the best restart above its last value, sweep by sweep.

    A line that falls to the bottom shows a fit that has converged; one that stops high on the
    axis, a fit that was cut short.

    Parameters
    ----------
    model : fitted model
    ax : Axes, optional
        A new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the factors of the model were given, not fitted.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.
    """
    record = _record(model, "loss")
    ax = take_one(ax, (4.6, 3.2))
    history = np.asarray(record.loss_history, dtype=np.float64)
    last = history[-1]
    above = 100 * (history / last - 1) if last > 0 else history - last
    sweeps = np.arange(1, len(history) + 1)
    rows = above > 0
    style_panel(ax)
    if rows.any():
        few = rows.sum() < 30
        ax.set_yscale("log")
        ax.plot(
            sweeps[rows],
            above[rows],
            color=ACCENT,
            linewidth=1.6,
            marker="o" if few else None,
            markersize=3,
        )
    else:
        many = len(history) < 2 and record.n_iter > 1
        text = "only the last loss is known" if many else "one sweep: nothing to show"
        ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes, fontsize=8)
        ax.set_yticks([])
    ax.set_title("Loss of the best restart", fontsize=9.5, color=INK, loc="left")
    count_in_whole_numbers(ax)
    ax.set_xlabel("sweep over the full data", fontsize=8.5, color=INK)
    name = "loss above its last value (%)" if last > 0 else "loss above its last value"
    ax.set_ylabel(name, fontsize=8.5, color=INK)
    return ax


def plot_restarts(model: Any, ax: Axes | None = None) -> Axes:
    """Plot the loss of each restart above the best against its similarity to the best.

    Restarts that reach the same loss with other factors (low, to the left) show that the data do
    not determine the components. The title says so if restarts began at the same place, where
    agreement means nothing. Similarity is that of their components or, if the data determine
    only subspaces (SliceTCA), the overlap of the subspaces that loadings span. Neither is
    corrected for chance. Restarts that were on the way to a known or to a worse solution prove
    nothing: SliceTCA stops them after a few sweeps ("stopped on the way"), and on large data TCA
    and Parafac2 leave them on the compressed core, up to about 0.1 % above where they would end.
    After ``partial_fit`` the others are shown as they were after the first trials.

    Parameters
    ----------
    model : fitted model
    ax : Axes, optional
        A new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the factors of the model were given, not fitted.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.
    """
    record = _record(model, "restarts")
    ax = take_one(ax, (6.6, 3.2))
    style_panel(ax)
    loss = np.array([restart.loss for restart in record.restarts], dtype=np.float64)
    relative = loss[0] > 0
    excess = 100 * (loss / loss[0] - 1) if relative else loss - loss[0]
    similarity = _draw_restarts(ax, record, excess)
    # Differences of 0.1 % are how a fit ends, not another solution: they stay at the bottom.
    top = max(excess.max(), 0.5 if relative else 1)
    ax.set_ylim(-0.06 * top, 1.12 * top)
    ax.set_xlim(min(0.5, np.nanmin(similarity) - 0.05), 1.02)
    ax.grid(color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    draw_legend(ax)
    ax.set_title(_counted(record), fontsize=9.5, color=INK, loc="left")
    components = fitted_of(model).identified == "components"
    ax.set_xlabel(SIMILARITY if components else OVERLAP, fontsize=8.5, color=INK)
    ax.set_ylabel(
        "loss above the best (%)" if relative else "loss above the best", fontsize=8.5, color=INK
    )
    return ax


def _counted(record: FitRecord) -> str:
    n, different = len(record.restarts), len(record.different_starts)
    text = f"{n} restart{'s' * (n > 1)}"
    if different == n:
        return text
    starts = f"from {different} different starts" if different > 1 else "all from the same start"
    return f"{text}, {starts}"


def _draw_restarts(ax: Axes, record: FitRecord, excess: np.ndarray) -> np.ndarray:
    """Draw points and the explanation of their meaning; return their similarities."""
    restarts = record.restarts
    similarity = np.array([restart.similarity for restart in restarts], dtype=np.float64)
    done = np.array([restart.stop_reason.value in ("converged", "exact") for restart in restarts])
    later = np.arange(len(restarts)) > 0
    converged = "converged, some on the core" if record.some_on_core else "converged"
    if in_batches(record):
        converged = "converged on the first trials"
    opposed = np.array([restart.stop_reason.value == "degenerate" for restart in restarts])
    finished = np.array([restart.finished for restart in restarts])
    early = ~done & ~opposed
    kinds = (
        (done, ACCENT, ACCENT, converged),
        (early & finished, "none", ACCENT, "stopped early"),
        (early & ~finished, "none", MUTED, "stopped on the way"),
        (opposed, MUTED, ACCENT, "degenerate: components cancel"),
    )
    for rows, face, edge, name in kinds:
        rows = rows & later
        if rows.any():
            ax.scatter(
                similarity[rows],
                excess[rows],
                s=34,
                facecolors=face,
                edgecolors=edge,
                alpha=0.75,
                label=name,
            )
    name = "best (degenerate)" if opposed[0] else "best"
    ax.scatter(similarity[:1], excess[:1], s=90, marker="*", color="#d55e00", label=name, zorder=3)
    return similarity


def in_batches(record: FitRecord) -> bool:
    """Return True if trials came in batches, so that other restarts know only the first batch."""
    return any("trial" not in each.axes and not each.on_full_data for each in record.restarts)


def _record(model: Any, what: str) -> FitRecord:
    """Return the record of a fit; refuse given factors."""
    record = fitted_of(model).record
    if not record.was_fitted or (what == "restarts" and not record.restarts):
        raise ValueError(
            f"model: the factors of this {type(model).__name__} were given, not fitted here, so "
            f"it has no {what} to plot; fit it to data first"
        )
    return record


def plot_missing(X: Any, *, mask: Any = None, axes: Any = None) -> np.ndarray:
    """Plot the fraction of data observed by trial and neuron, and by trial and time.

    Parameters
    ----------
    X : array or DataArray, shape (n_trials, n_neurons, n_times)
    mask : bool array of the same shape, optional
        False where the entry is missing.
    axes : array of Axes, shape (2,), optional
        A new figure by default.

    Returns
    -------
    ndarray of Axes, shape (2,)
    """
    from trialtensor.data.validation import check_trial_tensor

    checked = check_trial_tensor(X, mask=mask)
    axes = take_axes(axes, (1, 2), (9, 3.2), each="neurons and times").ravel()
    observed = checked.observed
    n_trials, n_neurons, n_times = checked.values.shape
    for ax, axis, n, name in ((axes[0], 2, n_neurons, "neuron"), (axes[1], 1, n_times, "time bin")):
        share = np.ones((n_trials, n)) if observed is None else observed.mean(axis=axis)
        image = ax.imshow(
            100 * share, aspect="auto", cmap="cividis", vmin=0, vmax=100, interpolation="nearest"
        )
        ax.set(xlabel=name, ylabel="trial")
        ax.set_title(f"Observed, trial by {name}", fontsize=9.5, color=INK, loc="left")
        ax.tick_params(labelsize=7, color=MUTED)
        bar = ax.figure.colorbar(image, ax=ax, label="observed (%)")
        bar.ax.tick_params(labelsize=7)
    return axes
