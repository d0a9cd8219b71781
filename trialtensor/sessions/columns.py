"""Which columns of a table are trials, neurons, times and values, by their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.tables import find_column, plain

if TYPE_CHECKING:
    from pandas import DataFrame

# In lower case, without marks; the first that is there wins.
NAMES: dict[str, tuple[str, ...]] = {
    "trial": (
        "trial", "trialid", "trialnumber", "trialno", "trialindex", "trials", "epoch", "event",
        "rep", "repetition", "sweep",
    ),
    "neuron": (
        "neuron", "unit", "cell", "neuronid", "unitid", "cellid", "roi", "roiid", "cluster",
        "clusterid", "channel", "channelid", "electrode", "electrodeid", "unitname", "neurons",
        "units",
    ),
    "time": (
        "time", "times", "t", "spiketime", "spiketimes", "timestamp", "timestamps", "timebin",
        "bin", "frame", "sample",
    ),
    "value": (
        "value", "values", "count", "counts", "spikecount", "spikecounts", "rate", "firingrate",
        "dff", "fluorescence", "activity", "signal", "response",
    ),
}  # fmt: skip
_MILLISECONDS = re.compile(r"(ms|msec|millisec|milliseconds?)$")
_SECONDS = re.compile(r"(s|sec|secs|seconds?)$")


@dataclass(frozen=True)
class Columns:
    """The columns that mean something.

    Attributes
    ----------
    trial, neuron, time, value : str or None
    in_milliseconds : bool
        Of times, by the name of their column.
    """

    trial: str | None
    neuron: str | None
    time: str | None
    value: str | None
    in_milliseconds: bool = False

    @classmethod
    def of(cls, table: DataFrame, given: dict[str, str | None]) -> Columns:
        """Find the columns of a table.

        Parameters
        ----------
        table : pandas.DataFrame
        given : dict
            Role -> name of a column, where the user says it.

        Raises
        ------
        RefusedError
            If there is no such column.
        """
        found: dict[str, Any] = {role: find_column(table, names) for role, names in NAMES.items()}
        found["time"] = found["time"] or _with_unit(table)
        for role, name in given.items():
            if name is not None and name not in table.columns:
                known = ", ".join(map(str, table.columns[:20]))
                raise RefusedError(f"has no column {name!r} ({role}=), but {known}")
            found[role] = name or found[role]
        milliseconds = found["time"] is not None and is_in_milliseconds(found["time"])
        return cls(**found, in_milliseconds=milliseconds)

    def others(self, table: DataFrame) -> list[str]:
        """Return the columns that none of the roles has."""
        own = (self.trial, self.neuron, self.time, self.value)
        return [name for name in table.columns if name not in own]


def is_in_milliseconds(name: str) -> bool:
    """Tell whether the name of a column says milliseconds.

    Examples
    --------
    >>> is_in_milliseconds("time (ms)"), is_in_milliseconds("spike_time_s")
    (True, False)
    """
    return bool(_MILLISECONDS.search(re.sub(r"[^a-z]", "", name.lower())))


def _with_unit(table: DataFrame) -> str | None:
    """Find a time whose name ends in its unit, such as "time_ms"."""
    for name in table.columns:
        bare = plain(name)
        for unit in (_MILLISECONDS, _SECONDS):
            if unit.sub("", bare) in NAMES["time"][:7] and unit.search(bare):
                return str(name)
    return None
