"""The command ``trialtensor-models``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simulate a cerebellum and a cortex that learn together.",
)


@app.callback()
def _main() -> None:
    """Commands for the CC-RNN."""


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
    from trialtensor_models.phenomena import Networks, Row, cast_of, measure_all
    from trialtensor_models.phenomena.figure import plot_phenomena
    from trialtensor_models.phenomena.table import header, line

    cast = cast_of(Networks(range(seeds)))
    rows: list[Row] = []
    try:
        found = measure_all(cast, only or ())
        for row in found:
            if not rows:
                typer.echo(header())
            rows.append(row)
            typer.echo(line(row))
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    for row in rows:
        if row.remark and not row.expected:
            typer.echo(f"* {row.name}: {row.remark}")
    if json_file is not None:
        json_file.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n")
    plot_phenomena(cast, rows, curves=curves).savefig(figure, dpi=130)
    missed = [row.name for row in rows if row.expected and not row.holds]
    typer.echo(f"figure: {figure}")
    if missed:
        typer.echo(f"{len(missed)} missed: {', '.join(missed)}")


if __name__ == "__main__":
    app()
