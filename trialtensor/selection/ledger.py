"""Results written to a file as they arrive, so that a killed search loses nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import joblib

FORMAT = "trialtensor-search 1"


def fingerprint(values: Any, observed: Any, settings: Any) -> str:
    """Hash a search: equal only for the same data and parameters.

    Parameters
    ----------
    values, observed : arrays, or lists of them
    settings : parameters
    """
    return str(joblib.hash((values, observed, settings)))


class Ledger:
    """Rows by key, and the file that they are appended to.

    Attributes
    ----------
    rows : dict
        Key -> row, a dict of plain values.
    """

    def __init__(self, rows: dict[str, dict[str, Any]], file: IO[str] | None) -> None:
        self.rows = rows
        self._file = file

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str] | None, about: str) -> Iterator[Ledger]:
        """Open a ledger, with the rows of an earlier run of the same search.

        Parameters
        ----------
        path : path or None
            One line of JSON a row; made if it isn't there. None keeps rows in memory only.
        about : str
            From ``fingerprint``.

        Raises
        ------
        ValueError
            If the file holds something else, or a search of other data or parameters.
        """
        if path is None:
            yield cls({}, None)
            return
        rows = _read(Path(path), about)
        # Written anew, so that a line that was cut short is gone.
        temporary = Path(f"{os.fspath(path)}.part")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"format": FORMAT, "about": about}) + "\n")
            file.writelines(_line(key, row) for key, row in rows.items())
        os.replace(temporary, path)
        with open(path, "a", encoding="utf-8") as file:
            yield cls(rows, file)

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Append a row, which is on disk when this returns."""
        self.rows[key] = row
        if self._file is not None:
            self._file.write(_line(key, row))
            self._file.flush()
            os.fsync(self._file.fileno())


def _line(key: str, row: dict[str, Any]) -> str:
    return json.dumps({"key": key, **row}) + "\n"


def _read(path: Path, about: str) -> dict[str, dict[str, Any]]:
    if not path.parent.is_dir():
        raise ValueError(f"results: there is no folder {str(path.parent)!r} to write into")
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        header = json.loads(lines[0]) if lines else {"format": FORMAT, "about": about}
    except json.JSONDecodeError:
        header = {}
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"results: {str(path)!r} is no file of search results; name another one")
    if header["about"] != about:
        raise ValueError(
            f"results: {str(path)!r} is of a search of other data or with other parameters; name "
            "another file, or remove it"
        )
    rows = {}
    for line in lines[1:]:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # cut short when the search was killed
        rows[row.pop("key")] = row
    return rows
