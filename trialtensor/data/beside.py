"""A mask beside data that isn't in memory: of an array, or elsewhere itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.chunks import SomeTrials, TrialsFirst
from trialtensor.data.elsewhere import is_dask, is_lazy, library_of, refuse_closed, source_of
from trialtensor.data.more_axes import axes_of, name_axes, ordered_axes
from trialtensor.data.parsing import rename_dims, to_mask
from trialtensor.data.per_entry import order_by, own_index


def mask_beside(mask: Any, X: Any) -> Any:
    """Return what to read a mask from, with axes in the order of those of the data.

    Nothing of the data is read, and of the mask only one that is an array in memory.

    Parameters
    ----------
    mask : bool array, dataset or DataArray of the shape of ``X``
        False where missing. One with dimension names is transposed by them.
    X : data on three axes or more, anywhere

    Returns
    -------
    array or dataset
        With axes in the order trial, neuron, (others,) time.

    Raises
    ------
    ValueError
        For another shape or type, other axes, and other labels than those of the data.
    """
    data, mask = source_of(X), source_of(mask)
    if isinstance(mask, SomeTrials):
        return mask  # a part of one from here
    refuse_closed(mask, "mask")
    along: Any = {}
    order = list(range(len(data.shape)))
    if _is_labelled(data):
        found = name_axes(data.dims, name="X")
        order = [found.index(axis) for axis in ordered_axes(found)]
        along = rename_dims(data, found, "X").indexes
    if not stays_where_it_is(mask):
        return to_mask(_in_memory(mask), tuple(data.shape), order, "X", along, axes_of(data))
    shape = tuple(data.shape)
    if _is_labelled(mask):
        shape = tuple(shape[k] for k in order)
        order = _order_of(mask, along, axes_of(data))
        shape = tuple(shape[order.index(k)] for k in range(len(shape)))
    _check(mask, shape)
    if order == sorted(order):
        return mask
    if is_dask(mask):
        return mask.transpose(*(mask.dims[k] for k in order) if _is_labelled(mask) else order)
    return TrialsFirst(mask, order)


def stays_where_it_is(mask: Any) -> bool:
    """Tell whether a mask is to be read a few trials at a time.

    Parameters
    ----------
    mask : anything
    """
    on_disk = library_of(mask) in ("h5py", "zarr") or isinstance(mask, np.memmap)
    return on_disk or is_dask(mask) or is_lazy(mask)


def _is_labelled(X: Any) -> bool:
    return hasattr(X, "dims") and hasattr(X, "coords")


def _in_memory(mask: Any) -> Any:
    """Bring a mask from a device; leave all others as they are."""
    if library_of(mask) == "torch":
        return mask.detach().cpu().numpy()
    return mask.get() if library_of(mask) == "cupy" else mask


def _check(mask: Any, shape: tuple[int, ...]) -> None:
    if np.dtype(mask.dtype) != bool:
        raise ValueError(f"mask: expected booleans (True where observed), got dtype {mask.dtype}")
    if tuple(mask.shape) != shape:
        raise ValueError(f"mask: expected the shape of X, {shape}, got {tuple(mask.shape)}")


def _order_of(mask: Any, along: Any, axes: tuple[str, ...]) -> list[int]:
    """Return where the axes of a labelled mask are, and refuse labels in another order."""
    dims = name_axes(mask.dims, name="mask")
    if set(dims) != set(axes):
        raise ValueError(f"mask: expected the axes of X, {axes}, got {dims}")
    named = rename_dims(mask, dims, "mask")
    for axis in axes:
        own = own_index(named, axis, "mask")
        theirs = along[axis].to_numpy() if axis in along else None
        if own is not None and order_by(own, theirs, "mask", axis) is not None:
            raise ValueError(
                f"mask: its {axis}s are in another order than those of X; a mask that is read "
                "block by block must have that of the data: store it so, or load it (mask.load())"
            )
    return [dims.index(axis) for axis in axes]
