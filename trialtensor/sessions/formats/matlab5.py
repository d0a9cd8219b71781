"""MATLAB files of versions 5 to 7."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from trialtensor.sessions.session import Session

NAME = "a MATLAB file of version 5 to 7"


def match(path: Path) -> float:
    """Tell by the first block.

    Parameters
    ----------
    path : Path
    """
    from trialtensor.variables.matlab5_parsing import is_version_5

    return 1.0 if path.is_file() and is_version_5(path) else 0.0


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
    from trialtensor.variables.matlab5_parsing import values_of

    options = {"units": units, "trials": trials, "times": times, "rate": rate, "events": events,
               "traces": traces, "frame_rate": frame_rate}  # fmt: skip
    return build_session(path, NAME, lambda: nullcontext(values_of(path)), options)
