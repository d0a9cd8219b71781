"""What ALF folders hold beside spikes and trials: signals, events and intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.opening.guard import RefusedError, UnreadableError
from trialtensor.sessions.formats.alf_files import Attributes, Collections, is_regular, table_of
from trialtensor.sessions.npy import describe_npy, read_npy, read_vector
from trialtensor.sessions.parts import later

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.traces import Traces

_OF_SPIKES = frozenset(
    ["spikes", "clusters", "channels", "templates", "waveforms", "trials", "electrodeSites"]
)
_TIMES = ("timestamps", "times")


@dataclass
class Signals:
    """Parts of a session.

    Attributes
    ----------
    traces : dict of name to Traces
    events, intervals : dict of name to DataFrame
    notes : list of str
    """

    traces: dict[str, Traces] = field(default_factory=dict)
    events: dict[str, DataFrame] = field(default_factory=dict)
    intervals: dict[str, DataFrame] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def signals_of(path: Path, collections: Collections, kind: str) -> Signals:
    """Collect the objects that have times of their own.

    Parameters
    ----------
    path : Path
        Of the session.
    collections : Collections
    kind : str
        Format for messages.
    """
    found = Signals()
    for folder, objects in collections.items():
        for name, attributes in objects.items():
            if name in _OF_SPIKES:
                continue
            shown = name if name not in (found.traces | found.events) else f"{folder}/{name}"
            try:
                _add(found, shown, attributes, objects, path, kind)
            except (RefusedError, UnreadableError) as error:
                found.notes.append(f"{shown} is left out: {error}")
    return found


def _add(
    found: Signals, name: str, attributes: Attributes, objects: dict[str, Attributes],
    path: Path, kind: str,
) -> None:  # fmt: skip
    clock = next((each for each in _TIMES if each in attributes), None)
    if clock is None:
        if "intervals" in attributes:
            found.intervals[name], notes = table_of(attributes, name)
            found.notes += notes
        return
    times = read_vector(attributes[clock]).astype(np.float64)
    others = {key: file for key, file in attributes.items() if key != clock}
    if not (others and (clock == "timestamps" or is_regular(times))):
        found.events[name], notes = table_of(attributes, name)
        found.notes += notes
        return
    for key, file in others.items():
        about = describe_npy(file) if file.suffix == ".npy" else None
        if about is None or about.dtype.kind not in "fiub" or not 1 <= len(about.shape) <= 2:
            found.notes.append(f"{name}.{key} is left out: it is no array of numbers in time")
        elif about.shape[0] != len(times):
            found.notes.append(
                f"{name}.{key} is left out: it has {about.shape[0]} samples, {name}.{clock} "
                f"{len(times)}"
            )
        else:
            found.traces[f"{name}.{key}"] = _traces(
                f"{name}.{key}", file, about.shape, times, objects.get(f"{name}ROIs"), path, kind
            )


def _traces(
    name: str, file: Path, shape: tuple[int, ...], times: np.ndarray,
    cells: Attributes | None, path: Path, kind: str,
) -> Traces:  # fmt: skip
    import pandas

    from trialtensor.events.traces import Traces

    n = shape[1] if len(shape) == 2 else 1
    table = table_of(cells, name)[0] if cells else pandas.DataFrame(index=range(n))
    table = table if len(table) == n else pandas.DataFrame(index=range(n))
    load = later(path, kind, partial(read_npy, file))
    return Traces(name, table, load, timestamps=times, n_samples=len(times), source=str(file))
