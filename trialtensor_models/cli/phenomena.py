"""``trialtensor-models phenomena``: the table of what the network shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app


@app.command()
def phenomena(
    seeds: Annotated[int, typer.Option(min=2, help="How many networks.")] = 5,
    only: Annotated[
        list[str] | None, typer.Option(help="A phenomenon; may be given several times.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the rows here, for programs.")
    ] = None,
    figure: Annotated[Path, typer.Option(help="Where the figure goes.")] = Path("phenomena.png"),
    curves: Annotated[bool, typer.Option(help="Draw adaptation by trial too.")] = True,
) -> None:
    """Measure what the network must show, beside the two-state model and published values."""
    with clear_errors():
        _check_files(json_file, figure)
        _phenomena(seeds, only or [], json_file, figure, curves)


def _check_files(json_file: Path | None, figure: Path) -> None:
    """Refuse what can't be written before minutes of simulation."""
    from trialtensor.storage import check_room, check_target, figure_format

    for path in [figure_format(figure)[0], *([] if json_file is None else [json_file])]:
        check_target(path)
        check_room(path.parent)


def _phenomena(
    seeds: int, only: list[str], json_file: Path | None, figure: Path, curves: bool
) -> None:
    from trialtensor.storage import write_figure, write_whole
    from trialtensor_models.phenomena import Networks, Row, cast_of, measure_all
    from trialtensor_models.phenomena.figure import plot_phenomena
    from trialtensor_models.phenomena.table import header, line

    cast = cast_of(Networks(range(seeds)))
    rows: list[Row] = []
    for row in measure_all(cast, only):
        if not rows:
            say(header())
        rows.append(row)
        say(line(row))
    for row in rows:
        if row.remark and not row.expected:
            say(f"* {row.name}: {row.remark}")
    if json_file is not None:
        write_whole(json_file, json.dumps([row.as_dict() for row in rows], indent=1) + "\n")
    missed = [row.name for row in rows if row.expected and not row.holds]
    written = write_figure(plot_phenomena(cast, rows, curves=curves), figure, dpi=130)
    say(f"figure: {written}")
    if missed:
        say(f"{len(missed)} missed: {', '.join(missed)}")
