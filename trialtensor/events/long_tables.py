"""Long tables: one row a value of a tensor, or one row a spike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas
import xarray

from trialtensor.data.axes import AXES, accepted_names, find_axis
from trialtensor.data.labels import complete_labels
from trialtensor.events.labelled import labelled
from trialtensor.events.spike_times import sorted_codes
from trialtensor.events.units import Units

_VALUES = ("value", "values", "count", "counts", "spikes", "rate", "firing_rate", "dff", "activity")
_SPIKE_UNITS = ("cluster", "cluster_id", "clusters", "unit_id", "spike_clusters", "neuron_id")
_SPIKE_TIMES = ("spike_time", "spike_times", "timestamp", "t")


def is_long_tensor(table: pandas.DataFrame) -> bool:
    """Return whether a table has columns for trial, neuron and time.

    Parameters
    ----------
    table : pandas.DataFrame
    """
    return set(_axis_columns(table)) == set(AXES)


def is_spike_table(table: pandas.DataFrame) -> bool:
    """Return whether a table has columns for unit and time, and none for trials.

    Parameters
    ----------
    table : pandas.DataFrame
    """
    unit, time = _spike_columns(table)
    return unit is not None and time is not None and "trial" not in _axis_columns(table)


def units_of(table: pandas.DataFrame) -> Units:
    """Return units from a table with one row a spike.

    Parameters
    ----------
    table : pandas.DataFrame
        With a column such as "unit" or "cluster", and one such as "time" or "spike_time" in
        seconds. Others that are the same for all spikes of a unit describe the units.

    Raises
    ------
    ValueError
        If there are no such columns.

    Examples
    --------
    >>> import pandas
    >>> spikes = {"unit": ["b", "a", "b"], "time": [0.2, 0.1, 0.4], "region": ["V1", "M1", "V1"]}
    >>> units_of(pandas.DataFrame(spikes)).table["region"].to_list()
    ['M1', 'V1']
    """
    unit, time = _spike_columns(table)
    if unit is None or time is None:
        raise ValueError(
            "units: expected a table with one row a spike and columns such as 'unit' and 'time', "
            f"got columns {', '.join(map(str, table.columns))}"
        )
    ids, codes = _sorted_labels(table[unit])
    others = [c for c in table.columns if c not in (unit, time)]
    own, _ = _constant_columns(table, codes, len(ids), others)
    own.index = pandas.Index(ids)
    return Units.from_flat(table[time].to_numpy(), np.asarray(ids, object)[codes], own)


def tensor_of(table: pandas.DataFrame) -> xarray.DataArray:
    """Return a tensor from a table with one row a value.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns for trial, neuron and time, under any of their names, and one of values. Others
        become labels if they are the same in all rows of a trial, or of a neuron.

    Returns
    -------
    xarray.DataArray
        NaN where there is no row. Names with numbers are sorted by these (unit2 before unit10),
        times that differ by rounding are the same.

    Raises
    ------
    ValueError
        If there are no such columns, labels or times are missing, or a value occurs twice.

    Examples
    --------
    >>> import pandas
    >>> rows = {"trial": [0, 0, 1], "unit": ["u2", "u10", "u2"], "time": [0.1] * 3}
    >>> X = tensor_of(pandas.DataFrame({**rows, "value": [1.0, 2.0, 3.0]}))
    >>> X.sel(time=0.1).to_numpy()
    array([[ 1.,  2.],
           [ 3., nan]])
    """
    columns, value = _axis_columns(table), _value_column(table)
    if set(columns) != set(AXES) or value is None:
        raise ValueError(
            f"table: expected columns for {accepted_names()}, and one of values (called 'value', "
            f"if there are more with numbers), got {', '.join(map(str, table.columns))}"
        )
    found = {
        axis: _times(table[columns[axis]])
        if axis == "time" and table[columns[axis]].dtype.kind == "f"
        else _sorted_labels(table[columns[axis]])
        for axis in AXES
    }
    shape = tuple(len(found[axis][0]) for axis in AXES)
    cells = np.ravel_multi_index(tuple(found[axis][1] for axis in AXES), shape)
    _refuse_twice(table, columns, cells)
    whole = len(cells) == np.prod(shape) and table[value].dtype.kind in "iu"
    values = np.full(shape, 0 if whole else np.nan, table[value].dtype if whole else np.float64)
    values.reshape(-1)[cells] = pandas.to_numeric(table[value]).to_numpy(
        values.dtype, **({} if whole else {"na_value": np.nan})
    )
    rest = [c for c in table.columns if c not in (*columns.values(), value)]
    trials, rest = _constant_columns(table, found["trial"][1], shape[0], rest)
    neurons, rest = _constant_columns(table, found["neuron"][1], shape[1], rest)
    trials.index, neurons.index = pandas.Index(found["trial"][0]), pandas.Index(found["neuron"][0])
    attrs = {"made_by": "a long table", "source": "table", "not_a_label": "; ".join(map(str, rest))}
    time = np.asarray(found["time"][0])
    return labelled(values, trials, neurons, time, name=str(value), attrs=attrs)


def _axis_columns(table: pandas.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in table.columns:
        axis = find_axis(column)
        # The axis itself goes before its other names: there may be a "bin" beside a "time".
        if axis is not None and (axis not in found or str(column) == axis):
            found[axis] = column
    return found


def _value_column(table: pandas.DataFrame) -> Any:
    axes = set(_axis_columns(table).values())
    numeric = [
        c
        for c in table.columns
        if c not in axes
        and isinstance(table[c], pandas.Series)
        and pandas.api.types.is_numeric_dtype(table[c].dtype)
        and table[c].dtype.kind != "b"
    ]
    named = [c for c in numeric if str(c).lower() in _VALUES]
    if len(named) == 1:
        return named[0]
    return numeric[0] if len(numeric) == 1 else None


def _spike_columns(table: pandas.DataFrame) -> tuple[Any, Any]:
    axes = _axis_columns(table)
    lower = {str(c).lower(): c for c in table.columns}
    unit = axes.get("neuron", next((lower[n] for n in _SPIKE_UNITS if n in lower), None))
    time = next((lower[n] for n in _SPIKE_TIMES if n in lower), axes.get("time"))
    return unit, time


def _sorted_labels(column: pandas.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of a column in order, and the place of each row's among them."""
    labels = complete_labels(column.to_numpy(), f"column {column.name!r}", "row needs one")
    codes, found = sorted_codes(labels)
    return found, codes


def _times(column: pandas.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return times in order, of which those that differ by rounding are one."""
    values = column.to_numpy(np.float64)
    if np.isnan(values).any():
        raise ValueError(f"column {column.name!r}: {int(np.isnan(values).sum())} times are missing")
    found, codes = np.unique(values, return_inverse=True)
    steps = np.diff(found)
    usual = np.median(steps[steps > 1e-9 * np.abs(found).max()]) if len(steps) else 0.0
    new = np.r_[True, steps > 1e-6 * usual] if len(steps) else np.ones(len(found), bool)
    return found[new], (np.cumsum(new) - 1)[codes]


def _constant_columns(
    table: pandas.DataFrame, codes: np.ndarray, n: int, columns: Iterable[Any]
) -> tuple[pandas.DataFrame, list[Any]]:
    """Return the columns that are the same in all rows of an entry, and the names of others."""
    first = np.zeros(n, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    same, rest = {}, []
    for column in columns:
        labels = table[column]
        own = labels.iloc[first].reset_index(drop=True)
        kind, _ = pandas.factorize(labels.astype(str) if labels.dtype == object else labels)
        if (kind == kind[first][codes]).all():
            same[column] = own
        else:
            rest.append(column)
    return pandas.DataFrame(same, index=pandas.RangeIndex(n)), rest


def _refuse_twice(table: pandas.DataFrame, columns: dict[str, Any], cells: np.ndarray) -> None:
    twice = pandas.Series(cells).duplicated().to_numpy()
    if twice.any():
        row = table.iloc[int(np.flatnonzero(twice)[0])]
        where = ", ".join(f"{columns[axis]} {row[columns[axis]]}" for axis in AXES)
        raise ValueError(
            f"table: {int(twice.sum())} rows repeat a trial, neuron and time, such as {where}; a "
            "tensor has one value each"
        )
