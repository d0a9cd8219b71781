"""What the passes of a fit read: data that isn't in memory, with its labels and its mask."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.beside import mask_beside
from trialtensor.data.chunks import (
    InOneRow,
    LabelledTrials,
    SomeTrials,
    TrialsFirst,
    trials_together,
)
from trialtensor.data.elsewhere import OnDisk, kind_of, path_of, refuse_closed, source_of
from trialtensor.data.labels import plain_labels
from trialtensor.data.more_axes import axes_of, name_axes, ordered_axes
from trialtensor.data.notices import warn
from trialtensor.opening.memory import size
from trialtensor.solvers.namespaces import like, namespace
from trialtensor.solvers.passes.chunked import BLOCK_BYTES, ChunkedPasses
from trialtensor.solvers.passes.hidden import (
    DrawnSource,
    Mask,
    MaskedSource,
    drawn_dask,
    masked_dask,
)
from trialtensor.solvers.passes.journal import JournalPasses
from trialtensor.solvers.passes.mapped import as_read
from trialtensor.solvers.passes.on_dask import DaskPasses, of_dask
from trialtensor.solvers.passes.on_device import DevicePasses, dtype_of
from trialtensor.solvers.passes.reshaped import ROOM, Reshaped, unwrapped
from trialtensor.solvers.passes.reshaped_on_device import ReshapedOnDevice, in_shape

# Shares of the memory that a fit may use: a block is held as it was read and as numbers, while the
# next one is read, and products of its size come on top.
_BLOCKS_IN_MEMORY = 16
# Blocks may be larger than usual, by this much, to hold whole chunks of a file.
_MORE_FOR_CHUNKS = 4


def in_order(X: Any) -> tuple[Any, dict[str, tuple[str, np.ndarray]]]:
    """Return what to read from, trials first, and the labels of its axes.

    Parameters
    ----------
    X : as for ``fit``
    """
    source = source_of(X)
    refuse_closed(source)
    if not hasattr(source, "dims") or not hasattr(source, "coords"):
        return source, {}
    found = name_axes(source.dims, name="X")
    order = [found.index(axis) for axis in ordered_axes(found)]
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


def check_source(source: Any, X: Any = None) -> np.dtype:
    """Refuse what isn't numbers on three axes or more, and return their type.

    Parameters
    ----------
    source : dataset or array
        Trials first.
    X : as for ``fit``, optional
        What it is the source of, if that names its axes.
    """
    shape = tuple(source.shape)
    if len(shape) < len(AXES):
        raise ValueError(f"X: expected (n_trials, n_neurons, n_times), got shape {shape}")
    if 0 in shape:
        axes = axes_of(source if X is None else X)
        names = ", ".join(f"n_{axis}s" for axis in axes)
        raise ValueError(
            f"X: the {axes[shape.index(0)]} axis has length 0, got ({names}) = {shape}"
        )
    dtype = dtype_of(source)
    if dtype.kind not in "fiub":
        raise ValueError(f"X: expected real numbers, got dtype {source.dtype}")
    return dtype


@dataclass(frozen=True, eq=False)
class Drawn:
    """A mask that is drawn while blocks are read, of what another mask leaves: ``mask`` of a fit.

    Attributes
    ----------
    draw : Mask
    within : array, dataset or None
        A mask beside the data, as a user gives it.
    """

    draw: Mask
    within: Any = None


def passes_over(X: Any, source: Any, mask: Any = None, *, progress: bool = False) -> Any:
    """Return the passes over a source, blocks of trials sized by the memory that they may take.

    Parameters
    ----------
    X : as for ``fit``
    source : dataset or array
        From `in_order`.
    mask : as for ``fit``, or Drawn
    progress : bool
        Show how far each pass is.
    """
    known = dtype_of(source)
    if kind_of(X) == "device":
        return _on_device(X, source, mask)
    # Numbers of 16 bits are exact in single precision, and half of the work then.
    single = known.itemsize <= (4 if known.kind == "f" else 2)
    dtype = np.dtype(np.float32 if single else np.float64)
    given = X if isinstance(X, OnDisk) else OnDisk(X)
    block_bytes = BLOCK_BYTES
    if given.memory is not None:
        block_bytes = min(BLOCK_BYTES, max(given.memory // _BLOCKS_IN_MEMORY, 1))
    read = hidden(X, source, mask, dtype)
    has_missing, drawn = known.kind == "f" or mask is not None, isinstance(mask, Drawn)
    lazy = of_dask(read)
    if lazy is not None:
        found = DaskPasses(lazy, dtype, has_missing=has_missing, whole_trials=drawn)
        if found.advice is not None:
            warn(found.advice)
        return _kept(found, given, mask, source.shape)
    _warn_of_long_trials(X, source.shape, dtype.itemsize, _MORE_FOR_CHUNKS * block_bytes)
    passes = ChunkedPasses(
        _in_one_row(read),
        dtype,
        has_missing=has_missing,
        block_bytes=block_bytes,
        step=_step(given, source, dtype.itemsize, block_bytes),
        path=path_of(given.source),
        progress=given.progress or progress,
        whole_trials=drawn,
    )
    return _kept(passes, given, mask, source.shape)


def _warn_of_long_trials(X: Any, shape: tuple[int, ...], itemsize: int, most: int) -> None:
    """Warn of trials that are larger than blocks are meant to be, and say what is better."""
    each, longest = math.prod(shape[1:]) * itemsize, max(shape[1:])
    if each <= most or longest <= shape[0]:
        return
    axis = axes_of(X)[1 + shape[1:].index(longest)]
    warn(
        f"X: a trial takes {size(each)} as numbers, and blocks are of whole trials, so that "
        f"about three of them are held at a time. Store it with a longer axis in the place of "
        f"trials ({axis} has {longest}): to TCA all axes are alike, and 'trial' is only the name "
        "of the one that is read in blocks"
    )


def _in_one_row(source: Any) -> Any:
    """Return a source with three axes: of more, all but trials are one."""
    return source if len(source.shape) == len(AXES) else InOneRow(source)


def hidden(X: Any, source: Any, mask: Any, dtype: Any) -> Any:
    """Return a source with NaN where a mask hides entries: another source, or a dask array.

    Parameters
    ----------
    X, source, mask : as for `passes_over`
    dtype : numpy.dtype
        Of its numbers where something may be hidden.
    """
    given, draw = _parts(mask)
    lazy = of_dask(source)
    found = as_read(source) if lazy is None else lazy
    if given is not None:
        beside = mask_beside(given, X)
        dask = of_dask(beside)
        if lazy is None:
            found = MaskedSource(found, as_read(beside), dtype, path_of(source_of(given)))
        else:
            found = masked_dask(found, beside if dask is None else dask, dtype)
    if draw is None:
        return found
    return DrawnSource(found, draw, dtype) if lazy is None else drawn_dask(found, draw, dtype)


def _parts(mask: Any) -> tuple[Any, Mask | None]:
    return (mask.within, mask.draw) if isinstance(mask, Drawn) else (mask, None)


def _on_device(X: Any, source: Any, mask: Any) -> DevicePasses | ReshapedOnDevice:
    """Return the passes over an array on a device, which holds the whole mask there too."""
    given, draw = _parts(mask)
    there, has_missing = None, dtype_of(source).kind == "f"
    if given is not None:
        there = like(source, np.array(mask_beside(given, X)))
    if draw is not None:
        inner = _there(source, has_missing=has_missing, mask=there)
        shown = np.empty(inner.shape, bool)
        for part in unwrapped(inner).parts():
            block = inner.trials(part)
            seen = np.ones(block.values.shape, bool) if block.observed is None else block.observed
            shown[part] = draw(np.arange(*part.indices(len(shown))), seen)
        there = like(source, shown)
    return _there(source, has_missing=has_missing, mask=there)


def _there(source: Any, **options: Any) -> DevicePasses | ReshapedOnDevice:
    kind = DevicePasses if len(source.shape) == len(AXES) else in_shape
    return kind(source, **options)


def _kept(passes: Any, given: OnDisk, mask: Any, shape: tuple[int, ...]) -> Any:
    """Return passes whose results go to a checkpoint, if there is to be one, with all axes."""
    if given.checkpoint is not None:
        about = passes.about()
        if mask is not None:
            about += _digest(mask_beside(mask, given))
            about = hashlib.blake2b(about, digest_size=16).digest()
        passes = JournalPasses(passes, given.checkpoint, about)
    if len(shape) == len(AXES):
        return passes
    room = ROOM
    if given.memory is not None:
        room = min(ROOM, _MORE_FOR_CHUNKS * given.memory // _BLOCKS_IN_MEMORY)
    return Reshaped(passes, shape, room=room)


def with_labels(
    values: np.ndarray, axes: tuple[str, ...] | None, coords: dict[str, tuple[str, np.ndarray]]
) -> Any:
    """Return some trials with the names of axes and the labels of those that all trials share.

    Parameters
    ----------
    values : array, trials first
    axes : tuple of str, or None for data without names, which is returned as it is
    coords : dict
        Name -> (axis, labels).
    """
    if axes is None:
        return values
    import xarray

    own = {axis: coords[axis] for axis in axes[1:] if axis in coords}
    return xarray.DataArray(values, dims=axes, coords=own)


def _digest(mask: Any) -> bytes:
    """Return a digest of all of a mask."""
    digest = hashlib.blake2b(digest_size=16)
    n = max(1, BLOCK_BYTES // max(1, int(np.prod(mask.shape[1:]))))
    for first in range(0, mask.shape[0], n):
        digest.update(np.ascontiguousarray(mask[first : first + n]).tobytes())
    return digest.digest()


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


def some_trials(X: Any, rows: np.ndarray) -> Any:
    """Return some trials of data that isn't in memory, as it would be given to ``fit``.

    Parameters
    ----------
    X : as for ``fit``
    rows : int array
        In rising order.
    """
    if kind_of(X) == "device":
        return namespace(X).take(X, like(X, rows), axis=0)
    source, _ = in_order(X)
    given = X if isinstance(X, OnDisk) else OnDisk(X)
    return replace(given, source=_rows_of(source, source_of(X), rows, path_of(given.source)))


def some_of_mask(mask: Any, rows: np.ndarray) -> Any:
    """Return a mask of some trials.

    Parameters
    ----------
    mask : array or dataset
        From `mask_beside`; None for none.
    rows : int array
        In rising order.
    """
    if mask is None:
        return None
    return _rows_of(mask, source_of(mask), rows, path_of(source_of(mask)))


def _rows_of(ordered: Any, given: Any, rows: np.ndarray, path: Path | None) -> Any:
    if of_dask(ordered) is not None or type(ordered) is np.ndarray:
        return ordered[rows]
    if hasattr(given, "dims") and hasattr(given, "coords"):
        found = name_axes(given.dims, name="X")
        dims = [given.dims[found.index(axis)] for axis in ordered_axes(found)]
        taken: SomeTrials = LabelledTrials(ordered, rows, given, dims)
    else:
        taken = SomeTrials(as_read(ordered), rows)
    taken.filename = None if path is None else str(path)
    return taken
