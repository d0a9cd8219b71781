"""Trial tensors that stay in their file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from xarray.core.indexing import LazilyIndexedArray

from trialtensor.data.axes import order_assumed
from trialtensor.data.chunks import in_pages
from trialtensor.data.validation import as_trial_tensor
from trialtensor.io.axis_order import order_by_labels
from trialtensor.variables.contents import Get, VariableInfo
from trialtensor.variables.in_file import InFile


def stays_in_file(
    path: Path,
    get: Get,
    variables: list[VariableInfo],
    chosen: VariableInfo,
    axes: str | Sequence[str] | None,
) -> tuple[InFile, Get]:
    """Open a variable without reading it, with its axes in order.

    Parameters
    ----------
    path, get, variables, chosen, axes : as for `trialtensor.io.reading.read_variable`

    Returns
    -------
    (InFile, callable)
        The variable, trials first; and what reads the others as `get` does, and of this one gives
        zeros that take no memory.
    """
    found = InFile(path, chosen.name)
    like = found.like

    def labels(name: str) -> np.ndarray | xarray.DataArray:
        return like if name == chosen.name else get(name)

    named = axes
    if axes is None and order_assumed(like):
        by_labels = order_by_labels(chosen, variables, labels, path)
        named = None if by_labels is None else by_labels.order
    found.put_in(_order(like, named, f"{chosen.name} in {path}"))
    return found, labels


def with_values(tensor: xarray.DataArray, values: InFile) -> xarray.DataArray:
    """Put a variable that stays in its file in the place of the zeros that it was described by.

    Parameters
    ----------
    tensor : xarray.DataArray
    values : InFile
    """
    found = tensor.copy(deep=False, data=LazilyIndexedArray(values))
    found.encoding = {
        "source": str(values.path),
        "preferred_chunks": dict(zip(map(str, tensor.dims), _pieces(values), strict=True)),
    }
    found.set_close(values.close)
    return found


def _order(like: Any, axes: str | Sequence[str] | None, name: str) -> tuple[int, ...]:
    """Return which axes come first, second and so on, told from an array with axes of all sizes."""
    sizes = tuple(range(2, 2 + like.ndim))
    tiny: Any = np.zeros(sizes)
    if hasattr(like, "dims"):
        tiny = xarray.DataArray(tiny, dims=like.dims)
    return tuple(n - 2 for n in as_trial_tensor(tiny, axes=axes, name=name).shape)


def _pieces(values: InFile) -> tuple[int, ...]:
    """Return the size along each axis of what is best read at once: whole chunks, or pages."""
    if values.chunks is not None:
        return values.chunks
    slowest_first = values.stored_first
    pieces = in_pages([values.shape[k] for k in slowest_first], values.dtype)
    of_trials = pieces[slowest_first.index(0)]
    return (of_trials, *values.shape[1:])
