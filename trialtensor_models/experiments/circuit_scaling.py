"""What do the sizes of the cerebellum do: granule cells, their coding level, sparse pathways?

The cerebellum learns by its local rule and cortex is fixed, so that parallel fibre synapses are all
that learns: what the granule layer tells apart is what limits it. Some trainings are repeated while
the nuclei teach cortex.

``python -m trialtensor_models.experiments.circuit_scaling -o FIGURE`` draws the shipped table;
``--anew --table TABLE`` trains what TABLE lacks (a quarter of an hour on one core from nothing).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import typer

from trialtensor.cli.console import say
from trialtensor_models.circuit import Anatomy, Training, train_jointly
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.experiments.trainings import SHIPPED, TASKS, costs, fill, read
from trialtensor_models.experiments.two_way import TwoWay, effects
from trialtensor_models.tasks import RotatedReaching, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TABLE = SHIPPED / "circuit_scaling.csv"
ANATOMY = Anatomy(n_cortex=48, n_pons=30)
RATIOS = (0.5, 2.0, 8.0, 32.0)
LEVELS = (0.02, 0.1, 0.5)
CONTEXTS = (1, 3, 5, 9)
SPARSITIES = (0.0, 0.8, 0.97)
# Batches of eight trials for each context of eight targets: all are practised alike.
PER_CONTEXT = 80
N_SEEDS = 3
COLORS = {0.02: "#0072B2", 0.1: "#009E73", 0.5: "#D55E00"}
# Where a sweep departs from.
_USUAL = {"task": "rotated reaching", "cortex": "none", "n_contexts": 5, "sparsity": 0.92}


def train(
    task: str,
    cortex: str,
    n_contexts: int,
    ratio: float,
    coding_level: float,
    sparsity: float,
    seed: int,
    per_context: int = PER_CONTEXT,
) -> Training:
    """Train one circuit.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    cortex : {"none", "local"}
        How cortex learns.
    n_contexts : int
        Rotations from -60 to 60 degrees; no other task has them.
    ratio, coding_level, sparsity : float
        See `Anatomy`.
    seed : int
    per_context : int
        Batches of eight trials.

    Returns
    -------
    Training
    """
    n_iterations = per_context * n_contexts
    shares = (0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
    return train_jointly(
        _task(task, n_contexts),
        anatomy=ANATOMY,
        ratio=ratio,
        coding_level=coding_level,
        sparsity=sparsity,
        rules={"cortex": "local" if cortex == "local" else "none", "cerebellum": "local"},
        n_iterations=n_iterations,
        batch_size=8,
        checkpoints=[round(n_iterations * share) for share in shares],
        seed=seed,
    )


def _task(name: str, n_contexts: int) -> Task:
    if name != "rotated reaching":
        return TASKS[name]()
    turns = np.linspace(-60, 60, n_contexts) if n_contexts > 1 else np.zeros(1)
    return RotatedReaching(rotations=tuple(turns.tolist()))


def plan() -> list[dict[str, Any]]:
    """List the trainings.

    Returns
    -------
    list of dict
        Arguments of `train`.
    """
    keys: list[dict[str, Any]] = []

    def add(ratio: float, level: float, seed: int, **changed: Any) -> None:
        sizes = {"ratio": ratio, "coding_level": level, "seed": seed}
        key = {**_USUAL, **sizes, **changed}
        if key not in keys:
            keys.append(key)

    for seed in range(N_SEEDS):
        for ratio in RATIOS:
            for level in LEVELS:
                add(ratio, level, seed)
        for ratio in (2.0, 32.0):
            for level in LEVELS:
                add(ratio, level, seed, task="sequence drawing")
            for level in (0.02, 0.5):
                add(ratio, level, seed, cortex="local")
            for n_contexts in CONTEXTS:
                add(ratio, 0.1, seed, n_contexts=n_contexts)
        for sparsity in SPARSITIES:
            add(8.0, 0.1, seed, sparsity=sparsity)
    return keys


def measure(path: Path = TABLE, *, anew: bool = False) -> pd.DataFrame:
    """Read trainings, or train.

    Parameters
    ----------
    path : Path
        A table; the shipped one unless given.
    anew : bool
        Whether what it lacks is trained, and added to it.

    Returns
    -------
    DataFrame
        A row a training.
    """
    return fill(path, plan(), train, say) if anew else read(path)


def part(table: pd.DataFrame, **changed: Any) -> pd.DataFrame:
    """Take the trainings of a sweep: all that is as usual but for what is named.

    Parameters
    ----------
    table : DataFrame
    **changed
        Values of "task", "cortex", "n_contexts", "sparsity", or None for all of them.

    Returns
    -------
    DataFrame
    """
    for name, value in {**_USUAL, **changed}.items():
        if value is not None:
            table = table[table[name] == value]
    return table


def plot_scaling(table: pd.DataFrame) -> Figure:
    """Draw what is missed at the end by all that was varied.

    Parameters
    ----------
    table : DataFrame
        Of `measure`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained", sharey=True)
    for ax, task in zip(axes, ("rotated reaching", "sequence drawing"), strict=False):
        own = part(table, task=task)
        for level, color in COLORS.items():
            label = f"coding level {level:g}"
            _draw(ax, own[own["coding_level"] == level], "ratio", color, label)
        ax.set_xscale("log", base=2)
        ax.set_xticks(RATIOS, [f"{ratio:g}" for ratio in RATIOS])
        ax.set(xlabel="granule cells per cortical unit", title=task)
    axes[0].set_ylabel("missed share of the command, at the end")
    own = part(table, n_contexts=None)
    own = own[own["coding_level"] == 0.1]
    for ratio, color in ((2.0, "#CC79A7"), (32.0, "#56B4E9")):
        _draw(axes[2], own[own["ratio"] == ratio], "n_contexts", color, f"ratio {ratio:g}")
    axes[2].set_xticks(CONTEXTS)
    axes[2].set(xlabel="contexts of eight targets", title="rotated reaching")
    own = part(table, sparsity=None)
    own = own[(own["ratio"] == 8) & (own["coding_level"] == 0.1)]
    _draw(axes[3], own, "sparsity", "#009E73", "ratio 8, coding level 0.1")
    axes[3].set(xlabel="sparsity of the path to the pons", title="rotated reaching")
    for ax in axes:
        ax.axhline(1, color="0.8", lw=0.8, zorder=0)  # not to move
        ax.set_ylim(bottom=0)
        ax.title.set(fontsize=10)
        ax.legend(frameon=False, fontsize=7.5, loc="lower left")
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _draw(ax: Axes, table: pd.DataFrame, column: str, color: str, label: str) -> None:
    """Draw every seed and their mean, and crosses above for those that diverged."""
    gone = table.loc[table["diverged"] == 1, column]
    ax.plot(gone, np.full(len(gone), 0.97), "x", color=color, transform=ax.get_xaxis_transform())
    means = table.groupby(column)["missed"].mean()
    ax.plot(table[column], table["missed"], "o", color=color, ms=3.5, alpha=0.5)
    ax.plot(means.index, means, color=color, lw=1.8, label=label)


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("circuit_scaling.png"),
    table: Annotated[Path | None, typer.Option(help="Trainings, a row each.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Train what the table lacks.")] = False,
) -> None:
    """What granule cells, their coding level, contexts and sparse pathways do."""
    with figure_to(output) as write:
        found = measure(table or (Path(TABLE.name) if anew else TABLE), anew=anew)
        say(costs(found))
        for task in ("rotated reaching", "sequence drawing"):
            say(f"{task}: missed at the end, by ratio (rows) and coding level")
            say(TwoWay.of(part(found, task=task)).as_text().to_string())
            for row in effects(part(found, task=task)).to_dict("records"):
                say(f"  {row['one']} less {row['other']}: {row['missed']:+.2f} ± {row['half']:.2f}")
        say("rotated reaching while the nuclei teach cortex")
        say(TwoWay.of(part(found, cortex="local")).as_text().to_string())
        write(plot_scaling(found))


if __name__ == "__main__":
    typer.run(main)
