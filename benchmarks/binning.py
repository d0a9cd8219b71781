"""`bin_spikes` beside pynapple and IBL's brainbox: ``python -m benchmarks.binning``.

The same spikes and trials for all, each in the form in which it takes them: pynapple a TsGroup,
brainbox one array of times with the cluster of each spike, ours `Units`. Runs take turns, and
seconds are those of the processor.
"""

from __future__ import annotations

import resource
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from benchmarks.timing import clock
from trialtensor import Units, bin_spikes

N_UNITS, N_TRIALS, N_SPIKES, HOUR = 1000, 1000, 10_000_000, 3600.0
MANY = 100_000_000
WINDOW, BIN = (-0.5, 1.0), 0.02
REQUIRED = 20.0
MANY_SECONDS, MANY_TIMES = 10.0, 4.0
ALIGNED = {"align_to": "cue", "window": WINDOW, "bin_size": BIN}


@dataclass(frozen=True)
class Compared:
    """Seconds of ours and of a peer, or of ours alone, and in how many counts they differ."""

    task: str
    peer: str
    ours: float
    theirs: float
    different: int
    required: str
    met: bool


def compare(n_runs: int = 5) -> list[Compared]:
    """Time all packages on an hour of spikes, and ours on 100 million."""
    many = _many()  # first, because it looks at the peak of memory
    units, events = recording(N_SPIKES)
    trials = {"cue": events}
    ours = {
        "": lambda: bin_spikes(units, trials, **ALIGNED).to_numpy(),
        " (dtype int16)": lambda: bin_spikes(units, trials, dtype=np.int16, **ALIGNED).to_numpy(),
    }
    rows = []
    for peer, theirs in (("pynapple build_tensor", pynapple), ("brainbox bin_spikes2D", brainbox)):
        call = theirs(units, events)
        if call is None:
            rows.append(Compared("10⁷ spikes", f"{peer}, not installed", 0, 0, 0, "", True))
            continue
        for kind, own in ours.items():
            rows.append(_side_by_side(f"10⁷ spikes{kind}", peer, own, call, n_runs))
    return [*rows, *many]


def table(rows: list[Compared]) -> str:
    """Format results as a Markdown table."""
    lines = [
        "| spike counts | peer | ours (s) | peer (s) | ratio | different | required | verdict |",
        "| --- " * 8 + "|",
    ]
    for r in rows:
        ratio = f"{r.theirs / r.ours:.1f}" if r.theirs else "–"
        theirs = f"{r.theirs:.2f}" if r.theirs else "–"
        lines.append(
            f"| {r.task} | {r.peer} | {r.ours:.3f} | {theirs} | {ratio} | {r.different} | "
            f"{r.required} | {'met' if r.met else 'MISSED'} |"
        )
    return "\n".join(lines)


def recording(n_spikes: int, seed: int = 0) -> tuple[Units, np.ndarray]:
    """Return Poisson spikes of an hour, and events whose windows don't overlap, as pynapple needs.

    Parameters
    ----------
    n_spikes : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, N_UNITS, n_spikes, dtype=np.int32)
    times = rng.random(n_spikes) * HOUR
    units = Units.from_flat(times, unit)
    step = (HOUR - 4) / N_TRIALS
    events = 2 + step * (np.arange(N_TRIALS) + 0.5 * rng.random(N_TRIALS))
    return units, events


def pynapple(units: Units, events: np.ndarray) -> Callable[[], np.ndarray] | None:
    """Return a call of pynapple's `build_tensor`; None if it isn't installed."""
    if find_spec("pynapple") is None:
        return None
    import pynapple as nap

    bounds = units.bounds
    group = nap.TsGroup(
        {i: nap.Ts(units.times[bounds[i] : bounds[i + 1]]) for i in range(len(units))},
        time_support=nap.IntervalSet(0, HOUR),
    )
    epochs = nap.IntervalSet(events + WINDOW[0], events + WINDOW[1])
    return lambda: nap.build_tensor(group, epochs, bin_size=BIN).transpose(1, 0, 2)


def brainbox(units: Units, events: np.ndarray) -> Callable[[], np.ndarray]:
    """Return a call of IBL's `bin_spikes2D`, or of the same steps if ibllib isn't installed."""
    unit = np.repeat(np.arange(len(units)), np.diff(units.bounds))
    order = np.argsort(units.times, kind="stable")
    times, unit = units.times[order], unit[order]
    ids = np.arange(len(units))
    try:
        from brainbox.singlecell import bin_spikes2D
    except ImportError:
        bin_spikes2D = steps_of_brainbox
    before, after = -WINDOW[0], WINDOW[1]
    return lambda: bin_spikes2D(times, unit, ids, events, before, after, BIN)[0]


def steps_of_brainbox(
    times: np.ndarray,
    clusters: np.ndarray,
    ids: np.ndarray,
    events: np.ndarray,
    before: float,
    after: float,
    size: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Do what bin_spikes2D of ibllib 4.1 does: a two-dimensional histogram a trial.

    A slice of all spikes by bisection, a number for each cluster that occurs in it, the bin of each
    spike by `floor`, one `bincount` of both, copied to the clusters that occur.
    """
    n_before, n_after = int(np.ceil(before / size)), int(np.ceil(after / size))
    edges = np.arange(-n_before, n_after + 1) * size
    spans = np.searchsorted(times, np.c_[events + edges[0], events + edges[-1]])
    found = np.zeros((len(events), len(ids), n_before + n_after))
    for i, (first, last) in enumerate(spans):
        place = np.floor((times[first:last] - (events[i] + edges[0])) / size).astype(np.int64)
        known, cluster = np.unique(clusters[first:last], return_inverse=True)
        shape = (len(known), len(edges))
        cells = np.ravel_multi_index(np.c_[cluster, place].transpose(), dims=shape)
        counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        found[i, np.isin(ids, known), :] = counts[:, :-1]
    return found, (edges[:-1] + edges[1:]) / 2


def _side_by_side(
    task: str, peer: str, ours: Callable[[], Any], theirs: Callable[[], Any], n_runs: int
) -> Compared:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        different = int((ours() != theirs()).sum())  # compiled here
        seconds = [(clock(ours)[2], clock(theirs)[2]) for _ in range(n_runs)]
    own, other = (median(each[i] for each in seconds) for i in (0, 1))
    return Compared(
        task, peer, own, other, different, f"{REQUIRED:g} times faster", other / own >= REQUIRED
    )


def _many() -> list[Compared]:
    """Group and bin 100 million spikes, and say what memory that takes."""
    rng = np.random.default_rng(0)
    unit = rng.integers(0, N_UNITS, MANY, dtype=np.int32)
    times = rng.random(MANY)
    times *= HOUR
    given = times.nbytes + unit.nbytes
    units, _, grouping = clock(lambda: Units.from_flat(times, unit))
    trials = {"cue": 5 + np.arange(N_TRIALS) * 3.5}
    _, _, binning = clock(lambda: bin_spikes(units, trials, **ALIGNED))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / given
    needed = f"at most {MANY_SECONDS:g} s"
    return [
        Compared("10⁸ spikes, in any order: grouped", "", grouping, 0, 0, "", True),
        Compared("10⁸ spikes: counted", "", binning, 0, 0, needed, binning <= MANY_SECONDS),
        Compared(f"10⁸ spikes: peak memory {peak:.1f} times theirs", "", 0, 0, 0,
                 f"at most {MANY_TIMES:g} times", peak <= MANY_TIMES),
    ]  # fmt: skip


def main() -> int:
    """Return exit status 1 if a requirement was missed."""
    rows = compare()
    print(table(rows))
    return int(not all(row.met for row in rows))


if __name__ == "__main__":
    sys.exit(main())
