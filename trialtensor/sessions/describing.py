"""What a session holds, in words and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.in_notebooks import summary_html
from trialtensor.opening.guard import printable

if TYPE_CHECKING:
    from pandas import DataFrame

# Columns, tables and notes that are shown of each kind, and rows of a table in HTML.
_COLUMNS, _TABLES, _NOTES, _ROWS = 12, 12, 30, 5
_INDENT = 13
# Columns of few different words are those that rows are chosen by.
_WORDS, _LETTERS, _CHOICES = 8, 24, 6
# Share of trials in which the time of an event has to be within the trial, or later than before.
_MOST = 0.95
_BOUNDS = ("start_time", "stop_time")
# Columns that are times whatever is in them.
_TIMES = (*_BOUNDS, "timestamp", "zero_time")


def event_columns(trials: DataFrame | None) -> list[str]:
    """List the columns of a table of trials that look like times of events, in seconds.

    Those are numbers that lie within their trials, where the table says when trials start and
    stop, and else numbers that grow from trial to trial by more than a count does. Others can be
    aligned to as well; this is what is offered.

    Parameters
    ----------
    trials : DataFrame or None

    Examples
    --------
    >>> import pandas
    >>> event_columns(pandas.DataFrame({"cue": [0.5, 1.7, None], "contrast": [0.5, 0.1, 0.2]}))
    ['cue']
    """
    if trials is None or trials.empty:
        return []
    return [str(name) for name, column in trials.items() if _looks_like_times(column, trials)]


def as_text(session: Any) -> str:
    """Say what there is, in lines for a terminal.

    Parameters
    ----------
    session : Session
    """
    lines = [_title(session)]
    for heading, entries in _sections(session):
        shown = [printable(entry) for entry in entries]
        lines += [f"  {heading:<{_INDENT - 2}}{shown[0]}"]
        lines += [" " * _INDENT + entry for entry in shown[1:]]
    return "\n".join(lines)


def as_html(session: Any) -> str:
    """Say what there is, with the first rows of the tables; everything from the file is escaped.

    Parameters
    ----------
    session : Session
    """
    facts = {
        heading: [printable(entry) for entry in entries] for heading, entries in _sections(session)
    }
    tables = {"trials": session.trials, "units": _table(session.units)}
    shown = {
        f"first {name}": table.iloc[:_ROWS, :_COLUMNS]
        for name, table in tables.items()
        if table is not None and len(table)
    }
    return summary_html(_title(session), facts, tables=shown)


def columns_of(table: DataFrame) -> str:
    """Name the columns of a table in a line of bounded length.

    Parameters
    ----------
    table : DataFrame
    """
    names = [str(name) for name in table.columns]
    more = f" and {len(names) - _COLUMNS} more" if len(names) > _COLUMNS else ""
    return (", ".join(names[:_COLUMNS]) or "no columns") + more


def choices_of(table: DataFrame) -> dict[str, list[str]]:
    """Return the different values of columns of text that have a few, which rows are chosen by.

    Parameters
    ----------
    table : DataFrame

    Examples
    --------
    >>> import pandas
    >>> choices_of(pandas.DataFrame({"quality": ["good", "mua", "good"], "depth": [3, 1, 2]}))
    {'quality': ['good', 'mua']}
    """
    found = {}
    for name, column in table.items():
        if column.dtype.kind in "biufcmM":
            continue
        known = column.dropna()
        if not known.map(lambda each: isinstance(each, str)).all():
            continue
        words = sorted(map(str, known.unique()))
        if 1 < len(words) <= _WORDS and max(map(len, words)) <= _LETTERS:
            found[str(name)] = words
    return found


def _choosing(table: DataFrame) -> list[str]:
    """Say, in at most one line, by which words rows can be chosen."""
    found = list(choices_of(table).items())[:_CHOICES]
    shown = "; ".join(f"{name}: {', '.join(words)}" for name, words in found)
    return [f"choose by {shown}"] if found else []


def _title(session: Any) -> str:
    kind = f" ({session.kind})" if session.kind else ""
    return printable(f"Session {session.name}{kind}")


def _sections(session: Any) -> Iterator[tuple[str, list[str]]]:
    """Give a heading and its lines for every kind of thing that there is."""
    if session.trials is not None:
        events = event_columns(session.trials)
        line = f"align to {', '.join(events[:_COLUMNS])}" if events else "no times of events"
        yield "trials", [_sized(session.trials), line, *_choosing(session.trials)]
    if session.units is not None:
        yield "units", [_sized(session.units.table), *_choosing(session.units.table)]
    if session.traces:
        yield "traces", _named(session.traces, _of_traces)
    for heading, tables in (("events", session.events), ("intervals", session.intervals)):
        if tables:
            yield heading, _named(tables, _sized)
    if session.tensors:
        yield "tensors", _named(session.tensors, _shape)
    if session.notes:
        more = len(session.notes) - _NOTES
        yield "notes", session.notes[:_NOTES] + ([f"and {more} more"] if more > 0 else [])
    if not (session.holds_events or session.tensors or session.trials is not None):
        yield "nothing", ["neither trials, units, traces nor tensors"]


def _named(things: Mapping[str, Any], words: Any) -> list[str]:
    shown = [f"{name}: {words(things[name])}" for name in list(things)[:_TABLES]]
    more = len(things) - _TABLES
    return shown + ([f"and {more} more"] if more > 0 else [])


def _sized(table: DataFrame) -> str:
    return f"{len(table)}: {columns_of(table)}"


def _of_traces(traces: Any) -> str:
    rate, unit = getattr(traces, "rate", None), getattr(traces, "unit", None)
    sampled = f", {rate:g} Hz" if rate else ""
    return f"{_sized(traces.table)}{sampled}{f', in {unit}' if unit else ''}"


def _shape(tensor: Any) -> str:
    return " × ".join(map(str, getattr(tensor, "shape", tensor)))


def _table(units: Any) -> DataFrame | None:
    return None if units is None else units.table


def _looks_like_times(column: Any, trials: DataFrame) -> bool:
    if column.dtype.kind not in "fiu":
        return False
    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(values)
    if not known.any():
        return False
    if column.name in _TIMES:
        return True
    if all(name in trials and trials[name].dtype.kind in "fiu" for name in _BOUNDS):
        start, stop = (trials[name].to_numpy(dtype=float)[known] for name in _BOUNDS)
        within = (values[known] >= start) & (values[known] <= stop)
        return bool(within.mean() >= _MOST)
    found = values[known]
    steps = np.diff(found)
    # Numbers of trials grow as well, by one.
    counts = bool((found % 1 == 0).all() and (steps == 1).all())
    return len(steps) > 0 and bool((steps > 0).mean() >= _MOST) and not counts
