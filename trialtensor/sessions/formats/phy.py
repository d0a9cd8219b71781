"""Folders of Kilosort and Phy: spikes in samples, clusters, and what was said of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.events.tables import natural_key
from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.merging import merged_units
from trialtensor.sessions.npy import describe_npy, is_npy, read_vector
from trialtensor.sessions.options import number_option
from trialtensor.sessions.parts import later
from trialtensor.sessions.session import Session
from trialtensor.sessions.tables import find_column, trials_beside
from trialtensor.sessions.text import read_text_table

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.units import Units

NAME = "a Kilosort or Phy folder"
TIMES, CLUSTERS, TEMPLATES = "spike_times.npy", "spike_clusters.npy", "spike_templates.npy"
_RATE = re.compile(r"^\s*sample_rate\s*=\s*(.{1,100})$", re.MULTILINE)
_MOST_OF_PARAMETERS = 100_000
_IDS = ("clusterid", "id", "cluster")


def match(path: Path) -> float:
    """Look for spike times in samples beside clusters.

    Parameters
    ----------
    path : Path
    """
    folders = _folders(path)
    if not folders:
        return 0.0
    return 0.95 if all(map(_in_samples, folders)) else 0.6


def open(path: Path, rate: float | None = None, trials: Any = None) -> Session:
    """Open a folder of Kilosort or Phy, or one with such a folder for each probe.

    Parameters
    ----------
    path : Path
    rate : float, optional
        Samples a second; by default ``sample_rate`` in `params.py`, which is read as text.
    trials : path or DataFrame, optional
        Table of trials; by default a file "trials.csv" (or .tsv, .parquet) in the folder.
    """
    rate, folders = number_option("rate", rate, above=0), _folders(path)
    rates = {each: _sample_rate(each) if rate is None else rate for each in folders}
    found, notes = trials_beside(path, trials)
    notes = [note for each in folders for note in _about(each, rates[each], len(folders))] + notes
    if len(folders) > 1:
        notes.append("times of all probes count from 0 s: their clocks are taken to be the same")
    made = [_units(each, rates[each], notes) for each in folders]
    names = [each.relative_to(path).parts[0] if each != path else "" for each in folders]
    units = merged_units(names, made)
    return Session(path.name, path, trials=found, units=units, notes=notes)


def _folders(path: Path) -> list[Path]:
    """Return the folder itself, or those of the probes in it."""
    if not path.is_dir():
        return []
    if _is_one(path):
        return [path]
    below = [each for each in path.iterdir() if each.is_dir()]
    # SpikeInterface puts what a sorter writes into a folder of its own.
    found = [f for each in below for f in (each, each / "sorter_output") if _is_one(f)]
    return sorted(found, key=natural_key)


def _is_one(folder: Path) -> bool:
    beside = (CLUSTERS, TEMPLATES)
    return is_npy(folder / TIMES) and any((folder / name).is_file() for name in beside)


def _in_samples(folder: Path) -> bool:
    return describe_npy(folder / TIMES).dtype.kind in "iu"


def _sample_rate(folder: Path) -> float | None:
    """Read the sample rate from the text of `params.py`, as a number and nothing else."""
    if not _in_samples(folder):
        return None  # times in seconds, as some exports have them
    remedy = "give it: open_session(..., rate=30000.0)"
    path = folder / "params.py"
    if not path.is_file():
        raise RefusedError(f"has no params.py with the sample rate in {folder.name}; {remedy}")
    with path.open("rb") as file:
        text = file.read(_MOST_OF_PARAMETERS).decode("utf-8", "replace")
    said = _RATE.findall(text.replace("\r", ""))
    if not said:
        raise RefusedError(f"has a params.py without sample_rate; {remedy}")
    try:
        rate = ast.literal_eval(said[-1].strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        rate = None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < float("inf"):
        raise RefusedError(f"has a sample_rate in params.py that is no plain number; {remedy}")
    return float(rate)


def _about(folder: Path, rate: float | None, n_folders: int) -> list[str]:
    as_what = "seconds, because they aren't whole" if rate is None else f"samples at {rate:g} Hz"
    notes = [f"spike times are {as_what}"]
    if not (folder / CLUSTERS).is_file():
        notes.append(f"there is no {CLUSTERS}: units are the templates of Kilosort, uncurated")
    if not _label_files(folder):
        notes.append("there are no cluster_*.tsv: nothing says which units are good")
    return [f"{folder.name}: {note}" for note in notes] if n_folders > 1 else notes


def _label_files(folder: Path) -> list[Path]:
    """List the tables of clusters, cluster_info first: it is an export of the others."""
    found = [*folder.glob("cluster_*.tsv"), *folder.glob("cluster_*.csv")]
    return sorted(found, key=lambda each: (not each.stem.endswith("_info"), each.name))


def _units(folder: Path, rate: float | None, notes: list[str]) -> Units:
    """Make the units of a folder: the clusters that have spikes."""
    import pandas

    from trialtensor.events.units import Units

    table = pandas.DataFrame(index=pandas.Index(_occurring(_clusters(folder)), name="unit"))
    for file in _label_files(folder):
        table = _with_labels(table, file, notes)
    load = later(folder, NAME, lambda: _spikes(folder, rate, table))
    return Units(table, load, source=str(folder))


def _occurring(clusters: np.ndarray) -> np.ndarray:
    """List the clusters that have spikes; counting is faster than sorting."""
    if len(clusters) and clusters.min() >= 0 and clusters.max() <= max(len(clusters), 2**20):
        return np.flatnonzero(np.bincount(clusters.astype(np.int64)))
    return np.unique(clusters).astype(np.int64)


def _with_labels(table: DataFrame, file: Path, notes: list[str]) -> DataFrame:
    """Add the columns of a table of clusters; those of later files win."""
    given, _ = read_text_table(file)
    column = find_column(given, _IDS)
    if column is None or given[column].dtype.kind not in "iu":
        raise RefusedError(f"has a {file.name} without a column cluster_id of whole numbers")
    # Of a cluster that is named twice the last line counts, as in Phy.
    given = given.drop_duplicates(column, keep="last").set_index(column)
    if gone := sorted(set(given.index) - set(table.index)):
        more = ", ..." if len(gone) > 5 else ""
        said = f"{', '.join(map(str, gone[:5]))}{more}"
        notes.append(f"{file.name} names clusters without spikes, split or merged since: {said}")
    given = given.reindex(table.index)
    for name in given.columns:
        if name in table:
            # What is missing in one file may be in another.
            table = table.assign(**{name: given[name].combine_first(table[name])})
        else:
            table = table.assign(**{name: given[name]})
    return table


def _clusters(folder: Path) -> np.ndarray:
    name = CLUSTERS if (folder / CLUSTERS).is_file() else TEMPLATES
    clusters = read_vector(folder / name)
    n = int(np.prod(describe_npy(folder / TIMES).shape))
    if clusters.dtype.kind not in "iu":
        raise RefusedError(f"has a {name} of {clusters.dtype}, expected whole numbers")
    if len(clusters) != n:
        raise RefusedError(f"has {n} spike times, but clusters of {len(clusters)} spikes in {name}")
    return clusters


def _spikes(folder: Path, rate: float | None, table: DataFrame) -> tuple[np.ndarray, np.ndarray]:
    from trialtensor.events.spike_times import grouped, in_seconds

    times = in_seconds(read_vector(folder / TIMES), rate, TIMES)
    return grouped(times, _clusters(folder), table.index)[1]
