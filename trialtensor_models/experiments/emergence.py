"""Where does the code for a movement emerge first, and do the regions' courses hang together?

Circuits learn reaches under three rotations of the cursor, which neighbouring targets are apart by:
the same direction of the hand is right for another target in each context. Before learning, cortex
and pons tell targets and contexts apart, but hardly any region tells the direction of the hand in a
context that its decoder wasn't trained on. When does each begin to?

``python -m trialtensor_models.experiments.emergence -o FIGURE``
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

from trialtensor.cli.console import say
from trialtensor_models.experiments.emergence_figure import plot_emergence
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.experiments.region_codes import onset
from trialtensor_models.experiments.region_courses import Emergence, analysed
from trialtensor_models.training.circuits import RECORDED, trained

ARMS = ("local", "mixed", "gradient")
N_SEEDS = 5


def measure(seeds: Sequence[int] = range(N_SEEDS), folder: Path | None = None) -> Emergence:
    """Train, or go on with what is in the folder, and analyse.

    Parameters
    ----------
    seeds : sequence of int
    folder : Path, optional

    Returns
    -------
    Emergence
    """
    trainings = {arm: [trained(arm, seed, folder) for seed in seeds] for arm in ARMS}
    runs = {arm: [each.run(**RECORDED) for each in group] for arm, group in trainings.items()}
    return analysed(runs, trainings["local"])


def lines_of(found: Emergence) -> list[str]:
    """Say what was found, a line each."""
    lines = []
    for arm, each in found.onsets.items():
        hand = found.codes[arm]["hand"]
        lines.append(f"{arm}: onset (iterations, each seed), R² of the hand's direction at the end")
        for region in each["region"].values:
            places = ", ".join(f"{x:.0f}" for x in each.sel(region=region).values)
            ends = hand.sel(region=region).isel(checkpoint=-1).values
            lines.append(f"  {region}: {places}; {', '.join(f'{x:.2f}' for x in ends)}")
        lines += _lags(each)
        both = found.coupling[arm]["explained"].mean("side")
        for null in both["null"].values:
            ends = both.sel(null=null).transpose("checkpoint", "seed").values[[0, -1]]
            first, last = (", ".join(f"{x:.2f}" for x in row) for row in ends)
            lines.append(f"  explained together, {null}: first {first}; last {last}")
        courses = found.courses[arm].mean(("seed", "region"))
        parts = ", ".join(f"{name} {float(courses[name]):.2f}" for name in courses.data_vars)
        lines.append(f"  R² of courses on that of motor cortex: {parts}")
    if found.performance is not None:
        lines += _told(found.performance)
    return lines


def _lags(onsets: xr.DataArray) -> list[str]:
    """Iterations by which regions follow motor cortex."""
    leader, lines = onsets.sel(region="motor"), []
    for region in onsets["region"].values:
        lag = (onsets.sel(region=region) - leader).values
        lag = lag[np.isfinite(lag)]
        if region != "motor" and len(lag):
            lines.append(
                f"  {region} after motor: {np.median(lag):.0f} ({lag.min():.0f} to "
                f"{lag.max():.0f}), later in {int((lag > 0).sum())} of {len(lag)}"
            )
    return lines


def _told(performance: xr.Dataset) -> list[str]:
    iterations = performance["iteration"].transpose(..., "checkpoint").values
    iterations = iterations.reshape(-1, iterations.shape[-1])[0]
    lines = []
    for name in ("missed", "missed_blocked"):
        courses = performance[name].transpose("seed", "checkpoint").values
        half = [onset(iterations, course[0] - course) for course in courses]
        lines.append(f"local, {name}: half of its way at " + ", ".join(f"{x:.0f}" for x in half))
    lines.append("local: iteration, and means over trainings")
    names = ("missed", "missed_blocked", "cosine", "shuffled", "share")
    for k in range(0, performance.sizes["checkpoint"], 3):
        row = performance.isel(checkpoint=k).mean("seed")
        parts = ", ".join(f"{name} {float(row[name]):.2f}" for name in names)
        lines.append(f"  {int(row['iteration'])}: {parts}")
    return lines


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("emergence.png"),
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each kind.")] = N_SEEDS,
    folder: Annotated[
        Path | None, typer.Option(help="Where trainings are kept, and gone on with.")
    ] = None,
) -> None:
    """Measure what emerges where, and in which order."""
    with figure_to(output) as write:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        found = measure(range(seeds), folder)
        for line in lines_of(found):
            say(line)
        write(plot_emergence(found))


if __name__ == "__main__":
    typer.run(main)
