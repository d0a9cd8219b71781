"""Opening what a lab has: the reader that knows it best, behind one guard."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from trialtensor.opening.guard import (
    UnreadableError,
    looks_like,
    printable,
    reading,
    refuse_odd_files,
)
from trialtensor.sessions.formats import SessionReader, also_matching, matching, readers
from trialtensor.sessions.session import Session

_LISTED = 8
# Entries of a folder that are tried, and how sure a reader has to be of one.
_LOOKED_AT, _SURE = 100, 0.5


def open_session(source: Any, **options: Any) -> Session:
    """Open what a lab has: an NWB or MATLAB file, a folder of a sorter, tables, or objects.

    What it is, is told from its content. Tables are read; spike times and samples when they are
    needed. Nothing in a file is executed.

    Parameters
    ----------
    source : str, path, or object
        A file, a folder, or objects in memory, such as a dict of spike times.
    **options
        What the reader of this format asks for, such as ``units="spikes"`` for a MATLAB file in
        which the name of the variable isn't clear. An error names those that there are.

    Returns
    -------
    Session
        Printing it says what there is, what was assumed and what was left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If no reader knows it, if it is damaged or declares more than it can hold, or if a choice
        has to be made; the message is one line that names the file.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, scipy.io
    >>> from trialtensor.sessions import open_session
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "session.mat"
    >>> spikes = np.empty((2, 1), dtype=object)
    >>> spikes[:, 0] = [np.array([0.1, 0.7, 2.2]), np.array([1.5])]
    >>> scipy.io.savemat(path, {"spikes": spikes, "trials": {"cue": np.array([0.5, 2.0])}})
    >>> with open_session(path) as session:
    ...     print(len(session.units), session.trials["cue"].tolist())
    2 [0.5, 2.0]
    """
    if not isinstance(source, str | os.PathLike):
        from trialtensor.sessions.objects import session_of

        if options:
            raise ValueError(f"options: objects in memory take none, got {sorted(options)}")
        return session_of(source)
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    refuse_odd_files(path)
    reader, _ = matching(path)
    if reader is None:
        raise UnreadableError(_unknown(path))
    _check_options(reader, path, options)
    with reading(path, reader.NAME):
        session = reader.open(path, **options)
    session.kind = session.kind or reader.NAME
    if others := also_matching(path, reader):
        session.notes.insert(
            0, f"the folder is also {' and '.join(others)}: opened as {reader.NAME}, the best match"
        )
    return session


def _check_options(reader: SessionReader, path: Path, options: dict[str, Any]) -> None:
    """Refuse options that the reader doesn't take."""
    parameters = list(inspect.signature(reader.open).parameters.values())
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return
    known = [each.name for each in parameters[1:]]
    for name in options:
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            raise ValueError(f"{path}: {reader.NAME} has no option {name!r}; it {takes}")


def _sessions_in(folder: Path) -> list[str]:
    """List what a folder holds that could be opened by itself."""
    entries = sorted(folder.iterdir())[:_LOOKED_AT]
    sure = (each.name for each in entries if _is_regular(each) and matching(each)[1] >= _SURE)
    return list(sure)


def _is_regular(path: Path) -> bool:
    return path.is_dir() or path.is_file()


def _unknown(path: Path) -> str:
    """Say that nobody knows this file or folder, what it is, and what would be known."""
    known = ", ".join(sorted({reader.NAME for reader in readers()}))
    shown = printable(str(path))
    if not path.is_dir():
        return f"{shown}: is {looks_like(path)}, which no reader knows; known are {known}"
    if sessions := _sessions_in(path):
        listed = printable(", ".join(sessions[:_LISTED])) + ", ..." * (len(sessions) > _LISTED)
        return f"{shown}: is a folder of sessions, open one of them: {listed}"
    names = sorted(each.name for each in path.iterdir())
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    held = printable(", ".join(names[:_LISTED])) or "nothing"
    return f"{shown}: is a folder that no reader knows ({held}{more}); known are {known}"
