"""What `trialtensor inspect` says: what a file or folder holds, and the next command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.cli.reading import TRIALS, split_axes

if TYPE_CHECKING:
    from trialtensor.sessions import Session

# What suggested commands begin with.
WINDOW, BIN_SIZE, CANDIDATES = "-0.5,1.0", "0.02", "1:8"


def described(path: Path, axes: str | None) -> tuple[str, bool]:
    """Describe a file or folder, and say whether anything in it can be fitted.

    Parameters
    ----------
    path : Path
    axes : str or None
        Order of the axes of arrays, as typed.
    """
    from trialtensor.sessions import open_session

    if axes is not None or _is_of_arrays(path):
        from trialtensor.io import inspect

        text = inspect(path, axes=split_axes(axes))
        return text, "trialtensor fit" in text
    with open_session(path) as session:
        advice = _advice(session, path)
        return "\n".join([repr(session), "", *advice]), len(advice) > 1


def _is_of_arrays(path: Path) -> bool:
    """Return whether the file holds arrays and nothing that must be cut into trials."""
    from trialtensor.sessions.formats import matching, tensors

    return path.is_file() and matching(path)[0] is tensors


def _advice(session: Session, path: Path) -> list[str]:
    """Suggest commands that cut what there is into trials, and fit it."""
    if not session.holds_events:
        return ["neither spike times nor signals, so there is nothing to fit"]
    event = _an_event(session)
    if event is None:
        return ["no table with times of events, so there is nothing to cut trials around"]
    cut = ["--align", event, "--window", WINDOW]
    if session.units is not None:
        cut += ["--bin-size", BIN_SIZE]
        fit, what = ["--transform", "sqrt", "--nonnegative"], "its spikes"
    else:
        name = next(iter(session.traces))
        cut += ["--signal", name]
        fit, what = [], f"its signal {name}"

    def command(name: str, *ending: str) -> str:
        return "  " + shlex.join(["trialtensor", name, str(path), *cut, *ending])

    stem = path.stem
    return [
        f"choose the number of components of {what} in windows about {event}, and fit them, with",
        command("rank", *fit, "--components", CANDIDATES, "-o", f"{stem}_rank"),
        "or only cut trials, into a file of one tensor, with",
        command("bin", "-o", f"{stem}_trials.nc"),
    ]


def _an_event(session: Session) -> str | None:
    """Return an event to align to: of trials if they have any, else of another table."""
    from trialtensor.sessions import event_columns

    for name in session.tables:
        columns = event_columns(session.table(name))
        inside = [c for c in columns if c not in ("start_time", "stop_time")] or columns
        if inside:
            return inside[0] if name == TRIALS else f"{name}/{inside[0]}"
    return None
