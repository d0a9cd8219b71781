"""A session of the nodes of an NWB file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.nwb.events import read_epochs, read_events, read_trials
from trialtensor.sessions.formats.nwb.nodes import Left, Tree
from trialtensor.sessions.formats.nwb.series import read_traces
from trialtensor.sessions.formats.nwb.units import read_units
from trialtensor.sessions.session import Session

# Where data lie; what describes the animal, the rig and the types isn't worth a note.
_DATA = ("acquisition", "processing", "units", "intervals", "events", "stimulus", "analysis")
_READ_EXTENSIONS = ("Events", "LabeledEvents", "EventsTable")
_MOST_LINKS = 10


def build_session(
    path: Path,
    tree: Tree,
    kind: str,
    *,
    units: str | Sequence[str] | None = None,
    trials: str | None = None,
) -> Session:
    """Read the tables of a file, and what reads spike times and signals later.

    Parameters
    ----------
    path : Path
    tree : Tree
        Of the open file.
    kind : str
        Format in words.
    units : str or sequence of str, optional
        Paths or names of the tables of units; all by default.
    trials : str, optional
        Path or name of the table whose rows are the trials.
    """
    if "nwb_version" not in tree.nodes[""].attributes and tree.get("nwb_version") is not None:
        raise RefusedError("is an NWB file of version 1, which is not read; convert it to NWB 2")
    left = Left()
    _note_elsewhere(tree, left)
    _note_extensions(tree, left)
    table, intervals = read_trials(tree, trials, left)
    events = read_events(tree, left)
    intervals |= {k: v for k, v in read_epochs(tree, left).items() if k not in intervals}
    return Session(
        path.name,
        path,
        kind=kind,
        trials=table,
        units=read_units(tree, units, left),
        traces=read_traces(tree, left),
        events=events,
        intervals=intervals,
        notes=list(dict.fromkeys(left.lines)),
    )


def _note_elsewhere(tree: Tree, left: Left) -> None:
    """Say what isn't in this file."""
    elsewhere = [node for node in tree if node.refused and node.shape is None]
    for node in elsewhere[:_MOST_LINKS]:
        left.out(node.path, node.refused)
    if len(elsewhere) > _MOST_LINKS:
        left.say(f"left out: {len(elsewhere) - _MOST_LINKS} more that lie elsewhere")


def _note_extensions(tree: Tree, left: Left) -> None:
    """Say what is of types that aren't of NWB itself."""
    types = Counter(
        node.type
        for node in tree
        if node.shape is None
        and node.path.startswith(_DATA)
        and node.is_extension
        and node.type not in _READ_EXTENSIONS
    )
    for name, n in types.items():
        left.out(f"{n} of type {name}", "is of an extension of NWB that isn't known")
