"""The results of passes, kept in a file, so that a fit that was stopped can go on.

Fits are repeatable bit for bit, so that what has been done needs no other record than what each
pass over the data returned: a second run of the same fit takes these from the file until it comes
to a pass that isn't there.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job

_MAGIC = b"trialtensor passes 1\n"
_DIGEST = 16
# Length of a record, then its checksum.
_HEAD = 8 + _DIGEST


class JournalPasses(Passes):
    """Passes whose results are kept.

    Parameters
    ----------
    passes : ChunkedPasses or DaskPasses
    path : path
        Made if it doesn't exist. A record that was cut off in its midst is dropped, and so is
        everything after a pass that differs.
    about : bytes
        What the data is: a journal about other data is refused.

    Raises
    ------
    ValueError
        If the file is something else, or about other data.
    """

    def __init__(self, passes: Any, path: Path, about: bytes) -> None:
        self.passes, self.path = passes, Path(path)
        self.shape, self.dtype = passes.shape, passes.dtype
        self._file = _open(self.path, about)
        self._known = list(_records(self._file))
        self._place = 0

    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Return the results of a job, from the journal if it holds them.

        Parameters
        ----------
        job : Job
        """
        return self._recall(fingerprint(job), lambda: self.passes.run(job))

    def trials(self, part: slice) -> Block:
        """Return some trials; these aren't kept.

        Parameters
        ----------
        part : slice
        """
        return self.passes.trials(part)

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials."""
        name = fingerprint("gram of trials")
        return self._recall(name, lambda: (self.passes.gram_of_trials(),))[0]

    def without(self, kept: tuple[np.ndarray, np.ndarray, np.ndarray]) -> JournalPasses:
        """Go on without some slices, with the same journal.

        Parameters
        ----------
        kept : three bool arrays
            Which trials, neurons and times remain.
        """
        self.passes = self.passes.without(kept)
        self.shape = self.passes.shape
        self.__dict__.pop("extremes", None)
        return self

    def close(self, *, done: bool) -> None:
        """Close the file, and remove it if the fit is done.

        Parameters
        ----------
        done : bool
        """
        self._file.close()
        if done:
            self.path.unlink(missing_ok=True)

    def _recall(self, name: bytes, compute: Any) -> tuple[np.ndarray, ...]:
        if self._place < len(self._known):
            start, end = self._known[self._place]
            content = _read(self._file, start, end)
            if content[:_DIGEST] == name:
                self._place += 1
                return _unpack(content[_DIGEST:])
            # Another fit from here on.
            del self._known[self._place :]
            self._file.truncate(start - _HEAD)
        results = compute()
        self._file.seek(0, os.SEEK_END)
        content = name + _pack(results)
        self._file.write(len(content).to_bytes(8, "little") + _checksum(content))
        start = self._file.tell()
        self._file.write(content)
        self._file.flush()
        self._known.append((start, self._file.tell()))
        self._place += 1
        return results


def fingerprint(*things: Any) -> bytes:
    """Return a digest of jobs, arrays, numbers and text, and of objects made of these.

    Parameters
    ----------
    *things : objects
    """
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for each in things:
        for part in _parts(each):
            digest.update(part)
    return digest.digest()


def _parts(thing: Any) -> Iterator[bytes]:
    """Yield what an object consists of, as bytes."""
    yield type(thing).__qualname__.encode()
    if isinstance(thing, np.ndarray):
        yield f"{thing.dtype.str}{thing.shape}".encode()
        yield np.ascontiguousarray(thing).tobytes()
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from _parts(getattr(thing, each.name))
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _parts(key)
            yield from _parts(value)
    elif isinstance(thing, (list, tuple)):
        yield str(len(thing)).encode()
        for each in thing:
            yield from _parts(each)
    elif isinstance(thing, bytes):
        yield thing
    elif hasattr(thing, "__dict__"):
        yield from _parts(vars(thing))
    else:
        yield repr(thing).encode()


def _open(path: Path, about: bytes) -> BinaryIO:
    try:
        return _open_file(path, about)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ValueError(f"checkpoint: {path} can't be used ({why}); give another path") from error


def _open_file(path: Path, about: bytes) -> BinaryIO:
    if not path.exists():
        file = open(path, "xb+")  # noqa: SIM115 - kept open for as long as the fit runs
        file.write(_MAGIC + _checksum(about))
        file.flush()
        return file
    file = open(path, "rb+")  # noqa: SIM115
    head = file.read(len(_MAGIC) + _DIGEST)
    if head == _MAGIC + _checksum(about):
        return file
    file.close()
    what = "of other data" if head.startswith(_MAGIC) else "no such file"
    raise ValueError(f"checkpoint: {path} is {what}; give another path, or remove it to begin anew")


def _records(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield where whole records are, and drop what comes after the last of them."""
    end = file.seek(0, os.SEEK_END)
    at = len(_MAGIC) + _DIGEST
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


def _pack(results: tuple[np.ndarray, ...]) -> bytes:
    stream = io.BytesIO()
    for each in results:
        np.lib.format.write_array(stream, np.asarray(each), allow_pickle=False)
    return stream.getvalue()


def _unpack(content: bytes) -> tuple[np.ndarray, ...]:
    stream, found = io.BytesIO(content), []
    while stream.tell() < len(content):
        found.append(np.lib.format.read_array(stream, allow_pickle=False))
    return tuple(found)
