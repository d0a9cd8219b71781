"""Does a cerebellum help a cortex to learn?

The same tasks are learned with a cerebellum and without, by the same seeds, while gradients go back
over the whole trial, over 100 ms, or over a single step of 20 ms. Short gradients are the setting
in which Boven et al. (2023) found that a cerebellum helps; a fixed cortex is that of Pemberton et
al. (2024).

``python -m trialtensor_models.experiments.circuit_speed -o FIGURE`` draws the shipped table;
``--anew --table TABLE`` trains what TABLE lacks (twenty minutes on one core from nothing).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import typer

from trialtensor.cli.console import say
from trialtensor_models.circuit import (
    Anatomy,
    Training,
    dense,
    train_jointly,
    without_expansion,
    without_feedback,
)
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.experiments.trainings import (
    SHIPPED,
    TASKS,
    costs,
    courses,
    fill,
    mean_missed,
    paired,
    read,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TABLE = SHIPPED / "circuit_speed.csv"
ANATOMY = Anatomy(n_cortex=48, n_pons=30, ratio=4.0)
N_ITERATIONS = 150
CHECKPOINTS = (0, 5, 10, 20, 30, 45, 60, 80, 100, 125, 150)
LEARNING_RATE = 3e-3
OTHER_RATES = (1e-3, 1e-2)
# Seeds, and those of controls.
N_SEEDS, _FEW = 5, 2
_LOCAL: Any = {"cortex": "bptt", "cerebellum": "local"}
# What makes each arm; the first learns by gradient throughout.
ARMS: dict[str, dict[str, Any]] = {
    "cerebellum": {},
    "local cerebellum": {"rules": _LOCAL},
    "frozen cerebellum": {"cerebellum": "frozen"},
    "cortex alone, matched": {"cerebellum": False},
    "cortex alone": {"anatomy": replace(ANATOMY, cerebellum=False)},
    "fixed cortex": {"rules": {"cortex": "none", "cerebellum": "local"}},
    "no expansion": {"rules": _LOCAL, "anatomy": without_expansion(ANATOMY)},
    "dense": {"rules": _LOCAL, "anatomy": dense(ANATOMY)},
    "no feedback": {"rules": _LOCAL, "anatomy": without_feedback(ANATOMY)},
}
MAIN = tuple(ARMS)[:5]
CONTROLS = tuple(ARMS)[6:]
COLORS = {
    "cerebellum": "#0072B2",
    "local cerebellum": "#D55E00",
    "frozen cerebellum": "#E69F00",
    "cortex alone, matched": "#000000",
    "cortex alone": "#8c8c8c",
}
# Steps of 20 ms that gradients go back over; 0 is all of them.
CUTS = {0: "whole trial", 5: "100 ms", 1: "20 ms"}
# What arms are compared with.
COMPARED = {
    "cortex alone, matched": (*MAIN, "fixed cortex"),
    "cortex alone": (*MAIN, "fixed cortex"),
    "local cerebellum": CONTROLS,
}
MEASURES = {"mean_missed": "in the course", "missed": "at the end"}


def train(
    task: str,
    arm: str,
    cut: int,
    seed: int,
    learning_rate: float = LEARNING_RATE,
    n_iterations: int = N_ITERATIONS,
) -> Training:
    """Train one circuit.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    arm : str
        One of `ARMS`.
    cut : int
        Steps that gradients go back over; 0 is all.
    seed : int
    learning_rate : float
    n_iterations : int
        Of eight trials.

    Returns
    -------
    Training
    """
    return train_jointly(
        TASKS[task](),
        **{"anatomy": ANATOMY, **ARMS[arm]},
        n_iterations=n_iterations,
        batch_size=8,
        checkpoints=[each for each in CHECKPOINTS if each <= n_iterations],
        learning_rate=learning_rate,
        cut=cut or None,
        seed=seed,
    )


def plan() -> list[dict[str, Any]]:
    """List the trainings: five seeds; two of each control and of other learning rates.

    Returns
    -------
    list of dict
        Arguments of `train`.
    """
    keys: list[dict[str, Any]] = [
        {"task": task, "arm": arm, "cut": cut, "seed": seed, "learning_rate": LEARNING_RATE}
        for seed in range(N_SEEDS)
        for task in TASKS
        for arm, cut in _arms(task, seed)
    ]
    others = [
        key | {"learning_rate": rate}
        for rate in OTHER_RATES
        for key in keys
        if key["seed"] < _FEW
        and key["cut"] == 0
        and key["task"] != "evidence"
        and key["arm"] in COLORS
        and key["arm"] != "frozen cerebellum"
    ]
    return keys + others


def _arms(task: str, seed: int) -> Iterator[tuple[str, int]]:
    few = seed < _FEW and task != "evidence"
    for cut in CUTS if task != "evidence" else (0,):
        for arm in MAIN:
            # What a frozen cerebellum does doesn't hang on the cut; and no gradient of a single
            # step reaches a cerebellum, which then is a frozen one.
            if arm == "frozen cerebellum" and (cut or not few):
                continue
            if not (arm == "cerebellum" and cut == 1):
                yield arm, cut
    yield "fixed cortex", 0
    if few:
        for arm in CONTROLS:
            yield arm, 0


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
    table = fill(path, plan(), train, say) if anew else read(path)
    return table.assign(mean_missed=mean_missed(table))


def by_rate(table: pd.DataFrame) -> pd.DataFrame:
    """Average what is missed at the end by learning rate, over the seeds that have all of them.

    Parameters
    ----------
    table : DataFrame
        Of `measure`.

    Returns
    -------
    DataFrame
        A row a task and an arm, a column a learning rate; gradients over the whole trial.
    """
    own = table[(table["cut"] == 0) & (table["seed"] < _FEW)]
    found = own.pivot_table(
        index=["task", "arm"], columns="learning_rate", values="missed", sort=False
    )
    return found.dropna()[sorted(found)]


def _usual(table: pd.DataFrame) -> pd.DataFrame:
    return table[np.isclose(table["learning_rate"], LEARNING_RATE)]


def compare(table: pd.DataFrame, other: str) -> pd.DataFrame:
    """Compare all arms with one of them, by seed.

    Parameters
    ----------
    table : DataFrame
        Of `measure`.
    other : str
        One of `ARMS`.

    Returns
    -------
    DataFrame
        By task, cut and arm: differences of what is missed in the course of learning and at the
        end, with half their 95 % intervals (not corrected for their number), and the seeds.
        Below 0 is better than `other`.
    """
    rows = []
    for (task, cut), group in _usual(table).groupby(["task", "cut"], sort=False):
        arms = [arm for arm in ARMS if arm in set(group["arm"])]
        if other not in arms:
            continue
        for arm in arms:
            row: dict[str, Any] = {"task": task, "cut": cut, "arm": arm}
            for name in MEASURES:
                row[name], row[f"{name}_half"], row["n"] = paired(group, name, "arm", arm, other)
            if arm != other:
                rows.append(row)
    return pd.DataFrame(rows)


def plot_speed(table: pd.DataFrame) -> Figure:
    """Draw courses with gradients over the whole trial, and differences to cortex alone.

    Parameters
    ----------
    table : DataFrame
        Of `measure`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    table = _usual(table)
    tasks = list(dict.fromkeys(table["task"]))
    figure, axes = plt.subplots(
        3, len(tasks), figsize=(9.5, 8), sharey="row", squeeze=False, layout="constrained"
    )
    compared = compare(table, "cortex alone")
    compared = compared[compared["arm"].isin(COLORS)]
    for column, task in zip(axes.T, tasks, strict=True):
        own = table[table["task"] == task]
        _draw_courses(column[0], own[own["cut"] == 0])
        column[0].set_title(f"{task} ({own['seed'].nunique()} seeds)", fontsize=10, loc="left")
        for ax, name in zip(column[1:], MEASURES, strict=True):
            _draw_differences(ax, compared[compared["task"] == task], name)
        column[0].set_xlabel("batches of 8 trials")
        column[-1].set_xlabel("gradients go back over")
    for row, name in zip(axes[1:], MEASURES, strict=True):
        # The intervals of two seeds are many times wider than the panels, and would hide the rest.
        sure = compared[compared["n"] > _FEW] if (compared["n"] > _FEW).any() else compared
        half = sure[f"{name}_half"].fillna(0)
        low, high = sure[name] - half, sure[name] + half
        row[0].set_ylim(1.1 * low.min(), max(0.1, 1.1 * high.max()))
    axes[0, 0].set_ylabel("missed share of the command\n(gradients over the whole trial)")
    axes[1, 0].set_ylabel("in the course of learning,\nless than cortex alone")
    axes[2, 0].set_ylabel("at the end,\nless than cortex alone")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=len(COLORS),
        frameon=False,
        fontsize=8,
    )
    return figure


def _draw_courses(ax: Axes, table: pd.DataFrame) -> None:
    for arm, color in COLORS.items():
        own = table[table["arm"] == arm]
        if len(own):
            iterations, missed = courses(own)
            label = arm if len(own) > _FEW else f"{arm} ({len(own)} seeds)"
            ax.plot(iterations, missed.T, color=color, lw=0.6, alpha=0.35)
            ax.plot(iterations, np.nanmean(missed, axis=0), color=color, lw=1.8, label=label)
    ax.set(ylim=(0, 1.6))
    ax.spines[["top", "right"]].set_visible(False)


def _draw_differences(ax: Axes, compared: pd.DataFrame, name: str) -> None:
    arms = [arm for arm in COLORS if arm in set(compared["arm"])]
    places = list(CUTS)
    for k, arm in enumerate(arms):
        own = compared[compared["arm"] == arm]
        x = [places.index(cut) + 0.16 * (k - (len(arms) - 1) / 2) for cut in own["cut"]]
        ax.errorbar(x, own[name], own[f"{name}_half"], fmt="o", ms=4, lw=1.2, color=COLORS[arm])
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    ax.set_xticks(range(len(places)), list(CUTS.values()))
    ax.set(xlim=(-0.5, len(places) - 0.5))
    ax.spines[["top", "right"]].set_visible(False)


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("circuit_speed.png"),
    table: Annotated[Path | None, typer.Option(help="Trainings, a row each.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Train what the table lacks.")] = False,
) -> None:
    """Learning with a cerebellum and without."""
    with figure_to(output) as write:
        found = measure(table or (Path(TABLE.name) if anew else TABLE), anew=anew)
        say(costs(found))
        for other, arms in COMPARED.items():
            say(f"less than {other} (below 0 is better; ± half of a 95 % interval over seeds):")
            compared = compare(found, other)
            for row in compared[compared["arm"].isin(arms)].to_dict("records"):
                numbers = ", ".join(
                    f"{told} {row[name]:+.2f} ± {row[f'{name}_half']:.2f}"
                    for name, told in MEASURES.items()
                )
                say(f"  {row['task']}, {CUTS[row['cut']]}, {row['arm']}: {numbers} (n {row['n']})")
        say("missed at the end by learning rate, two seeds:")
        say(by_rate(found).round(2).to_string())
        write(plot_speed(found))


if __name__ == "__main__":
    typer.run(main)
