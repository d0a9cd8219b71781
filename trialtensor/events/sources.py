"""Errors about values that were read from a file name the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trialtensor.opening.guard import UnreadableError, printable


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Put the name of a source before the message of an error, unless it names a file already.

    Parameters
    ----------
    source : str
        A file or folder; empty for values in memory.

    Raises
    ------
    UnreadableError
        In place of any other ValueError.

    Examples
    --------
    >>> with naming("session.nwb"):
    ...     raise ValueError("spike times: 2 are infinite")
    Traceback (most recent call last):
    ...
    trialtensor.opening.guard.UnreadableError: session.nwb: spike times: 2 are infinite
    """
    try:
        yield
    except UnreadableError:
        raise
    except ValueError as error:
        if not source:
            raise
        raise UnreadableError(f"{printable(source)}: {error}") from error
