"""What a file or folder of a lab holds, read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from trialtensor.sessions.parts import Parts, read_part

if TYPE_CHECKING:
    from pandas import DataFrame

    from trialtensor.events.traces import Traces
    from trialtensor.events.units import Units


class Session:
    """A recording session: what there is, as tables; spike times and samples are read later.

    Readers make it, users get it from `open_session`. Any part may be given as a function without
    arguments, which is called when the part is first asked for.

    Parameters
    ----------
    name : str
        Such as the name of the file.
    path : Path or None
        Where it was read from; None for objects in memory.
    kind : str
        Its format in words, such as "an NWB file".
    trials : DataFrame, callable or None
        One row a trial, index "trial"; times in seconds.
    units : Units, callable or None
    traces, events, intervals : dict of name to Traces or DataFrame, or to a callable
    tensors : dict of name to shape, or to DataArray
        Ready trial tensors: shapes of those in a file, which `trialtensor.read` reads, and what is
        in memory as it is.
    notes : sequence of str
        What was assumed, and what was left out and why.
    close : callable, optional
        Called once by `close`, for readers that keep something open.

    Attributes
    ----------
    name, path, kind : as above
    tensors : dict
    notes : list of str

    Examples
    --------
    >>> import pandas
    >>> trials = pandas.DataFrame({"go_cue": [1.5, 4.5]}, index=pandas.Index([0, 1], name="trial"))
    >>> with Session("monday", trials=trials, notes=["times are those of the rig"]) as session:
    ...     print(session)
    Session monday
      trials     2: go_cue
                 align to go_cue
      notes      times are those of the rig
    """

    def __init__(
        self,
        name: str,
        path: Path | None = None,
        *,
        kind: str = "",
        trials: DataFrame | Callable[[], DataFrame] | None = None,
        units: Units | Callable[[], Units] | None = None,
        traces: Mapping[str, Traces | Callable[[], Traces]] | None = None,
        events: Mapping[str, DataFrame | Callable[[], DataFrame]] | None = None,
        intervals: Mapping[str, DataFrame | Callable[[], DataFrame]] | None = None,
        tensors: Mapping[str, Any] | None = None,
        notes: Sequence[str] = (),
        close: Callable[[], None] | None = None,
    ) -> None:
        self.name, self.path, self.kind = name, path, kind
        self._trials, self._units = trials, units
        self._source = "" if path is None else str(path)
        self._traces, self._events, self._intervals = (
            Parts(traces, self._source),
            Parts(events),
            Parts(intervals),
        )
        self.tensors = dict(tensors or {})
        self.notes = list(notes)
        self._close = close

    @cached_property
    def trials(self) -> DataFrame | None:
        """Table of trials (pandas.DataFrame), or None."""
        return None if self._trials is None else read_part(self._trials)

    @cached_property
    def units(self) -> Units | None:
        """Units with their table; several probes are together, and a column says which."""
        return None if self._units is None else read_part(self._units, self._source)

    @property
    def traces(self) -> Mapping[str, Traces]:
        """Signals sampled in time, by name."""
        return self._traces

    @property
    def events(self) -> Mapping[str, DataFrame]:
        """Tables of events, one row an event, by name."""
        return self._events

    @property
    def intervals(self) -> Mapping[str, DataFrame]:
        """Tables of intervals other than trials, by name."""
        return self._intervals

    @property
    def tables(self) -> list[str]:
        """Names of the tables with times that can be aligned to: trials, events and intervals."""
        trials = [] if self._trials is None else ["trials"]
        return list(dict.fromkeys([*trials, *self._events, *self._intervals]))

    def table(self, name: str) -> DataFrame:
        """Return a table of `tables` by its name.

        Parameters
        ----------
        name : str
            If tables share it, that of trials comes before that of events and of intervals.

        Raises
        ------
        ValueError
            If there is none of this name.
        """
        if name not in self.tables:
            known = ", ".join(self.tables) or "none"
            raise ValueError(f"name: no table is called {name!r}; known are {known}")
        if name == "trials" and self.trials is not None:
            return self.trials
        return self._events[name] if name in self._events else self._intervals[name]

    @property
    def holds_events(self) -> bool:
        """Whether there are spike times or signals, which `bin_spikes` or `cut_traces` cut."""
        return self._units is not None or bool(self._traces)

    def close(self) -> None:
        """Let go of what the reader keeps open; what has been read stays."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        from trialtensor.sessions.describing import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from trialtensor.sessions.describing import as_html

        return as_html(self)
