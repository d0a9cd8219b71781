"""Parts of a session that are read when they are asked for, each behind the guard of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Generic, TypeVar

from trialtensor.opening.guard import reading

Part = TypeVar("Part")


def later(path: Path, kind: str, load: Callable[[], Part]) -> Callable[[], Part]:
    """Return a function that loads something of a file, and whose every error names the file.

    For what a reader hands out to be loaded later, such as spike times.

    Parameters
    ----------
    path : Path
    kind : str
        Format for messages, `NAME` of the reader.
    load : callable
        Opens the file, reads, and closes it again.
    """

    @wraps(load)
    def loaded() -> Part:
        with reading(path, kind):
            return load()

    return loaded


class Parts(Mapping[str, Part], Generic[Part]):
    """A dict of parts by name, each read when it is first asked for.

    Parameters
    ----------
    given : mapping
        Name -> part, or function without arguments that reads it.
    source : str
        Of parts that don't say where they come from.
    """

    def __init__(
        self, given: Mapping[str, Part | Callable[[], Part]] | None = None, source: str = ""
    ) -> None:
        self._given, self._source = dict(given or {}), source
        self._read: dict[str, Part] = {}

    def __getitem__(self, name: str) -> Part:
        if name not in self._given:
            known = ", ".join(map(repr, self._given)) or "nothing"
            raise KeyError(f"there is no {name!r}, but {known}")
        if name not in self._read:
            self._read[name] = read_part(self._given[name], self._source)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        return f"<{', '.join(self) or 'nothing'}>"


def read_part(part: Part | Callable[[], Part], source: str = "") -> Part:
    """Return a part, reading it if it is a function that reads it.

    Parameters
    ----------
    part : object or callable without arguments
    source : str
        For units and traces, whose errors name it, if they don't say theirs.
    """
    # Tables, units and traces can't be called.
    found = part() if callable(part) else part
    if getattr(found, "source", None) == "":
        found.source = source  # type: ignore[attr-defined]
    return found
