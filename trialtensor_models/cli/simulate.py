"""``trialtensor-models simulate``: a session of learning, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app
from trialtensor_models.cli.choices import PLANTS, network_of, plant_of, task_of
from trialtensor_models.cli.files import check_ending, check_figure, check_outputs, read_table

if TYPE_CHECKING:
    from trialtensor_models.network import CCRNN
    from trialtensor_models.sessions import Run, Schedule
    from trialtensor_models.tasks import Task

_BASELINE, _TRIALS = 20, 100  # unless given


@app.command()
def simulate(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where the run goes, a .nc file.")
    ] = Path("run.nc"),
    schedule: Annotated[
        Path | None,
        typer.Option(
            help="CSV or JSON with a row a trial: rotation, curl, clamp, target, context, epoch, "
            "cerebellum, learns; all but one may be left out."
        ),
    ] = None,
    rotate: Annotated[float | None, typer.Option(help="Rotation of the cursor, degrees.")] = None,
    curl: Annotated[float | None, typer.Option(help="Strength of a curl field, N s/m.")] = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="The other answer is right, in tasks with choices.")
    ] = False,
    trials: Annotated[
        int | None, typer.Option(min=1, help=f"Trials with it ({_TRIALS} unless given).")
    ] = None,
    baseline: Annotated[
        int | None, typer.Option(min=0, help=f"Trials before it ({_BASELINE} unless given).")
    ] = None,
    washout: Annotated[int, typer.Option(min=0, help="Unperturbed trials after it.")] = 0,
    clamp: Annotated[int, typer.Option(min=0, help="Trials in an error clamp at the end.")] = 0,
    task: Annotated[str | None, typer.Option(help="Such as center_out or reversal.")] = None,
    targets: Annotated[int | None, typer.Option(min=1, help="How many, in reaches.")] = None,
    network: Annotated[Path | None, typer.Option(help="A network that pretrain made.")] = None,
    cortex: Annotated[int | None, typer.Option(min=0, help="Number of one of the package.")] = None,
    plant: Annotated[str | None, typer.Option(help=f"{' or '.join(PLANTS)}.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the order of targets and the noise.")] = 0,
    record: Annotated[str, typer.Option(help="all, activity or behaviour.")] = "all",
    purkinje: Annotated[
        int, typer.Option(min=0, help="Purkinje cells that are recorded, with their olive.")
    ] = 0,
    outcome: Annotated[
        float, typer.Option(min=0, help="Seconds that are recorded after the movement.")
    ] = 0.0,
    exact: Annotated[bool, typer.Option("--exact", help="Keep activity to the last bit.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw the run here.")] = None,
    film: Annotated[Path | None, typer.Option(help="A film of it, a .gif file.")] = None,
) -> None:
    """Simulate a session, and save it so that `trialtensor fit` can read it."""
    with clear_errors():
        _check_files(output, figure, film)
        simple = (rotate, curl, reverse or None, trials, baseline, washout or None, clamp or None)
        planned = _planned(schedule, *simple)
        model = network_of(network, cortex, task)
        model = model.scale(purkinje=purkinje) if purkinje else model
        how = {"seed": seed, "plant": plant_of(plant), "record": record, "outcome": outcome}
        run = _simulated(model, task_of(model, targets), planned, **how)
        _write(run, output, exact, figure, film)


def _check_files(output: Path, figure: Path | None, film: Path | None) -> None:
    check_ending(output, ".nc", "--output")
    if film is not None:
        check_ending(film, ".gif", "--film")
    check_outputs(output, film)
    check_figure(figure)


def _planned(
    table: Path | None,
    rotate: float | None,
    curl: float | None,
    reverse: bool | None,
    trials: int | None,
    baseline: int | None,
    washout: int | None,
    clamp: int | None,
) -> Schedule:
    """Make the schedule of a table, or of the options in its place."""
    from trialtensor_models.sessions import Schedule

    kinds = {"--rotate": rotate, "--curl": curl, "--reverse": reverse}
    given = [name for name, value in kinds.items() if value is not None]
    if table is not None:
        others = {"--trials": trials, "--baseline": baseline, "--washout": washout}
        extra = [*given, *(n for n, v in {**others, "--clamp": clamp}.items() if v is not None)]
        if extra:
            raise ValueError(f"{extra[0]}: the table of --schedule says it all; leave out one")
        try:
            return Schedule.from_table(read_table(table))
        except ValueError as error:
            named = str(error).startswith(str(table))
            raise ValueError(str(error) if named else f"{table}: {error}") from error
    if len(given) != 1:
        got = ", ".join(given) or "none of them"
        raise ValueError(f"give --schedule, or one of --rotate, --curl and --reverse; got {got}")
    planned, n = Schedule(), _TRIALS if trials is None else trials
    before = _BASELINE if baseline is None else baseline
    if before:
        planned = planned.baseline(before)
    if rotate is not None:
        planned = planned.rotate(rotate, n)
    elif curl is not None:
        planned = planned.curl(curl, n)
    else:
        planned = planned.reverse(n)
    planned = planned.washout(washout) if washout else planned
    return planned.clamp(clamp) if clamp else planned


def _simulated(model: CCRNN, task: Task, planned: Schedule, **how: Any) -> Run:
    from trialtensor_models.network import UnstableDynamicsError
    from trialtensor_models.sessions import simulate as simulated

    try:
        return simulated(model, task, planned, **how)
    except UnstableDynamicsError as error:
        raise ValueError(str(error)) from error


def _write(run: Run, output: Path, exact: bool, figure: Path | None, film: Path | None) -> None:
    from trialtensor.storage import write_figure

    run.save(output, exact=exact)
    say(repr(run))
    say(f"written to {output} ({output.stat().st_size / 1e6:.1f} MB)")
    if run.activity is not None:
        say(f"see it with: trialtensor inspect {output}")
    if figure is not None:
        say(f"figure: {write_figure(run.plot(), figure, dpi=130)}")
    if film is not None:
        say(f"film: {run.film(film)}")
