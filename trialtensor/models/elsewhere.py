"""Fits to data that isn't in memory: what `observed.prepare` is for arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES, resolve_axes
from trialtensor.data.chunks import TrialsFirst, trials_together
from trialtensor.data.elsewhere import OnDisk, kind_of, path_of, refuse_closed, source_of
from trialtensor.data.labels import plain_labels
from trialtensor.data.notices import warn
from trialtensor.models import observed
from trialtensor.models.observed import (
    FitInput,
    Kept,
    as_problem,
    check_scale,
    nothing_to_explain,
)
from trialtensor.models.summary import describe_data, said_by, treatment_of
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.passes.chunked import BLOCK_BYTES, ChunkedPasses
from trialtensor.solvers.passes.journal import JournalPasses
from trialtensor.solvers.passes.mapped import as_read
from trialtensor.solvers.passes.on_dask import DaskPasses, of_dask
from trialtensor.solvers.passes.on_device import SMALL, DevicePasses, adds_in_double, dtype_of
from trialtensor.solvers.passes.seen import Seen
from trialtensor.solvers.passes.survey import Survey, survey
from trialtensor.solvers.problems import DenseProblem

# Shares of the memory that a fit may use: a block is held as it was read and as numbers, while the
# next one is read, and products of its size come on top.
_BLOCKS_IN_MEMORY = 16
# Blocks may be larger than usual, by this much, to hold whole chunks of a file.
_MORE_FOR_CHUNKS = 4


def is_elsewhere(X: Any) -> bool:
    """Tell whether data is to be read pass by pass.

    Parameters
    ----------
    X : anything
    """
    return _where(X) is not None


def is_in_blocks(X: Any) -> bool:
    """Tell whether data has to be read a few trials at a time.

    Parameters
    ----------
    X : anything
    """
    return _where(X) in ("disk", "dask")


def _where(X: Any) -> str | None:
    """Tell where data is read from pass by pass; more than three axes are read into memory."""
    kind = kind_of(X)
    more = kind is not None and len(X.shape) > len(AXES)
    return None if more and kind != "device" else kind


def prepare(X: Any, mask: Any, *, with_missing: bool = True, progress: bool = False) -> FitInput:
    """Look at all of the data once, and build the problem whose passes read it.

    Parameters
    ----------
    X, mask : as for ``fit``
    with_missing : bool
        Whether this kind of model may be fitted block by block if entries are missing.
    progress : bool
        Show how far each pass is.

    Raises
    ------
    ValueError
        For data that can't be fitted: of another shape or type, infinite, or without signal.
    """
    many = len(X.shape) > len(AXES)
    if kind_of(X) == "device" and (many or mask is not None or _is_better_in_memory(X)):
        seen = None if mask is None else as_numpy(mask)
        return observed.prepare(as_numpy(X), seen, many=many)
    _refuse_mask(mask)
    source, coords = _in_order(X)
    dtype = _check_source(source)
    passes = _passes(X, source, progress)
    found = survey(passes)
    _refuse(found, passes)
    if found.n_missing and not with_missing and kind_of(X) == "device":
        return observed.prepare(as_numpy(X), None)
    if found.n_missing and not with_missing:
        raise ValueError(
            f"X: {found.n_missing} of {passes.size} entries are missing; data with missing entries "
            "is fitted in memory: give it as an array"
        )
    size, n_observed = passes.size, passes.size - found.n_missing
    shape = passes.shape
    passes, seen, kept = _without_empty(passes, found)
    passes.__dict__["extremes"] = (found.least, found.most)
    check_scale(passes, found.norm2)
    problem, pattern = as_problem(passes, seen, found.norm2)
    if isinstance(problem, DenseProblem) and problem.pattern is not None:
        seen = problem.pattern.as_mask(passes.shape)
    empty = {f"empty_{axis}s": int((~k).sum()) for axis, k in zip(AXES, kept, strict=True)}
    treatment = treatment_of(pattern, kept)
    summary = describe_data(shape, dtype, size, n_observed, pattern, treatment, **empty)
    return FitInput(problem, seen, kept, coords, summary | said_by(X))


def _is_better_in_memory(X: Any) -> bool:
    """Tell whether data on a device is so small that its fit is faster in memory, or can't stay."""
    return math.prod(X.shape) <= SMALL or not adds_in_double(X)


def _without_empty(passes: Any, found: Survey) -> tuple[Any, Any, Kept]:
    """Return passes without slices that have no data, their mask, and which slices remain."""
    if not found.n_missing:
        inner = passes.passes if isinstance(passes, JournalPasses) else passes
        inner.has_missing = False
        trials, neurons, times = (np.ones(n, bool) for n in passes.shape)
        return passes, None, (trials, neurons, times)
    seen = Seen.of(passes)
    kept, n_observed = seen.with_data(), passes.size - found.n_missing
    if all(each.all() for each in kept):
        return passes, seen, kept
    inner = passes.without(kept)
    return inner, None if n_observed == inner.size else seen.restricted(inner, kept), kept


def blocks_of(X: Any) -> Iterator[Any]:
    """Yield data a few trials at a time, each as it would be given to ``transform``.

    Parameters
    ----------
    X : data for which `is_in_blocks`
    """
    source, _ = _in_order(X)
    _check_source(source)
    passes = _passes(X, source)
    for part in passes.parts():
        yield np.asarray(source[part])


def transform(of_trials: Callable[[Any, Any], Any], X: Any, mask: Any) -> np.ndarray:
    """Transform trials a few at a time; they don't depend on each other.

    Parameters
    ----------
    of_trials : callable
        From data in memory and its mask to features.
    X, mask : as for ``transform``
    """
    _refuse_mask(mask)
    return np.concatenate([of_trials(block, None) for block in blocks_of(X)])


def score(of_trials: Callable[[Any, Any], float], X: Any, mask: Any) -> float:
    """Return the explained share of the sum of squares of trials, a few at a time.

    Parameters
    ----------
    of_trials : callable
        From data in memory and its mask to the explained share.
    X, mask : as for ``score``
    """
    _refuse_mask(mask)
    explained = total = 0.0
    for block in blocks_of(X):
        flat = np.nan_to_num(block).ravel().astype(np.float64)
        squares = float(flat @ flat)
        if squares:
            explained += of_trials(block, None) * squares
            total += squares
    nothing_to_explain(total, np.zeros(1))
    return explained / total


@contextmanager
def reading(data: Any, is_done: Callable[[], bool]) -> Iterator[None]:
    """Keep what a fit has read until it is done.

    Parameters
    ----------
    data : FitInput
    is_done : callable
        Whether the fit came to its end, asked after it: Ctrl-C raises no error.
    """
    passes = getattr(getattr(data, "problem", None), "X", None)
    if not isinstance(passes, JournalPasses):
        yield
        return
    done = False
    try:
        yield
        done = is_done()
    finally:
        passes.close(done=done)


def _in_order(X: Any) -> tuple[Any, dict[str, tuple[str, np.ndarray]]]:
    """Return what to read from, trials first, and the labels of its axes."""
    source = source_of(X)
    refuse_closed(source)
    if not hasattr(source, "dims") or not hasattr(source, "coords"):
        return source, {}
    found = resolve_axes(source.dims, name="X")
    order = [found.index(axis) for axis in AXES]
    if order == sorted(order):
        ordered = source
    elif getattr(source, "chunks", None) is None:
        ordered = TrialsFirst(source, order)
    else:
        ordered = source.transpose(*(source.dims[k] for k in order))
    axis_of = dict(zip(source.dims, found, strict=True))
    coords = {
        str(axis_of.get(key, key)): (axis_of[each.dims[0]], plain_labels(each.to_numpy()))
        for key, each in source.coords.items()
        if each.ndim == 1 and each.dims[0] in axis_of
    }
    return ordered, coords


def _check_source(source: Any) -> np.dtype:
    """Refuse what isn't numbers on three axes, and return their type."""
    shape = tuple(source.shape)
    if len(shape) != 3:
        raise ValueError(f"X: expected (n_trials, n_neurons, n_times), got shape {shape}")
    if 0 in shape:
        raise ValueError(
            f"X: the {AXES[shape.index(0)]} axis has length 0, "
            f"got (n_trials, n_neurons, n_times) = {shape}"
        )
    dtype = dtype_of(source)
    if dtype.kind not in "fiub":
        raise ValueError(f"X: expected real numbers, got dtype {source.dtype}")
    return dtype


def _passes(X: Any, source: Any, progress: bool = False) -> Any:
    """Return the passes over a source, blocks of trials sized by the memory that they may take."""
    known = dtype_of(source)
    if kind_of(X) == "device":
        return DevicePasses(source, has_missing=known.kind == "f")
    # Numbers of 16 bits are exact in single precision, and half of the work then.
    single = known.itemsize <= (4 if known.kind == "f" else 2)
    dtype = np.dtype(np.float32 if single else np.float64)
    given = X if isinstance(X, OnDisk) else OnDisk(X)
    block_bytes = BLOCK_BYTES
    if given.memory is not None:
        block_bytes = min(BLOCK_BYTES, max(given.memory // _BLOCKS_IN_MEMORY, 1))
    lazy = of_dask(source)
    if lazy is not None:
        found = DaskPasses(lazy, np.dtype(dtype), has_missing=known.kind == "f")
        if found.advice is not None:
            warn(found.advice)
        return _kept(found, given)
    passes = ChunkedPasses(
        as_read(source),
        dtype,
        has_missing=known.kind == "f",
        block_bytes=block_bytes,
        step=_step(given, source, dtype.itemsize, block_bytes),
        path=path_of(given.source),
        progress=given.progress or progress,
    )
    return _kept(passes, given)


def _kept(passes: Any, given: OnDisk) -> Any:
    """Return passes whose results go to a checkpoint, if there is to be one."""
    if given.checkpoint is None:
        return passes
    return JournalPasses(passes, given.checkpoint, passes.about())


def _step(given: OnDisk, source: Any, itemsize: int, block_bytes: int) -> int:
    """Return the number of trials of which blocks are multiples, so that no chunk is read twice."""
    axis = source.order[0] if isinstance(source, TrialsFirst) else 0
    together = trials_together(given.source, axis)
    each = max(int(np.prod(source.shape[1:])) * itemsize, 1)
    most = _MORE_FOR_CHUNKS * block_bytes
    if given.memory is not None:
        most = max(_MORE_FOR_CHUNKS * given.memory // _BLOCKS_IN_MEMORY, 1)
    if together * each <= most:
        return together
    n = max(block_bytes // each, 1)
    if together > n:
        path = path_of(given.source)
        needed = together * each * _BLOCKS_IN_MEMORY // _MORE_FOR_CHUNKS
        warn(
            f"X: {'the data' if path is None else path.name} is stored in pieces of {together} "
            f"trials, and a block holds {n}, so that every pass reads each of them "
            f"{-(-together // n)} times. Store it with trials as the first axis, in chunks of at "
            f"most {n} trials, which is faster, or allow the fit more memory: "
            f'on_disk(X, memory="{max(needed / 1e9, 0.01):.3g}GB")'
        )
    return 1


def _refuse_mask(mask: Any) -> None:
    if mask is not None:
        raise ValueError(
            "mask: data that is read block by block says itself what is missing, by NaN; got a mask"
        )


def _refuse(found: Survey, passes: Passes) -> None:
    if found.n_infinite:
        raise ValueError("X: infinite values; set them to NaN if they are missing")
    if found.n_missing == passes.size:
        raise ValueError(
            f"X: all {passes.size} entries are missing (NaN); at least one observed value is needed"
        )
