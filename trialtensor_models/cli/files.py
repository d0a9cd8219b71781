"""Files that commands read and write: checked before the work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def check_outputs(*paths: Path | None) -> None:
    """Refuse places that can't be written to.

    Parameters
    ----------
    *paths : Path or None
        None is no output.

    Raises
    ------
    ValueError, OSError
        Saying why.
    """
    from trialtensor.storage import check_room, check_target

    for path in paths:
        if path is not None:
            check_target(path)
            check_room(path.parent)


def check_figure(path: Path | None) -> None:
    """Refuse a figure of a format that there isn't, or that can't be written.

    Parameters
    ----------
    path : Path or None
    """
    from trialtensor.storage import figure_format

    if path is not None:
        check_outputs(figure_format(path)[0])


def check_ending(path: Path, ending: str, option: str) -> None:
    """Refuse a name with another ending.

    Parameters
    ----------
    path : Path
    ending : str
    option : str
    """
    if path.suffix.lower() != ending:
        raise ValueError(f"{option}: expected a name that ends in {ending}, got {path.name!r}")


def write_json(path: Path, content: Any) -> None:
    """Write for programs.

    Parameters
    ----------
    path : Path
    content : anything that JSON can hold
    """
    from trialtensor.storage import write_whole

    write_whole(path, json.dumps(content, indent=1, allow_nan=True) + "\n")


def read_table(path: Path) -> Any:
    """Read a table from CSV, TSV or JSON (a list of rows, or columns by name).

    Parameters
    ----------
    path : Path

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it isn't such a table; names the file.
    """
    import pandas

    readers = {".csv": ",", ".tsv": "\t", ".json": None}
    kind = path.suffix.lower()
    if kind not in readers:
        raise ValueError(f"{path}: expected a table that ends in .csv, .tsv or .json")
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    try:
        if kind == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(content, list | Mapping) or not content:
                raise ValueError("expected a list of rows, or columns by name")
            table = pandas.DataFrame(content)
        else:
            table = pandas.read_csv(path, sep=readers[kind], skipinitialspace=True)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: is no table: {why}") from error
    return table
