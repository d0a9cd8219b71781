"""Folders of ALF files, as ONE downloads them: spikes and clusters of probes, trials, signals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.alf_files import Attributes, Collections, Objects, table_of
from trialtensor.sessions.formats.alf_signals import signals_of
from trialtensor.sessions.merging import merged_units
from trialtensor.sessions.npy import describe_npy, read_vector
from trialtensor.sessions.parts import later
from trialtensor.sessions.session import Session

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.units import Units

NAME = "an ALF folder"
# Of several sorters of one probe the first of these counts, else the last by name.
_SORTERS = ("iblsorter", "pykilosort")


def match(path: Path) -> float:
    """Look for spikes with their clusters, or for trials, by their names.

    Parameters
    ----------
    path : Path
    """
    if not path.is_dir():
        return 0.0
    found = Collections(path)
    if found.having("spikes", "times"):
        return 0.9
    return 0.85 if found.having("trials") else 0.0


def open(path: Path, probe: str | None = None, trials: str | None = None) -> Session:
    """Open a session of ALF files, or one folder of it.

    Parameters
    ----------
    path : Path
    probe : str, optional
        Only this probe, such as "probe00"; by default all, and a column says which.
    trials : str, optional
        Of several folders with trials, the one whose trials are meant, such as "alf/task_01".
    """
    collections = Collections(path)
    notes = [
        f"{n} file{'s' * (n > 1)} in revision {revision}, the newest"
        for revision, n in sorted(collections.revised.items())
    ]
    folders, more = _of_probes(collections, probe)
    notes += more
    table, more = _trials(collections, trials)
    notes += more
    signals = signals_of(path, collections, NAME)
    units = None
    if folders:
        made = [_units(path / folder, collections[folder], notes) for folder in folders.values()]
        units = merged_units(list(folders), made)
    return Session(
        path.name,
        path,
        trials=table,
        units=units,
        traces=signals.traces,
        events=signals.events,
        intervals=signals.intervals,
        notes=notes + signals.notes,
    )


def _trials(collections: Collections, wanted: str | None) -> tuple[DataFrame | None, list[str]]:
    """Read the table of trials; notes name the folders whose trials are left out."""
    places = collections.having("trials")
    if wanted is not None and wanted not in places:
        raise RefusedError(f"has no trials in {wanted!r}; there are some in {', '.join(places)}")
    if not places:
        return None, []
    chosen = wanted or places[0]
    table, notes = table_of(collections[chosen]["trials"], "trials")
    notes += [
        f"trials in {other} are left out: those in {chosen} are taken"
        for other in places
        if other != chosen
    ]
    return table.rename_axis(index="trial"), notes


def _of_probes(collections: Collections, wanted: str | None) -> tuple[dict[str, str], list[str]]:
    """Choose the folder of spikes of each probe; notes name those that are left out."""
    by_probe: dict[str, list[str]] = {}
    for folder in collections.having("spikes", "times"):
        parts = folder.split("/")
        names = [part for part in parts if part.lower().startswith("probe")]
        last = parts[-1] if parts[-1] not in ("alf", "") else ""
        by_probe.setdefault((names or [last])[0], []).append(folder)
    if wanted is not None and wanted not in by_probe:
        known = ", ".join(map(repr, by_probe)) or "none"
        raise RefusedError(f"has no probe {wanted!r} with spikes; there are {known}")
    chosen, notes = {}, []
    for name, folders in by_probe.items():
        if wanted not in (None, name):
            continue
        ranked = sorted(folders, key=lambda each: (_rank(each), each), reverse=True)
        chosen[name] = ranked[0]
        for other in ranked[1:]:
            notes.append(f"spikes in {other} are left out: those in {ranked[0]} are taken")
    if len(by_probe) > 1 and wanted is None:
        notes.append(f"units of the probes {', '.join(by_probe)} are together")
    return chosen, notes


def _rank(folder: str) -> int:
    last = folder.split("/")[-1]
    return len(_SORTERS) - _SORTERS.index(last) if last in _SORTERS else 0


def _units(folder: Path, objects: Objects, notes: list[str]) -> Units:
    """Make the units of a probe: every cluster, also those without spikes."""
    from trialtensor.events.units import Units

    spikes = objects["spikes"]
    codes = "clusters" if "clusters" in spikes else "templates"
    if codes not in spikes:
        raise RefusedError(f"has spikes.times in {folder.name}, but no spikes.clusters")
    if codes == "templates":
        notes.append("spikes.clusters is missing: units are templates")
    clusters = _codes(spikes, codes)
    table, more = table_of(objects.get("clusters", {}), "clusters")
    table, others = _with_channels(table, objects.get("channels", {}))
    notes += [note for note in [*more, *others] if note not in notes]
    n = int(clusters.max()) + 1 if len(clusters) else 0
    if n > len(table):
        if len(table):
            notes.append(f"clusters {len(table)} to {n - 1} have spikes, but no row in clusters.*")
        table = table.reindex(range(n))
    load = later(folder, NAME, lambda: _spikes(spikes, codes, table))
    return Units(table, load, source=str(folder))


def _codes(spikes: Attributes, name: str) -> np.ndarray:
    clusters = read_vector(spikes[name])
    n = int(np.prod(describe_npy(spikes["times"]).shape))
    if clusters.dtype.kind not in "iu" or clusters.min(initial=0) < 0:
        raise RefusedError(f"has spikes.{name} that aren't whole numbers from 0 on")
    if len(clusters) != n:
        raise RefusedError(f"has {n} spikes.times, but {len(clusters)} spikes.{name}")
    if clusters.max(initial=0) > max(n, 2**20):
        raise RefusedError(f"has spikes.{name} up to {clusters.max()}, of {n} spikes")
    return clusters


def _spikes(spikes: Attributes, codes: str, table: DataFrame) -> tuple[np.ndarray, np.ndarray]:
    from trialtensor.events.spike_times import grouped, in_seconds

    times = in_seconds(read_vector(spikes["times"]), argument="spikes.times")
    return grouped(times, _codes(spikes, codes), table.index)[1]


def _with_channels(table: DataFrame, channels: Attributes) -> tuple[DataFrame, list[str]]:
    """Add what is said of the channel of each cluster, such as its region."""
    if "channels" not in table or not channels:
        return table, []
    about, notes = table_of(channels, "channels")
    places = table["channels"].to_numpy()
    if places.dtype.kind not in "iu" or len(places) == 0 or places.min() < 0:
        return table, notes
    if places.max() >= len(about):
        return table, [*notes, f"clusters.channels go beyond the {len(about)} channels"]
    added = [name for name in about.columns if name not in table]
    for name in added:
        table = table.assign(**{name: about[name].to_numpy()[places]})
    said = [f"columns of each cluster's channel: {', '.join(added)}"] if added else []
    return table, notes + said
