"""Tables with a column for each neuron."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.events.tables import natural_key
from trialtensor.sessions.columns import Columns
from trialtensor.sessions.long_tables import numbers
from trialtensor.sessions.table_kinds import Kind, Table

if TYPE_CHECKING:
    from trialtensor.events.traces import Traces

_NEURON, _VALUE = "neuron", "value"


def long_of_wide(table: Table) -> Table:
    """Return the same values with one row each.

    Parameters
    ----------
    table : Table
        Of kind `WIDE`. Columns of text, and those that stay the same within every trial, are of
        trials, others of neurons.
    """
    data, columns = table.data, table.columns
    cells = [name for name in data.columns if name not in (columns.trial, columns.time)]
    grouped = data.groupby(columns.trial)
    of_trials = [
        name
        for name in cells
        if data[name].dtype.kind not in "fiub" or (grouped[name].nunique(dropna=False) <= 1).all()
    ]
    cells = [name for name in cells if name not in of_trials] or of_trials
    kept = [name for name in (columns.trial, columns.time, *of_trials) if name not in cells]
    long = data.melt(kept, cells, var_name=_NEURON, value_name=_VALUE)
    own = Columns(columns.trial, _NEURON, columns.time, _VALUE, columns.in_milliseconds)
    return replace(table, data=long, columns=own, kind=Kind.LONG)


def traces_of(table: Table, source: str) -> Traces:
    """Return the signals of a table with one row a sample.

    Parameters
    ----------
    table : Table
        Of kind `TRACES`.
    source : str
        For records.
    """
    import pandas

    from trialtensor.events.traces import Traces

    assert table.columns.time
    times = numbers(table.data[table.columns.time], table.columns.time)
    times = times / 1000 if table.columns.in_milliseconds else times
    others = (name for name in table.data.columns if name != table.columns.time)
    names = sorted(others, key=natural_key)
    values = np.column_stack([numbers(table.data[name], name) for name in names])
    about = pandas.DataFrame(index=pandas.Index(names, name="cell"))
    return Traces(
        table.name, about, lambda: values, timestamps=times, n_samples=len(times), source=source
    )
