"""Where units and channels were recorded: columns of the electrodes that they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.nwb.nodes import Left, Node, Tree
from trialtensor.sessions.formats.nwb.tables import (
    bounds_of,
    column_names,
    cut,
    index_chain,
    read_table,
)

GROUPS = "general/extracellular_ephys"
TABLE = f"{GROUPS}/electrodes"
# Names that are searched for, beside those of NWB.
_ALSO = {"location": "region", "group_name": "probe"}
# The electrode with the largest spikes, by its id.
_PEAK = "peak_channel_id"


def add_electrodes(tree: Tree, node: Node, table: pandas.DataFrame, left: Left) -> pandas.DataFrame:
    """Add the columns of the electrodes of each unit, where those of a unit agree.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    node : Node
        The table of units.
    table : DataFrame
        What has been read of it.
    left : Left
    """
    electrodes = electrodes_table(tree, left)
    if electrodes is None:
        return _with_groups(tree, table)
    try:
        rows = _rows(tree, node, table, electrodes)
    except (RefusedError, ValueError, TypeError, OSError) as error:
        left.out(f"electrodes of {node.path}", str(error))
        return _with_groups(tree, table)
    if rows is None:
        return _with_groups(tree, table)
    return _with_groups(tree, joined_columns(table, rows, electrodes, left, node.path))


def electrodes_table(tree: Tree, left: Left) -> pandas.DataFrame | None:
    """Read the table of electrodes, with `region` and `probe` beside the names of NWB.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    left : Left
    """
    node = tree.get(TABLE)
    if node is None:
        return None
    try:
        found = read_table(tree, node, "electrode", left, skip=("group",))
    except RefusedError as error:
        left.out(TABLE, str(error))
        return None
    for name, also in _ALSO.items():
        if name in found and also not in found:
            found[also] = found[name]
    return found


def joined_columns(
    table: pandas.DataFrame,
    rows: Sequence[np.ndarray],
    others: pandas.DataFrame,
    left: Left,
    what: str,
) -> pandas.DataFrame:
    """Add columns of the rows of another table that each row refers to.

    Parameters
    ----------
    table : DataFrame
    rows : sequence of int arrays
        For each row of `table` its rows in `others`.
    others : DataFrame
    left : Left
    what : str
        Name of the table for notes.
    """
    first = np.array([each[0] if len(each) else -1 for each in rows], dtype=np.int64)
    several = [place for place, each in enumerate(rows) if len(each) > 1]
    differ = {}
    added: dict[str, Any] = {}
    for name in [name for name in others.columns if name not in table]:
        column = others[name]
        if column.dtype == object and column.map(lambda cell: isinstance(cell, np.ndarray)).any():
            continue
        mixed = [place for place in several if column.iloc[rows[place]].nunique(dropna=False) > 1]
        places = first.copy()
        places[mixed] = -1
        # Whole numbers become floats, and flags objects, only where some are missing.
        added[name] = column.reset_index(drop=True).reindex(places).array
        if mixed and name not in _ALSO.values():
            differ[name] = len(mixed)
    if differ:
        shown = ", ".join(f"{name} ({n})" for name, n in list(differ.items())[:10])
        left.say(f"{what}: missing where a unit's electrodes differ (number of units): {shown}")
    return table.assign(**added)


def region_rows(tree: Tree, node: Node, n: int) -> list[np.ndarray]:
    """Read a DynamicTableRegion, plain or ragged: rows of another table, for each row of this one.

    Parameters
    ----------
    tree : Tree
    node : Node
        The column.
    n : int
        Rows of the other table.

    Raises
    ------
    RefusedError
        If they don't exist.
    """
    if node.refused:
        raise RefusedError(f"can't be read: {node.name} {node.refused}")
    values = node.read()
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise RefusedError(f"can't be read: {node.name} isn't a list of rows")
    places = values.astype(np.int64)
    if len(places) and not (places.min() >= 0 and places.max() < n):
        raise RefusedError(f"can't be read: {node.name} refers to rows that aren't among {n}")
    parent = tree.parent(node)
    indices = [] if parent is None else index_chain(tree, parent, node.name)
    if not indices:
        return list(places[:, None])
    return cut(places, bounds_of(indices[0], len(places)))


def _rows(
    tree: Tree, node: Node, table: pandas.DataFrame, electrodes: pandas.DataFrame
) -> list[np.ndarray] | None:
    """Return the electrodes of each unit: the one of the peak, if the file says so, else all."""
    if _PEAK in table:
        places = electrodes.index.get_indexer(table[_PEAK])
        return [np.array([place] if place >= 0 else [], dtype=np.int64) for place in places]
    regions = [
        column
        for name in column_names(tree, node)
        for column in [tree.child(node, name)]
        if column is not None and _refers_to_electrodes(tree, column)
    ]
    # One electrode a unit says more than all that saw it.
    regions.sort(key=lambda column: bool(index_chain(tree, node, column.name)))
    if not regions:
        return None
    rows = region_rows(tree, regions[0], len(electrodes))
    if len(rows) != len(table):
        raise RefusedError(f"can't be read: {len(rows)} rows for {len(table)} units")
    return rows


def _refers_to_electrodes(tree: Tree, column: Node) -> bool:
    target = tree.referred(column, "table")
    return target is not None and target.path == TABLE


def _with_groups(tree: Tree, table: pandas.DataFrame) -> pandas.DataFrame:
    """Take probe and region from the group of electrodes, where nothing else says them."""
    if "electrode_group" not in table:
        return table
    # By the values: text is of type object before pandas 3.
    if pandas.api.types.infer_dtype(table["electrode_group"]) != "string":
        return table
    groups = table["electrode_group"].astype(str)
    if "probe" not in table:
        table = table.assign(probe=groups)
    if "region" not in table and "location" not in table:
        nodes = {name: tree.get(f"{GROUPS}/{name}") for name in set(groups)}
        places = {
            name: "" if node is None else str(node.attributes.get("location", ""))
            for name, node in nodes.items()
        }
        table = table.assign(region=groups.map(places))
    return table
