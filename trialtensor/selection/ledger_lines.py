"""Lines of a file of search results, each with a checksum; others are refused."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

_KIND = "trialtensor-search"
FORMAT = f"{_KIND} 2"
Rows = dict[str, dict[str, Any]]


def version() -> str:
    """Return the version of this package, which none of its parts may import."""
    return str(sys.modules[__name__.partition(".")[0]].__version__)


def header_line(about: str, model: str) -> str:
    """Return the first line: what the search is about.

    Parameters
    ----------
    about : str
        Hash of data, parameters, class and version.
    model : str
        Name of the class.
    """
    header = {"format": FORMAT, "about": about, "version": version(), "model": model}
    return json.dumps(header) + "\n"


def row_line(key: str, row: dict[str, Any], about: str) -> str:
    """Return the line of a row.

    Parameters
    ----------
    key : str
    row : dict of plain values
    about : str
        Of the search: no row of another one passes for its own.
    """
    named = {"key": key, **row}
    return json.dumps({**named, "check": _check(named, about)}) + "\n"


def read_lines(path: Path, about: str, model: str) -> tuple[Rows, int]:
    """Read the rows of an earlier run of the same search.

    Parameters
    ----------
    path : Path
    about, model : str
        As in the first line.

    Returns
    -------
    rows : dict
        Key -> row.
    end : int
        Bytes of whole lines; a last line that was cut short, when the search was killed, doesn't
        count. 0 without a file.

    Raises
    ------
    ValueError
        If the file holds something else, or a line that the search did not write.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"results: {str(path)!r} is not a file; name another one")
    content = path.read_bytes() if path.exists() else b""
    if not content:
        return {}, 0
    end = content.rfind(b"\n") + 1
    header, *lines = content[:end].split(b"\n")[:-1] if end else [content]
    _check_header(header, path, about, model)
    rows: Rows = {}
    for number, line in enumerate(lines, start=2):
        key, row = _parsed(line, about)
        if not row or key in rows:
            what = f"a second row {key!r}" if row else "not a line that this search has written"
            raise ValueError(
                f"results: {str(path)!r}, line {number}: {what}; remove the line and its fit is "
                "done again, or name another file"
            )
        rows[key] = row
    return rows, end


def _check_header(line: bytes, path: Path, about: str, model: str) -> None:
    header = _json(line)
    form = str(header.get("format"))
    if form.rpartition(" ")[0] != _KIND:
        raise ValueError(f"results: {str(path)!r} is no file of search results; name another one")
    written_by, class_ = header.get("version"), header.get("model")
    if form != FORMAT or written_by != version():
        by = "another version" if written_by is None else f"version {written_by}"
        why = f"was written by {by} of trialtensor, and this is {version()}"
    elif class_ != model:
        why = f"is of a search with {class_}, and this one is with {model}"
    elif header.get("about") != about:
        why = "is of a search of other data or with other parameters"
    else:
        return
    raise ValueError(f"results: {str(path)!r} {why}; write elsewhere, or remove it")


def _parsed(line: bytes, about: str) -> tuple[str, dict[str, Any]]:
    """Return key and row; no row for a line that was not written by this search."""
    row = _json(line)
    check = row.pop("check", None)
    if "key" not in row or check != _check(row, about):
        return "", {}
    return str(row.pop("key")), row


def _check(named: dict[str, Any], about: str) -> str:
    text = json.dumps([about, named], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _json(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
