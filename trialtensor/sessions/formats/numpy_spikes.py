"""Spike times in .npz archives and folders of .npy: an array a unit, or all beside their units."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.events.tables import natural_key
from trialtensor.opening.guard import ZIP, RefusedError
from trialtensor.sessions.describing import event_columns
from trialtensor.sessions.npy import describe_npy, is_npy, read_npy
from trialtensor.sessions.options import number_option
from trialtensor.sessions.parts import later
from trialtensor.sessions.session import Session
from trialtensor.sessions.tables import plain, trials_beside
from trialtensor.variables.contents import VariableInfo
from trialtensor.variables.readers import find_reader

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.units import Units

NAME = "NumPy arrays of spike times"
_TIMES = ("spiketimes", "times", "t", "spikes")
_UNITS = (
    "spikeclusters",
    "spikeunits",
    "clusters",
    "units",
    "unitids",
    "clusterids",
    "unit",
    "ids",
)
_UNIT = re.compile(r"(?:spikes?|spike_?times|unit|neuron|cell|cluster|u|c|n)?[\W_]*(\d+)", re.I)
_TRIALS = re.compile(r"trials?[._](?=\w)", re.I)
_OF_UNITS = re.compile(r"depth|unit|cluster|channel|neuron|cell|quality|template|region", re.I)


@dataclass(frozen=True)
class _Arrays:
    """Arrays by name: described, and read one by one."""

    infos: Mapping[str, VariableInfo]
    read: Callable[[str], np.ndarray]

    def vectors(self) -> list[str]:
        """Return the names of arrays of numbers with one axis."""
        return [
            name
            for name, info in self.infos.items()
            if info.dtype.kind in "fiu" and sum(n != 1 for n in info.shape) <= 1 and info.shape
        ]

    def flat(self) -> tuple[str, str] | None:
        """Return the arrays of all spike times and of the unit of each."""
        named = {plain(name): name for name in self.vectors()}
        found = [next((named[each] for each in names if each in named), None)
                 for names in (_TIMES, _UNITS)]  # fmt: skip
        times, units = found
        if times is None or units is None:
            return None
        sizes = {int(np.prod(self.infos[name].shape)) for name in (times, units)}
        return (times, units) if len(sizes) == 1 and times != units else None

    def of_trials(self) -> list[str]:
        """Return the arrays that are called after trials."""
        return [
            name
            for name, info in self.infos.items()
            if _TRIALS.match(name) and len(info.shape) == 1 and not info.is_pickled
        ]

    def by_unit(self) -> list[str]:
        """Return the arrays that are the spike times of one unit each."""
        found = [name for name in self.vectors() if _UNIT.fullmatch(name)]
        return sorted(found, key=natural_key)


def match(path: Path) -> float:
    """Tell by the names of arrays.

    Parameters
    ----------
    path : Path
    """
    if not (path.is_dir() or path.suffix.lower() == ".npz"):
        return 0.0
    arrays = _arrays(path)
    if arrays.flat():
        return 0.6
    return 0.5 if len(arrays.by_unit()) > 1 else 0.0


def open(path: Path, rate: float | None = None, trials: Any = None) -> Session:
    """Open spike times that are NumPy arrays.

    Parameters
    ----------
    path : Path
        An .npz archive or a folder of .npy files: one array for each unit ("unit0", "unit1", ...),
        or "spike_times" beside "spike_clusters".
    rate : float, optional
        Samples a second, if times are numbers of samples.
    trials : path or DataFrame, optional
        Table of trials; by default arrays called "trials_...", else other arrays of one length
        among which are times, or a file "trials.csv".
    """
    rate, arrays = number_option("rate", rate, above=0), _arrays(path)
    flat = arrays.flat()
    names = list(flat) if flat else arrays.by_unit()
    notes = [f"spike times are {'seconds' if rate is None else f'samples at {rate:g} Hz'}"]
    own, used = _trials(arrays)
    found, more = own, ["trials are the arrays called trials_..."]
    if own is None and trials is None:
        own, used = _others(arrays, names)
        found, more = own, [f"trials are assumed to be the arrays {', '.join(used)}"]
    if trials is not None or own is None:
        found, more = trials_beside(path if path.is_dir() else path.parent, trials)
    left = sorted(set(arrays.infos) - set(names) - set(used))
    notes += [f"left out: {', '.join(left[:8])}{', ...' if len(left) > 8 else ''}"] if left else []
    make = partial(_flat, arrays, *flat) if flat else partial(_by_unit, arrays, names)
    units = later(path, NAME, lambda: make(rate))
    return Session(path.name, path, trials=found, units=units, notes=notes + more)


def _arrays(path: Path) -> _Arrays:
    if path.is_dir():
        files = {each.stem: each for each in path.glob("*.npy") if is_npy(each)}
        infos = {name: describe_npy(file) for name, file in files.items()}
        return _Arrays(infos, lambda name: read_npy(files[name]))
    with path.open("rb") as file:
        if file.read(len(ZIP)) != ZIP:
            return _Arrays({}, lambda name: np.zeros(0))
    reader = find_reader(path)
    infos = {info.name: info for info in reader.describe(path)}
    return _Arrays(infos, lambda name: np.asarray(reader.read(path, name)))


def _by_unit(arrays: _Arrays, names: list[str], rate: float | None) -> Units:
    from trialtensor.events.units import Units

    ids = [_UNIT.fullmatch(name) for name in names]
    numbers = [int(found[1]) for found in ids if found]
    keys: list[Any] = numbers if len(set(numbers)) == len(names) else names
    spikes = {key: arrays.read(name) for key, name in zip(keys, names, strict=True)}
    return Units.from_times(spikes, rate=rate)


def _flat(arrays: _Arrays, times: str, units: str, rate: float | None) -> Units:
    from trialtensor.events.units import Units

    read = [arrays.read(name).reshape(-1) for name in (times, units)]
    return Units.from_flat(read[0], read[1], rate=rate)


def _trials(arrays: _Arrays) -> tuple[DataFrame | None, list[str]]:
    """Put the arrays that are called after trials together as a table."""
    import pandas

    names = arrays.of_trials()
    if not names:
        return None, []
    lengths = {name: arrays.infos[name].shape[0] for name in names}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise RefusedError(f"has arrays of trials of different lengths ({said})")
    columns = {_TRIALS.sub("", name): arrays.read(name) for name in names}
    return pandas.DataFrame(columns).rename_axis(index="trial"), names


def _others(arrays: _Arrays, used: list[str]) -> tuple[DataFrame | None, list[str]]:
    """Put other arrays of one length together as a table, if one of them may be times of events."""
    import pandas

    sizes: dict[int, list[str]] = {}
    for name, info in arrays.infos.items():
        if name not in used and len(info.shape) == 1 and info.shape[0] > 1 and not info.is_pickled:
            sizes.setdefault(info.shape[0], []).append(name)
    spikes = {int(np.prod(arrays.infos[name].shape)) for name in used}
    names = [sizes[n] for n in sizes if n not in spikes]
    if len(names) != 1:
        return None, []
    found = pandas.DataFrame({name: arrays.read(name) for name in names[0]})
    of_units = any(_OF_UNITS.search(name) for name in names[0])
    if of_units or not event_columns(found):
        return None, []
    return found.rename_axis(index="trial"), names[0]
