"""Accuracy of tracking: ``python -m benchmarks.tracking [TABLE ...]``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import scipy.signal

from benchmarks.timing import clock
from trialtensor.kernels.change_points import penalised_changes
from trialtensor.tracking import change_points, learning_curve, pattern_change, relate

Table = list[dict[str, object]]
NOISES = ("white", "AR 0.3", "AR 0.6", "AR 0.8", "slow + white", "heavy tails")
POSITIONS = np.linspace(20, 180, 20).round().astype(int)


def draw(kind: str, n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """Draw noise of unit variance."""
    if kind.startswith("AR"):
        return autoregressive(float(kind.split()[1]), n_trials, rng)
    if kind == "slow + white":
        slow = autoregressive(0.9, n_trials, rng)
        return (slow + rng.normal(size=n_trials)) / np.sqrt(2)
    if kind == "heavy tails":
        return rng.standard_t(3, size=n_trials) / np.sqrt(3)
    return rng.normal(size=n_trials)


def autoregressive(memory: float, n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """Draw first-order autoregressive noise of unit variance."""
    new = rng.normal(size=n_trials + 200) * np.sqrt(1 - memory**2)
    return scipy.signal.lfilter([1.0], [1.0, -memory], new)[200:]


def false_alarms(n_series: int = 200) -> Table:
    """Count false alarms in series without changes, for several kinds of noise."""
    rows = []
    for kind in NOISES:
        for n_trials in (100, 300):
            found = []
            for seed in range(n_series):
                y = draw(kind, n_trials, np.random.default_rng([seed, n_trials]))
                found.append(change_points(y, random_state=seed).n_changes > 0)
            rows.append({"noise": kind, "trials": n_trials, "false alarms": np.mean(found)})
    return rows


def planted_changes(n_repeats: int = 10) -> Table:
    """Detect one change at 20 positions of 200 trials; noise in units of the change."""
    rows = []
    for sd in (0.25, 0.5, 1.0):
        errors, covered, widths, counts = [], [], [], []
        for position in POSITIONS:
            for seed in range(n_repeats):
                rng = np.random.default_rng([int(position), seed, int(100 * sd)])
                y = (np.arange(200) >= position) + sd * rng.normal(size=200)
                found = change_points(y, random_state=seed)
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
    """Time the exact dynamic programming on 20 series of 10,000 trials."""
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


def time_constants(n_series: int = 50) -> Table:
    """Fit one exponential of height 1 over 200 trials."""
    rows = []
    for tau in (3, 10, 40):
        for sd in (0.05, 0.1, 0.2):
            errors, covered, chosen = [], [], []
            for seed in range(n_series):
                rng = np.random.default_rng([tau, seed])
                y = 1 - np.exp(-np.arange(200) / tau) + sd * rng.normal(size=200)
                curve = learning_curve(y)
                fit = curve.fits["exponential"]
                low, high = fit.time_constant_intervals[0]
                errors.append(abs(fit.time_constants[0] / tau - 1))
                covered.append(low <= tau <= high)
                chosen.append(curve.best.model == "exponential")
            rows.append(
                {
                    "time constant": tau,
                    "noise sd / height": sd,
                    "median error": np.median(errors),
                    "within 15 %": np.mean(np.array(errors) <= 0.15),
                    "coverage of 90 %": np.mean(covered),
                    "one exponential chosen": np.mean(chosen),
                }
            )
    return rows


def relations(n_series: int = 200) -> Table:
    """Count relations found at some lead, at p <= 0.05."""
    trials = np.arange(200)

    def unrelated(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return draw(kind, 200, rng), draw(kind, 200, rng)

    def learning(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        first, second = (1 - np.exp(-trials / tau) for tau in (20, 40))
        return first + 0.2 * rng.normal(size=200), second + 0.2 * rng.normal(size=200)

    def related(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        shared, noise = draw("AR 0.6", 205, rng), 0.7 * rng.normal(size=(2, 200))
        return shared[5:] + noise[0], shared[:-5] + noise[1]

    cases: dict[str, Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]] = {
        f"unrelated, {kind}": lambda rng, kind=kind: unrelated(kind, rng)
        for kind in ("white", "AR 0.6", "AR 0.95", "slow + white")
    }
    cases |= {"unrelated learning curves": learning, "component leads by 5": related}
    rows = []
    for name, make in cases.items():
        found = [
            relate(*make(np.random.default_rng(seed)), n_null=99, n_bootstrap=100)
            for seed in range(n_series)
        ]
        rows.append({"series": name, "found": np.mean([each.p_value <= 0.05 for each in found])})
    return rows


def planted_patterns(
    kind: str, rng: np.random.Generator, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make three components on 80 trials, one changing halfway: data, late, time courses."""
    time, late = np.arange(30), np.arange(80) >= 40
    courses = np.stack([np.exp(-0.5 * ((time - m) / 3.0) ** 2) for m in (6, 13, 20)], axis=1)
    neurons = rng.gamma(1.0, size=(40, 3))
    neurons *= 4 / np.linalg.norm(neurons, axis=0)
    gains = 1 + 0.3 * rng.normal(size=(80, 3))
    if kind == "gain":
        gains[late, 0] *= rng.choice([0.6, 1.5])
    X = np.einsum("kr,nr,tr->knt", gains, neurons, courses)
    if kind == "rotation":
        old = neurons[:, 0]
        other = rng.permutation(old)
        other -= old * (old @ other) / (old @ old)
        other *= np.linalg.norm(old) / np.linalg.norm(other)
        angle = np.deg2rad(rng.uniform(35, 90))
        new = np.cos(angle) * old + np.sin(angle) * other
        X[late] += np.einsum("k,n,t->knt", gains[late, 0], new - old, courses[:, 0])
    if kind == "new":
        course = np.exp(-0.5 * ((time - rng.uniform(22, 26)) / 2.5) ** 2)
        strength = 1 + 0.3 * rng.normal(size=40)
        X[late] += np.einsum("k,n,t->knt", strength, rng.permutation(neurons[:, 1]), course)
    return X + noise * rng.normal(size=X.shape), late, courses


def pattern_changes(n_sets: int = 100) -> Table:
    """Measure how often each test detects each change, at p <= 0.05 over all components."""
    rows = []
    for given in (True, False):
        for kind in ("nothing", "gain", "rotation", "new"):
            answers = []
            for seed in range(n_sets):
                X, late, courses = planted_patterns(kind, np.random.default_rng([seed, len(kind)]))
                found = pattern_change(
                    X, ~late, late, components=courses if given else 3, random_state=seed
                )
                table = found.components
                answers.append(
                    (
                        (table["gain_p"] <= 0.05).any(),
                        (table["rotation_p"] <= 0.05).any(),
                        found.new_p <= 0.05 or (table["verdict"] == "new").any(),
                    )
                )
            share = np.mean(answers, axis=0)
            rows.append(
                {
                    "planted": kind,
                    "time courses": "known" if given else "of a TCA of early trials",
                    "gain": share[0],
                    "rotation": share[1],
                    "new": share[2],
                }
            )
    return rows


TABLES: dict[str, Callable[[], Table]] = {
    "false_alarms": false_alarms,
    "planted_changes": planted_changes,
    "change_point_times": change_point_times,
    "time_constants": time_constants,
    "relations": relations,
    "pattern_changes": pattern_changes,
}


def markdown(rows: Table) -> str:
    """Format rows as a Markdown table."""
    cells = [list(rows[0]), ["---"] * len(rows[0])]
    cells += [[_text(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)


def main(names: list[str]) -> int:
    """Print the requested tables, or all."""
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
