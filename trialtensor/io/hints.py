"""Where a file of events is taken for one of tensors: what it is, and the call that opens it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from trialtensor.opening.guard import printable

# A reader that is less sure than this says nothing more than the suffix does.
_SURE = 0.3
# In the message of a reader that asks which variable is meant.
_CHOICE = "choose by"


def session_hint(path: Path) -> str:
    """Name what a file or folder is and `trialtensor.open_session`, if that can open it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        Words to put behind an error message.
    """
    from trialtensor.sessions import open_session
    from trialtensor.sessions.formats import matching, tensors

    with suppress(Exception):
        found, score = matching(path)
        reader: Any = found  # a module is a reader, too
        if reader is None or reader is tensors or score < _SURE:
            return ""
        try:
            open_session(path).close()
        except ValueError as error:
            if _CHOICE not in str(error):
                return ""
        call = printable(f"trialtensor.open_session({str(path)!r})")
        return f"; it is {reader.NAME}: open it with {call}"
    return ""


def refuse_sessions(path: Path) -> None:
    """Refuse a file of events whose arrays with three axes aren't trials × neurons × times.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ValueError
        For NWB, whatever its suffix.
    """
    from trialtensor.sessions.formats import nwb

    known = False
    with suppress(Exception):
        known = nwb.match(path) == 1
    if known:
        raise ValueError(f"{path}: holds events and signals{session_hint(path)}")
