"""``trialtensor-models train``: cortex and cerebellum from the start, as a training and a run."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor.data.parameters import check_choice
from trialtensor_models.cli.app import app
from trialtensor_models.cli.files import check_ending, check_figure, check_outputs
from trialtensor_models.cli.pretrain import reporter

if TYPE_CHECKING:
    from trialtensor_models.circuit import Training
    from trialtensor_models.tasks import Task


@app.command()
def train(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="Where the training goes, a .h5 file; continued if it is there."
        ),
    ] = Path("training.h5"),
    run: Annotated[
        Path | None, typer.Option(help="Where activity of all checkpoints goes, a .nc file.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Where the figure goes.")] = None,
    task: Annotated[
        str, typer.Option(help="Such as rotated_reaching or sequence_drawing.")
    ] = "rotated_reaching",
    rules: Annotated[
        str,
        typer.Option(help="bptt (needs torch), local, or mixed (cerebellum local)."),
    ] = "local",
    cerebellum: Annotated[bool, typer.Option(help="Train with a cerebellum.")] = True,
    units: Annotated[int, typer.Option(min=4, help="Of cortex.")] = 80,
    ratio: Annotated[float, typer.Option(help="Granule cells for each cortical unit.")] = 5.0,
    coding_level: Annotated[float, typer.Option(help="Of granule cells.")] = 0.1,
    iterations: Annotated[int, typer.Option(min=1, help="Batches of 16 trials.")] = 600,
    checkpoints: Annotated[int, typer.Option(min=2, help="How many are kept.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, trials and noise.")] = 0,
) -> None:
    """Train cortex and cerebellum together, from weights that know nothing."""
    with clear_errors():
        from trialtensor_models.circuit import Anatomy, train_jointly

        check_ending(output, ".h5", "--output")
        if run is not None:
            check_ending(run, ".nc", "--run")
        check_outputs(output, run)
        check_figure(figure)
        training = train_jointly(
            _task(task),
            anatomy=Anatomy(n_cortex=units, ratio=ratio, coding_level=coding_level),
            cerebellum=cerebellum,
            rules=_rules(rules, cerebellum),
            n_iterations=iterations,
            checkpoints=checkpoints,
            seed=seed,
            path=output,
            report=reporter(iterations),
        )
        _say_and_write(training, run, figure)
        say(f"training written to {output}")


def _task(name: str) -> Task:
    from trialtensor_models.tasks import task_from

    try:
        return task_from({"name": name})
    except ValueError as error:
        raise ValueError(f"--task: {error}") from error


def _rules(rules: str, cerebellum: bool) -> Any:
    check_choice("--rules", rules, ("bptt", "local", "mixed"))
    if rules == "local" and not cerebellum:
        raise ValueError("--rules: without a cerebellum nothing teaches by local rules; use bptt")
    if rules != "local" and find_spec("torch") is None:
        raise ValueError("back-propagation needs torch: pip install 'trialtensor[models]'")
    return {"cortex": "bptt", "cerebellum": "local"} if rules == "mixed" else rules


def _say_and_write(training: Training, run: Path | None, figure: Path | None) -> None:
    from trialtensor.storage import write_figure

    say(repr(training))
    last = training.performance().isel(checkpoint=-1)
    measured = [f"{name} {float(last[name]):.2f}" for name in last if name != "iteration"]
    say("at the end: " + ", ".join(measured))
    if run is not None:
        training.run().save(run)
        say(f"activity written to {run}; look at it with: trialtensor fit {run}")
    if figure is not None:
        say(f"figure: {write_figure(training.plot(), figure, dpi=130)}")
