"""Suite2p folders: fluorescence and deconvolved activity of every plane."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.events.tables import natural_key
from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.npy import describe_npy, is_npy, read_npy
from trialtensor.sessions.options import number_option
from trialtensor.sessions.parts import later
from trialtensor.sessions.session import Session
from trialtensor.sessions.tables import trials_beside

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.traces import Traces

NAME = "a Suite2p folder"
_SIGNALS = ("F", "Fneu", "spks", "F_chan2", "Fneu_chan2")
# Of each cell: whether it is one, and how sure Suite2p is of it.
_VERDICTS = ("iscell", "redcell")
CORRECTED = "F_corrected"


def match(path: Path) -> float:
    """Look for `F.npy` beside what else Suite2p writes.

    Parameters
    ----------
    path : Path
    """
    for plane in _planes(path):
        beside = sum((plane / f"{name}.npy").is_file() for name in ("Fneu", "spks", "iscell"))
        if is_npy(plane / "F.npy") and beside:
            return 0.8 + 0.05 * beside
    return 0.0


def open(
    path: Path, rate: float | None = None, neuropil: float | None = None, trials: Any = None
) -> Session:
    """Open a folder of Suite2p, of one plane or of several.

    Parameters
    ----------
    path : Path
        The folder "suite2p", the one that it is in, or one of its planes.
    rate : float
        Frames a second of each plane. Suite2p keeps it in pickles, which are never loaded.
    neuropil : float, optional
        Adds the signal ``F - neuropil * Fneu``, named "F_corrected"; 0.7 is usual.
    trials : path or DataFrame, optional
        Table of trials; by default a file "trials.csv" (or .tsv, .parquet) in the folder.

    Raises
    ------
    RefusedError
        Without `rate`, and if files of a plane don't fit each other.
    """
    rate, neuropil = number_option("rate", rate, above=0), number_option("neuropil", neuropil)
    planes = _planes(path)
    tables = [_cells(plane) for plane in planes]
    if rate is None:
        n_cells, n_frames = sum(map(len, tables)), min(map(_n_frames, planes))
        raise RefusedError(
            f"holds {n_cells} cells and {n_frames} frames of Suite2p, and its frame rate is in a "
            "pickle (ops.npy), which is never loaded; give it: open_session(..., rate=30.0)"
        )
    notes = [f"the frame rate is the one given, {rate:g} Hz, and the first frame is at 0 s"]
    found, more = trials_beside(path, trials)
    notes += _about(path, planes, neuropil)
    traces = _traces(planes, tables, rate, neuropil)
    return Session(path.name, path, trials=found, traces=traces, notes=notes + more)


def _about(path: Path, planes: list[Path], neuropil: float | None) -> list[str]:
    notes = []
    if len(planes) > 1:
        names = ", ".join(plane.name for plane in planes)
        notes.append(f"cells of {names} are together; their frames have the same times here")
        if (planes[0].parent / "combined").is_dir():
            notes.append("the folder combined holds the same cells again and is left out")
        frames = {plane.name: _n_frames(plane) for plane in planes}
        if len(set(frames.values())) > 1:
            said = ", ".join(f"{name} {n}" for name, n in frames.items())
            notes.append(f"planes have different numbers of frames ({said}): the first are kept")
    if neuropil is not None:
        notes.append(f"{CORRECTED} is F - {neuropil:g} * Fneu")
    else:
        notes.append("F is raw fluorescence; neuropil=0.7 adds F - 0.7 * Fneu")
    if not all((plane / "iscell.npy").is_file() for plane in planes):
        notes.append("iscell.npy is missing: nothing says which are cells")
    pickles = [name for name in ("ops.npy", "stat.npy") if (planes[0] / name).exists()]
    if pickles:
        said = " and ".join(pickles)
        notes.append(f"never loaded, because pickled: {said}; so cells have no positions")
    return notes


def _planes(path: Path) -> list[Path]:
    """Return the folders of planes in the order of their numbers, or the folder itself."""
    if not path.is_dir():
        return []
    for folder in (path, path / "suite2p"):
        if (folder / "F.npy").is_file():
            return [folder]
        found = [
            each
            for each in folder.glob("plane*")
            if re.fullmatch(r"plane\d+", each.name) and (each / "F.npy").is_file()
        ]
        if found:
            return sorted(found, key=lambda each: natural_key(each.name))
        if (folder / "combined" / "F.npy").is_file():
            return [folder / "combined"]
    return []


def _n_frames(plane: Path) -> int:
    return _shape(plane / "F.npy")[1]


def _shape(file: Path) -> tuple[int, int]:
    about = describe_npy(file)
    if len(about.shape) != 2 or about.dtype.kind not in "fiu":
        raise RefusedError(
            f"{file.name} has the shape {about.shape} and holds {about.kind}, expected numbers of "
            "shape (n_cells, n_frames)"
        )
    return about.shape[0], about.shape[1]


def _cells(plane: Path) -> DataFrame:
    """Read the table of the cells of a plane."""
    import pandas

    n = _shape(plane / "F.npy")[0]
    columns: dict[str, Any] = {"plane": [plane.name] * n, "roi": np.arange(n)}
    for name in _VERDICTS:
        file = plane / f"{name}.npy"
        if not file.is_file():
            continue
        values = read_npy(file)
        if values.ndim == 1:
            values = values[:, None]
        if values.ndim != 2 or len(values) != n or values.dtype.kind not in "fiub":
            raise RefusedError(
                f"{plane.name}/{name}.npy has the shape {values.shape}, but F.npy has {n} cells"
            )
        columns[name] = values[:, 0] > 0
        if values.shape[1] > 1:
            columns[f"{name}_probability"] = values[:, 1]
    return pandas.DataFrame(columns)


def _traces(
    planes: list[Path], tables: list[DataFrame], rate: float, neuropil: float | None
) -> dict[str, Traces]:
    import pandas

    from trialtensor.events.traces import Traces

    table = pandas.concat(tables, ignore_index=True)
    n = min(map(_n_frames, planes))
    names = [name for name in _SIGNALS if all((p / f"{name}.npy").is_file() for p in planes)]
    loads: dict[str, Callable[[], np.ndarray]]
    loads = {name: partial(_signal, planes, name, n) for name in names}
    if neuropil is not None:
        if "Fneu" not in names:
            raise RefusedError(f"neuropil={neuropil:g}: there is no Fneu.npy to subtract")
        loads[CORRECTED] = lambda: loads["F"]() - np.float32(neuropil) * loads["Fneu"]()
    folder = planes[0].parent if len(planes) > 1 else planes[0]
    return {
        name: Traces(
            name, table, later(folder, NAME, load), rate=rate, n_samples=n, source=str(folder)
        )
        for name, load in loads.items()
    }


def _signal(planes: list[Path], name: str, n: int) -> np.ndarray:
    """Read a signal of all planes, (n_frames, n_cells)."""
    found = []
    for plane in planes:
        shape, needed = _shape(plane / f"{name}.npy"), _shape(plane / "F.npy")
        if shape != needed:
            raise RefusedError(f"{plane.name}/{name}.npy has the shape {shape}, F.npy {needed}")
        found.append(read_npy(plane / f"{name}.npy").T[:n])
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)
