"""A session of the variables of a MATLAB file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.data.parameters import check_choice, check_number
from trialtensor.events.units import Units
from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.matlab.mapping import LISTED, ZERO, Mapping
from trialtensor.sessions.formats.matlab.signals import read_signals
from trialtensor.sessions.formats.matlab.timeline import SESSION, TRIAL
from trialtensor.sessions.parts import later
from trialtensor.sessions.session import Session
from trialtensor.variables.matlab_values import Values, words

# Opens the file and gives its variables, which can be read while it is open.
Opened = Callable[[], AbstractContextManager[Values]]


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """Return options, one name as a list of one; refuse others in words that aren't of damage."""
    try:
        if options["times"] is not None:
            check_choice("times", options["times"], (SESSION, TRIAL))
        for name in ("rate", "frame_rate"):
            if options[name] is not None:
                check_number(name, options[name], above=0)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    lists = {name: options[name] for name in ("events", "traces")}
    return options | {k: [v] if isinstance(v, str) else list(v or ()) for k, v in lists.items()}


def build_session(path: Path, kind: str, opened: Opened, options: dict[str, Any]) -> Session:
    """Make a session of the variables of a file.

    Parameters
    ----------
    path : Path
    kind : str
        Format in words.
    opened : callable
        Opens the file and gives its variables.
    options : dict
        Those of the reader.

    Raises
    ------
    RefusedError
        If there is neither a tensor nor anything that may be units and trials, or a choice has to
        be made.
    """
    options = _checked(options)

    def load() -> tuple[np.ndarray, np.ndarray]:
        with opened() as values:
            return Mapping(values, options).spikes()

    with opened() as values:
        found = Mapping(values, options)
        units: Units | None = None
        if found.layout is not None and found.layout.flat is not None:
            units = found.flat_units()
        elif found.layout is not None and found.layout.n_trials:
            units = found.lined_up()
        elif found.layout is not None:
            units = Units(found.unit_table(), later(path, kind, load))
        if options["events"] and (found.trials is None or ZERO not in found.trials):
            raise RefusedError(
                "has no spike times that are relative to their trial, so events= means nothing"
            )
        traces = read_signals(values, options["traces"], options["frame_rate"], found.notes)
        tensors = found.tensors()
        if units is None and found.trials is None and not tensors and not traces:
            listed = "; ".join(f"{k} ({words(v)})" for k, v in list(values.items())[:LISTED])
            raise RefusedError(
                "holds neither a tensor (three axes) nor spike times (a cell array with one cell a "
                f"unit, or units × trials) nor a struct of trials, but {listed or 'nothing'}; "
                "signals are named by traces= and frame_rate="
            )
        found.say_unused()
        return Session(
            path.name,
            path,
            kind=kind,
            trials=found.trials,
            units=units,
            traces=traces,
            tensors=tensors,
            notes=found.notes,
        )
