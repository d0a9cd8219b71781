"""What does cortex keep when the cerebellum is blocked, and where do its subspaces turn to?

Circuits learn reaches under three rotations of the cursor. At every checkpoint of their training
the same trials are run again without what the nuclei send. Preparation is what happens before the
go signal, movement the half second after it; a subspace holds the leading directions in which
conditions differ. Subspaces of noisy activity differ even where nothing has changed, so each is
taken from one half of the targets and compared with the other half's: a checkpoint's overlap with
itself is the most that there can be. Controls: a cerebellum that never learns, and none.

``python -m trialtensor_models.experiments.blocked_cortex -o FIGURE``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
import xarray as xr

from trialtensor.cli.console import say
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.experiments.region_codes import (
    EPOCHS,
    halves_of,
    iterations_of,
    overlap,
    patterns,
)
from trialtensor_models.sessions import Run
from trialtensor_models.training.circuits import RECORDED, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ARMS = ("local", "mixed", "gradient", "frozen", "alone")
N_SEEDS = 5
COLORS = dict(zip(ARMS, ("#D55E00", "#CC79A7", "#0072B2", "#009E73", "black"), strict=True))


@dataclass(frozen=True, eq=False)
class BlockedCortex:
    """Cortex over training, with its cerebellum and without.

    Attributes
    ----------
    arms : dict of xarray.Dataset
        By kind of training, see `kept`; along "seed".
    """

    arms: dict[str, xr.Dataset]


def measure(seeds: Sequence[int] = range(N_SEEDS), folder: Path | None = None) -> BlockedCortex:
    """Train, or go on with what is in the folder, and analyse.

    Parameters
    ----------
    seeds : sequence of int
    folder : Path, optional

    Returns
    -------
    BlockedCortex
    """
    return analysed(
        {arm: [trained(arm, seed, folder).run(**RECORDED) for seed in seeds] for arm in ARMS}
    )


def analysed(runs: Mapping[str, Sequence[Run]]) -> BlockedCortex:
    """Analyse courses of training.

    Parameters
    ----------
    runs : mapping of sequences of Run
        By kind of training; those of one kind have other seeds.

    Returns
    -------
    BlockedCortex
    """
    return BlockedCortex(
        {arm: xr.concat([kept(run) for run in group], "seed") for arm, group in runs.items()}
    )


def kept(run: Run) -> xr.Dataset:
    """Measure cortex at each checkpoint.

    Parameters
    ----------
    run : Run
        Of `Training.run`.

    Returns
    -------
    xarray.Dataset (epoch, checkpoint)
        "done" and "done_blocked": shares of the wanted command, without epochs. Overlaps: "itself",
        of each checkpoint's subspace (the most that there can be), "first" and "last" with those of
        the first and the last checkpoint, "blocked" with that of the same trials without the
        nuclei (1 without a cerebellum), and "epochs" of preparation with movement. "size": of
        what the nuclei do to cortex, over what differs between conditions.
    """
    whole = {epoch: _cortex(run, epoch) for epoch in EPOCHS}
    there = run.truth.counterfactual is not None
    blocked = {epoch: _cortex(run, epoch, blocked=True) for epoch in EPOCHS} if there else whole
    half = halves_of(run)
    n = len(iterations_of(run))
    slow = run.truth.slow.values.reshape(n, -1).mean(1)
    fast = run.truth.fast.values.reshape(n, -1).mean(1)
    columns: dict[str, Any] = {
        "done": ("checkpoint", slow + fast),
        "done_blocked": ("checkpoint", slow),
    }
    rows = [_rows(whole, blocked, epoch, half) for epoch in EPOCHS]
    for name in rows[0]:
        columns[name] = (("epoch", "checkpoint"), np.array([row[name] for row in rows]))
    coords = {"epoch": list(EPOCHS), "iteration": ("checkpoint", iterations_of(run))}
    return xr.Dataset(columns, coords=coords)


def _cortex(run: Run, epoch: str, *, blocked: bool = False) -> np.ndarray:
    """(checkpoint, condition, unit, bin) activity of cortex."""
    found = patterns(run, epoch, blocked=blocked)
    return np.concatenate([found["association"], found["motor"]], axis=2)


def _rows(
    whole: Mapping[str, np.ndarray], blocked: Mapping[str, np.ndarray], epoch: str, half: np.ndarray
) -> dict[str, list[float]]:
    X, without = whole[epoch], blocked[epoch]
    pairs = list(zip(X, without, strict=True))
    both = zip(whole["preparation"], whole["movement"], strict=True)
    return {
        "itself": [overlap(each, each, half) for each in X],
        "first": [overlap(each, X[0], half) for each in X],
        "last": [overlap(each, X[-1], half) for each in X],
        "blocked": [overlap(a, b, half) for a, b in pairs],
        "epochs": [overlap(a, b, half) for a, b in both],
        "size": [
            float(np.sqrt(((a - b) ** 2).sum() / ((a - a.mean(0)) ** 2).sum())) for a, b in pairs
        ],
    }


def lines_of(found: BlockedCortex) -> list[str]:
    """Say what was found, a line each."""
    lines = []
    for arm, each in found.arms.items():
        lines.append(f"{arm}: at a quarter of the checkpoints, half of them, the end (each seed)")
        n = each.sizes["checkpoint"]
        places = [n // 4, n // 2, n - 1]
        for name in ("done", "done_blocked"):
            lines.append(f"  {name}: {_stages(each[name], places)}")
        for epoch in each["epoch"].values:
            for name in ("itself", "first", "blocked", "epochs", "size"):
                lines.append(f"  {epoch}, {name}: {_stages(each[name].sel(epoch=epoch), places)}")
    return lines


def _stages(course: xr.DataArray, places: Sequence[int]) -> str:
    values = course.isel(checkpoint=places).transpose("checkpoint", "seed").values
    return " | ".join(", ".join(f"{x:.2f}" for x in row) for row in values)


def plot_blocked_cortex(found: BlockedCortex) -> Figure:
    """What is done with and without the cerebellum, and overlaps of subspaces over training.

    Parameters
    ----------
    found : BlockedCortex

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(11.5, 6.4), layout="constrained")
    _draw(axes[0, 0], found, "done", None)
    _draw(axes[0, 1], found, "done_blocked", None)
    axes[0, 0].set(ylabel="share of the wanted command", title="intact", ylim=(-1, 1.03))
    axes[0, 1].set(title="nuclei blocked", ylim=(-1, 1.03))
    _draw(axes[0, 2], found, "blocked", "movement")
    axes[0, 2].set(ylabel="overlap with the subspace\nwhile nuclei are blocked", title="movement")
    for ax, epoch in zip(axes[1], EPOCHS, strict=False):
        _draw(ax, found, "first", epoch)
        _draw(ax, found, "itself", epoch, style=":")
        ax.set(title=epoch, ylabel="overlap with the first subspace")
    (dotted,) = axes[1, 0].plot([], [], ":", color="0.4", label="overlap with itself")
    axes[1, 0].legend(handles=[dotted], frameon=False, fontsize=7.5, loc="lower left")
    _draw(axes[1, 2], found, "epochs", "movement")
    axes[1, 2].set(title="preparation and movement", ylabel="overlap of the two subspaces")
    for ax in [axes[0, 2], *axes[1]]:
        ax.set_ylim(0, 1.03)
    for ax in axes.ravel():
        ax.set(xlabel="share of the training", xlim=(0, 1))
        ax.axhline(0, color="0.85", lw=0.8, zorder=0)
        ax.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, frameon=False)
    return figure


def _draw(ax: Any, found: BlockedCortex, name: str, epoch: str | None, style: str = "-") -> None:
    for arm, each in found.arms.items():
        course = each[name] if epoch is None else each[name].sel(epoch=epoch)
        values = course.transpose("seed", "checkpoint").values
        place = each["iteration"].values / each["iteration"].values[-1]
        if style == "-":
            ax.plot(place, values.T, color=COLORS[arm], lw=0.4, alpha=0.5)
        label = arm if style == "-" else None
        ax.plot(place, values.mean(0), style, color=COLORS[arm], lw=1.8, label=label)


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("blocked_cortex.png"),
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each kind.")] = N_SEEDS,
    folder: Annotated[
        Path | None, typer.Option(help="Where trainings are kept, and gone on with.")
    ] = None,
) -> None:
    """Measure what cortex keeps without its cerebellum, and how its subspaces turn."""
    with figure_to(output) as write:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        found = measure(range(seeds), folder)
        for line in lines_of(found):
            say(line)
        write(plot_blocked_cortex(found))


if __name__ == "__main__":
    typer.run(main)
