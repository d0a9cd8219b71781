"""Tables with one row for each value become tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large
from trialtensor.sessions.columns import Columns
from trialtensor.sessions.tables import in_natural_order

if TYPE_CHECKING:
    from pandas import DataFrame, Series
    from xarray import DataArray

# Times that differ by less are the same: text has seldom more digits.
_DIGITS = 9
# So many places without a value for each with one are no grid.
_MOST_EMPTY = 20


def tensor_of(table: DataFrame, columns: Columns, name: str) -> tuple[DataArray, list[str]]:
    """Return the tensor of a table with columns for trial, neuron, time and value.

    Parameters
    ----------
    table : pandas.DataFrame
    columns : Columns
    name : str
        Of the tensor.

    Returns
    -------
    tensor : xarray.DataArray
        Dimensions trial, neuron, time; NaN where the table has no row. Names of neurons and trials
        are sorted as people count (unit2 before unit10). Further columns become coordinates of the
        axis that they belong to.
    notes : list of str

    Raises
    ------
    RefusedError
        If values aren't numbers, a place has two values, or hardly any place has one.
    """
    import xarray

    assert columns.trial and columns.neuron and columns.time and columns.value
    if not len(table):
        raise RefusedError("has no rows below the names of its columns")
    values = numbers(table[columns.value], columns.value)
    axes = {
        "trial": _codes(table[columns.trial], columns.trial),
        "neuron": _codes(table[columns.neuron], columns.neuron),
        "time": _times(table, columns),
    }
    shape = tuple(len(labels) for _, labels in axes.values())
    _check_grid(shape, len(values))
    refuse_too_large(8 * int(np.prod(shape)))
    places = np.ravel_multi_index([codes for codes, _ in axes.values()], shape)
    _refuse_twice(places, shape, axes)
    filled = np.full(int(np.prod(shape)), np.nan)
    filled[places] = values
    coords = {axis: (axis, np.asarray(labels)) for axis, (_, labels) in axes.items()}
    tensor = xarray.DataArray(filled.reshape(shape), coords, AXES, name=name)
    notes = []
    if len(values) < filled.size:
        notes.append(f"{filled.size - len(values)} of {filled.size} places have no row: missing")
    for other in columns.others(table):
        tensor, note = _with_label(tensor, table[other], {k: c for k, (c, _) in axes.items()})
        notes += note
    return tensor, notes


def numbers(column: Series, name: str) -> np.ndarray:
    """Return a column as floats.

    Parameters
    ----------
    column : pandas.Series
    name : str

    Raises
    ------
    RefusedError
        If it holds text; the message shows some.
    """
    import pandas

    if column.dtype.kind in "fiub":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    found = pandas.to_numeric(column, errors="coerce")
    odd = column[found.isna() & column.notna()]
    if len(odd) or column.dtype.kind in "mMc":
        shown = odd.iloc[0] if len(odd) else column.dtype
        raise RefusedError(f"has no numbers in its column {name!r}, such as {str(shown)[:40]!r}")
    return found.to_numpy(dtype=np.float64, na_value=np.nan)


def _codes(column: Series, name: str) -> tuple[np.ndarray, list[Any]]:
    """Return the place of each row along an axis, and the labels of the axis."""
    if column.isna().any():
        n = int(column.isna().sum())
        raise RefusedError(f"has {n} rows without a {name}")
    labels = in_natural_order(column)
    places = {label: place for place, label in enumerate(labels)}
    return column.map(places).to_numpy(dtype=np.int64), labels


def _times(table: DataFrame, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    assert columns.time
    times = np.round(numbers(table[columns.time], columns.time), _DIGITS)
    if not np.isfinite(times).all():
        raise RefusedError(f"has rows without a {columns.time}")
    labels, codes = np.unique(times, return_inverse=True)
    return codes, labels / 1000 if columns.in_milliseconds else labels


def _check_grid(shape: tuple[int, ...], n_rows: int) -> None:
    # Whole numbers of Python: these can be too large for those of NumPy.
    n_places = shape[0] * shape[1] * shape[2]
    if n_places > _MOST_EMPTY * n_rows:
        raise RefusedError(
            f"has {n_rows} values for {shape[0]} trials, {shape[1]} neurons and {shape[2]} "
            "different times; expected the same times in every trial, relative to its start"
        )


def _refuse_twice(
    places: np.ndarray, shape: tuple[int, ...], axes: dict[str, tuple[np.ndarray, Any]]
) -> None:
    order = np.sort(places)
    twice = order[1:][order[1:] == order[:-1]]
    if len(twice):
        where = np.unravel_index(twice[0], shape)
        said = ", ".join(
            f"{axis} {labels[k]}"
            for (axis, (_, labels)), k in zip(axes.items(), where, strict=True)
        )
        raise RefusedError(f"has {len(twice)} values too many: some places occur twice ({said})")


def _with_label(
    tensor: DataArray, column: Series, codes: dict[str, np.ndarray]
) -> tuple[DataArray, list[str]]:
    """Add a column as a label of the axis along which alone it differs."""
    for axis, places in codes.items():
        per_entry = column.groupby(places).nunique(dropna=False)
        if (per_entry <= 1).all():
            first = column.groupby(places).first()
            labels = first.reindex(range(tensor.sizes[axis])).to_numpy()
            return tensor.assign_coords({str(column.name): (axis, labels)}), []
    return tensor, [f"column {column.name!r} is left out: it is of no axis alone"]
