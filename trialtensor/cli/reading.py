"""How a recording becomes a tensor, as typed: an array of a file, or events cut into trials."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from trialtensor.cli.in_blocks import TOO_LARGE, is_of_arrays

if TYPE_CHECKING:
    import pandas
    import xarray

    from trialtensor.sessions import Session

# Of an array, and of spike times or signals.
OF_ARRAYS = ("variable", "axes")
OF_EVENTS = ("window", "bin_size", "trials", "units", "signal")
TRIALS = "trials"
# Arguments that are called otherwise as options.
_OPTION_OF = {"align_to": "--align", "window": "--window", "bin_size": "--bin-size"}
_CALL = re.compile(r"open_session\(\.\.\., (\w+)=[\"']?([^\"')]*)[\"']?\)")
# Options of formats, as sentences name them: "give it by rate=".
_KEYWORD = re.compile(
    r"(?<!--option )(?<![\w.(-])((?:frame_)?rate|trials?|units|events|traces|neuropil|probe|neuron|"
    r"times?|value)=(?!=)"
)


@dataclass(frozen=True)
class Reading:
    """The options that say how a recording is read.

    Attributes
    ----------
    variable, axes : str or None
        Array of a file, and the order of its axes.
    align : str or None
        Event that trials are cut around: a column of the table of trials, or "table/column" of
        another table of the recording. Without it, the file holds a tensor.
    window : str or None
        Start and stop in seconds from the event, such as "-0.5,1.0".
    bin_size : float or None
        In seconds.
    trials, units : str or None
        Which of them, such as "reward == 1".
    signal : str or None
        Traces to cut; by default spikes are counted.
    options : sequence of str
        What the reader of a format asks for, such as "rate=30".
    """

    variable: str | None = None
    axes: str | None = None
    align: str | None = None
    window: str | None = None
    bin_size: float | None = None
    trials: str | None = None
    units: str | None = None
    signal: str | None = None
    options: Sequence[str] | None = None

    def __post_init__(self) -> None:
        given = [name for name in OF_EVENTS if getattr(self, name) is not None]
        arrays = [name for name in OF_ARRAYS if getattr(self, name) is not None]
        if self.align is None:
            if given:
                raise ValueError(
                    f"{_option(given[0])}: needs --align, the event that trials are cut around"
                )
            return
        if arrays:
            raise ValueError(
                f"{_option(arrays[0])}: is for files that hold a tensor; with --align, spike times "
                "or signals are cut into trials"
            )
        self.seconds()
        parsed_options(self.options or ())

    @classmethod
    def again(cls, then: Mapping[str, Any], given: Mapping[str, Any]) -> Self:
        """Return what is given now, and else what a model remembers of its recording."""
        names = [each.name for each in fields(cls)]
        return cls(**{n: then.get(n) if _ungiven(given.get(n)) else given[n] for n in names})

    def remembered(self) -> dict[str, Any]:
        """Return what a model should know to read its recording again."""
        return asdict(replace(self, options=list(self.options or ())))

    def seconds(self) -> tuple[float, float]:
        """Return start and stop of the window."""
        words = (self.window or "").split(",")
        try:
            start, stop = map(float, words)
        except ValueError:
            got = "none" if self.window is None else repr(self.window)
            raise ValueError(
                "--window: expected start and stop in seconds from the event, such as -0.5,1.0, "
                f"got {got}"
            ) from None
        return start, stop

    def read(self, file: Path, *, lazy: bool = False) -> tuple[xarray.DataArray, str]:
        """Read a file, or cut what it holds into trials; return Python code that does the same.

        What is `lazy` stays in its file, if that holds a tensor.
        """
        if self.align is None and self._of_arrays(file, lazy):
            return self._array(file, lazy)
        with self.session(file) as session:
            if self.align is None:
                name = self._table(session)
                return session.tensors[
                    name
                ], f"{self._opening(file)}\nX = session.tensors[{name!r}]"
            table, column = self._event(session)
            tensor = _as_options(self._cut, session, table, column)
            if table != TRIALS:
                tensor = tensor.assign_attrs(align_to=f"{table}/{column}")
            return tensor, self._code(file, table, column)

    def _array(self, file: Path, lazy: bool) -> tuple[xarray.DataArray, str]:
        from trialtensor.io import read
        from trialtensor.opening.memory import TooLargeError

        axes = split_axes(self.axes)
        named = {"variable": self.variable, "axes": axes, "lazy": lazy or None}
        given = "".join(f", {k}={v!r}" for k, v in named.items() if v is not None)
        try:
            tensor = read(file, variable=self.variable, axes=axes, lazy=lazy)
        except ValueError as error:
            if isinstance(error.__cause__, TooLargeError):
                raise type(error)(f"{error}{TOO_LARGE}") from error
            raise
        return tensor, f"X = trialtensor.read({str(file)!r}{given})"

    def session(self, file: Path) -> Session:
        """Open a file or folder of events, or of tables, with the options of its format."""
        from trialtensor.sessions import open_session

        try:
            return open_session(file, **parsed_options(self.options or ()))
        except ValueError as error:
            raise type(error)(as_options(str(error))) from error

    def _of_arrays(self, file: Path, folders: bool = False) -> bool:
        """Return whether a file is one that `trialtensor.read` reads, as far as its name says."""
        from trialtensor.variables.readers import suffixes

        if self.options or file.suffix.lower() not in suffixes():
            return False
        return folders or not file.is_dir() or is_of_arrays(file)

    def _table(self, session: Session) -> str:
        """Return the name of the tensor that a table or an object is."""
        names = [name for name, each in session.tensors.items() if hasattr(each, "dims")]
        if self.variable in names:
            return str(self.variable)
        if self.variable is None and len(names) == 1:
            return names[0]
        if names:
            wanted = "several" if self.variable is None else f"no {self.variable!r}"
            raise ValueError(f"--variable: {_where(session)} has {wanted}: {', '.join(names)}")
        raise ValueError(
            f"{_where(session)}: holds no tensor, but what can be cut into trials around an event; "
            "say which with --align, --window and --bin-size (trialtensor inspect shows them)"
        )

    def _opening(self, file: Path) -> str:
        options = parsed_options(self.options or ())
        given = "".join(f", {name}={value!r}" for name, value in options.items())
        return f"session = trialtensor.open_session({str(file)!r}{given})"

    def _event(self, session: Session) -> tuple[str, str]:
        """Return the table of the trials, and the column that they are aligned to."""
        align = str(self.align)
        table, _, column = align.rpartition("/")
        if align in _columns(session.trials):
            table, column = TRIALS, align
        elif align in session.tables:
            # A table of events by its name alone: each of them is a trial.
            table, column = align, _time_of(session.table(align))
        if (table or TRIALS) not in session.tables:
            known = ", ".join(session.tables) or "none"
            what = f"table {table!r}" if table else "table of trials"
            raise ValueError(f"--align: {_where(session)} has no {what}; its tables are {known}")
        return table or TRIALS, column

    def _cut(self, session: Session, table: str, column: str) -> xarray.DataArray:
        from trialtensor.events import bin_spikes, cut_traces

        trials = self._rows(session.table(table))
        options: dict[str, Any] = {"align_to": column, "window": self.seconds()}
        if self.signal is not None:
            if self.signal not in session.traces:
                raise ValueError(
                    f"--signal: no signal is called {self.signal!r}; {_signals(session)}"
                )
            traces = self._chosen(session.traces[self.signal])
            return cut_traces(traces, trials, bin_size=self.bin_size, **options)
        if session.units is None:
            raise ValueError(f"{_where(session)}: has no spike times; {_signals(session)}")
        if self.bin_size is None:
            raise ValueError("--bin-size: expected seconds, such as 0.02, got none")
        return bin_spikes(self._chosen(session.units), trials, bin_size=self.bin_size, **options)

    def _code(self, file: Path, table: str, column: str) -> str:
        lines = [
            self._opening(file),
            f"trials = session.table({table!r})",
        ]
        if self.trials is not None:
            lines.append(f"trials = trials[trialtensor.events.rows_where(trials, {self.trials!r})]")
        source = f"session.traces[{self.signal!r}]" if self.signal else "session.units"
        where = "" if self.units is None else f".where({self.units!r})"
        call = "cut_traces" if self.signal else "bin_spikes"
        size = "" if self.bin_size is None else f", bin_size={self.bin_size!r}"
        lines += [
            f"X = trialtensor.{call}(",
            f"    {source}{where}, trials, align_to={column!r}, window={self.seconds()!r}{size}",
            ")",
        ]
        return "\n".join(lines)

    def _rows(self, trials: pandas.DataFrame) -> pandas.DataFrame:
        from trialtensor.events import rows_where

        if self.trials is None:
            return trials
        chosen = _as_option("--trials", rows_where, trials, self.trials)
        if not chosen.any():
            there = _there(trials, self.trials)
            raise ValueError(f"--trials: no trial of {len(trials)} meets {self.trials!r}{there}")
        return trials[chosen]

    def _chosen(self, what: Any) -> Any:
        if self.units is None:
            return what
        chosen = _as_option("--units", what.where, self.units)
        if not len(chosen):
            there = _there(what.table, self.units)
            raise ValueError(f"--units: none of {len(what)} meets {self.units!r}{there}")
        return chosen


def as_options(text: str) -> str:
    """Name options where a text names keywords: what a call in Python needs is an option here.

    Examples
    --------
    >>> as_options("choose by units= spikes, st"), as_options("give it: open_session(..., rate=30)")
    ('choose by --option units= spikes, st', 'give it: --option rate=30')
    """
    text = _CALL.sub(r"--option \1=\2", text)
    return _KEYWORD.sub(r"--option \1=", text).replace(" axes= ", " --axes ")


def _ungiven(value: Any) -> bool:
    return value is None or value in ([], ())


def parsed_options(texts: Sequence[str]) -> dict[str, Any]:
    """Parse options of a reader; numbers are numbers.

    Examples
    --------
    >>> parsed_options(["rate=30", "units=spikes"])
    {'rate': 30.0, 'units': 'spikes'}
    """
    options: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not (separator and name.isidentifier() and value):
            raise ValueError(f"--option: expected NAME=VALUE such as rate=30, got {text!r}")
        try:
            options[name] = float(value)
        except ValueError:
            options[name] = value
    return options


def split_axes(axes: str | None) -> list[str] | None:
    """Parse the names of axes."""
    return None if axes is None else axes.split(",")


def _columns(table: pandas.DataFrame | None) -> list[str]:
    return [] if table is None else [str(name) for name in table.columns]


def _time_of(events: pandas.DataFrame) -> str:
    """Return the column with the times of events."""
    from trialtensor.sessions import event_columns

    return next(iter([*event_columns(events), *_columns(events)]), "timestamp")


def _there(table: pandas.DataFrame, condition: str) -> str:
    """Say which words the columns hold that a condition names."""
    from trialtensor.sessions import choices_of

    found = {name: words for name, words in choices_of(table).items() if name in condition}
    return "".join(f"; {name} is one of {', '.join(words)}" for name, words in found.items())


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _as_option(option: str, call: Any, *arguments: Any) -> Any:
    """Call, and name the option in what is refused."""
    try:
        return call(*arguments)
    except ValueError as error:
        said = str(error)
        raise ValueError(f"{option}: {said.removeprefix('where: ')}") from None


def _as_options(call: Any, *arguments: Any) -> Any:
    """Call, and name options in the place of arguments in what is refused."""
    try:
        return call(*arguments)
    except ValueError as error:
        said = str(error)
        argument = said.partition(":")[0]
        named = f"{_OPTION_OF.get(argument, argument)}{said.removeprefix(argument)}"
        raise type(error)(as_options(named)) from error


def _signals(session: Session) -> str:
    names = ", ".join(session.traces)
    return f"its signals (--signal) are {names}" if names else "it has no signals either"


def _where(session: Session) -> str:
    return str(session.path or session.name)
