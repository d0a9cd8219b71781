"""A file of records that are appended one by one, each whole or not there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_DIGEST = 16
# Length of a record, then its checksum.
_HEAD = 8 + _DIGEST


class Records:
    """Records in a file, which survive the end of the process at any moment.

    Parameters
    ----------
    path : path
        Made if it doesn't exist. A record that was cut off in its midst is dropped.
    kind : bytes
        Begins the file, and says what it is.
    about : bytes
        What the records are about: those about something else are refused.

    Raises
    ------
    ValueError
        If the file is of another kind, or about something else.
    OSError
        If it can't be opened.
    """

    def __init__(self, path: Path, kind: bytes, about: bytes) -> None:
        self.path = Path(path)
        start = kind + _checksum(about)
        self._file = _open(self.path, kind, start)
        self._places = list(_whole_ones(self._file, len(start)))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    def __getitem__(self, i: int) -> bytes:
        """Return one of them."""
        return _read(self._file, *self._places[i])

    def append(self, content: bytes) -> None:
        """Add one at the end.

        Parameters
        ----------
        content : bytes
        """
        self._file.seek(0, os.SEEK_END)
        self._file.write(len(content).to_bytes(8, "little") + _checksum(content))
        start = self._file.tell()
        self._file.write(content)
        self._file.flush()
        self._places.append((start, self._file.tell()))

    def drop_from(self, i: int) -> None:
        """Drop one of them and all after it.

        Parameters
        ----------
        i : int
        """
        self._file.truncate(self._places[i][0] - _HEAD)
        del self._places[i:]

    def close(self, *, remove: bool) -> None:
        """Close the file, and remove it if it isn't needed any more.

        Parameters
        ----------
        remove : bool
        """
        self._file.close()
        if remove:
            self.path.unlink(missing_ok=True)


def _open(path: Path, kind: bytes, start: bytes) -> BinaryIO:
    # Kept open for as long as records may come.
    if not path.exists():
        file = open(path, "xb+")  # noqa: SIM115
        file.write(start)
        file.flush()
        return file
    file = open(path, "rb+")  # noqa: SIM115
    head = file.read(len(start))
    if head == start:
        return file
    file.close()
    raise ValueError("of other data" if head.startswith(kind) else "no such file")


def _whole_ones(file: BinaryIO, at: int) -> Iterator[tuple[int, int]]:
    """Yield where whole records are, and drop what comes after the last of them."""
    end = file.seek(0, os.SEEK_END)
    while at + _HEAD <= end:
        head = _read(file, at, at + _HEAD)
        start, length = at + _HEAD, int.from_bytes(head[:8], "little")
        whole = start + length <= end
        if not whole or _checksum(_read(file, start, start + length)) != head[8:]:
            break
        yield start, start + length
        at = start + length
    file.truncate(at)


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
