"""Tables of structs, of arrays of structs, and of vectors of one length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from trialtensor.variables.matlab_values import (
    Cells,
    Numbers,
    Struct,
    Text,
    Value,
    is_vector,
    length,
    vector,
)

# Numbers of an entry that is a list, such as the licks of a trial.
_MOST = 100_000


def column(value: Value, n: int) -> np.ndarray | None:
    """Return a value as a column of `n` entries; None if it can't be one.

    Parameters
    ----------
    value : Value
    n : int
    """
    if length(value) != n:
        return None
    if isinstance(value, Text):
        return np.array(value.rows, dtype=str)
    if isinstance(value, Numbers):
        return value.read().reshape(-1)
    return entries(value.cells.reshape(-1, order="F")) if isinstance(value, Cells) else None


def entries(values: Iterable[Value]) -> np.ndarray | None:
    """Return values as a column: numbers, text, or lists of numbers; None for anything else.

    An empty value is missing.

    Parameters
    ----------
    values : iterable of Value
    """
    found = [_entry(value) for value in values]
    if any(entry is NotImplemented for entry in found):
        return None
    if any(isinstance(entry, np.ndarray) for entry in found):
        lists = np.empty(len(found), dtype=object)
        for place, entry in enumerate(found):
            lists[place] = np.zeros(0) if entry is None else np.atleast_1d(np.asarray(entry))
        return lists
    if all(isinstance(entry, str) or entry is None for entry in found) and any(
        isinstance(entry, str) for entry in found
    ):
        return np.array(["" if entry is None else entry for entry in found], dtype=str)
    if any(isinstance(entry, str) for entry in found):
        return None
    if all(isinstance(entry, bool) for entry in found):
        return np.array(found, dtype=bool)
    if all(isinstance(entry, int) for entry in found):
        return np.array(found, dtype=np.int64)
    return np.array([np.nan if entry is None else float(entry) for entry in found])


def columns_of(struct: Struct) -> tuple[int, dict[str, np.ndarray]]:
    """Return the columns of a struct, and their length.

    Fields of a single struct are columns if they have the length that most of them have, at least
    two; of an array of structs each element is a row.

    Parameters
    ----------
    struct : Struct

    Returns
    -------
    n, columns
        0 if there are none.
    """
    if not struct.is_one:
        rows = {
            name: entries(cells.reshape(-1, order="F")) for name, cells in struct.fields.items()
        }
        n = int(np.prod(struct.shape))
        return n, {name: values for name, values in rows.items() if values is not None}
    n = row_count(struct)
    found = {name: column(struct.field(name), n) for name in struct.fields} if n else {}
    return n, {name: values for name, values in found.items() if values is not None}


def row_count(struct: Struct) -> int:
    """Return how many rows a struct has as a table; 0 if it is none.

    Parameters
    ----------
    struct : Struct
    """
    if not struct.is_one:
        return int(np.prod(struct.shape))
    lengths = [length(struct.field(name)) for name in struct.fields]
    known = Counter(n for n in lengths if n is not None and n > 1)
    return known.most_common(1)[0][0] if known else 0


def _entry(value: Value) -> Any:
    """Return one cell of a column; None if it is empty, NotImplemented if it can't be one."""
    if isinstance(value, Text):
        return value.rows[0] if len(value.rows) == 1 else (NotImplemented if value.rows else None)
    if not is_vector(value) or not isinstance(value, Numbers):
        return NotImplemented
    size = int(np.prod(value.shape))
    if not size:
        return None
    if size > _MOST:
        return NotImplemented
    numbers = vector(value)
    return numbers[0].item() if size == 1 else numbers
