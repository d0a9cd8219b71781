"""Positions of trials, neurons and times, from the coordinates of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.plotting.labels import TrialLabels, shorten

Coords = Mapping[str, tuple[str, Any]]
MAX_NAMED_NEURONS = 24
MAX_NEURON_GROUPS = 8
N_CELL_TICKS = 5


@dataclass(frozen=True)
class AxisPositions:
    """Rows of a factor matrix in drawing order, their positions, and the axis label.

    `ticks` and `tick_labels` are empty where matplotlib should choose; `edges` are positions
    of lines between groups.
    """

    order: np.ndarray
    positions: np.ndarray
    label: str
    ticks: tuple[float, ...] = ()
    tick_labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def are_whole(self) -> bool:
        """Whether all positions are whole numbers, as those of bins, trials and neurons are."""
        return bool((self.positions == np.round(self.positions)).all())


def time_positions(coords: Coords, n_times: int) -> AxisPositions:
    """Return seconds from a `time` coordinate, otherwise another number or the bin."""
    order = np.arange(n_times)
    on_time = {name: np.asarray(v) for name, (dim, v) in coords.items() if dim == "time"}
    if "time" in on_time:
        on_time = {"time": on_time.pop("time"), **on_time}
    for name, values in on_time.items():
        if values.dtype.kind == "m":
            return AxisPositions(order, values / np.timedelta64(1, "s"), f"{shorten(name)} (s)")
        if values.dtype.kind in "iuf" and np.isfinite(values).all():
            label = "time (s)" if name == "time" else shorten(name)
            return AxisPositions(order, values.astype(np.float64), label)
    return AxisPositions(order, order.astype(np.float64), "time bin")


def other_positions(axis: str, coords: Coords, n: int) -> AxisPositions:
    """Place the entries of any other axis, such as frequencies, by a coordinate called like it.

    Numbers in equal steps are the positions. Others, such as frequencies in equal ratios, and
    names are written below entries in equal steps.

    Parameters
    ----------
    axis : str
    coords : dict
    n : int

    Examples
    --------
    >>> coords = {"frequency": ("frequency", np.array([4.0, 8.0, 16.0]))}
    >>> other_positions("frequency", coords, 3).tick_labels
    ('4', '8', '16')
    """
    order = np.arange(n)
    cells = order.astype(np.float64)
    values = plain_labels(coords[axis][1]) if axis in coords else np.empty(0)
    if len(values) != n:
        return AxisPositions(order, cells, axis)
    if values.dtype.kind in "iuf" and np.isfinite(values).all() and (np.diff(values) > 0).all():
        return side_by_side(AxisPositions(order, values.astype(np.float64), axis))
    if n > MAX_NAMED_NEURONS:
        return AxisPositions(order, cells, axis)
    gone = unlabelled(values)
    texts = ("" if none else shorten(str(v), 12) for none, v in zip(gone, values, strict=True))
    return AxisPositions(order, cells, axis, tuple(cells.tolist()), tuple(texts))


def trial_positions(coords: Coords, n_trials: int) -> AxisPositions:
    """Return the recorded order, or trial numbers if the data has increasing ones."""
    order = np.arange(n_trials)
    if "trial" in coords:
        values = np.asarray(coords["trial"][1])
        if values.dtype.kind in "iuf" and np.isfinite(values).all() and (np.diff(values) > 0).all():
            return AxisPositions(order, values.astype(np.float64), "trial")
    return AxisPositions(order, order.astype(np.float64), "trial")


def neuron_positions(
    coords: Coords, n_neurons: int, group_by: str | None = "auto"
) -> AxisPositions:
    """Place neurons side by side, those of one group together, with a gap between groups.

    Parameters
    ----------
    group_by : str or None
        Name of a neuron coordinate; "auto" takes the first that holds a few names (an area, a
        cell type), None groups nothing.

    Raises
    ------
    ValueError
        If no neuron coordinate is called `group_by`.
    """
    on_neuron = {name: plain_labels(v) for name, (dim, v) in coords.items() if dim == "neuron"}
    if group_by is not None and not isinstance(group_by, str):
        raise ValueError(f"group_neurons_by: expected 'auto', None or a name, got {group_by!r}")
    if group_by == "auto":
        group_by = next((name for name, v in on_neuron.items() if _names_groups(name, v)), None)
    elif group_by is not None and group_by not in on_neuron:
        have = ", ".join(repr(name) for name in on_neuron) or "none"
        raise ValueError(
            f"group_neurons_by: no neuron coordinate is called {group_by!r}; neuron coordinates: "
            f"{have}"
        )
    if group_by is not None:
        return _grouped(on_neuron[group_by], group_by)
    order = np.arange(n_neurons)
    positions = order.astype(np.float64)
    names = on_neuron.get("neuron")
    if names is None or n_neurons > MAX_NAMED_NEURONS:
        return AxisPositions(order, positions, "neuron")
    gone = unlabelled(names)
    texts = tuple(
        "" if gone[i] else shorten(str(name), 12) for i, name in enumerate(names.tolist())
    )
    return AxisPositions(order, positions, "neuron", tuple(positions), texts)


def _names_groups(name: str, values: np.ndarray) -> bool:
    if name == "neuron" or values.dtype.kind not in "OUb":
        return False
    groups = np.unique(values[~unlabelled(values)].astype(str))
    return 2 <= len(groups) <= min(MAX_NEURON_GROUPS, len(values) - 1)


def _grouped(values: np.ndarray, name: str) -> AxisPositions:
    gone = unlabelled(values)
    texts = np.where(gone, "no label", values.astype(str))
    # Those without a label are no group of that name: apart from all, behind all.
    places = [(bool(none), str(text)) for none, text in zip(gone, texts, strict=True)]
    names = sorted(dict.fromkeys(places), key=lambda place: place[0])
    rank = np.array([names.index(place) for place in places])  # in order of first appearance
    order = np.argsort(rank, kind="stable")
    gap = max(1.0, 0.02 * len(values))
    positions = np.arange(len(values)) + gap * rank[order]
    n_groups = len(names)
    inside = [positions[rank[order] == group] for group in range(n_groups)]
    return AxisPositions(
        order,
        positions,
        f"neuron, by {shorten(name)}",
        tuple(float((p[0] + p[-1]) / 2) for p in inside),
        tuple(shorten(str(texts[order][rank[order] == group][0]), 12) for group in range(n_groups)),
        tuple(float((a[-1] + b[0]) / 2) for a, b in pairwise(inside)),
    )


def ordered_trials(labels: TrialLabels) -> AxisPositions:
    """Sort trials by label: ties in recorded order, unlabelled ones last."""
    key = labels.level_index().astype(float) if labels.discrete else labels.values.copy()
    key[labels.missing] = np.inf
    order = np.argsort(key, kind="stable")
    positions = np.arange(len(order), dtype=np.float64)
    name = f"trial, sorted by {labels.title}"
    if not labels.discrete or len(labels.texts) > MAX_NAMED_NEURONS:
        return AxisPositions(order, positions, name)
    counts = np.bincount(labels.level_index()[~labels.missing], minlength=len(labels.texts))
    ends = np.cumsum(counts)
    centres = ends - (counts + 1) / 2
    texts = tuple(shorten(text, 12) for text in labels.texts)
    edges = ends[:-1] if not labels.missing.any() else ends
    return AxisPositions(order, positions, name, tuple(centres), texts, tuple(edges - 0.5))


def sorted_inside_groups(place: AxisPositions, key: np.ndarray, by: str) -> AxisPositions:
    """Reassign the same places by sorting on `key`, within each group.

    Parameters
    ----------
    place : AxisPositions
        Of n neurons, grouped or not.
    key : array of shape (n,)
        Sort key, smallest first; ties keep their order and NaN goes last.
    by : str
        Description of the key, for the label of the axis.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.plotting.positions import neuron_positions, sorted_inside_groups
    >>> coords = {"area": ("neuron", np.array(["M1", "PMd", "M1", "PMd", "M1"]))}
    >>> place = neuron_positions(coords, 5)
    >>> sorted_inside_groups(place, np.array([2, 1, 0, 0, np.nan]), "peak").order
    array([2, 0, 4, 3, 1])
    """
    group = np.searchsorted(place.edges, place.positions)
    moved = np.lexsort((key[place.order], group))
    names = place.tick_labels
    if names and not place.edges:  # a name for each, rather than for each group
        names = tuple(names[i] for i in moved)
    joint = " and" if place.edges else ", sorted by"
    return replace(
        place, order=place.order[moved], label=f"{place.label}{joint} {by}", tick_labels=names
    )


def side_by_side(place: AxisPositions) -> AxisPositions:
    """Return the same axis in equal steps, as the cells of an image require.

    Gaps between groups close and uneven times become cells of one width; ticks and edges move
    along, so that they still read what is there.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.plotting.positions import side_by_side, time_positions
    >>> uneven = time_positions({"time": ("time", np.array([0.0, 0.1, 0.5]))}, 3)
    >>> side_by_side(uneven).ticks, side_by_side(uneven).tick_labels
    ((0.0, 1.0, 2.0), ('0', '0.1', '0.5'))
    """
    x, n = place.positions, len(place.positions)
    steps = np.diff(x)
    if n < 2 or (steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3)):
        return place
    cells = np.arange(n, dtype=np.float64)
    if place.ticks:
        ticks, names = np.interp(place.ticks, x, cells), place.tick_labels
    else:
        ticks = np.unique(np.linspace(0, n - 1, min(n, N_CELL_TICKS)).round())
        names = tuple(f"{x[int(i)]:.4g}" for i in ticks)
    edges = np.interp(place.edges, x, cells) if place.edges else np.empty(0)
    return replace(
        place,
        positions=cells,
        ticks=tuple(float(t) for t in ticks),
        tick_labels=names,
        edges=tuple(float(e) for e in edges),
    )
