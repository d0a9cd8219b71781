"""Data that is read from a file, a few trials at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from trialtensor.solvers.passes.base import Passes, restricted
from trialtensor.solvers.passes.block import Block, Job, as_block, join

# Bytes of a block, as floating-point numbers. Larger ones are read no faster.
BLOCK_BYTES = 64_000_000


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
    on_read : callable, optional
        Called with the bytes of each block that was read.
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
        on_read: Callable[[int], None] | None = None,
    ) -> None:
        self.source, self.dtype, self.has_missing = source, np.dtype(dtype), has_missing
        self.block_bytes, self.step, self.on_read = block_bytes, step, on_read
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
        self.n_reads += 1
        return join(job.joins, [job(block) for block in self._blocks()])

    def trials(self, part: slice) -> Block:
        """Read some trials.

        Parameters
        ----------
        part : slice
        """
        part = slice(*part.indices(self.shape[0]))
        raw = self._read((self._where(part),))
        return restricted(self._as_block(part, raw), self.kept)

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials, reading all trials of a few neurons at a time."""
        self.n_reads += 1
        n_trials, n_neurons, n_times = self.source.shape
        per_neuron = self.dtype.itemsize * n_trials * n_times
        n = max(1, self.block_bytes // per_neuron)
        whole = slice(0, self.shape[0])
        grams = []
        for part in (slice(i, i + n) for i in range(0, n_neurons, n)):
            raw = self._read((slice(None), part))
            raw = raw if self.rows is None else raw[self.rows]
            keep = None if self.kept[0] is None else self.kept[0][part]
            values = restricted(self._as_block(whole, raw), (keep, self.kept[1])).values
            flat = values.reshape(len(values), -1)
            grams.append(((flat @ flat.T).astype(np.float64, copy=False),))
        return join(("sum",), grams)[0]

    def _blocks(self) -> Iterator[Block]:
        """Yield all blocks, reading one ahead."""
        parts = self.parts()
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self.trials, parts[0])
            for following in [*parts[1:], None]:
                block = coming.result()
                if following is not None:
                    coming = reader.submit(self.trials, following)
                yield block

    def _where(self, part: slice) -> Any:
        """Return where the trials of a block are in the source."""
        if self.rows is None:
            return part
        rows = self.rows[part]
        # A range is read as one piece.
        whole = len(rows) and int(rows[-1] - rows[0]) == len(rows) - 1
        return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows

    def _read(self, index: tuple[Any, ...]) -> np.ndarray:
        raw = np.asarray(self.source[index])
        if self.on_read is not None:
            self.on_read(raw.nbytes)
        return raw

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
