"""What an object in memory holds, in the form of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
        Index "trial".
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

    def add(self, other: Given, name: str) -> None:
        """Take over what another holds, where this has nothing of it yet.

        Parameters
        ----------
        other : Given
        name : str
            Of the other, for tables and signals that have none.
        """
        for part in ("units", "trials"):
            if getattr(other, part) is None:
                continue
            if getattr(self, part) is None:
                setattr(self, part, getattr(other, part))
            else:
                self.notes.append(f"{name}: more {part}, left out")
        for part in ("traces", "events", "intervals", "tensors"):
            for own, value in getattr(other, part).items():
                mine = getattr(self, part)
                mine[own if own not in mine and own else f"{name} {own}".strip()] = value
        self.notes += other.notes
