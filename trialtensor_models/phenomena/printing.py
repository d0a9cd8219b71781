"""The table as text: for a terminal, and for a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor_models.phenomena.rows import Quantity, Row

WIDTH = 118
_ABOVE = ("", "", "two-", "un-", "non-re-", "network", "", "", "", "")
_HEADER = ("", "", "state", "trained", "current", "mean", "95 %", "accepted", "people", "holds")
_WIDTHS = (39, 9, 7, 8, 8, 8, 14, 13, 7, 6)
_KINDS = {False: "built in", True: "emergent"}
LEGEND = (
    "built in: follows from the calibrated rates, the wiring or what cortex was trained on; "
    "emergent: can fail. Intervals are over cortices. A + marks controls that pass, too; * what "
    "isn't required; 'all': every cortex has to, not only their mean; lost: activity grew without "
    "bound in some cortex."
)


def header() -> str:
    """First lines of the table."""
    return "\n".join((_line(_ABOVE), _line(_HEADER)))


def line(row: Row) -> str:
    """Format a row of the table.

    Parameters
    ----------
    row : Row

    Returns
    -------
    str
    """
    return _line(_cells(row))


def notes(rows: Iterable[Row]) -> list[str]:
    """What stands below the table: remarks, sources, and other theories where they differ.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    list of str
        Wrapped to the width of the table.
    """
    rows = list(rows)
    said = [LEGEND, *_remarks(rows), *_theories(rows), *_sources(rows), _summary(rows)]
    return [textwrap.fill(each, WIDTH, subsequent_indent="  ") for each in said]


def table(rows: Iterable[Row]) -> str:
    """Format the whole table, with its notes.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    str
    """
    rows = _checked(rows)
    return "\n".join([header(), *(line(row) for row in rows), "", *notes(rows)])


def markdown(rows: Iterable[Row]) -> str:
    """Format the table for a page.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    str
    """
    names = ("", "kind", "two-state", "untrained", "non-recurrent", "network", "95 %", "accepted",
             "people", "holds")  # fmt: skip
    lines = [names, ("---",) * len(names), *map(_cells, _checked(rows))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _checked(rows: Iterable[Row]) -> list[Row]:
    check_instance("rows", rows, Iterable, "an iterable of Row")
    found = list(rows)
    for each in found:
        check_instance("rows", each, Row, "an iterable of Row")
    return found


def _remarks(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.remark:
            yield f"{row.name}: {row.remark}."


def _theories(rows: list[Row]) -> Iterator[str]:
    """Only where theories disagree about what is asked, or where people and network differ."""
    for row in rows:
        low, high = row.accepted
        passes = {low <= value <= high for value in row.theories.values()}
        if row.asks and (len(passes) > 1 or not row.expected):
            values = ", ".join(f"{name} {shown(v)}" for name, v in row.theories.items())
            yield f"{row.name}, by theory: {values}."


def _sources(rows: list[Row]) -> Iterator[str]:
    sources: dict[str, list[str]] = {}
    for row in rows:
        if row.people is not None:
            sources.setdefault(row.people.source, []).append(row.name)
    for source, names in sources.items():
        yield f"people: {', '.join(names)}: {source}."


def _summary(rows: list[Row]) -> str:
    parts = []
    for emergent, kind in _KINDS.items():
        asked = [row for row in rows if row.emergent == emergent and row.asks]
        held = sum(bool(row.holds) for row in asked)
        parts.append(f"{held} of {len(asked)} {kind} rows hold" + _passed(asked))
    missed = [row.name for row in rows if row.expected and row.holds is False]
    said = "; ".join(parts) + "."
    return said + (f" Missed: {', '.join(missed)}." if missed else "")


def _passed(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.controls))
    counts = [
        f"{sum(row.passes(row.controls[name]) for row in rows if name in row.controls)} {name}"
        for name in names
    ]
    return f" ({', '.join(counts)})" if counts else ""


def _cells(row: Row) -> tuple[str, ...]:
    low, high = row.network.interval
    verdict = {True: "yes", False: "no", None: "–"}[row.holds]
    return (
        row.name,
        _KINDS[row.emergent],
        shown(row.theories.get("two-state")),
        _control(row, "untrained"),
        _control(row, "non-recurrent"),
        _measured(row.network),
        "–" if np.isnan(low) else f"{shown(low)}, {shown(high)}",
        _range(row),
        row.people.shown if row.people else "–",
        verdict + ("" if row.expected else " *"),
    )


def _control(row: Row, name: str) -> str:
    found: Quantity | None = row.controls.get(name)
    if found is None:
        return "–"
    return _measured(found) + ("+" if row.asks and row.passes(found) else "")


def _measured(quantity: Quantity) -> str:
    """Say that activity grew without bound, where it did in any cortex."""
    return "lost" if np.isnan(quantity.mean) else shown(quantity.mean)


def _line(cells: Iterable[str]) -> str:
    first, *others = cells
    padded = (cell.rjust(width) for cell, width in zip(others, _WIDTHS[1:], strict=True))
    return (first.ljust(_WIDTHS[0]) + "".join(padded)).rstrip()


def shown(value: float | None) -> str:
    """Format a number: three figures where there is room, a dash for none."""
    if value is None or np.isnan(value):
        return "–"
    size = abs(value)
    text = f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
    return "0.00" if text == "-0.00" else text


def _range(row: Row) -> str:
    low, high = row.accepted
    every = " all" if row.every else ""
    if np.isinf(low):
        return "–" if np.isinf(high) else f"< {high:g}{every}"
    if np.isinf(high):
        return f"> {low:g}{every}"
    return f"{low:g}, {high:g}{every}"
