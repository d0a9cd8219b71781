"""Tables of units, cells and trials: one row each, with an index that names them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas

from trialtensor.data.in_notebooks import summary_html

_SHOWN = 8  # columns that a repr names, and rows of a table in HTML


def as_table(table: Any, name: str, argument: str, n: int | None = None) -> pandas.DataFrame:
    """Return a table of one row each, with a named index; nothing given is modified.

    Parameters
    ----------
    table : pandas.DataFrame, dict of columns, or None
        None is a table without columns.
    name : str
        Of the index: "unit", "cell" or "trial".
    argument : str
        Name for error messages.
    n : int, optional
        Rows that there must be.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If it isn't a table, has another number of rows, or an index of several levels.

    Examples
    --------
    >>> as_table({"region": ["M1", "V1"]}, "unit", "table").index.name
    'unit'
    """
    if table is None:
        table = pandas.DataFrame(index=pandas.RangeIndex(n or 0))
    if not isinstance(table, pandas.DataFrame):
        try:
            table = pandas.DataFrame(table)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{argument}: expected a table (pandas.DataFrame) with one row a {name}, got "
                f"{type(table).__name__} ({error})"
            ) from None
    if table.index.nlevels > 1:
        raise ValueError(
            f"{argument}: its index has {table.index.nlevels} levels, expected one that names each "
            f"{name}; use table.reset_index()"
        )
    if n is not None and len(table) != n:
        raise ValueError(f"{argument}: expected one row for each of {n} {name}s, got {len(table)}")
    named = table.rename_axis(index=name)
    named.columns = [str(column) for column in table.columns]
    return named


def columns_text(table: pandas.DataFrame) -> str:
    """Name the columns of a table, the first of them if there are many.

    Parameters
    ----------
    table : pandas.DataFrame

    Examples
    --------
    >>> columns_text(pandas.DataFrame({"region": [], "depth": []}))
    'columns region, depth'
    """
    names = list(map(str, table.columns))
    if not names:
        return "no columns"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"column{'s' * (len(names) > 1)} {', '.join(names[:_SHOWN])}{more}"


def table_html(title: str, table: pandas.DataFrame) -> str:
    """Return a line and the first rows of a table as HTML.

    Parameters
    ----------
    title : str
    table : pandas.DataFrame
    """
    tables = {"first rows": table} if table.size else {}
    return summary_html(title, {}, tables=tables, max_rows=_SHOWN)


def count(n: int, what: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> count(1, "unit"), count(1200, "unit")
    ('1 unit', '1,200 units')
    """
    return f"{n:,} {what}{'s' * (n != 1)}"


def natural_key(label: Any) -> tuple[Any, ...]:
    """Return a key that sorts the numbers in names as numbers.

    Parameters
    ----------
    label : object

    Examples
    --------
    >>> sorted(["unit10", "unit2", "unit1"], key=natural_key)
    ['unit1', 'unit2', 'unit10']
    """
    parts = re.split(r"(\d+)", str(label))
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def chosen_rows(chosen: Any, n: int, argument: str) -> np.ndarray:
    """Return positions of rows from a mask or from positions.

    Parameters
    ----------
    chosen : bool array of shape (n,), or int array
    n : int
        Rows that there are.
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If a mask has another length, or positions are out of range.
    """
    rows = np.asarray(chosen)
    if rows.dtype == bool:
        if rows.shape != (n,):
            raise ValueError(f"{argument}: expected a mask of shape ({n},), got {rows.shape}")
        return np.flatnonzero(rows)
    if rows.size == 0:
        return np.zeros(0, np.int64)
    if rows.dtype.kind not in "iu" or rows.ndim != 1 or rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"{argument}: expected positions from 0 to {n - 1}, got {chosen!r}")
    return rows.astype(np.int64)
