"""How do the two regions change together, and how does cerebellar learning reshape cortex?

Networks adapt, meet the opposite rotation until nothing shows, and then an error clamp. On each
trial, what the cerebellum does to cortical activity is the difference to the same trial without
its output; what cortical learning does is the difference to the same trial without it. For both:
how large, in which directions, and how much of it moves the hand.

``python -m trialtensor_models.experiments.reshaping -o FIGURE``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from trialtensor.cli.console import say
from trialtensor.plotting.panels import draw_legend
from trialtensor_models.analysis import Score, subspace_score
from trialtensor_models.experiments.cortices import n_cortices
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN
from trialtensor_models.sessions import Run, Schedule, simulate
from trialtensor_models.tasks import CenterOut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEDULE = Schedule().baseline(20).rotate(30, 80).rotate(-30, 12).clamp(40)
BY = {"cerebellum": "no_cerebellum", "cortex": "no_cortical_change"}
COLORS = {"cerebellum": "#D55E00", "cortex": "#0072B2"}
_TURN = 72.0


@dataclass(frozen=True, eq=False)
class Reshaping:
    """Effects of learning in each region on cortical activity.

    Attributes
    ----------
    size : dict of (n_networks, n_trials) arrays
        Root mean square change over neurons and times, as a fraction of the activity's.
    potent : dict of (n_networks,) arrays
        Share of the change that lies in the two directions that move the hand.
    overlap : list of Score
        Of the directions that both change, one a network.
    block : (n_trials,) int array
    n_cortex : int
    """

    size: dict[str, np.ndarray]
    potent: dict[str, np.ndarray]
    overlap: list[Score]
    block: np.ndarray
    n_cortex: int

    @property
    def chance_potent(self) -> float:
        """Share of directions drawn at random that moves the hand."""
        return 2 / self.n_cortex


def measure(n_networks: int | None = None, schedule: Schedule = SCHEDULE) -> Reshaping:
    """Simulate, and compare every trial with its counterfactuals."""
    runs = [
        simulate(
            CCRNN.pretrained(seed),
            CenterOut(n_targets=1, first_angle=_TURN * seed % 360),
            schedule,
            seed=seed,
        )
        for seed in range(n_cortices(n_networks))
    ]
    changes = [changes_of(run) for run in runs]
    return Reshaping(
        size={
            name: np.array(
                [_size(run, each[name]) for run, each in zip(runs, changes, strict=True)]
            )
            for name in BY
        },
        potent={
            name: np.array(
                [_potent(run, each[name]) for run, each in zip(runs, changes, strict=True)]
            )
            for name in BY
        },
        overlap=[
            subspace_score(*(_leading(each[name]) for name in BY), random_state=0)
            for each in changes
        ],
        block=runs[0].behaviour["block"].values,
        n_cortex=int((runs[0].truth.region == "cortex").sum()),
    )


def changes_of(run: Run) -> dict[str, np.ndarray]:
    """Activity of cortex less what it would be without one region's part, (trial, neuron, time)."""
    if run.activity is None or run.truth.counterfactual is None:
        raise ValueError('record: expected a run with counterfactuals, simulate(record="all")')
    cortex = run.truth.region == "cortex"
    return {
        name: (run.activity - run.truth.counterfactual[without]).values[:, cortex]
        for name, without in BY.items()
    }


def _size(run: Run, change: np.ndarray) -> np.ndarray:
    cortex = run.truth.region == "cortex"
    activity = run.activity.values[:, cortex]  # type: ignore[union-attr]
    return np.sqrt((change**2).mean((1, 2)) / (activity**2).mean())


def _potent(run: Run, change: np.ndarray) -> float:
    output = run.truth.subspaces["output"]
    moved = np.einsum("nd,knt->kdt", output, change)
    return float((moved**2).sum() / (change**2).sum())


def _leading(change: np.ndarray, n: int = 2) -> np.ndarray:
    flat = change.transpose(1, 0, 2).reshape(change.shape[1], -1)
    return np.linalg.svd(flat, full_matrices=False)[0][:, :n]


def plot_reshaping(found: Reshaping) -> Figure:
    """Size by trial; share that moves the hand; overlap of directions."""
    import matplotlib.pyplot as plt

    figure, (first, second, third) = plt.subplots(
        1, 3, figsize=(11, 3.4), width_ratios=[2.2, 1, 1], layout="constrained"
    )
    for name, size in found.size.items():
        first.plot(size.T, color=COLORS[name], lw=0.6, alpha=0.5)
        first.plot(size.mean(axis=0), color=COLORS[name], lw=2, label=f"by the {name}")
    for edge in np.flatnonzero(np.diff(found.block)):
        first.axvline(edge + 0.5, color="0.85", lw=0.8, zorder=0)
    first.set(xlabel="trial", ylabel="change of cortical activity\n(fraction of its size)")
    draw_legend(first, above=True)
    for x, (name, share) in enumerate(found.potent.items()):
        second.plot(np.full(len(share), x), share, "o", color=COLORS[name], ms=5)
    second.axhline(found.chance_potent, color="0.5", ls="--", lw=1)
    second.set(
        xlim=(-0.5, 1.5), ylim=(0, None), xticks=range(len(BY)),
        ylabel="share that moves the hand",
    )  # fmt: skip
    second.set_xticklabels([f"by the\n{name}" for name in found.potent])
    second.text(1.45, found.chance_potent, "chance", ha="right", va="bottom", fontsize=8)
    for x, score in enumerate(found.overlap):
        third.plot(x, score.value, "o", color="black", ms=5)
        third.plot([x, x], [0, score.chance], color="0.6", lw=3, solid_capstyle="butt")
    third.set(
        xlim=(-0.5, len(found.overlap) - 0.5), ylim=(0, 1.02), xticks=range(len(found.overlap)),
        xlabel="network", ylabel="overlap of their directions\n(grey: shuffled neurons)",
    )  # fmt: skip
    for axes in (first, second, third):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("reshaping.png"),
    networks: Annotated[int | None, typer.Option(min=1, help="How many cortices.")] = None,
) -> None:
    """How cerebellar and cortical learning change cortical activity."""
    with figure_to(output) as write:
        found = measure(networks)
        for name in BY:
            last = found.size[name].max(axis=1)
            say(
                f"by the {name}: largest change {last.mean():.3f} of the activity's size, "
                f"{found.potent[name].mean():.2f} of it moves the hand"
            )
        overlaps = ", ".join(f"{s.value:.2f} (null {s.chance:.2f})" for s in found.overlap)
        say(f"overlap of directions: {overlaps}")
        write(plot_reshaping(found))


if __name__ == "__main__":
    typer.run(main)
