"""``trialtensor-models phenomena``: the table of what the network shows, and what it doesn't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app

if TYPE_CHECKING:
    from trialtensor_models.phenomena import Row


@app.command()
def phenomena(
    cortices: Annotated[
        int | None, typer.Option(min=2, help="How many cortices; all of the package by default.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Cerebella and directions, averaged within a cortex.")
    ] = 2,
    controls: Annotated[
        int, typer.Option(min=0, help="Cortices of each control; 0 leaves controls out.")
    ] = 3,
    only: Annotated[
        list[str] | None, typer.Option(help="A phenomenon; may be given several times.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the rows here, for programs.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", help="Write the table here, for a page.")
    ] = None,
    figure: Annotated[Path, typer.Option(help="Where the figure goes.")] = Path("phenomena.png"),
    curves: Annotated[bool, typer.Option(help="Draw adaptation by trial too.")] = True,
) -> None:
    """Measure what is built in and what emerges, beside controls, models and people."""
    with clear_errors():
        files = [path for path in (json_file, markdown_file) if path is not None]
        _check_files(files, figure)
        _check_cortices(cortices)
        rows = _print_table(cortices, repeats, controls, only or [], figure, curves)
        _write(rows, json_file, markdown_file)


def _check_files(files: list[Path], figure: Path) -> None:
    """Refuse what can't be written before minutes of simulation."""
    from trialtensor.storage import check_room, check_target, figure_format

    for path in [figure_format(figure)[0], *files]:
        check_target(path)
        check_room(path.parent)


def _check_cortices(cortices: int | None) -> None:
    from trialtensor_models.network import n_packaged

    if cortices is not None and cortices > n_packaged():
        raise ValueError(
            f"cortices: the package has {n_packaged()}, got {cortices}; cerebella and directions "
            "are repeats"
        )


def _print_table(
    cortices: int | None,
    repeats: int,
    controls: int,
    only: list[str],
    figure: Path,
    curves: bool,
) -> list[Row]:
    from trialtensor.storage import write_figure
    from trialtensor_models.network import n_packaged
    from trialtensor_models.phenomena import Networks, cast_of, measure_all
    from trialtensor_models.phenomena.figure import plot_phenomena
    from trialtensor_models.phenomena.printing import header, line, notes

    networks = Networks(range(cortices or n_packaged()), repeats)
    cast = cast_of(networks, n_controls=controls)
    rows: list[Row] = []
    for row in measure_all(cast, only):
        if not rows:
            say(header())
        rows.append(row)
        say(line(row))
    say("")
    for note in notes(rows):
        say(note)
    written = write_figure(plot_phenomena(cast, rows, curves=curves), figure, dpi=130)
    say(f"figure: {written}")
    return rows


def _write(rows: list[Row], json_file: Path | None, markdown_file: Path | None) -> None:
    from trialtensor.storage import write_whole
    from trialtensor_models.phenomena import markdown

    if json_file is not None:
        write_whole(json_file, json.dumps([row.as_dict() for row in rows], indent=1) + "\n")
    if markdown_file is not None:
        write_whole(markdown_file, markdown(rows) + "\n")
