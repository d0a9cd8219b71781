"""Units of several probes together, with a column that says which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.units import Units


def merged_units(names: Sequence[str], units: Sequence[Units], column: str = "probe") -> Units:
    """Put the units of several probes into one table.

    Parameters
    ----------
    names : sequence of str
        Of the probes; one without a name is left without a column.
    units : sequence of Units
    column : str
        What is to say the name.

    Returns
    -------
    Units
        Spikes stay unread. Ids of several probes get their name in front ("probe00:12"), and their
        own stand in the column "cluster".
    """
    import pandas

    from trialtensor.events.units import Units

    if len(units) == 1:
        only = units[0]
        if names[0]:
            only.table = _with_column(only.table, column, names[0])
        return only
    tables = []
    for name, each in zip(names, units, strict=True):
        table = _with_column(each.table, "cluster", each.table.index)
        table = _with_column(table, column, name)
        table.index = pandas.Index([f"{name}:{unit}" for unit in table.index], name="unit")
        tables.append(table)

    def load() -> tuple[np.ndarray, np.ndarray]:
        counts = np.concatenate([[0], *(np.diff(each.bounds) for each in units)])
        return np.concatenate([each.times for each in units]), np.cumsum(counts)

    return Units(pandas.concat(tables), load, source=units[0].source)


def _with_column(table: DataFrame, name: str, values: Any) -> DataFrame:
    """Put a column first; one that is called so already gets a mark."""
    table = table.rename(columns={name: f"{name}_"})
    table.insert(0, name, values)
    return table
