"""MATLAB files of versions 5 to 7, read by SciPy once their headers have been checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.sessions.session import Session

if TYPE_CHECKING:
    from trialtensor.sessions.formats.matlab.values import Values

NAME = "a MATLAB file of version 5 to 7"


def match(path: Path) -> float:
    """Tell by the first block.

    Parameters
    ----------
    path : Path
    """
    from trialtensor.variables.matlab5_headers import is_version_5

    return 1.0 if path.is_file() and is_version_5(path) else 0.0


def open(
    path: Path,
    *,
    units: str | None = None,
    trials: str | None = None,
    times: str | None = None,
    rate: float | None = None,
    events: str | Sequence[str] = (),
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
    """
    from trialtensor.sessions.formats.matlab.building import build_session

    options = {"units": units, "trials": trials, "times": times, "rate": rate, "events": events}
    return build_session(path, NAME, lambda: _opened(path), options)


@contextmanager
def _opened(path: Path) -> Iterator[Values]:
    from trialtensor.sessions.formats.matlab.scipy_values import value_of
    from trialtensor.variables.matlab5 import load
    from trialtensor.variables.matlab5_headers import headers

    headers(path)  # refuses what can't be
    yield {name: value_of(value) for name, value in load(path).items()}
