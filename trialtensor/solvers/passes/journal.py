"""The results of passes, kept in a file, so that a fit that was stopped can go on.

Fits are repeatable bit for bit, so that what has been done needs no other record than what each
pass over the data returned: a second run of the same fit takes these from the file until it comes
to a pass that isn't there.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job
from trialtensor.storage.records import Records

_KIND = b"trialtensor passes 1\n"
_DIGEST = 16


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
        self._records = _open(self.path, about)
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
        self._records.close(remove=done)

    def _recall(self, name: bytes, compute: Any) -> tuple[np.ndarray, ...]:
        if self._place < len(self._records):
            content = self._records[self._place]
            if content[:_DIGEST] == name:
                self._place += 1
                return _unpack(content[_DIGEST:])
            # Another fit from here on.
            self._records.drop_from(self._place)
        results = compute()
        self._records.append(name + _pack(results))
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


def _open(path: Path, about: bytes) -> Records:
    try:
        return Records(path, _KIND, about)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ValueError(f"checkpoint: {path} can't be used ({why}); give another path") from error
    except ValueError as error:
        raise ValueError(
            f"checkpoint: {path} is {error}; give another path, or remove it to begin anew"
        ) from None


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
