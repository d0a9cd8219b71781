"""Units: a table with one row each, and their spike times, read when they are first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas

from trialtensor.events.choosing import rows_where
from trialtensor.events.sources import naming
from trialtensor.events.spike_times import checked_spikes, grouped, in_seconds, joined
from trialtensor.events.tables import as_table, chosen_rows, columns_text, count, table_html

Spikes = tuple[np.ndarray, np.ndarray]
Intervals = list[np.ndarray]


class Units:
    """Recorded units with all columns of their table; spikes are loaded once, when first used.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a unit; the index is the unit's id.
    load : callable
        Returns spike times in seconds, (n_spikes,), and bounds, (n_units + 1,): unit ``i`` has
        ``times[bounds[i]:bounds[i + 1]]``. Times needn't be sorted; NaN is no spike.
    observed : list of (n_intervals, 2) arrays, or callable that returns one, optional
        For each unit the start and end in seconds of the intervals in which it was recorded; one
        array is for all units. By default all was recorded.
    source : str
        What this was read from, for records.

    Attributes
    ----------
    table : pandas.DataFrame
        Its index is named "unit".
    times : (n_spikes,) float64 array
        In seconds, sorted within each unit.
    bounds : (n_units + 1,) int64 array
    observed : list of (n_intervals, 2) arrays, or None

    Examples
    --------
    >>> import trialtensor as tt
    >>> units = tt.Units.from_times({"a": [0.1, 0.7], "b": []}, table={"region": ["M1", "V1"]})
    >>> units
    Units: 2 units (column region), 2 spikes from 0.1 to 0.7 s
    >>> units.where("region == 'M1'").table
         region
    unit
    a        M1
    """

    def __init__(
        self,
        table: pandas.DataFrame,
        load: Callable[[], Spikes],
        observed: Intervals | np.ndarray | Callable[[], Intervals | None] | None = None,
        *,
        source: str = "",
    ) -> None:
        if not callable(load):
            raise ValueError(
                "load: expected a function that returns spike times and bounds, got "
                f"{type(load).__name__}; Units.from_times takes spike times themselves"
            )
        if isinstance(observed, int | float | str):
            raise ValueError(
                "observed: expected intervals (n_intervals, 2), or a list of them, got "
                f"{observed!r}"
            )
        self.table = as_table(table, "unit", "table")
        self.source = source
        self._load = load
        self._observed = observed
        self._spikes: Spikes | None = None

    @classmethod
    def from_times(
        cls,
        times: Mapping[Any, Any] | Sequence[Any],
        table: Any = None,
        *,
        rate: float | None = None,
        observed: Intervals | np.ndarray | None = None,
    ) -> Units:
        """Make units of one array of spike times each.

        Parameters
        ----------
        times : dict or list of arrays
            Spike times of each unit in seconds, in any order; the keys of a dict are ids. NaN is no
            spike, so rows of a padded array will do.
        table : DataFrame or dict of columns, optional
            One row for each unit, in the same order. The index of a DataFrame names the units of a
            list; that of a dict must be its keys, in any order.
        rate : float, optional
            Samples a second, if times are numbers of samples.
        observed : list of (n_intervals, 2) arrays, optional
            As for `Units`.

        Raises
        ------
        ValueError
            If times aren't numbers, are infinite, or the table has other units.
        """
        ids, arrays = _named(times)
        spikes = joined([in_seconds(each, rate) for each in arrays])
        own = as_table(table, "unit", "table", len(arrays))
        if ids is not None:
            own = _in_order(own, ids) if isinstance(table, pandas.DataFrame) else own
            own.index = pandas.Index(ids, name="unit")
        made = cls(own, lambda: spikes, observed)
        made._loaded()  # what is wrong with spikes in memory is said at once
        return made

    @classmethod
    def from_flat(
        cls,
        times: Any,
        units: Any,
        table: Any = None,
        *,
        rate: float | None = None,
        observed: Intervals | np.ndarray | None = None,
    ) -> Units:
        """Make units of all spikes in one array beside the unit of each.

        Parameters
        ----------
        times : (n_spikes,) array-like
            In seconds, in any order.
        units : (n_spikes,) array-like
            The unit of each spike.
        table : DataFrame, optional
            One row a unit, with their ids as its index; it decides which units there are, so that
            units without spikes are kept. By default the units that occur, sorted.
        rate : float, optional
            Samples a second, if times are numbers of samples.
        observed : list of (n_intervals, 2) arrays, optional
            As for `Units`.

        Raises
        ------
        ValueError
            If lengths differ, or spikes have a unit that isn't in the table.

        Examples
        --------
        >>> Units.from_flat([0.3, 0.1, 0.2], [7, 5, 7]).bounds
        array([0, 1, 3])
        """
        own = None if table is None else as_table(table, "unit", "table")
        ids, spikes = grouped(in_seconds(times, rate), units, None if own is None else own.index)
        if own is None:
            own = pandas.DataFrame(index=pandas.Index(ids))
        made = cls(own, lambda: spikes, observed)
        made._loaded()  # what is wrong with spikes in memory is said at once
        return made

    @property
    def times(self) -> np.ndarray:
        """Spike times of all units, one unit after the other."""
        return self._loaded()[0]

    @property
    def bounds(self) -> np.ndarray:
        """Where each unit's spikes begin, and the end."""
        return self._loaded()[1]

    @property
    def observed(self) -> Intervals | None:
        """Intervals in which each unit was recorded; None if that is all of it."""
        if callable(self._observed):
            with naming(self.source):
                self._observed = self._observed()
        if self._observed is None:
            return None
        if isinstance(self._observed, np.ndarray) and self._observed.ndim == 2:
            self._observed = [self._observed] * len(self)
        if len(self._observed) != len(self):
            raise ValueError(
                f"observed: expected intervals for each of {len(self)} units, got "
                f"{len(self._observed)}"
            )
        return list(self._observed)

    def where(self, expression: str) -> Units:
        """Return the units whose columns meet a condition.

        Parameters
        ----------
        expression : str
            Such as ``"quality == 'good' and depth > 300"``: comparisons of columns with values,
            ``in``, ``and``, ``or``, ``not``, ``is None``; nothing else is evaluated.

        Raises
        ------
        ValueError
            For anything else, and for columns that don't exist.
        """
        return self.take(rows_where(self.table, expression))

    def take(self, chosen: Any) -> Units:
        """Return some units, by a mask or by positions; spikes stay unread until they are used.

        Parameters
        ----------
        chosen : (n_units,) bool array, or int array
        """
        rows = chosen_rows(chosen, len(self), "chosen")

        def spikes() -> Spikes:
            times, bounds = self._loaded()
            return joined([times[bounds[i] : bounds[i + 1]] for i in rows])

        def observed() -> Intervals | None:
            whole = self.observed
            return None if whole is None else [whole[i] for i in rows]

        return Units(self.table.iloc[rows], spikes, observed, source=self.source)

    def spikes_of(self, unit: Any) -> np.ndarray:
        """Return the spike times of one unit, by its id.

        Parameters
        ----------
        unit : int or str
            In the index of the table; of several with this id the first.
        """
        place = np.flatnonzero(self.table.index == unit)
        if not len(place):
            raise ValueError(f"unit: {unit!r} is not among the units {self._some_ids()}")
        return self.times[self.bounds[place[0]] : self.bounds[place[0] + 1]]

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        text = f"Units: {count(len(self), 'unit')} ({columns_text(self.table)})"
        if self._spikes is None:
            return f"{text}, spikes not read yet"
        times = self._spikes[0]
        if not len(times):
            return f"{text}, no spikes"
        first, last = times.min(), times.max()
        return f"{text}, {count(len(times), 'spike')} from {first:g} to {last:g} s"

    def _repr_html_(self) -> str:
        return table_html(repr(self), self.table)

    def _some_ids(self) -> str:
        ids = list(self.table.index[:6])
        return ", ".join(map(repr, ids)) + (", ..." if len(self) > 6 else "")

    def _loaded(self) -> Spikes:
        if self._spikes is None:
            with naming(self.source):
                self._spikes = checked_spikes(*self._load(), len(self))
        return self._spikes


def _named(times: Any) -> tuple[list[Any] | None, list[Any]]:
    """Return ids, if there are any, and the array of each unit."""
    if isinstance(times, Mapping):
        return list(times), list(times.values())
    if isinstance(times, (str, bytes)) or not hasattr(times, "__iter__"):
        raise ValueError(
            "times: expected a dict or list with the spike times of each unit, got "
            f"{type(times).__name__}"
        )
    arrays = list(times)
    if arrays and all(np.ndim(each) == 0 for each in arrays):
        raise ValueError(
            f"times: expected one array of spike times a unit, got {len(arrays)} numbers; put the "
            "spikes of one unit into a list, [times], or give the unit of each spike with "
            "Units.from_flat(times, units)"
        )
    return None, arrays


def _in_order(table: pandas.DataFrame, ids: list[Any]) -> pandas.DataFrame:
    """Sort a table by ids, unless its index is a numbering that names nothing."""
    if list(table.index) == ids or isinstance(table.index, pandas.RangeIndex):
        return table
    if not table.index.is_unique or set(table.index) != set(ids):
        other = [each for each in ids if each not in table.index]
        raise ValueError(
            f"table: its index isn't that of the units: {len(other)} of {len(ids)} aren't in it"
            + (f", such as {other[0]!r}" if other else "")
        )
    return table.loc[ids]
