"""What users have in memory: which of it is units, traces, trials or a tensor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas

from trialtensor.events.traces import Traces
from trialtensor.events.units import Units

if TYPE_CHECKING:
    import xarray


@dataclass
class Given:
    """What an object holds, as a session shows it.

    Attributes
    ----------
    kind : str
        Words for what it is, such as "neo Block".
    trials : DataFrame or None
    units : Units or None
    traces : dict of Traces
    events, intervals : dict of DataFrame
        Tables by name, with times in seconds.
    tensors : dict of DataArray
        Ready trial tensors.
    notes : list of str
        What was assumed or left out, and why.
    """

    kind: str
    trials: pandas.DataFrame | None = None
    units: Units | None = None
    traces: dict[str, Traces] = field(default_factory=dict)
    events: dict[str, pandas.DataFrame] = field(default_factory=dict)
    intervals: dict[str, pandas.DataFrame] = field(default_factory=dict)
    tensors: dict[str, xarray.DataArray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def holding(given: Any) -> Given:
    """Return what an object in memory holds, for `trialtensor.open_session(object)`."""
    raise NotImplementedError


def as_units(given: Any, argument: str = "units") -> Units:
    """Return units from whatever holds spike times."""
    raise NotImplementedError


def as_traces(given: Any, argument: str = "traces") -> Traces:
    """Return traces from whatever holds signals."""
    raise NotImplementedError


def as_trials(given: Any, argument: str = "trials") -> pandas.DataFrame:
    """Return a table of trials, its index named "trial", from whatever holds one."""
    raise NotImplementedError


def as_tensor(given: Any) -> xarray.DataArray:
    """Return a tensor from what holds one: a long table, ragged trials, epochs of MNE."""
    raise NotImplementedError
