"""Data that is read from a file, a few trials at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from time import sleep
from typing import Any, Protocol

import numpy as np

from trialtensor.solvers.passes.base import Passes, restricted
from trialtensor.solvers.passes.block import Block, Job, Joining, as_block
from trialtensor.solvers.passes.jobs import Correlate
from trialtensor.solvers.passes.reading import Unchanged, reading_bar

# Bytes of a block, as floating-point numbers. Larger ones are read no faster.
BLOCK_BYTES = 64_000_000
_BEFORE_ANOTHER_TRY = 0.2
# Blocks that are held while they meet all others.
_MEETING = 2


class Source(Protocol):
    """What blocks of trials are read from: a NumPy memmap, an HDF5 or Zarr dataset, and so on."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_trials, n_neurons, n_times)."""

    @property
    def dtype(self) -> Any:
        """Type of its numbers."""

    def __getitem__(self, index: Any) -> Any:
        """Return some of it, as something that `numpy.asarray` takes."""


class ChunkedPasses(Passes):
    """A source that is read block by block, the next one by a thread while this one is worked on.

    Parameters
    ----------
    source : Source
    dtype : numpy.dtype
        float32 or float64, of what is computed with: integers and float16 are converted block by
        block.
    has_missing : bool
        Whether some entries are NaN, and so missing.
    kept : three bool arrays, optional
        Trials, neurons and times to leave the others out.
    block_bytes : int
        Bytes of a block.
    step : int
        Number of trials of which a block must have a multiple, for sources that are stored in
        chunks of several trials.
    path : path, optional
        The file, which must not change while it is read.
    progress : bool
        Show how far each pass is.
    whole_trials : bool
        Whether reading a part of each trial takes as long as reading all of it.
    """

    def __init__(
        self,
        source: Source,
        dtype: np.dtype,
        *,
        has_missing: bool = False,
        kept: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
        block_bytes: int = BLOCK_BYTES,
        step: int = 1,
        path: Path | None = None,
        progress: bool = False,
        whole_trials: bool = False,
    ) -> None:
        self.source, self.dtype, self.has_missing = source, np.dtype(dtype), has_missing
        self.block_bytes, self.step, self.progress = block_bytes, step, progress
        self.unchanged, self.whole_trials = Unchanged(path), whole_trials
        self.rows, self.kept = _choose(source.shape, kept)
        n_trials, n_neurons, n_times = (
            n if keep is None else int(keep.sum())
            for n, keep in zip(source.shape, (kept or (None,) * 3), strict=True)
        )
        self.shape = n_trials, n_neurons, n_times
        self.n_reads = 0

    def parts(self, per_trial: int | None = None) -> list[slice]:
        """Return the blocks of trials.

        Parameters
        ----------
        per_trial : int, optional
            Bytes of a trial.
        """
        each = per_trial or self.dtype.itemsize * int(np.prod(self.source.shape[1:]))
        n = max(1, self.block_bytes // max(1, each))
        n = max(self.step, n // self.step * self.step)
        return [slice(i, min(i + n, self.shape[0])) for i in range(0, self.shape[0], n)]

    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Do a job on all blocks and join the results.

        Parameters
        ----------
        job : Job
        """
        self._begin_read()
        total = int(np.prod(self.source.shape)) * np.dtype(self.source.dtype).itemsize
        with reading_bar(total, self.n_reads, shown=self.progress) as bar:
            joining = Joining(job.joins)
            for block, n_bytes in self._blocks():
                joining.add(job(block))
                bar.update(n_bytes)
        return tuple(map(np.asarray, joining.result()))

    def trials(self, part: slice) -> Block:
        """Read some trials.

        Parameters
        ----------
        part : slice
        """
        part = slice(*part.indices(self.shape[0]))
        return self._trials(part)[0]

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials, reading all trials of a few neurons at a time."""
        if self.whole_trials:
            return self._gram_of_whole_trials()
        self._begin_read()
        n_trials, n_neurons, n_times = self.source.shape
        per_neuron = self.dtype.itemsize * n_trials * n_times
        n = max(1, self.block_bytes // per_neuron)
        whole = slice(0, self.shape[0])
        joining = Joining(("sum",))
        for part in (slice(i, i + n) for i in range(0, n_neurons, n)):
            raw = self._read((slice(None), part), f"neurons {part.start} to {part.stop}")
            raw = raw if self.rows is None else raw[self.rows]
            keep = None if self.kept[0] is None else self.kept[0][part]
            values = restricted(self._as_block(whole, raw), (keep, self.kept[1])).values
            flat = values.reshape(len(values), -1)
            joining.add(((flat @ flat.T).astype(np.float64, copy=False),))
        return np.asarray(joining.result()[0])

    def _gram_of_whole_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials, by a pass for every few blocks, which meet all."""
        gram, parts = np.empty((len(self), len(self))), self.parts()
        for i in range(0, len(parts), _MEETING):
            some = parts[i : i + _MEETING]
            met = np.concatenate([self[part] for part in some])
            gram[:, some[0].start : some[-1].stop] = self.run(Correlate(0, met))[0]
        return gram

    def without(self, kept: tuple[np.ndarray, np.ndarray, np.ndarray]) -> ChunkedPasses:
        """Return the same data without some slices.

        Parameters
        ----------
        kept : three bool arrays
            Which trials, neurons and times of the source remain.
        """
        found = copy(self)
        found.__dict__.pop("extremes", None)
        found.rows, found.kept = _choose(self.source.shape, kept)
        n_trials, n_neurons, n_times = (int(keep.sum()) for keep in kept)
        found.shape = n_trials, n_neurons, n_times
        # Blocks are of other trials now.
        found.unchanged = Unchanged(self.unchanged.path)
        return found

    def about(self) -> bytes:
        """Return a digest of the shape of the data and of a few of its values."""
        digest = hashlib.blake2b(f"{self.shape}{self.source.dtype}".encode(), digest_size=16)
        for i in sorted({0, self.shape[0] // 2, self.shape[0] - 1}):
            digest.update(self._trials(slice(i, i + 1))[0].values.tobytes())
        return digest.digest()

    def _begin_read(self) -> None:
        self.n_reads += 1
        self.unchanged.check()

    def _trials(self, part: slice) -> tuple[Block, int]:
        """Return some trials, and the bytes that were read for them."""
        raw = self._read((self._where(part),), f"trials {part.start} to {part.stop}")
        self.unchanged.check_values(part, raw)
        return restricted(self._as_block(part, raw), self.kept), raw.nbytes

    def _blocks(self) -> Iterator[tuple[Block, int]]:
        """Yield all blocks with the bytes that were read for each, reading one ahead."""
        parts = self.parts()
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._trials, parts[0])
            for following in [*parts[1:], None]:
                block = coming.result()
                if following is not None:
                    coming = reader.submit(self._trials, following)
                yield block

    def _where(self, part: slice) -> Any:
        """Return where the trials of a block are in the source."""
        if self.rows is None:
            return part
        rows = self.rows[part]
        # A range is read as one piece.
        whole = len(rows) and int(rows[-1] - rows[0]) == len(rows) - 1
        return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows

    def _read(self, index: tuple[Any, ...], what: str) -> np.ndarray:
        """Read once more what couldn't be read: network drives recover."""
        try:
            return np.asarray(self.source[index])
        except Exception:
            sleep(_BEFORE_ANOTHER_TRY)
        try:
            return np.asarray(self.source[index])
        except Exception as error:
            raise OSError(
                f"X: {what} of {self.unchanged.name} can't be read: {str(error).splitlines()[0]}"
                if str(error)
                else f"X: {what} of {self.unchanged.name} can't be read: {type(error).__name__}"
            ) from error

    def _as_block(self, part: slice, raw: np.ndarray) -> Block:
        return as_block(part, raw, self.dtype, has_missing=self.has_missing)


def _choose(
    shape: tuple[int, ...], kept: tuple[np.ndarray, np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray | None, tuple[np.ndarray | None, np.ndarray | None]]:
    """Return the indices of trials to keep, and which neurons and times; None for all."""
    if kept is None:
        return None, (None, None)
    trials, neurons, times = (None if each.all() else each for each in kept)
    return None if trials is None else np.flatnonzero(trials), (neurons, times)
