"""What `trialtensor inspect` says: what a file or folder holds, and the next command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.cli.in_blocks import is_of_arrays
from trialtensor.cli.reading import TRIALS, Reading, as_options, split_axes

if TYPE_CHECKING:
    from trialtensor.sessions import Session

_BOUNDS = ("start_time", "stop_time", "intervals_0", "intervals_1")
# What suggested commands begin with.
WINDOW, BIN_SIZE, CANDIDATES = "-0.5,1.0", "0.02", "1:8"


def described(path: Path, how: Reading) -> tuple[str, bool]:
    """Describe a file or folder, and say whether anything in it can be fitted.

    Parameters
    ----------
    path : Path
    how : Reading
        Order of the axes of arrays; options of the format.
    """
    if how.axes is not None or (not how.options and is_of_arrays(path)):
        from trialtensor.io import inspect

        text = inspect(path, axes=split_axes(how.axes))
        return text, "trialtensor fit" in text
    with how.session(path) as session:
        given = [word for option in how.options or () for word in ("--option", option)]
        advice = [*_of_tensors(session, path, given), *_of_events(session, path, given)]
        if not advice and session.tensors and path.is_file():
            from trialtensor.io import inspect

            text = inspect(path)
            return text, "trialtensor fit" in text
        lines = [as_options(repr(session)), "", *(advice or [_nothing(session)])]
        return "\n".join(lines), bool(advice)


def _nothing(session: Session) -> str:
    """Say what is missing."""
    what = "spike times" if session.units is not None else "signals" if session.traces else ""
    if not what:
        return "neither spike times nor signals, so there is nothing to fit"
    return f"{what}, but no times of trials or events to cut them around: nothing to fit yet"


def _of_tensors(session: Session, path: Path, given: list[str]) -> list[str]:
    """Describe tensors that tables hold, and suggest how to fit them."""
    from trialtensor.io.inspection import describe_tensor, fitting_advice

    lines = []
    tensors = {name: each for name, each in session.tensors.items() if hasattr(each, "dims")}
    for name, tensor in tensors.items():
        which = ["--variable", name] if len(tensors) > 1 else []
        lines += [f"{name} is read as", *(f"  {line}" for line in describe_tensor(tensor))]
        lines += [f"  {line}" for line in fitting_advice(tensor, path, [*given, *which])]
    return lines


def _of_events(session: Session, path: Path, given: list[str]) -> list[str]:
    """Suggest commands that cut what there is into trials, and fit it."""
    if not session.holds_events:
        return []
    event = _an_event(session)
    if event is None:
        return []
    cut = [*given, "--align", event, "--window", WINDOW]
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
        inside = [c for c in columns if c not in _BOUNDS] or columns
        if inside:
            return inside[0] if name == TRIALS else f"{name}/{inside[0]}"
    return None
