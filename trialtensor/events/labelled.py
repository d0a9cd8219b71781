"""A tensor with every column of its tables as a coordinate, and a record of how it was made."""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas
import xarray

from trialtensor import __version__
from trialtensor.data.axes import AXES
from trialtensor.data.labels import plain_labels

_SCALARS = (
    str, bytes, bool, numbers.Number, np.generic, datetime.date, datetime.timedelta, type(None),
    type(pandas.NA), type(pandas.NaT), pandas.Interval, pandas.Period,
)  # fmt: skip


def labelled(
    values: np.ndarray,
    trials: pandas.DataFrame,
    neurons: pandas.DataFrame,
    time: np.ndarray,
    *,
    name: str,
    attrs: dict[str, Any],
) -> xarray.DataArray:
    """Return a labelled tensor.

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) array
    trials, neurons : pandas.DataFrame
        A column ``x`` becomes the coordinate ``x``; if both tables have it, or an axis is called
        so, ``trial_x`` and ``neuron_x``.
    time : (n_times,) array
        In seconds.
    name : str
    attrs : dict
        Numbers, text and lists of them, with "made_by". What is None or empty is left out.

    Returns
    -------
    xarray.DataArray
        Columns with several values a cell are left out; the attribute ``left_out`` names them.
    """
    coords: dict[str, tuple[str, Any]] = {
        "trial": ("trial", plain_labels(trials.index.to_numpy())),
        "neuron": ("neuron", plain_labels(neurons.index.to_numpy())),
        "time": ("time", time),
    }
    shared = {_plain_name(c) for c in trials.columns} & {_plain_name(c) for c in neurons.columns}
    left_out = []
    for axis, table in (("trial", trials), ("neuron", neurons)):
        for column, held in _columns(table):
            if not _one_value_each(held):
                left_out.append(f"{column} (several values in a cell)")
                continue
            label = _plain_name(column)
            if label in shared or label in AXES:
                label = f"{axis}_{label}"
            coords[_unused(label, coords)] = (axis, plain_labels(held.to_numpy()))
    tensor = xarray.DataArray(values, coords=coords, dims=AXES, name=name)
    tensor["time"].attrs["units"] = "s"
    made_by = f"trialtensor {__version__}, {attrs['made_by']}"
    record = {**attrs, "made_by": made_by, "left_out": "; ".join(left_out)}
    return tensor.assign_attrs({k: v for k, v in record.items() if v is not None and v != ""})


def _columns(table: pandas.DataFrame) -> Iterator[tuple[str, pandas.Series]]:
    # By place: names may occur twice.
    for i, column in enumerate(table.columns):
        yield str(column), table.iloc[:, i]


def _one_value_each(column: pandas.Series) -> bool:
    if column.dtype != object:
        return True
    return all(isinstance(each, _SCALARS) for each in column.to_numpy())


def _plain_name(column: Any) -> str:
    # A slash would be a group of a netCDF file, and blanks at the ends are refused there.
    return str(column).replace("/", "_").strip() or "column"


def _unused(label: str, coords: dict[str, Any]) -> str:
    if label not in coords:
        return label
    n = 2
    while f"{label}_{n}" in coords:
        n += 1
    return f"{label}_{n}"
