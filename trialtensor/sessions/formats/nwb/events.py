"""Tables of events and of intervals in NWB files, and which of them are the trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.nwb.nodes import Left, Node, Tree
from trialtensor.sessions.formats.nwb.series import names_of, time_base
from trialtensor.sessions.formats.nwb.tables import read_table
from trialtensor.sessions.formats.nwb.units import chosen

TRIALS = "intervals/trials"
# References to signals mean nothing in a table.
_SKIPPED = ("timeseries", "timeseries_index")
_CONTAINERS = ("BehavioralEvents", "EventDetection")
# Events of an extension that many used before NWB had its own.
_OLDER = ("Events", "LabeledEvents")
# Never trials.
_NOT_TRIALS = ("epochs", "invalid_times")


def read_trials(
    tree: Tree, wanted: str | None, left: Left
) -> tuple[pandas.DataFrame | None, dict[str, pandas.DataFrame]]:
    """Read the tables of intervals: the trials, and the others by name.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    wanted : str or None
        Name of the table whose rows are the trials; by default "trials", or the only one there is.
    left : Left

    Raises
    ------
    RefusedError
        If there is no table `wanted`, or it can't be read.
    """
    nodes = [node for node in tree if node.shape is None and node.type == "TimeIntervals"]
    main = tree.get(TRIALS)
    if main is not None and main.shape is None and main not in nodes:
        nodes.append(main)
    trials_node = _trials_of(nodes, wanted, left)
    tables = {}
    for name, node in names_of(tree, nodes).items():
        index = "trial" if node is trials_node else "interval"
        try:
            tables[name] = read_table(tree, node, index, left, skip=_SKIPPED)
        except RefusedError as error:
            if wanted is not None and node is trials_node:
                raise
            left.out(f"table {node.path}", str(error))
    trials = None
    for name, node in names_of(tree, nodes).items():
        if node is trials_node:
            trials = tables.pop(name, None)
    return trials, tables


def read_events(tree: Tree, left: Left) -> dict[str, pandas.DataFrame]:
    """Read the tables of events: one row an event, with `timestamp` in seconds.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    left : Left
    """
    found = {}
    readers = {node.path: read for node in tree for read in [_reader_of(tree, node)] if read}
    nodes = [node for path in readers for node in [tree.nodes[path]]]
    for name, node in names_of(tree, nodes).items():
        try:
            found[name] = readers[node.path](tree, node, left)
        except (RefusedError, ValueError, TypeError, OSError) as error:
            left.out(f"events {node.path}", str(error))
    return found


def read_epochs(tree: Tree, left: Left) -> dict[str, pandas.DataFrame]:
    """Read intervals that are stored as a series of starts and ends (IntervalSeries).

    Parameters
    ----------
    tree : Tree
        Of an open file.
    left : Left
    """
    found = {}
    nodes = [node for node in tree if node.shape is None and node.type == "IntervalSeries"]
    for name, node in names_of(tree, nodes).items():
        try:
            found[name] = _epochs(tree, node)
        except (RefusedError, ValueError, TypeError, OSError) as error:
            left.out(f"intervals {node.path}", str(error))
    return found


def _trials_of(nodes: list[Node], wanted: str | None, left: Left) -> Node | None:
    if wanted is not None:
        return chosen(nodes, wanted, "trials")[0]
    main = [node for node in nodes if node.path == TRIALS]
    others = [node for node in nodes if node.name not in _NOT_TRIALS]
    if main:
        return main[0]
    if len(others) == 1:
        left.say(f"the rows of {others[0].path} are taken as trials: it is the only such table")
        return others[0]
    if others:
        names = ", ".join(node.path for node in others)
        left.say(f"there is no table of trials; one of these can be: trials= {names}")
    return None


def _reader_of(tree: Tree, node: Node) -> Callable[[Tree, Node, Left], Any] | None:
    """Return what reads a node as events; None if it is none."""
    if node.shape is not None:
        return None
    if node.type == "EventsTable":
        return _table
    if node.type == "AnnotationSeries" or node.type in _OLDER:
        return _series
    parent = tree.parent(node)
    if parent is not None and parent.type in _CONTAINERS and node.type.endswith("Series"):
        return _series
    return None


def _table(tree: Tree, node: Node, left: Left) -> pandas.DataFrame:
    found = read_table(tree, node, "event", left)
    if "timestamp" not in found:
        raise RefusedError("have no column timestamp")
    return found


def _series(tree: Tree, node: Node, left: Left) -> pandas.DataFrame:
    """Make a table of a series with one value an event, or only times."""
    base = time_base(tree, node)
    data = tree.child(node, "data")
    values = None if data is None or data.refused or data.shape is None else data.read()
    if "timestamps" in base:
        times = np.asarray(_read_now(tree, node, "timestamps"), dtype=float).reshape(-1)
    else:
        n = 0 if values is None else len(values)
        times = base["start"] + np.arange(n) / base["rate"]
    columns = {"timestamp": times}
    if values is None or not len(values.shape) or len(values) != len(times):
        if values is not None:
            left.out(f"values of events {node.path}", f"are {values.shape} for {len(times)} times")
    elif values.ndim == 1:
        values = _labelled(data, values)
        columns["label" if values.dtype.kind == "U" else "value"] = values
    else:
        flat = values.reshape(len(values), -1)
        columns |= {f"value_{k}": flat[:, k] for k in range(min(flat.shape[1], 100))}
    return pandas.DataFrame(columns, index=pandas.RangeIndex(len(times), name="event"))


def _labelled(data: Any, values: np.ndarray) -> np.ndarray:
    """Return the labels that numbers stand for, where the file names them."""
    labels = np.atleast_1d(data.attributes.get("labels", np.zeros(0)))
    numbered = labels.dtype.kind in "OU" and values.dtype.kind in "iu" and values.size
    if numbered and values.min() >= 0 and values.max() < len(labels):
        return labels.astype(str)[values]
    if values.dtype.kind in "fiu":
        conversion = float(data.attributes.get("conversion", 1.0))
        offset = float(data.attributes.get("offset", 0.0))
        if (conversion, offset) != (1.0, 0.0):
            return values * conversion + offset
    return values


def _epochs(tree: Tree, node: Node) -> pandas.DataFrame:
    data = tree.child(node, "data")
    if data is None or data.refused:
        raise RefusedError("can't be read")
    signs = np.sign(np.asarray(data.read(), dtype=float)).reshape(-1)
    times = np.asarray(_read_now(tree, node, "timestamps"), dtype=float).reshape(-1)
    starts, ends = times[signs > 0], times[signs < 0]
    if len(signs) != len(times) or len(starts) != len(ends) or (ends < starts).any():
        raise RefusedError("don't start and end in turn")
    index = pandas.RangeIndex(len(starts), name="interval")
    return pandas.DataFrame({"start_time": starts, "stop_time": ends}, index=index)


def _read_now(tree: Tree, node: Node, name: str) -> np.ndarray:
    child = tree.child(node, name)
    if child is None or child.refused or child.shape is None:
        raise RefusedError(f"have no {name} that can be read")
    return child.read()
