"""Tables in text as Excel, R, pandas and sorters write them: what separates, what is decimal."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.opening.guard import RefusedError, reading, refuse_odd_files
from trialtensor.opening.memory import refuse_too_large

if TYPE_CHECKING:
    from pandas import DataFrame

KIND = "a table of text"
SUFFIXES = (".csv", ".tsv", ".txt", ".tab")
_HEAD = 2**16
_DELIMITERS = ("\t", ";", ",", "|")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+|[-+]?\d{1,3}(\.\d{3})+,\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(\.\d{3})+,\d+")
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
# A table takes up to this many times its size as text.
_GROWS = 10
_MOST_COLUMNS = 50_000


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes
    ----------
    encoding, delimiter, decimal : str
    thousands : str or None
    skip : int
        Lines before the names of columns.
    columns : tuple of str
    notes : tuple of str
        What isn't as usual.
    """

    encoding: str
    delimiter: str
    decimal: str
    thousands: str | None
    skip: int
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_text_table(path: Path) -> tuple[DataFrame, list[str]]:
    """Read a table from text: CSV, TSV, and CSV as Excel writes it in any language.

    Parameters
    ----------
    path : Path

    Returns
    -------
    table : pandas.DataFrame
    notes : list of str
        What was assumed about how it is written, if it isn't as usual.

    Raises
    ------
    UnreadableError
        If it is no such table; the message names the file.
    """
    import pandas

    refuse_odd_files(path)
    with reading(path, KIND):
        refuse_too_large(_GROWS * path.stat().st_size)
        dialect = dialect_of(path)
        table = pandas.read_csv(
            path,
            sep=dialect.delimiter,
            decimal=dialect.decimal,
            thousands=dialect.thousands,
            skiprows=dialect.skip,
            encoding=dialect.encoding,
            encoding_errors="replace",
            skipinitialspace=True,
            low_memory=False,
            float_precision="round_trip",  # the default of pandas 2 can be off in the last digit
        )
    table.columns = [str(name).strip() for name in table.columns]
    first = table.columns[0]
    numbered = first.startswith("Unnamed: 0") and (table[first] == range(len(table))).all()
    # The index that pandas writes beside a table says nothing.
    return (table.drop(columns=first) if numbered else table), list(dialect.notes)


def dialect_of(path: Path) -> Dialect:
    """Find out how a table is written, from its beginning.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RefusedError
        If this is no text, or has no names of columns.
    """
    with path.open("rb") as file:
        start = file.read(_HEAD)
    encoding, lines = _decoded(start)
    skip = next((k for k, line in enumerate(lines) if line.strip()), 0)
    told = re.fullmatch(r"\W?sep=(.)\"?", lines[skip].strip()) if lines else None
    if told:  # Excel's own line about what separates
        skip += 1
    if len(lines) <= skip:
        raise RefusedError("holds no names of columns")
    delimiter = told.group(1) if told else _delimiter(lines[skip])
    rows = list(csv.reader(io.StringIO("\n".join(lines[skip:])), delimiter=delimiter))
    columns, body = rows[0], rows[1:]
    _check_columns(columns)
    commas = delimiter != "," and _any_cell(body, _DECIMAL_COMMA)
    decimal = "," if commas else "."
    thousands = "." if commas and _any_cell(body, _THOUSANDS) else None
    notes = [f"numbers have decimal commas, columns are separated by {delimiter!r}"] * commas
    if encoding == "cp1252":
        notes.append("the text isn't UTF-8 and was read as Windows-1252")
    columns = [name.strip() for name in columns]
    return Dialect(encoding, delimiter, decimal, thousands, skip, tuple(columns), tuple(notes))


def _decoded(start: bytes) -> tuple[str, list[str]]:
    """Return the encoding of a text and its first lines, without one that is cut off."""
    if not start:
        raise RefusedError("is empty")
    encoding = _encoding(start)
    text = start.decode(encoding, "replace")
    if "\0" in text:
        raise RefusedError("is no table of text: it holds bytes that are none")
    lines = text.splitlines()
    return encoding, lines[:-1] if len(start) == _HEAD and len(lines) > 1 else lines


def _check_columns(columns: list[str]) -> None:
    if len(columns) > _MOST_COLUMNS:
        raise RefusedError(f"has {len(columns)} columns, more than {_MOST_COLUMNS}")
    named = [name.strip() for name in columns if name.strip()]
    if named and all(_NUMBER.fullmatch(name) for name in named):
        raise RefusedError(
            "begins with numbers, expected a line with the names of columns, such as "
            "trial,neuron,time,value"
        )


def _encoding(start: bytes) -> str:
    """Tell the encoding from marks at the start, from zeros, and from what decodes."""
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    odd, even = start[1::2].count(0), start[::2].count(0)
    if max(odd, even) > len(start) // 4 > 0 == min(odd, even):
        return "utf-16-le" if odd else "utf-16-be"
    for cut in range(4):  # the last character may go on
        try:
            start[: len(start) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "utf-8"
    return "cp1252"


def _delimiter(header: str) -> str:
    """Find what separates the names of columns; commas within numbers come only later."""
    bare = re.sub(r'"[^"]*"', "", header)
    counts = {each: bare.count(each) for each in _DELIMITERS}
    best = max(counts, key=lambda each: counts[each])
    if counts[best]:
        return best
    try:
        return csv.Sniffer().sniff(header, delimiters=" :").delimiter
    except csv.Error:
        return ","  # one column


def _any_cell(rows: list[list[str]], pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(cell.strip()) for row in rows for cell in row)
