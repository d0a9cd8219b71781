"""Readers of sessions, one module per format; to add a format, add a module here.

A reader is a module (or any object) with

- ``NAME``, the format in words for messages, such as "an NWB file";
- ``match(path) -> float``, how sure it is that it can read this file or folder: 0 not at all, 1
  without doubt, at most 0.3 for a suffix alone. It looks inside, because several formats share a
  suffix, but reads little;
- ``open(path, **options) -> Session``. Its keyword arguments are the options of `open_session`.

A reader never executes anything in a file, and needs no handling of errors: `open_session` makes
one ValueError with the name of the file of whatever it raises, and
`trialtensor.sessions.parts.later` does so for what is loaded later. What a reader refuses in words
of its own is a `trialtensor.opening.guard.RefusedError`. HDF5 goes through
`trialtensor.opening.hdf5.open_hdf5`.

Modules here are imported when a session is opened, so they import what is slow inside of functions.
Modules without ``match`` are no readers but help them. Other packages register theirs by an entry
point in the group ``trialtensor.readers``, which names the module.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from math import isfinite
from pathlib import Path
from typing import Any, Protocol, cast

from trialtensor.data.notices import warn
from trialtensor.sessions.session import Session

__all__ = ["GROUP", "SessionReader", "also_matching", "matching", "readers"]

GROUP = "trialtensor.readers"
_NEEDED = ("NAME", "match", "open")
# Of folders that hold several formats, those that say at least this.
_SURE = 0.8


class SessionReader(Protocol):
    """Interface of a reader."""

    NAME: str

    def match(self, path: Path) -> float: ...
    def open(self, path: Path, **options: Any) -> Session: ...


def readers() -> list[SessionReader]:
    """List the readers, those of other packages first."""
    return [*_of_other_packages(), *_own()]


def matching(path: Path) -> tuple[SessionReader | None, float]:
    """Return the reader that is most sure of a file or folder, and how sure it is.

    Parameters
    ----------
    path : Path
        Must exist.

    Returns
    -------
    reader, score
        None if all say 0.
    """
    scored = [(reader, _score(reader, path)) for reader in readers()]
    # Of several that are as sure, the first: another package may replace a reader of ours.
    reader, score = max(scored, key=lambda each: each[1])
    return (reader, score) if score > 0 else (None, 0.0)


def also_matching(path: Path, chosen: SessionReader) -> list[str]:
    """Name the other formats that a folder surely holds.

    Parameters
    ----------
    path : Path
    chosen : SessionReader
        The one that opens it.
    """
    others = [each for each in readers() if each is not chosen] if path.is_dir() else []
    return [reader.NAME for reader in others if _score(reader, path) >= _SURE]


def _score(reader: SessionReader, path: Path) -> float:
    try:
        score = float(reader.match(path))
    except Exception:
        return 0.0  # a reader that stumbles over a file doesn't know it
    return min(score, 1.0) if isfinite(score) else 0.0


def _own() -> Iterator[SessionReader]:
    for found in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{found.name}")
        if hasattr(module, "match"):
            yield cast(SessionReader, module)


def _of_other_packages() -> Iterator[SessionReader]:
    for point in entry_points(group=GROUP):
        try:
            yield _checked(point)
        except Exception as error:
            # Somebody else's package must not take ours down.
            warn(f"the reader {point.value!r} of another package can't be used: {error}")


def _checked(point: EntryPoint) -> SessionReader:
    reader = point.load()
    missing = [name for name in _NEEDED if not hasattr(reader, name)]
    if missing:
        raise ValueError(f"it has no {', '.join(missing)}")
    return cast(SessionReader, reader)
