"""MATLAB files of version 7.3, which are HDF5 with the axes in reverse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.opening.guard import MATLAB_HDF5, is_hdf5
from trialtensor.sessions.session import Session

if TYPE_CHECKING:
    from trialtensor.variables.matlab_values import Values

NAME = "a MATLAB file of version 7.3"
_FEW = 50


def match(path: Path) -> float:
    """Tell by the first bytes, or by the class that MATLAB writes to each variable.

    Parameters
    ----------
    path : Path
    """
    if path.is_dir() or not is_hdf5(path):
        return 0.0
    with path.open("rb") as file:
        if file.read(len(MATLAB_HDF5)) == MATLAB_HDF5:
            return 1.0
    from trialtensor.opening.hdf5 import attributes, children, open_hdf5
    from trialtensor.variables.matlab import CLASS

    with open_hdf5(path) as file:
        for _, member in zip(range(_FEW), children(file), strict=False):
            if member.item is not None and CLASS in attributes(member.item):
                return 0.9
    return 0.0


def open(
    path: Path,
    *,
    units: str | None = None,
    trials: str | None = None,
    times: str | None = None,
    rate: float | None = None,
    events: str | Sequence[str] = (),
    traces: str | Sequence[str] = (),
    frame_rate: float | None = None,
) -> Session:
    """Read the tables of a file; see the guide for which variables become which.

    Parameters
    ----------
    path : Path
    units : str, optional
        Name of the variable with the spike times, such as "spikes" or "data/spikes".
    trials : str, optional
        Name of the struct that is the table of trials.
    times : "session" or "trial", optional
        What spike times that are cut into trials are relative to; by default what they look like.
    rate : float, optional
        Spike times are numbers of samples, this many a second.
    events : str or sequence of str
        Columns of trials that are relative to their trial, as its spikes are.
    traces : str or sequence of str
        Names of matrices that are signals of cells.
    frame_rate : float, optional
        Samples a second of these.
    """
    from trialtensor.sessions.formats.matlab.building import build_session

    options = {"units": units, "trials": trials, "times": times, "rate": rate, "events": events,
               "traces": traces, "frame_rate": frame_rate}  # fmt: skip
    return build_session(path, NAME, lambda: _opened(path), options)


@contextmanager
def _opened(path: Path) -> Iterator[Values]:
    from trialtensor.opening.hdf5 import open_hdf5
    from trialtensor.sessions.formats.matlab.hdf5_values import values_of

    with open_hdf5(path) as file:
        yield values_of(file)
