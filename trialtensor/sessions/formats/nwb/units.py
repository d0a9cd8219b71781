"""Units of NWB files: one or several tables, with the electrodes of each unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas

from trialtensor.events.units import Units
from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.nwb.electrodes import add_electrodes
from trialtensor.sessions.formats.nwb.nodes import Left, Node, Tree
from trialtensor.sessions.formats.nwb.tables import INDEX, checked_bounds, cut, read_table

TYPE, MAIN = "Units", "units"
_TIMES, _OBSERVED = "spike_times", "obs_intervals"
# Column that says which of several tables a unit is from.
FROM = "units_table"
# One or more values a spike, or shapes of spikes.
_SKIPPED = (_TIMES, _OBSERVED, "waveforms", "electrodes")


def read_units(tree: Tree, wanted: str | Sequence[str] | None, left: Left) -> Units | None:
    """Read the tables of units; spike times are read later.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    wanted : str, sequence of str or None
        Paths of tables; all by default.
    left : Left

    Raises
    ------
    RefusedError
        If a table is wanted that there isn't.
    """
    tables = [node for node in tree if node.shape is None and node.type == TYPE]
    main = tree.get(MAIN)
    if main is not None and main not in tables and main.shape is None:
        tables.insert(0, main)
    tables = chosen(tables, wanted, "units")
    found = []
    for node in tables:
        try:
            found.append((node.path, _units_of(tree, node, left)))
        except RefusedError as error:
            left.out(f"units in {node.path}", str(error))
    if len(found) > 1:
        names = ", ".join(path for path, _ in found)
        left.say(
            f"units of {len(found)} tables are together, the column {FROM} says which: {names}"
        )
        return _together(found)
    return found[0][1] if found else None


def chosen(nodes: list[Node], wanted: str | Sequence[str] | None, option: str) -> list[Node]:
    """Keep the nodes of these paths or names, in that order; all if none are wanted.

    Parameters
    ----------
    nodes : list of Node
    wanted : str, sequence of str or None
    option : str
        Name for messages.
    """
    if wanted is None:
        return nodes
    found = []
    for name in [wanted] if isinstance(wanted, str) else wanted:
        these = [each for each in nodes if name in (each.path, each.name)]
        if len(these) != 1:
            known = ", ".join(each.path for each in nodes) or "none"
            raise RefusedError(f"has no one table {name!r} for {option}=, but {known}")
        found += these
    return found


def _units_of(tree: Tree, node: Node, left: Left) -> Units:
    times, index = tree.child(node, _TIMES), tree.child(node, _TIMES + INDEX)
    for each in (times, index):
        if each is not None and each.refused:
            raise RefusedError(f"are not read: {each.name} {each.refused}")
    if times is None or index is None or times.shape is None or times.dtype is None:
        raise RefusedError("have no spike times")
    if times.dtype.kind not in "fiu" or len(times.shape) != 1:
        raise RefusedError(f"have spike times that are {times.dtype} of shape {times.shape}")
    table = read_table(tree, node, "unit", left, skip=_SKIPPED)
    bounds = checked_bounds(index.name, index.read(), times.shape[0])
    if len(bounds) != len(table) + 1:
        raise RefusedError(f"are {len(table)}, but {index.name} has {len(bounds) - 1} rows")
    load = tree.later(times.path)
    return Units(
        add_electrodes(tree, node, table, left),
        lambda: (load()[: bounds[-1]], bounds),
        _observed(tree, node, len(table), left),
    )


def _observed(
    tree: Tree, node: Node, n: int, left: Left
) -> Callable[[], list[np.ndarray] | None] | None:
    """Return what reads the intervals in which each unit was observed."""
    values, index = tree.child(node, _OBSERVED), tree.child(node, _OBSERVED + INDEX)
    if values is None or index is None:
        return None
    try:
        if values.refused or values.shape is None or len(values.shape) != 2 or values.shape[1] != 2:
            raise RefusedError(values.refused or f"are of shape {values.shape}")
        bounds = checked_bounds(index.name, index.read(), values.shape[0])
        if len(bounds) != n + 1:
            raise RefusedError(f"are those of {len(bounds) - 1} units, but there are {n}")
    except RefusedError as error:
        left.out(f"{node.path}/{_OBSERVED}", str(error))
        return None
    if not values.shape[0]:
        return None
    load = tree.later(values.path)

    def observed() -> list[np.ndarray]:
        return cut(load(), bounds)

    return observed


def _together(found: list[tuple[str, Units]]) -> Units:
    """Put the units of several tables into one, with ids of their own."""
    tables = [units.table.assign(**{FROM: path}) for path, units in found]
    table = pandas.concat(tables)
    if not table.index.is_unique:
        ids = [f"{path}/{unit}" for path, units in found for unit in units.table.index]
        table.index = pandas.Index(ids, name="unit")

    def spikes() -> tuple[np.ndarray, np.ndarray]:
        loaded = [(units.times, units.bounds) for _, units in found]
        starts = np.cumsum([0, *(len(times) for times, _ in loaded)])
        bounds = [bounds[1:] + start for (_, bounds), start in zip(loaded, starts, strict=False)]
        return np.concatenate([times for times, _ in loaded]), np.concatenate([[0], *bounds])

    def observed() -> list[np.ndarray] | None:
        all_of_it = np.array([[-np.inf, np.inf]])
        parts: list[Any] = [(units.observed, len(units)) for _, units in found]
        if all(part is None for part, _ in parts):
            return None
        return [each for part, n in parts for each in (part or [all_of_it] * n)]

    return Units(table, spikes, observed)
