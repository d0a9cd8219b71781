"""What users have in memory: which of it is units, traces, trials or a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas

from trialtensor.events import from_mne, from_neo, from_pynapple, long_tables
from trialtensor.events.contents import Given
from trialtensor.events.foreign import made_by, of_package
from trialtensor.events.ragged import pad_trials
from trialtensor.events.tables import as_table
from trialtensor.events.traces import Traces
from trialtensor.events.units import Units

if TYPE_CHECKING:
    import xarray

KNOWN = (
    "spike times (a dict or list of arrays), a pandas table, a list of trials, or objects of "
    "pynapple, neo or MNE"
)


def holding(given: Any) -> Given:
    """Return what an object in memory holds, for `trialtensor.open_session`.

    Parameters
    ----------
    given : object
        Spike times of each unit (a dict or list of arrays); a pandas table of trials, of spikes or
        of values; a list of trials, (n_neurons, n_times) each; objects of pynapple, neo or MNE; or
        a dict of such objects by name.

    Raises
    ------
    ValueError
        If it is nothing of this.

    Examples
    --------
    >>> holding({"a": [0.1, 0.2], "b": []}).units
    Units: 2 units (no columns), 2 spikes from 0.1 to 0.2 s
    """
    if isinstance(given, Given):
        return given
    if isinstance(given, Units):
        return Given("units", units=given)
    if isinstance(given, Traces):
        return Given("traces", traces={given.name: given})
    if made_by(given, "xarray", "DataArray"):
        return Given("xarray.DataArray", tensors={str(given.name or "tensor"): given})
    if of_package(given, "pynapple"):
        return from_pynapple.holding(given)
    if of_package(given, "neo"):
        return from_neo.holding(given)
    if made_by(given, "mne", "BaseEpochs"):
        return Given("mne Epochs", tensors={"epochs": from_mne.tensor_of(given)})
    if not isinstance(given, Mapping) and hasattr(given, "to_pandas"):
        given = given.to_pandas()
    if isinstance(given, pandas.DataFrame):
        return _table(given)
    if isinstance(given, Mapping):
        return _mapping(given)
    if isinstance(given, (list, tuple)) and len(given):
        return _sequence(list(given))
    raise ValueError(f"expected {KNOWN}, got {type(given).__name__}")


def as_units(given: Any, argument: str = "units") -> Units:
    """Return units from whatever holds spike times.

    Parameters
    ----------
    given : Units, dict or list of arrays, table of spikes, or objects of pynapple or neo
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If it holds no spikes.
    """
    given = _part(given, "units", Units)
    if isinstance(given, Units):
        return given
    if made_by(given, "pandas", "DataFrame"):
        return long_tables.units_of(given)
    if type(given) is np.ndarray or (isinstance(given, (Mapping, list, tuple)) and not len(given)):
        return Units.from_times(list(given))
    held = _held(given, argument)
    if held.units is None:
        raise ValueError(
            f"{argument}: expected spike times, got {held.kind}; a dict or list of arrays in "
            "seconds will do, one for each unit"
        )
    return held.units


def as_traces(given: Any, argument: str = "traces") -> Traces:
    """Return traces from whatever holds signals.

    Parameters
    ----------
    given : Traces, table with times in seconds as its index, or objects of pynapple or neo
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If it holds no signal, or several.
    """
    given = _part(given, "traces", dict)
    if isinstance(given, Traces):
        return given
    if isinstance(given, (pandas.DataFrame, pandas.Series)):
        return _signal_table(given, argument)
    if isinstance(given, np.ndarray) and not of_package(given, "neo"):
        raise ValueError(
            f"{argument}: an array doesn't say when it was sampled; pass trialtensor.Traces(name, "
            "None, lambda: values, rate=30.0) with values of shape (n_samples, n_cells)"
        )
    held = _held(given, argument)
    if len(held.traces) != 1:
        names = ", ".join(map(repr, held.traces))
        got = f"{held.kind} with {len(held.traces)}: {names}" if names else held.kind
        raise ValueError(f"{argument}: expected one signal, got {got}")
    return next(iter(held.traces.values()))


def as_trials(given: Any, argument: str = "trials") -> pandas.DataFrame:
    """Return a table of trials, its index named "trial", from whatever holds one.

    Parameters
    ----------
    given : DataFrame, dict of columns, array of times, or objects of pynapple or neo
        A column "trial" that names each row once becomes the index of a table without one. An
        array (or a pynapple Ts) holds the time of one event, in a column "event"; a pandas Series
        in one of its own name.
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If it holds no trials.

    Examples
    --------
    >>> as_trials({"cue": [1.0, 4.0], "side": ["left", "right"]}).index.name
    'trial'
    """
    if of_package(given, "pynapple") or of_package(given, "neo"):
        held = from_pynapple.events(given) or _held(given, argument)
        if held.trials is None:
            several = [*held.intervals, *held.events]
            choice = f"; choose one of its tables: {', '.join(several)}" if several else ""
            raise ValueError(f"{argument}: expected a table of trials, got {held.kind}{choice}")
        return as_table(held.trials, "trial", argument)
    if not isinstance(given, (Mapping, pandas.DataFrame)):
        if hasattr(given, "to_pandas"):
            given = given.to_pandas()
        elif np.ndim(given) == 1 and not isinstance(given, (str, bytes)):
            given = {getattr(given, "name", None) or "event": given}
        else:
            given = _part(given, "trials", pandas.DataFrame)
    if not isinstance(given, (Mapping, pandas.DataFrame)):
        raise ValueError(
            f"{argument}: expected a table (pandas.DataFrame) with one row a trial, got "
            f"{type(given).__name__}"
        )
    if isinstance(given, Mapping):
        given = {name: _without_unit(each) for name, each in given.items()}
    table = as_table(given, "trial", argument)
    return _named_by_column(table)


def as_tensor(given: Any) -> xarray.DataArray:
    """Return a tensor from what holds one: a long table, ragged trials, epochs of MNE.

    Parameters
    ----------
    given : DataFrame with columns trial, neuron, time and a value; list of arrays; mne.Epochs

    Raises
    ------
    ValueError
        If it holds none.
    """
    if made_by(given, "pandas", "DataFrame"):
        return long_tables.tensor_of(given)
    held = _held(given, "X")
    if len(held.tensors) != 1:
        raise ValueError(f"X: expected what holds a tensor, got {held.kind}")
    return next(iter(held.tensors.values()))


def _part(given: Any, name: str, kind: type) -> Any:
    """Return a part of a session, if this is one; else what was given."""
    own = getattr(given, name, None)
    return own if isinstance(own, kind) else given


def _held(given: Any, argument: str) -> Given:
    try:
        return holding(given)
    except ValueError as error:
        raise ValueError(f"{argument}: {error}") from error


def _table(given: pandas.DataFrame) -> Given:
    if long_tables.is_long_tensor(given):
        tensor = long_tables.tensor_of(given)
        return Given("table of values", tensors={str(tensor.name): tensor})
    if long_tables.is_spike_table(given):
        return Given("table of spikes", units=long_tables.units_of(given))
    return Given("table of trials", trials=as_trials(given))


def _mapping(given: Mapping[Any, Any]) -> Given:
    if given and all(made_by(each, "neo", "SpikeTrain") for each in given.values()):
        return from_neo.holding(list(given.values()), list(given))
    plain = (list, tuple, np.ndarray, pandas.Series)
    if given and all(isinstance(each, plain) for each in given.values()):
        return Given("dict of spike times", units=Units.from_times(given))
    found = Given("dict")
    for name, each in given.items():
        try:
            found.add(holding(each), str(name))
        except ValueError as error:
            found.notes.append(f"{name}: left out: {error}")
    if found.units is None and found.trials is None and not (found.traces or found.tensors):
        raise ValueError(
            f"expected {KNOWN}, got a dict of {', '.join(map(str, list(given)[:8])) or 'nothing'}"
        )
    return found


def _sequence(given: list[Any]) -> Given:
    if all(made_by(each, "neo", "SpikeTrain") for each in given):
        return from_neo.holding(given)
    if all(np.ndim(each) == 2 for each in given):
        return Given("list of trials", tensors={"trials": pad_trials(given)})
    return Given("list of spike times", units=Units.from_times(given))


def _signal_table(given: Any, argument: str) -> Traces:
    table = given.to_frame() if isinstance(given, pandas.Series) else given
    index = table.index
    if isinstance(index, pandas.RangeIndex) or index.dtype.kind not in "fiu":
        raise ValueError(
            f"{argument}: expected a table whose index is the time of each sample in seconds, one "
            f"column a cell, got an index of {index.dtype}"
            + ("; use table.set_index('time')" if "time" in table.columns else "")
        )
    values = table.to_numpy()
    cells = pandas.DataFrame(index=pandas.Index(table.columns))
    return Traces(
        "signal", cells, lambda: values, timestamps=index.to_numpy(), source="pandas.DataFrame"
    )


def _without_unit(column: Any) -> Any:
    """Return quantities as plain numbers, times among them in seconds."""
    if not hasattr(column, "rescale"):
        return column
    try:
        return column.rescale("s").magnitude
    except ValueError:  # of another dimension
        return column.magnitude


def _named_by_column(table: pandas.DataFrame) -> pandas.DataFrame:
    if not isinstance(table.index, pandas.RangeIndex) or "trial" not in table.columns:
        return table
    column = table["trial"]
    if not isinstance(column, pandas.Series) or column.isna().any() or not column.is_unique:
        return table
    return table.set_index("trial")
