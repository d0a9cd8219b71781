"""Tables with one row for each value become tensors."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.data.axes import AXES, find_axis
from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large
from trialtensor.sessions.columns import NAMES, Columns

if TYPE_CHECKING:
    from pandas import DataFrame, Series
    from xarray import DataArray

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
        are sorted as people count (unit2 before unit10). Further columns become labels of trials or
        of neurons.
    notes : list of str

    Raises
    ------
    RefusedError
        If values aren't numbers, a place has two values, or hardly any place has one.
    """
    from trialtensor.events import long_tables

    if not len(table):
        raise RefusedError("has no rows below the names of its columns")
    named = _with_usual_names(table, columns)
    if named["value"].dtype.kind not in "iu":  # counts stay whole
        named["value"] = numbers(table[columns.value], str(columns.value))
    named["time"] = numbers(table[columns.time], str(columns.time))
    if columns.in_milliseconds:
        named["time"] /= 1000
    _check_grid(named)
    try:
        tensor = long_tables.tensor_of(named).rename(name)
    except ValueError as error:
        raise RefusedError(f"can't become a tensor: {error}") from error
    notes = []
    n_missing = tensor.size - len(table)
    if n_missing:
        notes.append(f"{n_missing} of {tensor.size} places have no row: missing")
    left = tensor.attrs.pop("not_a_label", "")
    if left:
        notes.append(f"columns that label neither trials nor neurons are left out: {left}")
    return tensor, notes


def _with_usual_names(table: DataFrame, columns: Columns) -> DataFrame:
    """Return a table whose columns are called trial, neuron, time and value."""
    new = {getattr(columns, role): role for role in NAMES}
    # Another column of such a name keeps it with a mark.
    for name in table.columns:
        if name not in new and (find_axis(name) or name in NAMES):
            new[name] = f"{name}_"
    return table.rename(columns=new)


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


def _check_grid(table: DataFrame) -> None:
    """Refuse times that are others in every trial, before a tensor takes all memory."""
    shape = [int(table[axis].nunique()) for axis in AXES]
    n_places = prod(shape)
    if n_places > _MOST_EMPTY * len(table):
        raise RefusedError(
            f"has {len(table)} values for {shape[0]} trials, {shape[1]} neurons and {shape[2]} "
            "different times; expected the same times in every trial, relative to its start"
        )
    refuse_too_large(8 * n_places)
