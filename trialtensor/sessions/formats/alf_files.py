"""Files named as ALF names them (object.attribute), with their namespaces and revisions."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.opening.guard import RefusedError, UnreadableError
from trialtensor.sessions.npy import describe_npy, read_npy
from trialtensor.sessions.tables import SUFFIXES, read_table

if TYPE_CHECKING:
    from pandas import DataFrame

_NAME = re.compile(
    r"(?:_(?P<namespace>[a-zA-Z0-9]+)_)?(?P<object>[a-zA-Z][a-zA-Z0-9]*)"
    r"\.(?P<attribute>\w+)(?:\.[\w-]+)*(?P<suffix>\.\w+)"
)
_REVISION = re.compile(r"#(.+)#")
_DEEPEST, _MOST_FILES = 5, 20_000
_MOST_COLUMNS = 4
# Of an array with few columns, each is one of the table, named as ONE does ("intervals_0").

# Attribute -> file.
Attributes = dict[str, Path]
# Object -> its attributes.
Objects = dict[str, Attributes]


class Collections(dict[str, Objects]):
    """Folder within the session -> objects in it, each file in its newest revision.

    Attributes
    ----------
    revised : dict
        Revision -> number of files that are taken from it.
    """

    def __init__(self, path: Path) -> None:
        newest: dict[tuple[str, str, str], tuple[str, str, Path]] = {}
        for folder, revision, file, found in _named(path):
            place = folder, found["object"], found["attribute"]
            if place not in newest or (revision, file.name) > newest[place][:2]:
                newest[place] = (revision, file.name, file)
        super().__init__()
        for (folder, kind, attribute), (*_, file) in sorted(newest.items()):
            self.setdefault(folder, {}).setdefault(kind, {})[attribute] = file
        self.revised = dict(Counter(revision for revision, *_ in newest.values() if revision))

    def having(self, kind: str, *attributes: str) -> list[str]:
        """Return the folders in which an object has some attributes."""
        return [
            folder
            for folder, objects in self.items()
            if all(each in objects.get(kind, {}) for each in attributes) and kind in objects
        ]


def _named(path: Path) -> Iterator[tuple[str, str, Path, dict[str, Any]]]:
    """List files with ALF names: folder without revision, revision, file, parts of its name."""
    n_files = 0
    for folder, below, files in os.walk(path):
        here = Path(folder)
        parts = here.relative_to(path).parts
        below[:] = sorted(each for each in below if len(parts) < _DEEPEST and each[0] != ".")
        revision = max((m.group(1) for p in parts if (m := _REVISION.fullmatch(p))), default="")
        collection = "/".join(p for p in parts if not _REVISION.fullmatch(p))
        for name in sorted(files):
            n_files += 1
            if n_files > _MOST_FILES:
                raise RefusedError(f"holds more than {_MOST_FILES} files; open one session of it")
            found = _NAME.fullmatch(name)
            if found and (found["suffix"] == ".npy" or found["suffix"] in SUFFIXES):
                yield collection, revision, here / name, found.groupdict()


def table_of(attributes: Attributes, what: str) -> tuple[DataFrame, list[str]]:
    """Put the attributes of an object together as one table.

    Parameters
    ----------
    attributes : dict
        Attribute -> file.
    what : str
        The object, for notes.

    Returns
    -------
    table : pandas.DataFrame
        As many rows as most attributes have.
    notes : list of str
        What was left out and why.
    """
    import pandas

    columns: dict[str, Any] = {}
    notes: list[str] = []
    # What stands in a table of its own counts first.
    for name, file in sorted(attributes.items(), key=lambda each: each[1].suffix == ".npy"):
        try:
            found = _columns(name, file)
        except (RefusedError, UnreadableError) as error:
            notes.append(f"{what}.{name} is left out: {error}")
            continue
        columns |= {key: values for key, values in found.items() if key not in columns}
    lengths = Counter(len(values) for values in columns.values())
    n = max(lengths, key=lambda each: (lengths[each], each), default=0)
    odd = {key: len(values) for key, values in columns.items() if len(values) != n}
    notes += [f"{what}.{key} is left out: it has {m} rows, others {n}" for key, m in odd.items()]
    kept = {key: values for key, values in columns.items() if key not in odd}
    return pandas.DataFrame(kept, index=range(n)), notes


def _columns(name: str, file: Path) -> dict[str, Any]:
    """Read the columns that a file adds to a table."""
    if file.suffix in SUFFIXES:
        table, _ = read_table(file)
        if table.shape[1] == 1:
            return {name: table.iloc[:, 0].to_numpy()}
        return {str(key): table[key].to_numpy() for key in table.columns}
    about = describe_npy(file)
    if about.is_pickled:
        raise RefusedError("it holds Python objects (a pickle), which are never loaded")
    shape = about.shape
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        return {name: read_npy(file).reshape(-1)}
    if len(shape) != 2 or shape[1] > _MOST_COLUMNS:
        raise RefusedError(f"its shape is {shape}, expected one value for each row")
    values = read_npy(file)
    return {f"{name}_{k}": values[:, k] for k in range(shape[1])}


def is_regular(times: np.ndarray) -> bool:
    """Tell whether times are those of samples rather than of events that happen now and then.

    Parameters
    ----------
    times : (n,) array
    """
    steps = np.diff(times)
    if len(steps) < 10 or not np.isfinite(steps).all() or (steps < 0).any():
        return False
    usual = np.median(steps)
    return bool((np.abs(steps - usual) <= usual / 2).mean() >= 0.9)
