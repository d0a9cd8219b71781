"""Conversion of user input to arrays with axes in the order trial, neuron, time."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_numbers, refuse_sparse
from trialtensor.data.axes import AXES
from trialtensor.data.elsewhere import source_of
from trialtensor.data.missing import as_array
from trialtensor.data.more_axes import assumed_axes, name_axes, ordered_axes
from trialtensor.data.per_entry import order_by, own_index

if TYPE_CHECKING:
    import xarray


def by_axis(
    X: Any, mask: Any, axes: str | Sequence[str] | None, name: str
) -> tuple[np.ndarray, np.ndarray | None, "xarray.DataArray | None"]:
    """Return views of `X` and `mask` as (trial, neuron, time), and `X` itself if a DataArray.

    Parameters
    ----------
    X : array-like with three axes, or xarray.DataArray
    mask : bool array-like of the shape of `X`, or None
    axes : sequence of three names, one text, or None
        The axes of `X`.
    name : str
        Argument name used in error messages.
    """
    return by_any_axis(X, mask, axes, name, many=False)[:3]


def by_any_axis(
    X: Any, mask: Any, axes: str | Sequence[str] | None, name: str, *, many: bool
) -> tuple[np.ndarray, np.ndarray | None, "xarray.DataArray | None", tuple[str, ...]]:
    """Return views of `X` and `mask` with axes in order, `X` itself if a DataArray, and the axes.

    Parameters
    ----------
    X : array-like with three axes or more, or xarray.DataArray
    mask : bool array-like of the shape of `X`, or None
    axes : sequence of names, one text, or None
        The axes of `X`.
    name : str
        Argument name used in error messages.
    many : bool
        Accept more than three axes.
    """
    X = source_of(X)
    labelled = _is_labelled(X, name)
    if labelled:
        refuse_sparse(X.data, name)
    values = as_numbers(X.to_numpy() if labelled else X, name)
    if values.ndim < 3 or (values.ndim > 3 and not many):
        dims = f" with dimensions {tuple(X.dims)}" if labelled else ""
        raise ValueError(
            f"{name}: expected (n_trials, n_neurons, n_times), got shape {values.shape}{dims}"
        )
    found = _named(X, axes, values.ndim, labelled=labelled, name=name)
    known = ordered_axes(found)
    order = [found.index(axis) for axis in known]
    shape = tuple(values.shape[i] for i in order)
    if 0 in shape:
        raise ValueError(
            f"{name}: the {known[shape.index(0)]} axis has length 0, "
            f"got ({', '.join(f'n_{axis}s' for axis in known)}) = {shape}"
        )
    if labelled:
        X = rename_dims(X, found, name).transpose(*known)
    if mask is not None:
        along = X.indexes if labelled else {}
        mask = to_mask(mask, values.shape, order, name, along, known)
    if isinstance(values, np.ma.MaskedArray):
        unmasked = ~np.ma.getmaskarray(values).transpose(order)
        mask = unmasked if mask is None else mask & unmasked
        values = values.data
    return values.transpose(order), mask, (X if labelled else None), known


def _named(
    X: Any, axes: str | Sequence[str] | None, n_axes: int, *, labelled: bool, name: str
) -> tuple[str, ...]:
    """Return the axis of each dimension."""
    if axes is None:
        return name_axes(X.dims, name=name) if labelled else assumed_axes(n_axes)
    found = name_axes(axes, name="axes")
    if len(found) != n_axes:
        raise ValueError(f"axes: {name} has {n_axes} axes, got {len(found)} names, {axes!r}")
    return found


def _is_labelled(X: Any, name: str) -> bool:
    # A user with a DataArray has already imported xarray; nobody else should wait for its import.
    xarray = sys.modules.get("xarray")
    if xarray is None:
        return False
    if isinstance(X, xarray.Dataset):
        raise ValueError(
            f"{name}: expected one variable, got a Dataset; pick one of {list(X.data_vars)}"
        )
    return isinstance(X, xarray.DataArray)


def to_mask(
    mask: Any,
    shape: tuple[int, ...],
    order: list[int],
    name: str,
    along: Mapping[Any, Any],
    axes: tuple[str, ...] = AXES,
) -> np.ndarray:
    """Check `mask` against the original `shape` of `X` and bring it into the order of axes.

    One with dimension names is transposed by them, one with coordinates is sorted by them: `along`
    holds those of `X` by axis. A masked entry is False.
    """
    refuse_sparse(mask, "mask")
    values = as_array(mask)
    if _is_labelled(mask, "mask"):
        dims = name_axes(mask.dims, name="mask")
        if set(dims) != set(axes):
            raise ValueError(f"mask: expected the axes of {name}, {axes}, got {dims}")
        mask = rename_dims(mask, dims, "mask")
        values = values.transpose([dims.index(axis) for axis in axes])
        values = _in_order(mask.transpose(*axes), values, along, axes)
        shape, order = tuple(shape[i] for i in order), list(range(len(axes)))
    if isinstance(values, np.ma.MaskedArray):
        values = values.filled(False)
    if values.dtype != bool:
        raise ValueError(f"mask: expected booleans (True where observed), got dtype {values.dtype}")
    if values.shape != shape:
        raise ValueError(f"mask: expected the shape of {name}, {shape}, got {values.shape}")
    return values.transpose(order)


def _in_order(
    mask: Any, values: np.ndarray, along: Mapping[Any, Any], axes: tuple[str, ...]
) -> np.ndarray:
    """Sort a mask with these axes by coordinates that it brings itself."""
    for place, axis in enumerate(axes):
        own = own_index(mask, axis, "mask")
        if own is not None:
            theirs = along[axis].to_numpy() if axis in along else None
            found = order_by(own, theirs, "mask", axis)
            values = values if found is None else values.take(found, axis=place)
    return values


def rename_dims(X: "xarray.DataArray", found: tuple[str, ...], name: str) -> "xarray.DataArray":
    renamed, swapped = {}, {}
    for dim, axis in zip(X.dims, found, strict=True):
        if dim == axis:
            continue
        if axis not in X.coords or axis in X.dims:
            renamed[dim] = axis
        elif X.coords[axis].dims == (dim,):
            swapped[dim] = axis  # such as dimension "epoch" with a coordinate "trial" along it
        else:
            raise ValueError(
                f"{name}: dimension {dim!r} is read as {axis!r}, but there is a coordinate "
                f"{axis!r} along {X.coords[axis].dims}; rename that coordinate"
            )
    return X.swap_dims(swapped).rename(renamed)
