"""Which variables of a MATLAB file are the spike times of units, and how they are laid out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.variables.matlab_values import (
    Cells,
    Numbers,
    Struct,
    Text,
    Value,
    flattened,
    is_vector,
    vector,
)

_TIMES = re.compile(r"spike_?times?|times?|ts|spikes?|st", re.IGNORECASE)
_IDS = re.compile(r"(spike_?)?(clusters?|units?|unit_?ids?|ids?|clu|templates?)", re.IGNORECASE)
_SPIKES = re.compile(r"spike|units?|neurons?|cells?$|^st$", re.IGNORECASE)
# Cells of numbers that are events of a behaviour rather than spikes.
_BEHAVIOUR = re.compile(r"trial|behav|bhv|lick|event|stim|reward|reach", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where spike times are.

    Attributes
    ----------
    path : str
    words : str
        What it is, for notes and choices.
    n_units : int
        0 if only the values tell.
    n_trials : int
        0 if they aren't cut into trials.
    spikes : object array of Value, or None
        Shape (n_units,) or (n_units, n_trials).
    flat : (str, str) or None
        Instead: the times of all spikes, and the unit of each.
    table : Struct or None
        An array of structs of which each is a unit, with other fields beside the times.
    """

    path: str
    words: str
    n_units: int = 0
    n_trials: int = 0
    spikes: np.ndarray | None = None
    flat: tuple[Numbers, Value] | None = None
    table: Struct | None = None

    @property
    def rank(self) -> int:
        """How much the name says that these are spikes."""
        name = self.path.rsplit("/", 1)[-1]
        if re.search("spike", name, re.IGNORECASE):
            return 3
        if _SPIKES.search(self.path):
            return 2
        return 0 if _BEHAVIOUR.search(self.path) else 1

    @property
    def group(self) -> str:
        """Name of the struct that it is in, with a slash; nothing at the top."""
        return self.path.rpartition("/")[0] + "/" if "/" in self.path else ""


def layouts(values: dict[str, Value]) -> list[Layout]:
    """List all variables that may be spike times.

    Parameters
    ----------
    values : dict
        Variables by name.
    """
    flat = dict(flattened(values))
    found = [each for path, value in flat.items() for each in [_layout(path, value)] if each]
    found += _pairs(flat)
    return found if any(each.rank for each in found) else found + _single(flat)


def flipped(layout: Layout) -> Layout:
    """Return spikes that came as trials × units as units × trials.

    Parameters
    ----------
    layout : Layout
    """
    turned = None if layout.spikes is None else layout.spikes.T
    return replace(layout, n_units=layout.n_trials, n_trials=layout.n_units, spikes=turned)


def read_spikes(spikes: np.ndarray) -> list[np.ndarray]:
    """Read the spike times of each cell, in the order of the array.

    Parameters
    ----------
    spikes : object array of Value
    """
    return [np.asarray(vector(each), dtype=float) for each in spikes.flat]


def refuse_samples(layout: Layout, rate: float | None) -> None:
    """Refuse times that look like numbers of samples where nothing says their rate.

    Parameters
    ----------
    layout : Layout
    rate : float or None

    Raises
    ------
    RefusedError
    """
    times = None if rate is not None else some_times(layout)
    if times is None:
        return
    known = times[np.isfinite(times)] if times.dtype.kind == "f" else times
    if known.size > 2 and np.all(known == np.round(known)) and np.abs(known).max() > 1000:
        raise RefusedError(
            f"{layout.path} holds whole numbers up to {known.max():g}, which look like samples or "
            "milliseconds rather than seconds; say how many make a second by rate="
        )


def some_times(layout: Layout) -> np.ndarray | None:
    """Return the times of some spikes as they are in the file; None if there are hardly any.

    Parameters
    ----------
    layout : Layout
    """
    some: Numbers | None = layout.flat[0] if layout.flat else None
    if layout.spikes is not None:
        some = next((each for each in layout.spikes.flat if prod(each.shape) > 2), None)
    return None if some is None else vector(some)


def _layout(path: str, value: Value) -> Layout | None:
    if isinstance(value, Struct):
        return _of_structs(path, value)
    if not isinstance(value, Cells) or not value.cells.size or value.cells.ndim != 2:
        return None
    size = " × ".join(map(str, value.shape))
    if all(is_vector(each) for each in value.cells.flat):
        if not any(prod(each.shape) > 1 for each in value.cells.flat):
            return None  # one number a cell at most is a column
        if 1 in value.shape:
            n = value.cells.size
            return Layout(path, f"cell {size}", n, spikes=value.cells.reshape(-1, order="F"))
        n_units, n_trials = value.cells.shape
        return Layout(path, f"cell {size}", n_units, n_trials, spikes=value.cells)
    return _nested(path, value)


def _nested(path: str, value: Cells) -> Layout | None:
    """Find spikes{unit}{trial}: cells of cells, all of one length."""
    inner = [each for each in value.cells.flat if isinstance(each, Cells)]
    if len(inner) != value.cells.size or 1 not in value.shape:
        return None
    sizes = {each.cells.size for each in inner}
    if len(sizes) != 1 or not all(is_vector(v) for each in inner for v in each.cells.flat):
        return None
    n = sizes.pop()
    spikes = np.empty((len(inner), n), dtype=object)
    for place, each in enumerate(inner):
        spikes[place] = each.cells.reshape(-1, order="F")
    words = f"cell of {len(inner)} cells of {n}"
    return Layout(path, words, len(inner), n, spikes=spikes) if n else None


def _of_structs(path: str, value: Struct) -> Layout | None:
    """Find an array of structs, one a unit, with a field of spike times."""
    if value.is_one or not value.fields:
        return None
    vectors = [
        name
        for name, cells in value.fields.items()
        if all(is_vector(each) for each in cells.flat)
        and any(prod(each.shape) > 1 for each in cells.flat)
    ]
    named = [name for name in vectors if _TIMES.fullmatch(name)]
    if len(named) != 1:
        return None
    n, name = prod(value.shape), named[0]
    others = Struct(value.shape, {k: v for k, v in value.fields.items() if k != name})
    spikes = value.fields[name].reshape(-1, order="F")
    return Layout(path, f"{n} structs with {name}", n, spikes=spikes, table=others)


def _pairs(flat: dict[str, Value]) -> list[Layout]:
    """Find two vectors in one group: the times of all spikes, and the unit of each."""
    found = []
    for path, times in flat.items():
        group, _, name = path.rpartition("/")
        if not isinstance(times, Numbers) or not is_vector(times) or prod(times.shape) < 2:
            continue
        if not _TIMES.fullmatch(name):
            continue
        for other, ids in flat.items():
            same = other.rpartition("/")[0] == group and _IDS.fullmatch(other.rpartition("/")[2])
            if same and _length(ids) == prod(times.shape):
                words = f"{prod(times.shape)} spikes with {other}"
                found.append(Layout(path, words, flat=(times, ids)))
    return found


def _single(flat: dict[str, Value]) -> list[Layout]:
    """Find a vector that is the spikes of the only unit."""
    found = []
    for path, value in flat.items():
        named = re.match("spike", path.rpartition("/")[2], re.IGNORECASE)
        if named and isinstance(value, Numbers) and is_vector(value) and prod(value.shape) > 1:
            spikes = np.empty(1, dtype=object)
            spikes[0] = value
            found.append(Layout(path, f"{prod(value.shape)} spikes", 1, spikes=spikes))
    return found


def _length(value: Value) -> int:
    if isinstance(value, Text):
        return len(value.rows)
    return prod(value.shape) if isinstance(value, Numbers) and is_vector(value) else -1


def chosen_layout(found: Sequence[Layout], wanted: str | None) -> Layout | None:
    """Choose the spike times: the one that is named, or whose name says the most.

    Parameters
    ----------
    found : sequence of Layout
    wanted : str or None
        Name of the variable.

    Raises
    ------
    RefusedError
        If there are several that are as good, or none of this name.
    """
    listed = "; ".join(f"{each.path} ({each.words})" for each in found) or "none"
    if wanted is not None:
        these = [each for each in found if each.path == wanted]
        if not these:
            raise RefusedError(f"has no spike times {wanted!r}; units= can be {listed}")
        return these[0]
    most = max((each.rank for each in found), default=0)
    best = [each for each in found if each.rank == most and most > 0]
    if len(best) > 1:
        raise RefusedError(
            f"has several variables that may be spike times; choose by units= {listed}"
        )
    return best[0] if best else None
