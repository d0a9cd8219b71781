"""``trialtensor-models theories``: which theory of adaptation predicts behaviour best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app

if TYPE_CHECKING:
    from trialtensor_models.rates import Behaviour, TheoryComparison

_TABLES = (".csv", ".tsv", ".txt")


@app.command()
def theories(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="A table (CSV) with columns adaptation, perturbation and, if needed, subject, "
            "trial, clamp, feedback, context, pause; or saved runs, a subject each."
        ),
    ],
    only: Annotated[
        list[str] | None, typer.Option(help="A theory; may be given several times.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw behaviour and ranking here.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the table here (CSV).")] = None,
) -> None:
    """Rank theories of adaptation by how well they predict held-out subjects, or trials."""
    with clear_errors():
        _check(only, figure, table)
        _theories(files, only, figure, table)


def _check(only: list[str] | None, figure: Path | None, table: Path | None) -> None:
    """Refuse unknown theories and what can't be written, before anything is fitted."""
    from trialtensor.storage import check_room, check_target, figure_format
    from trialtensor_models.rates import THEORIES

    for name in only or []:
        if name not in THEORIES:
            raise ValueError(f"only: expected one of {', '.join(THEORIES)}, got {name!r}")
    for path in (None if figure is None else figure_format(figure)[0], table):
        if path is not None:
            check_target(path)
            check_room(path.parent)


def _theories(
    files: list[Path], only: list[str] | None, figure: Path | None, table: Path | None
) -> None:
    from trialtensor.storage import frame_text, write_figure, write_whole
    from trialtensor_models.rates import compare_theories

    found = compare_theories(_behaviour(files), only or None)
    for line in _lines(found):
        say(line)
    if table is not None:
        write_whole(table, frame_text(found.table, index=True, index_label="theory"))
    if figure is not None:
        say(f"figure: {write_figure(found.plot(), figure, dpi=150)}")


def _behaviour(files: list[Path]) -> Behaviour:
    import pandas as pd

    from trialtensor_models.rates import Behaviour
    from trialtensor_models.sessions import Run

    tables = [path for path in files if path.suffix.lower() in _TABLES]
    if tables and len(files) > 1:
        raise ValueError(f"files: expected one table, or saved runs, got {len(files)} files")
    if not tables:
        return Behaviour.from_runs([Run.load(path) for path in files])
    try:
        rows = pd.read_csv(tables[0], sep="\t" if tables[0].suffix.lower() == ".tsv" else ",")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"files: {tables[0]} is no table: {error}") from error
    return Behaviour.from_table(rows)


def _lines(found: TheoryComparison) -> list[str]:
    data, by = found.behaviour, found.by
    unit = "subject" if data.n_subjects >= 5 else "run of trials"
    lines = [
        f"{data!r}",
        f"{'':20}parameters  held-out {unit}  below the best  (s.e.)",
    ]
    for name, row in found.table.iterrows():
        if row["same_as"]:
            lines.append(f"{name:20}expects the same as {row['same_as']} in these trials")
            continue
        lines.append(
            f"{name:20}{row['n_parameters']:10d}  {row[by]:{len('held-out ' + unit)}.2f}"
            f"  {row[f'{by}_gap']:14.2f}  ({row[f'{by}_se']:.2f})"
        )
    lines.append(found.verdict)
    for name in found.tied:
        if name in found.fits:
            lines += _parameters(name, found)
    return lines


def _parameters(name: str, found: TheoryComparison) -> list[str]:
    fit = found.fits[name]
    return [
        f"{name}: {key} {value:.4g} (95 %: {fit.intervals[key][0]:.4g} to "
        f"{fit.intervals[key][1]:.4g})"
        for key, value in fit.parameters.items()
    ]
