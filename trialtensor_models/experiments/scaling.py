"""What does the size of the granule layer do?

One rotation to one target, and alternating rotations: four targets, each with a rotation of the
opposite sign to that of its neighbours, 45 degrees apart, so that what is learned at one is wrong
at the next. Networks differ in their number of granule cells only.

``python -m trialtensor_models.experiments.scaling -o FIGURE``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from trialtensor.cli.console import say
from trialtensor.plotting.panels import draw_legend
from trialtensor_models.experiments.cortices import n_cortices
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN
from trialtensor_models.sessions import Schedule, simulate
from trialtensor_models.tasks import CenterOut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = (100, 300, 1000, 3000)
ROTATION = 30.0
N_CYCLES = 15
_CONTEXTS = (0, 1, 2, 3)  # of eight targets
COLORS = {"one rotation": "#0072B2", "four alternating rotations": "#D55E00"}


@dataclass(frozen=True, eq=False)
class Scaling:
    """Adaptation at the end, as a fraction of the rotation.

    Attributes
    ----------
    sizes : tuple of int
    reached : dict of (n_sizes, n_networks) arrays
        By what was learned.
    """

    sizes: tuple[int, ...]
    reached: dict[str, np.ndarray]


def measure(
    sizes: tuple[int, ...] = SIZES, n_networks: int | None = None, n_cycles: int = N_CYCLES
) -> Scaling:
    """Simulate each size; cycles of four trials."""
    n_networks = n_cortices(n_networks)
    schedules = {
        "one rotation": Schedule().rotate(ROTATION, 4 * n_cycles, targets=(0,)),
        "four alternating rotations": _alternating(n_cycles),
    }
    reached: dict[str, np.ndarray] = {}
    for name, schedule in schedules.items():
        signs = np.array([np.sign(block.size) for block in schedule.blocks])
        last = _CONTEXTS if len(signs) > 1 else (0,)
        reached[name] = np.array(
            [
                [_end(seed, size, schedule, signs, len(last)) for seed in range(n_networks)]
                for size in sizes
            ]
        )
    return Scaling(tuple(sizes), reached)


def _alternating(n_cycles: int) -> Schedule:
    schedule = Schedule()
    for _ in range(n_cycles):
        for context in _CONTEXTS:
            size = ROTATION if context % 2 == 0 else -ROTATION
            schedule = schedule.rotate(size, 1, targets=(context,))
    return schedule


def _end(seed: int, size: int, schedule: Schedule, signs: np.ndarray, n_contexts: int) -> float:
    run = simulate(
        CCRNN.pretrained(seed).scale(granule=size),
        CenterOut(n_targets=8),
        schedule,
        seed=seed,
        record="behaviour",
    )
    sign = signs[run.truth.schedule["block"].values]
    adaptation = sign * (run.truth.fast + run.truth.slow).values / ROTATION
    # The last four cycles of all contexts.
    return float(adaptation[-4 * max(n_contexts, 4) :].mean())


def plot_scaling(found: Scaling) -> Figure:
    """Adaptation at the end by number of granule cells."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
    for name, reached in found.reached.items():
        axes.plot(found.sizes, reached, "o", color=COLORS[name], ms=4, alpha=0.5)
        axes.plot(found.sizes, reached.mean(axis=1), color=COLORS[name], lw=2, label=name)
    axes.set_xscale("log")
    axes.set_xticks(found.sizes, [str(size) for size in found.sizes])
    axes.minorticks_off()
    axes.axhline(0, color="0.85", lw=0.8, zorder=0)
    axes.set(xlabel="granule cells", ylabel="adaptation / rotation, at the end")
    draw_legend(axes)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _deviation(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("scaling.png"),
    networks: Annotated[int | None, typer.Option(min=1, help="How many cortices.")] = None,
) -> None:
    """How adaptation depends on the number of granule cells, for one context and for four."""
    with figure_to(output) as write:
        found = measure(n_networks=networks)
        for name, reached in found.reached.items():
            numbers = ", ".join(
                f"{size}: {values.mean():.2f} (s.d. {_deviation(values):.2f})"
                for size, values in zip(found.sizes, reached, strict=True)
            )
            say(f"{name}  {numbers}")
        write(plot_scaling(found))


if __name__ == "__main__":
    typer.run(main)
