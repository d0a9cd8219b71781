"""Files that pynapple saves (.npz): groups of spike times, signals, and intervals."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.opening.guard import ZIP, RefusedError
from trialtensor.sessions.parts import later
from trialtensor.sessions.session import Session
from trialtensor.sessions.tables import trials_beside
from trialtensor.variables.readers import Reader, find_reader

if TYPE_CHECKING:
    from pandas import DataFrame

NAME = "files of pynapple"
_KINDS = ("Ts", "Tsd", "TsdFrame", "TsdTensor", "TsGroup", "IntervalSet")
_OWN = ("type", "t", "d", "index", "keys", "start", "end", "columns", "_metadata")
_MOST_FILES = 50
_PICKLED = ("_metadata", "columns")


def match(path: Path) -> float:
    """Tell by the type that such files say.

    Parameters
    ----------
    path : Path
    """
    return 0.9 if any(_kind(file) for file in _files(path)) else 0.0


def open(path: Path, trials: Any = None) -> Session:
    """Open a file of pynapple, or a folder of them.

    Parameters
    ----------
    path : Path
    trials : str, path or DataFrame, optional
        The file whose intervals are the trials; by default the one that is called "trials", or
        the only one with intervals.
    """
    files = {file.stem: file for file in _files(path) if _kind(file)}
    parts = _Parts(path)
    for name, file in files.items():
        parts.add(name, file, _kind(file))
    found = parts.trials(trials)
    return Session(
        path.name,
        path,
        trials=found,
        units=parts.units,
        traces=parts.traces,
        intervals=parts.intervals,
        notes=parts.notes,
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.suffix.lower() == ".npz" else []
    return sorted(each for each in path.glob("*.npz") if each.is_file())[:_MOST_FILES]


def _kind(file: Path) -> str:
    """Return the class that a file of pynapple was saved from, or nothing."""
    with file.open("rb") as opened:
        if opened.read(len(ZIP)) != ZIP:
            return ""
    reader = find_reader(file)
    infos = {info.name: info for info in reader.describe(file)}
    about = infos.get("type")
    if about is None or about.dtype.kind != "U" or np.prod(about.shape) != 1:
        return ""
    kind = str(np.asarray(reader.read(file, "type")).reshape(-1)[0])
    return kind if kind in _KINDS else ""


class _Parts:
    """The parts of a session, file by file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.units: Any = None
        self.traces: dict[str, Any] = {}
        self.intervals: dict[str, Any] = {}
        self.notes: list[str] = []

    def add(self, name: str, file: Path, kind: str) -> None:
        """Add what a file holds."""
        reader = find_reader(file)
        infos = {info.name: info for info in reader.describe(file)}
        pickled = [each for each in _PICKLED if each in infos and infos[each].is_pickled]
        if pickled:
            self.notes.append(
                f"{name}: never loaded, because pickled: {' and '.join(pickled)}; so columns of "
                "metadata are missing"
            )
        if kind == "IntervalSet":
            self.intervals[name] = _intervals(reader, file, infos)
        elif kind in ("Tsd", "TsdFrame"):
            self.traces[name] = _traces(self.path, name, reader, file, infos)
        elif kind in ("TsGroup", "Ts") and self.units is None:
            self.units = _units(self.path, reader, file, infos)
        else:
            why = "several groups of spikes" if self.units is not None else f"a {kind}"
            self.notes.append(f"{name} is left out: {why}")

    def trials(self, given: Any) -> Any:
        """Choose the intervals that are trials."""
        name = given if given in self.intervals else None
        if given is not None and name is None:
            folder = self.path if self.path.is_dir() else self.path.parent
            found, more = trials_beside(folder, given)
            self.notes += more
            return found
        if name is None:
            named = [each for each in self.intervals if "trial" in each.lower()]
            only = list(self.intervals) if len(self.intervals) == 1 else []
            name = next(iter(named or only), None)
        if name is None:
            return None
        if "trial" not in name.lower():
            self.notes.append(f"the intervals {name} are taken to be the trials")
        return self.intervals.pop(name).rename_axis(index="trial")


def _read(reader: Reader, file: Path, name: str) -> np.ndarray:
    return np.asarray(reader.read(file, name))


def _others(reader: Reader, file: Path, infos: dict[str, Any], n: int) -> dict[str, np.ndarray]:
    """Read the columns that older versions save one by one."""
    return {
        name: _read(reader, file, name)
        for name, info in infos.items()
        if name not in _OWN and info.shape == (n,) and not info.is_pickled
    }


def _intervals(reader: Reader, file: Path, infos: dict[str, Any]) -> DataFrame:
    import pandas

    start, end = (_read(reader, file, name).reshape(-1) for name in ("start", "end"))
    if len(start) != len(end):
        raise RefusedError(f"{file.name} has {len(start)} starts, but {len(end)} ends")
    others = _others(reader, file, infos, len(start))
    return pandas.DataFrame({"start_time": start, "stop_time": end, **others})


def _traces(path: Path, name: str, reader: Reader, file: Path, infos: dict[str, Any]) -> Any:
    import pandas

    from trialtensor.events.traces import Traces

    shape = infos["d"].shape
    n_cells = shape[1] if len(shape) == 2 else 1
    index = None
    if "columns" in infos and not infos["columns"].is_pickled:
        index = pandas.Index(_read(reader, file, "columns").reshape(-1))
    table = pandas.DataFrame(_others(reader, file, infos, n_cells), index=index)
    table = table if len(table) == n_cells else pandas.DataFrame(index=range(n_cells))
    load, times = (later(path, NAME, partial(_read, reader, file, each)) for each in "dt")
    return Traces(name, table, load, timestamps=times, n_samples=shape[0], source=str(file))


def _units(path: Path, reader: Reader, file: Path, infos: dict[str, Any]) -> Any:
    import pandas

    from trialtensor.events.units import Units

    if "index" not in infos:
        one = pandas.DataFrame(index=[0])
        return Units(one, later(path, NAME, lambda: _only(reader, file)), source=str(file))
    ids = "keys" if "keys" in infos else "index"
    keys = pandas.Index(np.unique(_read(reader, file, ids)))
    table = pandas.DataFrame(_others(reader, file, infos, len(keys)), index=keys)

    def load() -> tuple[np.ndarray, np.ndarray]:
        from trialtensor.events.spike_times import grouped, in_seconds

        times = in_seconds(_read(reader, file, "t"))
        return grouped(times, _read(reader, file, "index"), table.index)[1]

    return Units(table, later(path, NAME, load), source=str(file))


def _only(reader: Reader, file: Path) -> tuple[np.ndarray, np.ndarray]:
    times = _read(reader, file, "t").reshape(-1)
    return times, np.array([0, len(times)])
