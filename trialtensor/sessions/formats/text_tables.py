"""Tables in text and Parquet: one with all values, or spikes or signals beside trials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.columns import Columns
from trialtensor.sessions.long_tables import tensor_of
from trialtensor.sessions.session import Session
from trialtensor.sessions.spike_tables import units_of_spikes
from trialtensor.sessions.table_kinds import Kind, Table
from trialtensor.sessions.tables import (
    PARQUET,
    SUFFIXES,
    as_trials,
    by_id,
    is_parquet,
    read_table,
    trials_beside,
)
from trialtensor.sessions.text import dialect_of
from trialtensor.sessions.wide_tables import long_of_wide, traces_of

if TYPE_CHECKING:
    from pandas import DataFrame

NAME = "tables of text or Parquet"
_ROLES = ("trial", "neuron", "time", "value")
_MOST_FILES = 50
_NAMES = ("trials", "spikes", "units", "traces")


def match(path: Path) -> float:
    """Tell tables by their suffix and by their first line.

    Parameters
    ----------
    path : Path
    """
    if path.is_dir():
        return 0.5 if any(map(_tells, _files(path))) else 0.0
    if is_parquet(path):
        return 0.7
    if path.suffix.lower() not in SUFFIXES:
        return 0.0
    return 0.6 if _tells(path) else 0.2


def open(
    path: Path,
    trials: Any = None,
    trial: str | None = None,
    neuron: str | None = None,
    time: str | None = None,
    value: str | None = None,
) -> Session:
    """Open a table, or a folder with a few of them.

    Parameters
    ----------
    path : Path
        A table with a row for each value (trial, neuron, time, value), for each spike (neuron,
        time), for each sample (time, then a column a cell), or for each trial; or a folder, such as
        one with spikes.csv, trials.csv and units.csv.
    trials : path or DataFrame, optional
        Table of trials; by default a file "trials.csv" (or .tsv, .parquet) in the folder.
    trial, neuron, time, value : str, optional
        Names of these columns, if they aren't among the usual.
    """
    files = _files(path) if path.is_dir() else [path]
    given = dict(zip(_ROLES, (trial, neuron, time, value), strict=True))
    notes: list[str] = []
    tables = [_read(file, given if len(files) == 1 else {}, notes) for file in files]
    if path.is_dir() and len(files) > 1 and any(given.values()):
        raise RefusedError("is a folder of several tables; name columns of one file at a time")
    found, more = _trials(path, trials, tables)
    session = _Parts(tables, found, path)
    return Session(
        path.name,
        path,
        trials=session.trials,
        units=session.units,
        traces=session.traces,
        tensors=session.tensors,
        notes=notes + more + session.notes,
    )


def _files(folder: Path) -> list[Path]:
    found = [each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES]
    found = [each for each in found if each.is_file() and not each.name.startswith(".")]
    if len(found) > _MOST_FILES:
        raise RefusedError(f"holds {len(found)} tables, more than {_MOST_FILES}; open one of them")
    return sorted(found)


def _tells(file: Path) -> bool:
    """Tell by its name, or by its first line, whether a table may be part of a recording."""
    import pandas

    if file.stem.lower() in _NAMES or file.suffix.lower() in PARQUET:
        return True
    try:
        names = dialect_of(file).columns
    except (ValueError, OSError):
        return False
    found = Columns.of(pandas.DataFrame(columns=list(names)), {})
    return found.time is not None and len(names) > 1


def _read(file: Path, given: dict[str, str | None], notes: list[str]) -> Table:
    table, more = read_table(file)
    notes += [f"{file.name}: {note}" for note in more]
    return Table.of(file.stem, table, given)


def _trials(path: Path, given: Any, tables: Sequence[Table]) -> tuple[DataFrame | None, list[str]]:
    """Return the table of trials, and what was assumed of it."""
    own = [each for each in tables if each.kind == Kind.TRIALS]
    own = sorted(own, key=lambda each: each.name != "trials")
    if given is not None:
        trials, notes = trials_beside(path if path.is_dir() else path.parent, given)
        return (trials() if callable(trials) else trials), notes
    if not own:
        return None, []
    others = ", ".join(each.name for each in own[1:])
    notes = [f"trials are those of {own[0].name}; left out: {others}"] if others else []
    return as_trials(own[0].data), notes


class _Parts:
    """The parts of a session that tables make together."""

    def __init__(self, tables: Sequence[Table], trials: DataFrame | None, path: Path) -> None:
        self.trials, self.units = trials, None
        self.traces: dict[str, Any] = {}
        self.tensors: dict[str, Any] = {}
        self.notes: list[str] = []
        about = next((by_id(each.data, "unit", (_plain_neuron(each),)) for each in tables
                      if each.kind == Kind.UNITS), None)  # fmt: skip
        for each in tables:
            if each.kind in (Kind.LONG, Kind.WIDE):
                long = each if each.kind == Kind.LONG else long_of_wide(each)
                self.tensors[each.name], more = tensor_of(long.data, long.columns, each.name)
                self.notes += more
            elif each.kind == Kind.TRACES:
                self.traces[each.name] = traces_of(each, str(path))
            elif each.kind == Kind.SPIKES and self.units is None:
                made = units_of_spikes(each, about, self.trials, str(path))
                self.units, self.trials = made.units, made.trials
                self.notes += made.notes
            elif each.kind in (Kind.SPIKES, Kind.UNKNOWN):
                self.notes.append(_left_out(each))
        if self.units is None and not self.traces and not self.tensors and self.trials is None:
            raise RefusedError("; ".join(_left_out(each) for each in tables))


def _plain_neuron(table: Table) -> str:
    from trialtensor.sessions.tables import plain

    return plain(table.columns.neuron)


def _left_out(table: Table) -> str:
    if table.kind == Kind.SPIKES:
        return f"{table.name} is left out: it is a second table of spikes"
    if table.kind == Kind.UNITS:
        return f"{table.name} is a table of units, and there are no spikes or signals beside it"
    shown = ", ".join(map(str, table.data.columns[:12])) or "nothing"
    return (
        f"{table.name} has the columns {shown}; expected trial, neuron, time and value; or neuron "
        "and time (spikes); or time and a column a cell (signals); or trial; name them with "
        "trial=, neuron=, time=, value="
    )
