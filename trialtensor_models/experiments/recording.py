"""A recording of learning beside a network that learns: the comparison to copy.

Both are decomposed in the same way; what is compared is which trials are alike and which learning
curves there are, each beside sessions that change at other places.

``python -m trialtensor_models.experiments.recording FILE VARIABLE -o FIGURE``
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

import trialtensor
from trialtensor.cli.console import say
from trialtensor_models.analysis import (
    about_conditions,
    changes_by_region,
    compare,
    plot_model_comparison,
)
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN
from trialtensor_models.sessions import Schedule, simulate
from trialtensor_models.tasks import CenterOut


def main(
    file: Annotated[Path, typer.Argument(help="A recording that trialtensor can read.")],
    variable: Annotated[str, typer.Argument(help="Which array of the file.")],
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("recording.png"),
    condition: Annotated[
        str | None, typer.Option(help="Coordinate of trials whose means are taken out.")
    ] = None,
    baseline: Annotated[int, typer.Option(help="Trials of the run before the rotation.")] = 40,
    adaptation: Annotated[int, typer.Option(help="Trials of the run with it.")] = 120,
) -> None:
    """Compare a recording with a run of eight-target adaptation."""
    with figure_to(output) as write:
        schedule = Schedule().baseline(baseline).rotate(30, adaptation)
        run = simulate(CCRNN.pretrained(), CenterOut(n_targets=8), schedule, record="activity")
        if run.activity is None:
            raise RuntimeError("the run kept no activity")
        recording = trialtensor.read(file, variable=variable)
        if condition is not None:
            recording = about_conditions(recording, condition)
        simulation = about_conditions(changes_by_region(run.activity), "target")
        with warnings.catch_warnings():
            # Neurons or trials that are missing altogether are left out.
            warnings.simplefilter("ignore")
            found = compare(recording, simulation, n_components=6)
        for name in found.distances:
            say(found.line(name))
        write(plot_model_comparison(found))


if __name__ == "__main__":
    typer.run(main)
