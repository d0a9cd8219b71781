"""Results written to a file as they arrive, so that a killed search loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import joblib

from trialtensor.data.notices import warn
from trialtensor.selection.ledger_lines import header_line, read_lines, row_line, version
from trialtensor.storage import held, write_whole


def fingerprint(values: Any, observed: Any, settings: Any) -> str:
    """Hash a search: equal only for the same data and parameters, and the same version.

    Parameters
    ----------
    values, observed : arrays, or lists of them
    settings : parameters
    """
    return str(joblib.hash((values, observed, settings, version())))


class Ledger:
    """Rows by key, and the file that they are appended to.

    A file that can't be written for a while, because the disk is full, doesn't stop the search: its
    rows wait in memory, with a warning.

    Attributes
    ----------
    rows : dict
        Key -> row, a dict of plain values.
    """

    def __init__(self, rows: dict[str, dict[str, Any]], about: str = "", model: str = "") -> None:
        self.rows = rows
        self._about, self._model = about, model
        self._path: Path | None = None
        self._descriptor, self._end = -1, 0
        self._waiting: list[str] = []
        self._warned = False

    @classmethod
    @contextmanager
    def open(
        cls, path: str | os.PathLike[str] | None, about: str, model: str = ""
    ) -> Iterator[Ledger]:
        """Open a ledger, with the rows of an earlier run of the same search.

        Parameters
        ----------
        path : path or None
            One line of JSON a row; made if it isn't there. None keeps rows in memory only.
        about : str
            From ``fingerprint``.
        model : str
            Name of the class of the estimator.

        Raises
        ------
        ValueError
            If the file holds something else, a search of other data or parameters, of another
            version or class, or a line that the search did not write; or another process is
            writing it.
        """
        if path is None:
            yield cls({})
            return
        path = Path(path)
        if not path.parent.is_dir():
            raise ValueError(f"results: there is no folder {str(path.parent)!r} to write into")
        with held(path.with_name(f"{path.name}.lock"), f"results: {str(path)!r}"):
            rows, end = read_lines(path, about, model)
            ledger = cls(rows, about, model)
            ledger._open(path, end)
            try:
                yield ledger
            finally:
                ledger._close()

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Append a row, which is on disk when this returns, unless there was a warning."""
        self.rows[key] = row
        if self._path is not None:
            self._waiting.append(row_line(key, row, self._about))
            self._write_waiting()

    def _open(self, path: Path, end: int) -> None:
        """Open the file behind its last whole line; make it if there is none."""
        self._path = path
        if not end:
            write_whole(path, header_line(self._about, self._model))
            end = path.stat().st_size
        self._descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        os.ftruncate(self._descriptor, end)  # without a line that was cut short
        self._end = end

    def _write_waiting(self) -> None:
        content = "".join(self._waiting).encode("utf-8")
        try:
            if self._is_gone():
                self._write_anew()
            else:
                os.lseek(self._descriptor, self._end, os.SEEK_SET)
                written = 0
                while written < len(content):
                    written += os.write(self._descriptor, content[written:])
                os.fsync(self._descriptor)
                self._end += len(content)
        except OSError as error:
            self._cut()
            self._warn_of(f"{error.strerror or error}; what is found waits in memory")
            return
        self._waiting.clear()

    def _is_gone(self) -> bool:
        """Return whether the file was removed, perhaps with its folder."""
        assert self._path is not None
        try:
            return not os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError:
            return True

    def _write_anew(self) -> None:
        assert self._path is not None
        rows = (row_line(key, row, self._about) for key, row in self.rows.items())
        write_whole(self._path, header_line(self._about, self._model) + "".join(rows))
        os.close(self._descriptor)
        self._open(self._path, self._path.stat().st_size)

    def _cut(self) -> None:
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._end)

    def _close(self) -> None:
        if self._waiting:
            self._write_waiting()
        if self._waiting:
            self._warned = False
            self._warn_of(f"{len(self._waiting)} results could not be written")
        self._cut()
        os.close(self._descriptor)

    def _warn_of(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            warn(f"results: {str(self._path)!r}: {what}")
