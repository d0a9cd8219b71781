"""Tables in files, and what their columns mean: text and Parquet alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.opening.guard import RefusedError, reading, refuse_odd_files
from trialtensor.opening.memory import refuse_too_large, size
from trialtensor.sessions.text import SUFFIXES as TEXT
from trialtensor.sessions.text import read_text_table

if TYPE_CHECKING:
    from pandas import DataFrame

PARQUET = (".parquet", ".pqt", ".pq")
SUFFIXES = (*TEXT, *PARQUET)
_MAGIC = b"PAR1"
_FEW_ROWS, _ROWS_A_BYTE = 5_000_000, 50
_KIND = "a Parquet table"


def read_table(path: Path) -> tuple[DataFrame, list[str]]:
    """Read a table from text or Parquet.

    Parameters
    ----------
    path : Path

    Returns
    -------
    table : pandas.DataFrame
    notes : list of str
        What was assumed.

    Raises
    ------
    UnreadableError
        If it can't be read; the message names the file.
    """
    refuse_odd_files(path)
    if path.suffix.lower() in PARQUET or is_parquet(path):
        return read_parquet(path), []
    return read_text_table(path)


def read_parquet(path: Path) -> DataFrame:
    """Read a Parquet file with pyarrow, which is optional.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableError
        If it can't be read, is larger than memory, or pyarrow is missing.
    """
    refuse_odd_files(path)
    with reading(path, _KIND, _MAGIC):
        try:
            from pyarrow import parquet
        except ImportError:
            raise RefusedError(
                "needs pyarrow: pip install trialtensor[parquet]; or save it as CSV"
            ) from None
        with parquet.ParquetFile(path, memory_map=False) as file:
            about = file.metadata
            # Repeated values take no space in such a file, but do in memory.
            if about.num_rows > max(_FEW_ROWS, _ROWS_A_BYTE * path.stat().st_size):
                raise RefusedError(
                    f"declares {about.num_rows} rows, more than its {size(path.stat().st_size)} "
                    "can hold but for repeated values"
                )
            refuse_too_large(16 * about.num_rows * about.num_columns)
            table: DataFrame = file.read(use_threads=False).to_pandas()
    # Of a table with an index of its own, that is a column as well.
    named = any(name is not None for name in table.index.names)
    table = table.reset_index() if named else table
    table.columns = [str(name) for name in table.columns]
    return table


def is_parquet(path: Path) -> bool:
    """Tell a Parquet file by its first bytes.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as file:
        return file.read(4) == _MAGIC


def by_id(table: DataFrame, name: str, ids: tuple[str, ...]) -> DataFrame:
    """Return a table with its id as the index, if it has one that names each row once.

    Parameters
    ----------
    table : pandas.DataFrame
    name : str
        Of the index: "trial", "unit" or "cell".
    ids : tuple of str
        Columns that may be the id, the first that is there.
    """
    found = find_column(table, ids)
    if found is not None and table[found].notna().all() and table[found].is_unique:
        return table.set_index(found).rename_axis(index=name)
    return table.reset_index(drop=True).rename_axis(index=name)


def find_column(table: DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the column that is called as one of some names, in any case; None if none is.

    Parameters
    ----------
    table : pandas.DataFrame
    names : tuple of str
        In lower case, without `_` and spaces; the first that is there wins.
    """
    known = {plain(name): str(name) for name in reversed(list(table.columns))}
    return next((known[name] for name in names if name in known), None)


def plain(name: Any) -> str:
    """Return a name without case, spaces, units in brackets and marks.

    Examples
    --------
    >>> plain("Spike Time (s)"), plain("cluster_id")
    ('spiketime', 'clusterid')
    """
    return re.sub(r"[\W_]", "", re.sub(r"[\[(].*?[\])]", "", str(name))).lower()


def in_natural_order(labels: Any) -> list[Any]:
    """Return different labels sorted as people count: unit2 before unit10.

    Parameters
    ----------
    labels : pandas.Index or Series
    """
    from trialtensor.events.tables import natural_key

    found = labels.unique().tolist()
    return sorted(found) if labels.dtype.kind in "fiub" else sorted(found, key=natural_key)


def trials_beside(
    folder: Path, given: Any
) -> tuple[DataFrame | Callable[[], DataFrame] | None, list[str]]:
    """Find the table of trials of a format that has none.

    Parameters
    ----------
    folder : Path
    given : str, path, DataFrame or None
        What the user said: a file, possibly in the folder, or a table; None to look for a file
        called "trials" there.

    Returns
    -------
    trials : DataFrame, callable that reads it, or None
    notes : list of str

    Raises
    ------
    RefusedError
        If there is no such file.
    """
    if given is None:
        found = [folder / f"trials{suffix}" for suffix in SUFFIXES]
        path = next((each for each in found if each.is_file()), None)
        if path is None:
            return None, ["this format has no trials: give a table of them by trials= (a file)"]
        return _read_trials(path), [f"trials are those of {path.name}"]
    if hasattr(given, "columns"):
        from trialtensor.events.tables import as_table

        return as_table(given, "trial", "trials"), []
    if not isinstance(given, str | Path):
        raise RefusedError(f"trials: expected a file or a table, got {type(given).__name__}")
    path = next((each for each in (folder / given, Path(given)) if each.is_file()), None)
    if path is None:
        raise RefusedError(f"trials={str(given)!r}: there is no such file, here or in the folder")
    return _read_trials(path), [f"trials are those of {path}"]


def _read_trials(path: Path) -> DataFrame:
    return as_trials(read_table(path)[0])


def as_trials(table: DataFrame) -> DataFrame:
    """Return a table with one row a trial, with the id of trials as its index.

    Parameters
    ----------
    table : pandas.DataFrame
    """
    return by_id(table, "trial", ("trial", "trialid", "trialnumber", "trialno", "id"))
