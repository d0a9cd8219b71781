"""Data in a dask array: a task for each chunk of trials, on whatever scheduler is active."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from typing import Any
from uuid import uuid4

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.more_axes import assumed_axes
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job, Join, as_block, join
from trialtensor.solvers.sent import Sent, aligned
from trialtensor.solvers.threads import one_blas_thread

# Results that a task adds up. A power of two: sums are then those of pairs, of pairs of pairs, ...
_AT_ONCE = 8
# How often dask tries a task again that fails. Those that a worker takes with it when it dies are
# done anew elsewhere and don't count.
_RETRIES = 3
# Bytes of the trials of some neurons that meet all others, and how many of these at once.
_MEETING_BYTES, _MEETINGS = 64_000_000, 8
_QUIET = {"distributed.admin.large-graph-warning-threshold": "1GB"}
# Smaller chunks take dask longer to hand out than a worker to work on; a few of them don't matter.
_WORTH_A_TASK, _A_FEW = 4_000_000, 50


class DaskPasses(Passes):
    """A dask array of trials, which stays where it is: only small arrays travel.

    A pass is one task for each chunk of trials and a tree of sums, run by dask: in threads, or on
    the cluster of an active ``distributed.Client``. Chunks that were persisted are used by the
    workers that hold them; others are read in each pass.

    Parameters
    ----------
    data : dask.array.Array
        (n_trials, n_neurons, n_times); of more axes, all but trials become one.
    dtype : numpy.dtype
        float32 or float64, of what is computed with; chunks of other types are converted in their
        tasks.
    has_missing : bool
        Whether some entries are NaN, and so missing.
    kept : three bool arrays, optional
        Trials, neurons and times to leave the others out.
    whole_trials : bool
        Whether computing a part of each trial takes as long as computing all of it.

    Raises
    ------
    ValueError
        If the number of trials of a chunk is unknown, or there aren't three axes.

    Notes
    -----
    The sums are those of `trialtensor.solvers.passes.block.join`, in the same order on every
    scheduler, so the same chunks give the same bits.
    """

    def __init__(
        self,
        data: Any,
        dtype: Any,
        *,
        has_missing: bool = False,
        kept: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
        whole_trials: bool = False,
    ) -> None:
        _check(data)
        self.advice = advice_on_chunks(data)
        data = _in_one_row(data)
        for axis, keep in enumerate(kept or ()):
            if not keep.all():
                data = data[(slice(None),) * axis + (np.flatnonzero(keep),)]
        # Lazily: a task puts the pieces of its trials together.
        self.data = data.rechunk({1: -1, 2: -1})
        self.dtype, self.has_missing = np.dtype(dtype), has_missing
        self.whole_trials = whole_trials
        n_trials, n_neurons, n_times = (int(n) for n in self.data.shape)
        self.shape = n_trials, n_neurons, n_times
        ends = np.cumsum([0, *self.data.chunks[0]]).tolist()
        self._parts = [slice(a, b) for a, b in pairwise(ends) if b > a]

    def parts(self) -> list[slice]:
        """Return the chunks of trials."""
        return self._parts

    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Do a job on all chunks and join the results.

        Parameters
        ----------
        job : Job
        """
        from dask.delayed import delayed

        # Part of the graph and not scattered: dask can send it again if a worker dies with it.
        sent = delayed(Sent(job), pure=False, traverse=False)
        work, name = _task(_work), f"{type(job).__name__}-{uuid4().hex}"
        found = [
            work(
                chunk,
                sent,
                part,
                self.dtype,
                self.has_missing,
                dask_key_name=f"{name}-{part.start}",
            )
            for chunk, part in zip(self._chunks, self._parts, strict=True)
        ]
        return _joined(job.joins, found)

    def trials(self, part: slice) -> Block:
        """Fetch some trials.

        Parameters
        ----------
        part : slice
        """
        part = slice(*part.indices(self.shape[0])[:2])
        (raw,) = _compute([self.data[part]])
        return as_block(part, as_numpy(raw), self.dtype, has_missing=self.has_missing)

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials: all trials of some neurons meet in each task.

        Each entry travels once, and a few of these tasks run at once, so that the data needn't fit
        into memory.
        """
        if self.whole_trials:
            return super().gram_of_trials()
        n_trials, n_neurons, n_times = self.shape
        per_neuron = self.dtype.itemsize * n_trials * n_times
        step = max(1, _MEETING_BYTES // max(1, per_neuron))
        firsts = range(0, n_neurons, step)
        work = _task(_meet)
        grams = []
        for i in range(0, len(firsts), _MEETINGS):
            found = [
                work(_delayed(self.data[:, first : first + step]), self.dtype, self.has_missing)
                for first in firsts[i : i + _MEETINGS]
            ]
            grams.append(_joined(("sum",), found))
        return join(("sum",), grams)[0]

    def without(self, kept: tuple[np.ndarray, np.ndarray, np.ndarray]) -> DaskPasses:
        """Return the same data without some slices.

        Parameters
        ----------
        kept : three bool arrays
            Which trials, neurons and times remain.
        """
        return DaskPasses(
            self.data,
            self.dtype,
            has_missing=self.has_missing,
            kept=kept,
            whole_trials=self.whole_trials,
        )

    def about(self) -> bytes:
        """Return a digest of the shape of the data and of a few of its values."""
        digest = hashlib.blake2b(f"{self.shape}{self.data.dtype}".encode(), digest_size=16)
        for i in sorted({0, self.shape[0] // 2, self.shape[0] - 1}):
            digest.update(self.trials(slice(i, i + 1)).values.tobytes())
        return digest.digest()

    @cached_property
    def _chunks(self) -> list[Any]:
        """The chunks of trials as delayed arrays, of which each pass takes the same."""
        return _delayed(self.data)


def of_dask(X: Any) -> Any:
    """Return the dask array that data is, or that stands behind a DataArray; None for other data.

    dask isn't imported: without it there can't be any.

    Parameters
    ----------
    X : any object

    Examples
    --------
    >>> of_dask(np.ones((2, 3, 4))) is None
    True
    """
    arrays, xarray = sys.modules.get("dask.array"), sys.modules.get("xarray")
    if arrays is None:
        return None
    if xarray is not None and isinstance(X, xarray.DataArray):
        # Of other lazily opened files, asking for the data would read it.
        X = X.data if X.chunks is not None else None
    return X if isinstance(X, arrays.Array) else None


def advice_on_chunks(data: Any) -> str | None:
    """Say in a sentence how other chunks would be faster; None if these will do.

    Parameters
    ----------
    data : dask.array.Array
        (n_trials, n_neurons, n_times).
    """
    axes = assumed_axes(data.ndim)[1:]
    cut = [name for name, n in zip(axes, data.numblocks[1:], strict=True) if n > 1]
    bytes_of_chunk = data.nbytes / max(1, data.npartitions)
    if cut:
        what = f"X: its chunks divide the {' and '.join(cut)} axis, and every pass joins them"
    elif data.numblocks[0] > _A_FEW and bytes_of_chunk < _WORTH_A_TASK:
        what = f"X: its {data.numblocks[0]} chunks have {bytes_of_chunk / 1e6:.2g} MB each"
    else:
        return None
    n = max(1, int(100e6 // max(1, data.nbytes / max(1, data.shape[0]))))
    n = min(n, data.shape[0])
    whole = ", ".join([str(n), *["-1"] * (data.ndim - 1)])
    return f"{what}; chunks of whole trials are faster: X.rechunk(({whole})).persist()"


def _in_one_row(data: Any) -> Any:
    """Return an array with three axes: of more, all but trials are one."""
    if data.ndim == len(AXES):
        return data
    whole = data.rechunk(dict.fromkeys(range(1, data.ndim), -1))
    return whole.reshape((data.shape[0], -1, 1))


def _delayed(data: Any) -> list[Any]:
    """Return the chunks of trials as delayed arrays, without those that have none."""
    chunks = data.to_delayed().ravel()
    return [chunk for chunk, n in zip(chunks, data.chunks[0], strict=True) if n]


def _check(data: Any) -> None:
    if data.ndim < len(AXES):
        raise ValueError(f"X: expected (n_trials, n_neurons, n_times), got shape {data.shape}")
    if any(np.isnan(n) for n in data.shape):
        raise ValueError(
            f"X: the sizes of its dask chunks are unknown, got shape {data.shape}; "
            "call X.compute_chunk_sizes() first"
        )


def _work(
    raw: Any, job: Sent, part: slice, dtype: np.dtype, has_missing: bool
) -> tuple[np.ndarray, ...]:
    """Do a job on one chunk, where it is."""
    found = job.thing(as_block(part, as_numpy(raw), dtype, has_missing=has_missing))
    return tuple(as_numpy(each) for each in found)


def _meet(chunks: Sequence[Any], dtype: np.dtype, has_missing: bool) -> tuple[np.ndarray]:
    """Return the Gram matrix of trials over some of their neurons."""
    raw = np.concatenate([as_numpy(chunk) for chunk in chunks])
    values = as_block(slice(0, len(raw)), raw, dtype, has_missing=has_missing).values
    flat = values.reshape(len(values), -1)
    return ((flat @ flat.T).astype(np.float64, copy=False),)


def _joined(joins: Sequence[Join], found: Sequence[Any]) -> tuple[np.ndarray, ...]:
    """Join the results of tasks by a tree of further tasks; rows come as they are."""
    if any(how != "rows" for how in joins):
        add = _task(_join_some)
        while len(found) > 1:
            found = [
                add(joins, list(found[i : i + _AT_ONCE])) for i in range(0, len(found), _AT_ONCE)
            ]
    return tuple(aligned(each) for each in join(joins, _compute(found)))


def _join_some(
    joins: Sequence[Join], results: Sequence[tuple[np.ndarray, ...]]
) -> tuple[np.ndarray, ...]:
    return join(joins, results)


def _task(function: Callable[..., Any]) -> Any:
    """Return a function that makes tasks, of a name that no other pass has."""
    from dask.delayed import delayed

    return delayed(function, pure=False)


def _compute(found: Sequence[Any]) -> tuple[Any, ...]:
    """Run tasks; nothing of them stays on the scheduler."""
    from dask.base import compute

    with _settings():
        results: tuple[Any, ...] = compute(*found, retries=_RETRIES)
    return results


@contextmanager
def _settings() -> Iterator[None]:
    """Keep BLAS to one thread a task, and let dask send what it must without a warning.

    On a cluster, dask's own environment for workers sees to BLAS.
    """
    import dask

    # Before distributed is loaded, its settings must not exist: it would miss the others.
    quiet = _QUIET if "distributed" in sys.modules else {}
    with one_blas_thread(), dask.config.set(quiet):
        yield
