"""Objects of neo: blocks and their segments, spike trains, signals, events and epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas

from trialtensor.events.contents import Given
from trialtensor.events.foreign import made_by, plain_values
from trialtensor.events.traces import Traces
from trialtensor.events.units import Units

_GAP = 1.0  # seconds between segments that each have a clock of their own


def holding(given: Any, names: list[Any] | None = None) -> Given:
    """Return what an object of neo holds.

    Parameters
    ----------
    given : Block, Segment, SpikeTrain, AnalogSignal, IrregularlySampledSignal, Event or Epoch
        Or a list of spike trains.
    names : list, optional
        Of the spike trains in a list.

    Returns
    -------
    Given
        The segments of a block with several are trials, with columns "start_time" and
        "stop_time", their annotations, and the first event of each name. If they don't share a
        clock (each starts at 0), they are put one after the other. A spike train was observed
        from its ``t_start`` to its ``t_stop``.

    Raises
    ------
    ValueError
        For other objects of neo.
    """
    kind = f"neo {type(given).__name__}"
    if isinstance(given, (list, tuple)) or made_by(given, "neo", "SpikeTrainList"):
        kind = "neo SpikeTrains"
        return Given(kind, units=_units([list(given)], [0.0], kind, names))
    if made_by(given, "neo", "Block"):
        return _block(list(given.segments), kind)
    if made_by(given, "neo", "Segment"):
        return _block([given], kind)
    if made_by(given, "neo", "SpikeTrain"):
        return Given(kind, units=_units([[given]], [0.0], kind))
    if made_by(given, "neo", "AnalogSignal", "IrregularlySampledSignal"):
        made = _signal([given], [0.0], kind, "signal")
        return Given(kind, traces={made.name: made})
    if made_by(given, "neo", "Epoch"):
        return Given(kind, trials=_epochs(given))
    if made_by(given, "neo", "Event"):
        return Given(kind, trials=_events(given))
    raise ValueError(
        f"{kind}: expected a Block, Segment, SpikeTrain, AnalogSignal, Event or Epoch, or a "
        "list of spike trains"
    )


def _block(segments: list[Any], kind: str) -> Given:
    if not segments:
        raise ValueError(f"{kind}: has no segments")
    shifts, notes = _shifts(segments)
    found = Given(kind, notes=notes)
    trains = [_loaded(each.spiketrains) for each in segments]
    if any(trains):
        found.units = _units(trains, shifts, kind)
    _add_signals(found, segments, shifts, kind)
    _add_tables(found, segments, shifts)
    if len(segments) > 1:
        found.trials = _segment_table(segments, shifts)
    elif len(found.intervals) == 1:
        found.trials = next(iter(found.intervals.values())).copy()
    elif not found.intervals and len(found.events) == 1:
        found.trials = next(iter(found.events.values())).copy()
    return found


def _shifts(segments: list[Any]) -> tuple[list[float], list[str]]:
    """Return what to add to the times of each segment, to have one clock."""
    ends = [(_seconds(each.t_start), _seconds(each.t_stop)) for each in segments]
    known = [each for each in ends if not np.isnan(each).any()]  # others have no data
    if all(later[0] >= former[1] - 1e-9 for former, later in pairwise(known)):
        return [0.0] * len(segments), []
    shifts, now = [], 0.0
    for start, stop in np.nan_to_num(ends).tolist():
        shifts.append(now - start)
        now += float(np.ceil(stop - start)) + _GAP
    note = (
        f"the {len(segments)} segments overlap in time, so each has a clock of its own: they were "
        "put one after the other, and start_time is where each begins"
    )
    return shifts, [note]


def _units(
    trains: list[list[Any]], shifts: list[float], kind: str, given: list[Any] | None = None
) -> Units:
    """Return units from the spike trains of each segment, matched by name, else by place."""
    names = [_train_names(each) if given is None else given for each in trains]
    ids = list(dict.fromkeys(name for each in names for name in each))
    of: list[dict[Any, Any]] = [
        dict(zip(n, t, strict=True)) for n, t in zip(names, trains, strict=True)
    ]
    times, observed = [], []
    rows: list[dict[str, Any]] = []
    for name in ids:
        pieces, spans = [], []
        row: dict[str, Any] = {}
        for segment, shift in zip(of, shifts, strict=True):
            if name in segment:
                train = segment[name]
                pieces.append(_magnitudes(train) + shift)
                spans.append((_seconds(train.t_start) + shift, _seconds(train.t_stop) + shift))
                row = {**plain_values(train.annotations), **row}
        times.append(np.concatenate(pieces))
        observed.append(np.array(spans))
        rows.append(row)
    table = pandas.DataFrame(rows, index=pandas.Index(ids))
    units = Units.from_times(dict(zip(ids, times, strict=True)), table, observed=observed)
    units.source = kind
    return units


def _train_names(trains: list[Any]) -> list[Any]:
    names = [each.name for each in trains]
    return names if all(names) and len(set(names)) == len(names) else list(range(len(names)))


def _add_signals(found: Given, segments: list[Any], shifts: list[float], kind: str) -> None:
    for group in ("analogsignals", "irregularlysampledsignals"):
        lists = [_loaded(getattr(each, group)) for each in segments]
        if len({len(each) for each in lists}) > 1:
            found.notes.append(f"{group}: not as many in each segment, left out")
            continue
        for place, parts in enumerate(zip(*lists, strict=True)):
            name = parts[0].name or f"signal {place}"
            if len({part.shape[1] for part in parts}) > 1:
                found.notes.append(f"{name}: not as many channels in each segment, left out")
                continue
            while name in found.traces:
                name = f"{name}_2"
            found.traces[name] = _signal(list(parts), shifts, kind, name)


def _signal(parts: list[Any], shifts: list[float], kind: str, name: str) -> Traces:
    first = parts[0]
    table = pandas.DataFrame(
        {
            str(column): values
            for column, values in dict(first.array_annotations).items()
            if np.ndim(values) == 1
        },
        index=pandas.RangeIndex(first.shape[1]),
    )
    times = [
        np.asarray(part.times.rescale("s").magnitude, np.float64) + shift
        for part, shift in zip(parts, shifts, strict=True)
    ]
    return Traces(
        first.name or name,
        table,
        lambda: np.concatenate([np.asarray(part.magnitude) for part in parts]),
        timestamps=np.concatenate(times),
        unit=first.dimensionality.string,
        source=kind,
    )


def _add_tables(found: Given, segments: list[Any], shifts: list[float]) -> None:
    makers: tuple[tuple[str, dict[str, pandas.DataFrame], Callable[[Any], pandas.DataFrame]], ...]
    makers = (("events", found.events, _events), ("epochs", found.intervals, _epochs))
    for group, tables, made in makers:
        rows: dict[str, list[pandas.DataFrame]] = {}
        for segment, shift in zip(segments, shifts, strict=True):
            for place, each in enumerate(_loaded(getattr(segment, group))):
                table = made(each)
                for column in ("time", "start_time", "stop_time"):
                    if column in table:
                        table[column] += shift
                rows.setdefault(each.name or f"{group[:-1]} {place}", []).append(table)
        for name, several in rows.items():
            joined = pandas.concat(several, ignore_index=True)
            tables[name] = joined.rename_axis("trial")


def _segment_table(segments: Iterable[Any], shifts: list[float]) -> pandas.DataFrame:
    rows = []
    for segment, shift in zip(segments, shifts, strict=True):
        row: dict[str, Any] = {
            "start_time": _seconds(segment.t_start) + shift,
            "stop_time": _seconds(segment.t_stop) + shift,
        }
        if segment.name:
            row["name"] = segment.name
        for place, each in enumerate(_loaded(segment.events)):
            if len(each):
                row[each.name or f"event {place}"] = _magnitudes(each)[0] + shift
        rows.append({**plain_values(segment.annotations), **row})
    return pandas.DataFrame(rows).rename_axis("trial")


def _events(given: Any) -> pandas.DataFrame:
    return pandas.DataFrame({"time": _magnitudes(given), **_labels(given)}).rename_axis("trial")


def _epochs(given: Any) -> pandas.DataFrame:
    start = _magnitudes(given)
    length = np.asarray(given.durations.rescale("s").magnitude, np.float64)
    times = {"start_time": start, "stop_time": start + length}
    return pandas.DataFrame({**times, **_labels(given)}).rename_axis("trial")


def _labels(given: Any) -> dict[str, Any]:
    n = len(given)
    labels = {} if not len(given.labels) else {"label": np.asarray(given.labels).astype(str)}
    own = {str(name): np.asarray(v) for name, v in dict(given.array_annotations).items()}
    return {**labels, **{name: v for name, v in own.items() if v.shape == (n,)}}


def _magnitudes(given: Any) -> np.ndarray:
    return np.asarray(given.rescale("s").magnitude, np.float64)


def _seconds(time: Any) -> float:
    return float("nan") if time is None else float(time.rescale("s").magnitude)


def _loaded(objects: Any) -> list[Any]:
    # Lazily read files hold proxies of these.
    return [each.load() if type(each).__name__.endswith("Proxy") else each for each in objects]
