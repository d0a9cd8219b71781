"""How the variables of a MATLAB file become units and trials, and what is said of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas

from trialtensor.events.units import Units
from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.matlab.clock import of_trial, on_clock_of_spikes
from trialtensor.sessions.formats.matlab.columns import column, columns_of
from trialtensor.sessions.formats.matlab.spikes import (
    Layout,
    chosen_layout,
    flipped,
    layouts,
    read_spikes,
    refuse_samples,
)
from trialtensor.sessions.formats.matlab.timeline import on_one_line
from trialtensor.sessions.formats.matlab.trials import candidates, chosen_trials
from trialtensor.variables.matlab_values import (
    Numbers,
    Struct,
    Text,
    Unread,
    Value,
    Values,
    flattened,
    length,
    vector,
    words,
)

# Where the zero of each trial lies on the line of time of the spikes.
ZERO = "zero_time"
_START = "start_time"
LISTED = 20


class Mapping:
    """How the variables of a file become a session, and what is said of it.

    Parameters
    ----------
    values : dict
        Variables by name.
    options : dict
        Those of the reader.
    """

    def __init__(self, values: Values, options: dict[str, Any]) -> None:
        self.values, self.options = values, options
        self.notes: list[str] = []
        self.layout = chosen_layout(layouts(values), options["units"])
        self._used = {self.layout.path} if self.layout else set()
        self.trials = self._trials()
        if self.layout is not None:
            refuse_samples(self.layout, options["rate"])
            self._say_layout(self.layout)
            self._put_on_clock(self.layout)

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """List the arrays with three axes."""
        found: dict[str, tuple[int, ...]] = {
            path: value.shape
            for path, value in flattened(self.values)
            if isinstance(value, Numbers) and value.is_tensor
        }
        for path, shape in found.items():
            size = " × ".join(map(str, shape))
            self.notes.append(
                f"{path} ({size}) is a tensor: trialtensor.read reads it, and takes its axes as "
                "trials × neurons × times unless axes= says another order"
            )
        return found

    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the spikes of units that aren't cut into trials: times and bounds."""
        rate = self.options["rate"] or 1.0
        if self.layout is None or self.layout.spikes is None:
            raise RefusedError("has changed: its spike times are gone")
        read = read_spikes(self.layout.spikes)
        bounds = np.concatenate([[0], np.cumsum([len(each) for each in read])])
        return np.concatenate([*read, np.zeros(0)]) / rate, bounds.astype(np.int64)

    def lined_up(self) -> Units:
        """Read the spikes of units that are cut into trials, and put trials on one line."""
        layout, rate = self.layout, self.options["rate"] or 1.0
        if layout is None or layout.spikes is None:
            raise RefusedError("has changed: its spike times are gone")
        spikes = [each / rate for each in read_spikes(layout.spikes)]
        given = None if self.trials is None else self.trials.get(_START)
        starts = None if given is None or given.dtype.kind not in "fiu" else given.to_numpy(float)
        line = on_one_line(spikes, (layout.n_units, layout.n_trials), self.options["times"], starts)
        if self.trials is None:
            self.trials = pandas.DataFrame(index=pandas.RangeIndex(layout.n_trials, name="trial"))
        if line.zero is not None:
            self.trials = self.trials.assign(**{ZERO: line.zero})
            self._shift_events(line.zero, line.span)
        self._say_line(line.zero is not None, line.apart, line.span)
        return Units(self.unit_table(), lambda: (line.times, line.bounds))

    def flat_units(self) -> Units:
        """Read spikes that lie in one array, beside the unit of each."""
        if self.layout is None or self.layout.flat is None:
            raise RefusedError("has changed: its spike times are gone")
        times, ids = self.layout.flat
        own: Any = list(ids.rows) if isinstance(ids, Text) else vector(ids)  # type: ignore[arg-type]
        return Units.from_flat(vector(times), own, rate=self.options["rate"])

    def unit_table(self) -> pandas.DataFrame:
        """Return the columns of units: other fields, and vectors of that length beside them."""
        if self.layout is None:
            return pandas.DataFrame()
        n, group = self.layout.n_units, self.layout.group
        columns = columns_of(self.layout.table)[1] if self.layout.table is not None else {}
        n_trials = None if self.trials is None else len(self.trials)
        if n_trials == n and not group:
            unclear = [path for path in self._loose("", n) if path not in columns]
            if unclear:
                self.notes.append(
                    f"left out: {', '.join(unclear)}: there are {n} units and {n} trials, so what "
                    "they label is unclear; put them into a struct"
                )
        else:
            columns = self._loose(group, n) | columns
        return pandas.DataFrame(columns, index=pandas.RangeIndex(n, name="unit"))

    def say_unused(self) -> None:
        """Say what of the file isn't part of the session."""
        unread = [f"{path} {value.why}" for path, value in flattened(self.values)
                  if isinstance(value, Unread)]  # fmt: skip
        matrices = [
            f"{path} ({words(value)})"
            for path, value in flattened(self.values)
            if isinstance(value, Numbers)
            and len(value.shape) == 2
            and min(value.shape) > 1
            and path not in self.options["traces"]
        ]
        if unread:
            self.notes.append(f"left out: {'; '.join(unread[:LISTED])}")
        if matrices:
            self.notes.append(
                f"left out, as nothing says what it is: {', '.join(matrices[:LISTED])}; signals "
                "are read by traces= and frame_rate="
            )

    def _trials(self) -> pandas.DataFrame | None:
        layout = self.layout
        open_numbers = (layout.n_trials, layout.n_units) if layout and layout.n_trials else ()
        found = candidates(self.values, layout.path if layout else "")
        best = chosen_trials(found, self.options["trials"], open_numbers, needed=layout is not None)
        if best is not None:
            n, columns = columns_of(best.struct)
            self.notes.append(f"{best.path} is taken as the table of {n} trials")
            if others := [name for name in best.struct.fields if name not in columns]:
                self.notes.append(
                    f"left out of {best.path}, as no column: {', '.join(others[:LISTED])}"
                )
            if not best.struct.is_one or layout is None or layout.n_units != n:
                columns = columns | {
                    k: v for k, v in self._loose("", n).items() if k not in columns
                }
        else:
            n, columns = self._loose_trials()
        if layout is not None and layout.n_trials:
            self._orient(layout, n)
            n = self.layout.n_trials if self.layout else n
        if not columns:
            return None
        return pandas.DataFrame(columns, index=pandas.RangeIndex(n, name="trial"))

    def _loose_trials(self) -> tuple[int, dict[str, np.ndarray]]:
        """Take vectors that lie beside the spikes as columns of trials."""
        layout = self.layout
        if layout is None:
            return 0, {}
        lengths = [length(value) for path, value in self.values.items() if path not in self._used]
        known = Counter(n for n in lengths if n is not None and n > 1)
        fits = [n for n, _ in known.most_common() if n != layout.n_units]
        if layout.n_trials:
            fits = [n for n in fits if n == layout.n_trials]
            if layout.n_trials == layout.n_units:
                return 0, {}
        columns = self._loose("", fits[0]) if fits else {}
        if not columns:
            return 0, {}
        names = ", ".join(columns)
        self.notes.append(f"{names} ({fits[0]} entries each) are taken as columns of trials")
        return fits[0], columns

    def _loose(self, group: str, n: int) -> dict[str, np.ndarray]:
        """Return the vectors of one length in a struct, or at the top."""
        inside: dict[str, Value] = self.values
        for name in filter(None, group.split("/")):
            struct = inside[name]
            if not isinstance(struct, Struct):
                return {}
            inside = {each: struct.field(each) for each in struct.fields}
        found = {
            name: column(value, n)
            for name, value in inside.items()
            if f"{group}{name}" not in self._used and not isinstance(value, Struct)
        }
        return {name: values for name, values in found.items() if values is not None}

    def _orient(self, layout: Layout, n: int) -> None:
        """Turn spikes that came as trials × units, which the number of trials tells."""
        if n == layout.n_units != layout.n_trials:
            self.layout = flipped(layout)
            self.notes.append(f"{layout.path} has trials first, because there are {n} trials")
        elif n and n not in (layout.n_units, layout.n_trials):
            raise RefusedError(
                f"has {n} trials, but {layout.path} is {layout.n_units} × {layout.n_trials}; say "
                "which variables they are by units= and trials="
            )

    def _put_on_clock(self, layout: Layout) -> None:
        """Take events that are counted as the spikes are to seconds, too."""
        if self.trials is None or not self.options["rate"] or layout.n_trials:
            return
        self.trials, names = on_clock_of_spikes(self.trials, layout, self.options["rate"])
        if names:
            self.notes.append(f"so are {', '.join(names)}, which count as the spikes do")

    def _shift_events(self, zero: np.ndarray, span: tuple[float, float]) -> None:
        """Put the times of events that are relative to their trial on the line of the spikes."""
        for name in self.options["events"]:
            if self.trials is None or name not in self.trials:
                known = "" if self.trials is None else ", ".join(self.trials.columns)
                raise RefusedError(f"has no column {name!r} of trials for events=, but {known}")
            values = self.trials[name].to_numpy(float)
            values = of_trial(values, self.options["rate"], span)
            self.trials = self.trials.assign(**{name: values + zero})

    def _say_layout(self, layout: Layout) -> None:
        if layout.flat is not None:
            self.notes.append(f"{layout.path} are times of spikes: {layout.words}")
        elif layout.n_trials and self.layout is not None:
            size = f"{self.layout.n_units} units × {self.layout.n_trials} trials"
            self.notes.append(f"{layout.path} ({layout.words}) is taken as spike times of {size}")
        else:
            self.notes.append(f"{layout.path} ({layout.words}) is taken as spike times, one a unit")
        unit = "are divided by rate" if self.options["rate"] else "are taken as seconds"
        self.notes.append(f"times of spikes {unit}")

    def _say_line(self, relative: bool, apart: float, span: tuple[float, float]) -> None:
        low, high = span
        if not relative:
            self.notes.append(
                "spike times go on from trial to trial: they are those of the session"
            )
            return
        how = f"{apart:g} s apart" if apart else f"by {_START}"
        self.notes.append(
            f"spike times are relative to their trial, {low:g} to {high:g} s: trials are put on "
            f"one line {how}, and {ZERO} is the zero of each; name columns of times that are "
            "relative to the trial as well by events="
        )
