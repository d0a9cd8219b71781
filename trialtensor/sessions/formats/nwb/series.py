"""Signals of NWB files: ΔF/F and fluorescence of cells, channels, and behaviour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

from trialtensor.events.traces import Traces
from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.nwb.electrodes import electrodes_table, region_rows
from trialtensor.sessions.formats.nwb.nodes import Left, Node, Tree
from trialtensor.sessions.formats.nwb.tables import read_table

# Where signals lie; what is presented counts as well.
_PLACES = ("acquisition", "processing", "stimulus/presentation", "analysis")
# Of these `events` makes tables, or there is no signal in them.
_OTHERS = frozenset(
    {"AnnotationSeries", "IntervalSeries", "ImageSeries", "ImageMaskSeries", "IndexSeries",
     "OpticalSeries", "TwoPhotonSeries", "OnePhotonSeries", "SpikeEventSeries"}
)  # fmt: skip
_EVENTS = frozenset({"BehavioralEvents", "BehavioralEpochs", "EventDetection", "EventWaveform"})
# Default names, which say nothing.
_GENERIC = frozenset({"RoiResponseSeries", "TimeSeries", "SpatialSeries", "ElectricalSeries"})
_AXES = ("x", "y", "z")


def read_traces(tree: Tree, left: Left) -> dict[str, Traces]:
    """Describe the signals; their values are read later.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    left : Left

    Returns
    -------
    dict
        By the shortest name that tells them from each other.
    """
    nodes = [node for node in tree if is_series(tree, node)]
    found = {}
    for name, node in names_of(tree, nodes).items():
        try:
            found[name] = _traces(tree, node, name, left)
        except (RefusedError, ValueError, TypeError, OSError) as error:
            left.out(f"signal {node.path}", str(error))
    return found


def is_series(tree: Tree, node: Node) -> bool:
    """Whether a node is a signal sampled in time.

    Parameters
    ----------
    tree : Tree
    node : Node
    """
    if node.shape is not None or not node.path.startswith(_PLACES) or node.is_extension:
        return False
    parent = tree.parent(node)
    if node.type in _OTHERS or (parent is not None and parent.type in _EVENTS):
        return False
    return node.type.endswith("Series") and tree.child(node, "data") is not None


def names_of(tree: Tree, nodes: list[Node]) -> dict[str, Node]:
    """Name nodes by the end of their paths: as short as tells them apart.

    A default name such as "RoiResponseSeries" is replaced by that of what holds it, "DfOverF".

    Parameters
    ----------
    tree : Tree
    nodes : list of Node
    """
    inside = Counter(node.path.rpartition("/")[0] for node in nodes)
    paths = {}
    for node in nodes:
        parent, folder = tree.parent(node), node.path.rpartition("/")[0]
        held = parent is not None and parent.type not in ("", "ProcessingModule")
        generic = held and node.name in _GENERIC and inside[folder] == 1
        paths[folder if generic else node.path] = node
    # Of every path all its ends, of which the shortest that occurs once is the name.
    ends = {path: ["/".join(path.split("/")[k:]) for k in range(path.count("/"), -1, -1)]
            for path in paths}  # fmt: skip
    common = Counter(end for each in ends.values() for end in each)
    names = {path: next((end for end in ends[path] if common[end] == 1), path) for path in paths}
    return {names[path]: node for path, node in paths.items()}


def time_base(tree: Tree, node: Node) -> dict[str, Any]:
    """Return `rate` and `start`, or `timestamps`, which are read later.

    Parameters
    ----------
    tree : Tree
    node : Node
        A series.

    Raises
    ------
    RefusedError
        If it has neither.
    """
    times = tree.child(node, "timestamps")
    if times is not None and times.shape is not None:
        if times.refused:
            raise RefusedError(f"has timestamps that can't be read: {times.refused}")
        return {"timestamps": tree.later(times.path)}
    if times is not None and times.refused:
        raise RefusedError(f"has timestamps whose place {times.refused}")
    start = tree.child(node, "starting_time")
    if start is None or start.refused or "rate" not in start.attributes:
        raise RefusedError("has neither timestamps nor a starting_time with a rate")
    return {
        "rate": float(start.attributes["rate"]),
        "start": float(np.asarray(start.read()).reshape(())),
    }


def scaled(tree: Tree, node: Node, data: Node) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns stored values into those in their unit: conversion and offset.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    node : Node
        A series.
    data : Node
        Its values.
    """
    conversion = float(data.attributes.get("conversion", 1.0))
    offset = float(data.attributes.get("offset", 0.0))
    channels = tree.child(node, "channel_conversion")
    each: Any = 1.0 if channels is None or channels.refused else channels.read().astype(float)
    if conversion == 1 and offset == 0 and np.all(each == 1):
        return lambda values: values
    return lambda values: values * (conversion * each) + offset


def _traces(tree: Tree, node: Node, name: str, left: Left) -> Traces:
    data = tree.child(node, "data")
    if data is None or data.refused:
        raise RefusedError(f"is not read: its data {'' if data is None else data.refused}")
    if data.shape is None or len(data.shape) not in (1, 2):
        raise RefusedError(f"has values of shape {data.shape}, expected samples × cells")
    if data.dtype is None or data.dtype.kind not in "fiub":
        raise RefusedError(f"holds {data.dtype}, expected numbers")
    table = _cells(tree, node, left)
    turned = _is_turned(tree, node, data.shape, table)
    if turned:
        left.say(f"{node.path} is stored with cells first, and is turned")
    shape = data.shape[::-1] if turned else data.shape
    n_cells = shape[1] if len(shape) == 2 else 1
    if table is None:
        names = _AXES[:n_cells] if node.type == "SpatialSeries" else range(n_cells)
        table = pandas.DataFrame(index=pandas.Index(list(names), name="cell"))
    elif len(table) != n_cells:
        left.say(f"{node.path}: {len(table)} rois or electrodes for {n_cells} columns are ignored")
        table = pandas.DataFrame(index=pandas.RangeIndex(n_cells, name="cell"))
    load, convert = tree.later(data.path), scaled(tree, node, data)
    return Traces(
        name,
        table,
        lambda: convert(load().T if turned else load()),
        unit=str(data.attributes.get("unit", "")) or None,
        n_samples=shape[0],
        **time_base(tree, node),
    )


def _is_turned(
    tree: Tree, node: Node, shape: tuple[int, ...], table: pandas.DataFrame | None
) -> bool:
    """Whether values are stored with cells first, against the rule of NWB."""
    if len(shape) != 2 or shape[0] == shape[1]:
        return False
    times = tree.child(node, "timestamps")
    if times is not None and times.shape is not None:
        return shape[0] != times.shape[0] and shape[1] == times.shape[0]
    return table is not None and len(table) == shape[0] != shape[1]


def _cells(tree: Tree, node: Node, left: Left) -> pandas.DataFrame | None:
    """Read what the file says of the cells or channels of a series; None if nothing."""
    for column, read in (("rois", _rois), ("electrodes", _channels)):
        region = tree.child(node, column)
        if region is None:
            continue
        try:
            return read(tree, region, left)
        except (RefusedError, ValueError, TypeError, OSError) as error:
            left.out(f"{node.path}/{column}", str(error))
    return None


def _rois(tree: Tree, region: Node, left: Left) -> pandas.DataFrame:
    plane = tree.referred(region, "table")
    if plane is None:
        raise RefusedError("refers to no table")
    table = read_table(tree, plane, "cell", left, skip=("image_mask", "pixel_mask", "voxel_mask"))
    table = _referred(tree, region, table).assign(plane_segmentation=plane.name)
    imaging = tree.child(plane, "imaging_plane")
    place = None if imaging is None else tree.child(imaging, "location")
    if imaging is not None and "imaging_plane" not in table:
        table["imaging_plane"] = imaging.name
    if place is not None and not place.refused and "region" not in table:
        table["region"] = str(np.asarray(place.read()).reshape(-1)[0])
    return table


def _channels(tree: Tree, region: Node, left: Left) -> pandas.DataFrame:
    electrodes = electrodes_table(tree, left)
    if electrodes is None:
        raise RefusedError("refers to electrodes, of which there is no table")
    return _referred(tree, region, electrodes).rename_axis("cell")


def _referred(tree: Tree, region: Node, table: pandas.DataFrame) -> pandas.DataFrame:
    rows = region_rows(tree, region, len(table))
    return table.iloc[[row for each in rows for row in each]].copy()
