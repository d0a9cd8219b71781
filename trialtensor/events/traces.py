"""Traces: signals sampled in time, a column for each cell, read when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

from trialtensor.data.arrays import as_numbers, with_nan
from trialtensor.data.parameters import check_number, check_whole
from trialtensor.events.choosing import rows_where
from trialtensor.events.sources import naming
from trialtensor.events.spike_times import in_seconds
from trialtensor.events.tables import as_table, chosen_rows, columns_text, count, table_html


class Traces:
    """Signals of cells, channels or behaviour; values are loaded once, when first used.

    Parameters
    ----------
    name : str
        Such as "dff".
    table : pandas.DataFrame, or None
        One row a cell; the index is the cell's id. None numbers them once values are loaded.
    load : callable
        Returns values of shape (n_samples, n_cells), or (n_samples,) for a single one, in their
        unit: conversion and offset of the file are applied. NaN is missing.
    rate : float, optional
        Samples a second. Either this or `timestamps`.
    start : float
        Time of the first sample in seconds, with `rate`.
    timestamps : (n_samples,) array-like, or callable that returns one, optional
        Time of each sample in seconds, not decreasing.
    unit : str, optional
        Of the values, such as "V".
    n_samples : int, optional
        Shown before values are loaded.
    source : str
        What this was read from, for records.

    Attributes
    ----------
    table : pandas.DataFrame
        Its index is named "cell".
    values : (n_samples, n_cells) array
    times : (n_samples,) float64 array
        In seconds.

    Examples
    --------
    >>> import numpy as np
    >>> import trialtensor as tt
    >>> table = {"region": ["M1", "V1"]}
    >>> tt.Traces("dff", table, lambda: np.zeros((300, 2)), rate=30.0, n_samples=300)
    Traces 'dff': 2 cells (column region), 300 samples at 30 Hz
    """

    def __init__(
        self,
        name: str,
        table: pandas.DataFrame | None,
        load: Callable[[], Any],
        *,
        rate: float | None = None,
        start: float = 0.0,
        timestamps: Any = None,
        unit: str | None = None,
        n_samples: int | None = None,
        source: str = "",
    ) -> None:
        if not isinstance(name, str):
            raise ValueError(f"name: expected text, got {name!r}")
        if not callable(load):
            raise ValueError(
                "load: expected a function that returns values (n_samples, n_cells), got "
                f"{type(load).__name__}; lambda: values will do for an array"
            )
        if n_samples is not None:
            check_whole("n_samples", n_samples, 0)
        if (rate is None) == (timestamps is None):
            raise ValueError(
                f"traces {name!r}: expected either rate (samples a second) or timestamps"
            )
        self.name = str(name)
        self.rate = None if rate is None else check_number("rate", rate, above=0)
        self.start = check_number("start", start)
        self.unit = unit
        self.source = source
        self._table = None if table is None else as_table(table, "cell", "table")
        self._load = load
        self._timestamps = timestamps
        self._n_samples = n_samples
        self._values: np.ndarray | None = None
        self._times: np.ndarray | None = None

    @property
    def table(self) -> pandas.DataFrame:
        """One row a cell."""
        if self._table is None:
            self._table = as_table(None, "cell", "table", self.values.shape[1])
        return self._table

    @property
    def values(self) -> np.ndarray:
        """Values of shape (n_samples, n_cells)."""
        if self._values is None:
            with naming(self.source):
                self._values = self._checked(self._load())
        return self._values

    @property
    def times(self) -> np.ndarray:
        """Time of each sample in seconds."""
        if self._times is None:
            with naming(self.source):
                self._times = self._made_times()
        return self._times

    def where(self, expression: str) -> Traces:
        """Return the cells whose columns meet a condition, as for `trialtensor.Units.where`.

        Parameters
        ----------
        expression : str
            Such as ``"is_cell and region in ['M1', 'M2']"``.
        """
        return self.take(rows_where(self.table, expression))

    def take(self, chosen: Any) -> Traces:
        """Return some cells, by a mask or by positions; values stay unread until they are used.

        Parameters
        ----------
        chosen : (n_cells,) bool array, or int array
        """
        rows = chosen_rows(chosen, len(self), "chosen")
        return Traces(
            self.name,
            self.table.iloc[rows],
            lambda: self.values[:, rows],
            rate=self.rate,
            start=self.start,
            timestamps=None if self._timestamps is None else lambda: self.times,
            unit=self.unit,
            n_samples=self._n_samples,
            source=self.source,
        )

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        cells = "cells not read yet"
        if self._table is not None:
            cells = f"{count(len(self._table), 'cell')} ({columns_text(self._table)})"
        n = self._n_samples if self._values is None else len(self._values)
        samples = "samples" if n is None else count(n, "sample")
        how = "with timestamps" if self.rate is None else f"at {self.rate:g} Hz"
        unit = f", in {self.unit}" if self.unit else ""
        return f"Traces {self.name!r}: {cells}, {samples} {how}{unit}"

    def _repr_html_(self) -> str:
        table = pandas.DataFrame() if self._table is None else self._table
        return table_html(repr(self), table)

    def _checked(self, given: Any) -> np.ndarray:
        what = f"traces {self.name!r}"
        values = with_nan(as_numbers(given, what), what)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2:
            raise ValueError(f"{what}: expected (n_samples, n_cells), got shape {values.shape}")
        n = None if self._table is None else len(self._table)
        if n is not None and values.shape[1] != n:
            turned = " (it seems to be turned)" if values.shape[0] == n else ""
            raise ValueError(
                f"{what}: expected (n_samples, n_cells) with {n} cells, got shape "
                f"{values.shape}{turned}"
            )
        return values

    def _made_times(self) -> np.ndarray:
        n = len(self.values)
        if self.rate is not None:
            return self.start + np.arange(n) / self.rate
        given = self._timestamps() if callable(self._timestamps) else self._timestamps
        times = in_seconds(given, argument=f"timestamps of traces {self.name!r}")
        if len(times) != n:
            raise ValueError(
                f"timestamps of traces {self.name!r}: expected one for each of {n} samples, got "
                f"{len(times)}"
            )
        if not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise ValueError(
                f"timestamps of traces {self.name!r}: expected finite times in rising order"
            )
        return times
