"""What a table is about: values, spikes, signals, trials or units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.sessions.columns import Columns

if TYPE_CHECKING:
    from pandas import DataFrame

# Of tables that could be either, so much of a grid has to have a value.
_FILLED = 0.05


class Kind(StrEnum):
    """Kinds of tables."""

    LONG = "values of trials, neurons and times"
    WIDE = "values of trials and times, a column a neuron"
    SPIKES = "spikes"
    TRACES = "signals"
    TRIALS = "trials"
    UNITS = "units"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Table:
    """A table of a file, and what it is about.

    Attributes
    ----------
    name : str
        Of its file, without the suffix.
    data : pandas.DataFrame
    columns : Columns
    kind : Kind
    """

    name: str
    data: DataFrame
    columns: Columns
    kind: Kind

    @classmethod
    def of(cls, name: str, data: DataFrame, given: dict[str, str | None]) -> Table:
        """Find out what a table is about, by its columns and else by its name.

        Parameters
        ----------
        name : str
        data : pandas.DataFrame
        given : dict
            Role -> name of a column, where the user says it.
        """
        columns = Columns.of(data, given)
        return cls(name, data, *_kind(name.lower(), data, columns))


def _kind(name: str, data: DataFrame, columns: Columns) -> tuple[Columns, Kind]:
    if columns.neuron and columns.time:
        if columns.trial and (value := _value(data, columns)):
            return Columns(*_named(columns), value, columns.in_milliseconds), Kind.LONG
        return columns, Kind.SPIKES
    if columns.time and not columns.neuron:
        if columns.trial and _is_wide(data, columns):
            return columns, Kind.WIDE
        if not columns.trial and "trial" not in name and _are_samples(data, columns):
            return columns, Kind.TRACES
    if columns.neuron and not columns.trial and data[columns.neuron].is_unique:
        return columns, Kind.UNITS
    if columns.trial or "trial" in name or _has_intervals(data):
        return columns, Kind.TRIALS
    return columns, Kind.UNKNOWN


def _named(columns: Columns) -> tuple[str | None, str | None, str | None]:
    return columns.trial, columns.neuron, columns.time


def _value(data: DataFrame, columns: Columns) -> str | None:
    """Return the column of values, if rows are places of a grid rather than spikes."""
    if columns.value:
        return columns.value
    numeric = [name for name in columns.others(data) if data[name].dtype.kind in "fiub"]
    if len(numeric) != 1:
        return None
    n_places = np.prod([float(data[name].nunique()) for name in _named(columns)])
    return numeric[0] if len(data) >= _FILLED * n_places else None


def _is_wide(data: DataFrame, columns: Columns) -> bool:
    others = columns.others(data) + ([columns.value] if columns.value else [])
    return (
        not data[columns.trial].is_unique
        and not data.duplicated([columns.trial, columns.time]).any()
        and any(data[name].dtype.kind in "fiub" for name in others)
    )


def _are_samples(data: DataFrame, columns: Columns) -> bool:
    """Tell whether each row is a sample in time."""
    times = data[columns.time]
    if times.dtype.kind not in "fiu" or len(times) < 3:
        return False
    steps = np.diff(times.to_numpy(dtype=np.float64, na_value=np.nan))
    others = [data[name].dtype.kind in "fiub" for name in data.columns if name != columns.time]
    if not others or not all(others) or not (steps > 0).all():
        return False
    usual = np.median(steps)
    return bool((np.abs(steps - usual) <= usual / 2).mean() >= 0.9)


def _has_intervals(data: DataFrame) -> bool:
    names = {str(name).lower() for name in data.columns}
    return bool({"start_time", "stop_time", "start", "stop", "end", "onset"} & names)
