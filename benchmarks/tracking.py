"""How often the tracking of trial series is right: ``python -m benchmarks.tracking [TABLE ...]``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import scipy.signal

from benchmarks.timing import clock
from trialtensor.solvers.kernels.change_points import penalised_changes
from trialtensor.tracking import change_points

Table = list[dict[str, object]]
NOISES = ("white", "AR 0.3", "AR 0.6", "AR 0.8", "slow + white", "heavy tails")
POSITIONS = np.linspace(20, 180, 20).round().astype(int)


def draw(kind: str, n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance."""
    if kind.startswith("AR"):
        return autoregressive(float(kind.split()[1]), n_trials, rng)
    if kind == "slow + white":
        slow = autoregressive(0.9, n_trials, rng)
        return (slow + rng.normal(size=n_trials)) / np.sqrt(2)
    if kind == "heavy tails":
        return rng.standard_t(3, size=n_trials) / np.sqrt(3)
    return rng.normal(size=n_trials)


def autoregressive(memory: float, n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """First-order noise of unit variance."""
    new = rng.normal(size=n_trials + 200) * np.sqrt(1 - memory**2)
    return scipy.signal.lfilter([1.0], [1.0, -memory], new)[200:]


def false_alarms(n_series: int = 200) -> Table:
    """Series in which nothing changes, of several kinds of noise."""
    rows = []
    for kind in NOISES:
        for n_trials in (100, 300):
            found = []
            for seed in range(n_series):
                y = draw(kind, n_trials, np.random.default_rng([seed, n_trials]))
                found.append(change_points(y, n_null=99, random_state=seed).n_changes > 0)
            rows.append({"noise": kind, "trials": n_trials, "false alarms": np.mean(found)})
    return rows


def planted_changes(n_repeats: int = 10) -> Table:
    """One change at 20 positions of 200 trials; noise in units of the change."""
    rows = []
    for sd in (0.25, 0.5, 1.0):
        errors, covered, widths, counts = [], [], [], []
        for position in POSITIONS:
            for seed in range(n_repeats):
                rng = np.random.default_rng([int(position), seed, int(100 * sd)])
                y = (np.arange(200) >= position) + sd * rng.normal(size=200)
                found = change_points(y, n_null=99, random_state=seed)
                counts.append(found.n_changes)
                if found.n_changes:
                    nearest = np.argmin(np.abs(found.trials - position))
                    low, high = found.intervals[nearest]
                    errors.append(abs(int(found.trials[nearest]) - position))
                    covered.append(low <= position <= high)
                    widths.append(high - low + 1)
        rows.append(
            {
                "noise sd / change": sd,
                "found": np.mean(np.array(counts) > 0),
                "exactly one": np.mean(np.array(counts) == 1),
                "median error": np.median(errors),
                "coverage of 90 %": np.mean(covered),
                "median width": np.median(widths),
            }
        )
    return rows


def change_point_times() -> Table:
    """The exact dynamic programming on 20 series of 10,000 trials."""
    rng = np.random.default_rng(0)
    n = 10_000
    penalised_changes(rng.normal(size=50), 1.0, 5)
    steps, drift = (np.arange(n) // 2000) % 2, np.sin(np.arange(n) / 1500)
    rows = []
    for name, signal in (("none", 0.0 * steps), ("four steps", steps), ("slow drift", drift)):
        series = signal + rng.normal(size=(20, n))
        counts, seconds, _ = clock(
            lambda s=series: [len(penalised_changes(y, 2 * np.log(n), 5)) for y in s]
        )
        rows.append({"changes": name, "seconds": seconds, "found": np.mean(counts)})
    return rows


TABLES: dict[str, Callable[[], Table]] = {
    "false_alarms": false_alarms,
    "planted_changes": planted_changes,
    "change_point_times": change_point_times,
}


def markdown(rows: Table) -> str:
    """A table as text."""
    cells = [list(rows[0]), ["---"] * len(rows[0])]
    cells += [[_text(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)


def main(names: list[str]) -> int:
    """Print the tables that were asked for, or all."""
    unknown = set(names) - set(TABLES)
    if unknown:
        print(f"unknown table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
        return 2
    for name in names or TABLES:
        print(f"\n{name}: {(TABLES[name].__doc__ or '').strip()}\n", flush=True)
        print(markdown(TABLES[name]()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
