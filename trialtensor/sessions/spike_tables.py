"""Tables with one row for each spike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.long_tables import numbers
from trialtensor.sessions.table_kinds import Table
from trialtensor.sessions.tables import in_natural_order

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from trialtensor.events.units import Units

START = "trial_start"
# Seconds between the spikes of one trial and the next, where times begin again in each.
_APART = 1.0


@dataclass(frozen=True)
class Made:
    """Units, and the trials that their times belong to.

    Attributes
    ----------
    units : Units
    trials : DataFrame or None
    notes : list of str
    """

    units: Units
    trials: DataFrame | None
    notes: list[str]


def units_of_spikes(
    table: Table, about: DataFrame | None, trials: DataFrame | None, source: str
) -> Made:
    """Make units of a table of spikes.

    Parameters
    ----------
    table : Table
        Of kind `SPIKES`.
    about : DataFrame or None
        One row a unit, its id as the index; units without spikes are kept.
    trials : DataFrame or None
        If times begin again in every trial, it gets a column "trial_start".
    source : str
        For records.

    Raises
    ------
    RefusedError
        If times aren't numbers, or a spike has no unit.
    """
    from trialtensor.events.spike_times import grouped
    from trialtensor.events.units import Units

    data, columns = table.data, table.columns
    assert columns.neuron and columns.time
    times = numbers(data[columns.time], columns.time)
    times = times / 1000 if columns.in_milliseconds else times
    notes = [f"times in {columns.time!r} are milliseconds"] if columns.in_milliseconds else []
    if columns.trial is not None and _begin_again(times, data[columns.trial]):
        times, trials, note = _put_apart(times, data[columns.trial], trials)
        notes += note
    if data[columns.neuron].isna().any():
        raise RefusedError(f"has spikes without a {columns.neuron}")
    units, more = _table(data[columns.neuron], about)
    codes = units.index.get_indexer(data[columns.neuron])
    spikes = grouped(times, codes, None if not len(units) else _numbered(units))[1]
    left = columns.others(data)
    if left:
        notes.append(f"columns of spikes that aren't used: {', '.join(map(str, left))}")
    return Made(Units(units, lambda: spikes, source=source), trials, notes + more)


def _numbered(units: DataFrame) -> Any:
    import pandas

    return pandas.RangeIndex(len(units))


def _table(ids: Series, about: DataFrame | None) -> tuple[DataFrame, list[str]]:
    """Return the table of units: all that spikes or a table name."""
    import pandas

    own = in_natural_order(ids)
    if about is None:
        return pandas.DataFrame(index=pandas.Index(own, name="unit")), []
    lost = [each for each in own if each not in about.index]
    notes = [f"units without a row in their table: {', '.join(map(str, lost[:8]))}"] if lost else []
    return about.reindex([*about.index, *lost]), notes


def _begin_again(times: np.ndarray, trials: Series) -> bool:
    """Tell whether times are relative to their trial: those of trials overlap."""
    found = trials.groupby(trials).indices
    if len(found) < 2:
        return False
    spans = [(np.nanmin(times[rows]), np.nanmax(times[rows])) for rows in found.values()]
    first, last = np.array(sorted(spans)).T
    return bool(np.mean(first[1:] < last[:-1]) > 0.5)


def _put_apart(
    times: np.ndarray, column: Series, trials: DataFrame | None
) -> tuple[np.ndarray, DataFrame, list[str]]:
    """Put trials one after the other, so that every spike has a time of its own."""
    import pandas

    low, high = float(np.nanmin(times)), float(np.nanmax(times))
    if trials is None:
        trials = pandas.DataFrame(index=pandas.Index(in_natural_order(column), name="trial"))
    rows = trials.index.get_indexer(column)
    if (rows < 0).any():
        raise RefusedError(
            f"has spikes of trials that aren't in the table of trials ({column.name})"
        )
    starts = np.arange(len(trials)) * (high - low + _APART)
    shifted = [name for name in trials.columns if _is_within(trials[name], low, high)]
    moved = {name: trials[name] + starts for name in shifted}
    notes = [
        f"times begin again in every trial, so trials were put {high - low + _APART:g} s apart; "
        f"{START} is time 0 of each"
    ]
    if shifted:
        notes.append(f"columns of trials that were taken as times in it: {', '.join(shifted)}")
    return times + starts[rows], trials.assign(**moved, **{START: starts}), notes


def _is_within(column: Series, low: float, high: float) -> bool:
    if column.dtype.kind != "f":
        return False
    known = column.dropna()
    inside = bool(((known >= low) & (known <= high)).all())
    return inside and len(known) > 0 and bool((known % 1 != 0).any())
