"""Sessions of what is in memory already: recognised by what it can do, not by its class."""

from __future__ import annotations

from typing import Any

from trialtensor.sessions.session import Session


def session_of(source: Any) -> Session:
    """Make a session of objects in memory.

    Parameters
    ----------
    source : object
        What `trialtensor.events` takes: a dict of spike times, a pynapple ``TsGroup``, a neo
        ``Block``, ...

    Raises
    ------
    ValueError
        If it is nothing that is known.
    """
    from trialtensor.events.given import holding

    try:
        given = holding(source)
    except ValueError as error:
        raise ValueError(f"source: {error}") from error
    return Session(
        type(source).__name__,
        kind=given.kind,
        trials=given.trials,
        units=given.units,
        traces=given.traces,
        events=given.events,
        intervals=given.intervals,
        tensors=given.tensors,
        notes=given.notes,
    )
