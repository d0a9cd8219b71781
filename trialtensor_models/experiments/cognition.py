"""What does the cerebellum do in cognition, and with reward?

Three tasks with choices: a cue whose side is learned from reward prediction errors, and reversed;
accumulated evidence whose side is reversed; and matching after a delay, where the right answer is
told. Each is learned with nuclei, with half of their output, and without; then the nuclei are
blocked, and what is left has moved to cortex.

``python -m trialtensor_models.experiments.cognition -o FIGURE``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from trialtensor.cli.console import say
from trialtensor.plotting.panels import draw_legend
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN
from trialtensor_models.sessions import Schedule, simulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TASKS = ("reversal", "evidence", "match")
# Share of the nuclei that is lesioned.
LESIONS = {"intact": 0.0, "half of the nuclei": 0.5, "no nuclei": 1.0}
COLORS = {"intact": "#0072B2", "half of the nuclei": "#E69F00", "no nuclei": "#555555"}
N_BEFORE, N_LEARNED, N_BLOCKED = 40, 120, 20
WINDOW = 15  # trials that a point of a curve is the mean of


@dataclass(frozen=True, eq=False)
class Cognition:
    """Choices of networks.

    Attributes
    ----------
    correct : dict of dict of (n_networks, n_trials) bool arrays
        Right choices, by task and lesion.
    starts : dict of (n_blocks,) int arrays
        The first trial of every block, by task.
    """

    correct: dict[str, dict[str, np.ndarray]]
    starts: dict[str, np.ndarray]

    def share(self, task: str, lesion: str, first: int, last: int) -> np.ndarray:
        """Right choices of every network in the trials from ``first`` to ``last - 1``."""
        return np.asarray(self.correct[task][lesion][:, first:last].mean(axis=1))


def schedule_of(task: str, n_learned: int = N_LEARNED) -> Schedule:
    """The trained rule and its reverse; matching is learned from the start; then a block."""
    blocked = {"cerebellum": 0.0, "learns": False}
    if task == "match":
        return Schedule().baseline(n_learned).baseline(N_BLOCKED, **blocked)
    learned = Schedule().baseline(N_BEFORE).reverse(n_learned)
    return learned.reverse(N_BLOCKED, **blocked)


def measure(
    n_networks: int = 5, n_learned: int = N_LEARNED, tasks: tuple[str, ...] = TASKS
) -> Cognition:
    """Simulate every task with every lesion."""
    correct: dict[str, dict[str, np.ndarray]] = {}
    starts = {}
    for task in tasks:
        # Cortices take turns, if the package has several; seeds of one differ in all else.
        models = [CCRNN.pretrained(seed, task=task) for seed in range(n_networks)]
        schedule = schedule_of(task, n_learned)
        sizes = [block.n_trials for block in schedule.blocks]
        starts[task] = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        correct[task] = {}
        for name, lesioned in LESIONS.items():
            runs = simulate(
                [each.lesion("nuclei", scale=1 - lesioned) for each in models],
                models[0].task,
                schedule,
                seed=range(n_networks),
                record="behaviour",
            )
            correct[task][name] = np.array([run.behaviour["correct"].values for run in runs])
    return Cognition(correct, starts)


def plot_cognition(found: Cognition) -> Figure:
    """Share of right choices over trials, a task a panel."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(found.correct), figsize=(3.7 * len(found.correct), 3.4), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for ax, (task, by_lesion) in zip(axes[0], found.correct.items(), strict=True):
        for name, correct in by_lesion.items():
            # Within blocks: a mean across the edge would mix two rules.
            for trials, curve in _curves(correct.mean(axis=0), found.starts[task]):
                first = trials[0] < found.starts[task][1]
                label = name if first else None
                ax.plot(trials, curve, color=COLORS[name], lw=1.8, label=label)
        for start in found.starts[task][1:]:
            ax.axvline(start - 0.5, color="0.8", lw=0.8, zorder=0)
        ax.axvspan(found.starts[task][-1] - 0.5, correct.shape[1], color="0.93", zorder=0)
        ax.axhline(0.5, color="0.6", lw=0.8, ls=(0, (4, 3)), zorder=0)
        ax.set(xlabel="trial", title=f"{task} (grey: nuclei blocked)", ylim=(-0.03, 1.03))
        ax.title.set_fontsize(10)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel(f"right choices (mean of {WINDOW} trials)")
    draw_legend(axes[0, -1])
    return figure


def _curves(values: np.ndarray, starts: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Running means of every block, and the trials in their middle."""
    curves = []
    for start, stop in zip(starts, [*starts[1:], len(values)], strict=True):
        width = min(WINDOW, stop - start)
        mean = np.convolve(values[start:stop], np.full(width, 1 / width), mode="valid")
        curves.append((start + (width - 1) / 2 + np.arange(len(mean)), mean))
    return curves


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("cognition.png"),
    networks: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """How lesions of the nuclei change what is learned in three tasks with choices."""
    with figure_to(output) as write:
        found = measure(networks)
        for task, by_lesion in found.correct.items():
            blocked = found.starts[task][-1]
            for name in by_lesion:
                late = found.share(task, name, blocked - 30, blocked)
                left = found.share(task, name, blocked, blocked + N_BLOCKED)
                say(f"{task}, {name}: {late.mean():.2f} learned, {left.mean():.2f} when blocked")
        write(plot_cognition(found))


if __name__ == "__main__":
    typer.run(main)
