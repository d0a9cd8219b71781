"""Objects of pynapple: groups of spike times, signals and intervals, with their metadata."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas

from trialtensor.events.contents import Given
from trialtensor.events.foreign import made_by
from trialtensor.events.traces import Traces
from trialtensor.events.units import Units


def holding(given: Any) -> Given:
    """Return what an object of pynapple holds.

    Parameters
    ----------
    given : TsGroup, Ts, TsdFrame, Tsd or IntervalSet

    Returns
    -------
    Given
        An IntervalSet becomes trials with columns "start" and "end". The time support of spikes
        counts as observed if it has gaps; a single interval is left out, because pynapple makes
        it of the first and last spike where none is given.

    Raises
    ------
    ValueError
        For other objects of pynapple.
    """
    kind = f"pynapple {type(given).__name__}"
    if made_by(given, "pynapple", "TsGroup"):
        ids = list(given.keys())
        return _spikes(given, kind, {i: given[i] for i in ids}, _metadata(given).reindex(ids))
    if made_by(given, "pynapple", "Ts"):
        return _spikes(given, kind, {0: given}, pandas.DataFrame(index=[0]))
    if made_by(given, "pynapple", "IntervalSet"):
        table = pandas.DataFrame({"start": given.start, "end": given.end})
        own = _metadata(given).reset_index(drop=True)
        return Given(kind, trials=pandas.concat([table, own], axis=1).rename_axis("trial"))
    if made_by(given, "pynapple", "TsdFrame", "Tsd"):
        return _signal(given, kind)
    raise ValueError(
        f"{kind}: expected a TsGroup or Ts (spikes), TsdFrame or Tsd (signals), or IntervalSet "
        "(trials)"
    )


def events(given: Any) -> Given | None:
    """Return the times of an event, one a trial, if these are such; else None.

    Parameters
    ----------
    given : Ts or Tsd
        The values of a Tsd are a column, too.
    """
    if not made_by(given, "pynapple", "Ts", "Tsd"):
        return None
    columns = {"event": np.asarray(given.t)}
    if made_by(given, "pynapple", "Tsd"):
        columns["value"] = np.asarray(given.values)
    kind = f"pynapple {type(given).__name__}"
    return Given(kind, trials=pandas.DataFrame(columns).rename_axis("trial"))


def _spikes(given: Any, kind: str, trains: dict[Any, Any], table: pandas.DataFrame) -> Given:
    support = np.column_stack([given.time_support.start, given.time_support.end])
    observed = [support] * len(trains) if len(support) > 1 else None
    units = Units.from_times(
        {name: np.asarray(train.t) for name, train in trains.items()}, table, observed=observed
    )
    units.source = kind
    notes = []
    if observed is not None:
        notes.append(f"the time support has {len(support)} intervals; outside of them is missing")
    return Given(kind, units=units, notes=notes)


def _signal(given: Any, kind: str) -> Given:
    values, times = np.asarray(given.values), np.asarray(given.t)
    names = list(given.columns) if made_by(given, "pynapple", "TsdFrame") else [0]
    own = _metadata(given) if made_by(given, "pynapple", "TsdFrame") else None
    table = pandas.DataFrame(index=pandas.Index(names))
    if own is not None and len(own.columns):
        table = own.set_axis(pandas.Index(names), axis=0)
    made = Traces("signal", table, lambda: values, timestamps=times, source=kind)
    return Given(kind, traces={"signal": made})


def _metadata(given: Any) -> pandas.DataFrame:
    return pandas.DataFrame(given.metadata)
