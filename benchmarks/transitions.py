"""Transitions on planted series: ``python -m benchmarks.transitions [--series N] [TABLE ...]``.

False alarms in noise without a transition, shapes that are no steps, power, numbers of transitions
and coverage of intervals. Tables are Markdown, shares in per cent with their standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.trial_noise import STATIONARY, WALKS, noise
from trialtensor.kernels.transition_scans import transition_shape
from trialtensor.tracking import Transitions, transitions

Part = tuple[int, float, float]  # onset, time constant, amplitude
SIZES = (40, 100, 300, 1000)
N_TRIALS = 200
JITTER = 8  # trials by which onsets differ between series


def percent(values: Sequence[bool] | np.ndarray) -> str:
    """Write a share with its standard error, as "4.5 ± 1.0"."""
    share, n = float(np.mean(values)), len(values)
    return f"{100 * share:.1f} ± {100 * np.sqrt(share * (1 - share) / n):.1f}" if n else "–"


def planted(parts: Sequence[Part], n: int = N_TRIALS) -> np.ndarray:
    """Return the course of transitions, ``(n,)``."""
    return sum((a * transition_shape(o, tau, n) for o, tau, a in parts), np.zeros(n))


def false_alarms(count: int) -> None:
    """Print how often noise shows a transition; for walks, also without those said to wander."""
    print("| noise | " + " | ".join(f"{n} trials" for n in SIZES) + " |")
    print("|---" * (1 + len(SIZES)) + "|")
    shares = []
    for kind in (*STATIONARY, *WALKS):
        cells = []
        for n in SIZES:
            rng = np.random.default_rng(n)
            found = [transitions(noise(kind, n, rng), n_draws=20) for _ in range(count)]
            alarms = [each.n_transitions > 0 for each in found]
            cells.append(percent(alarms))
            if kind in WALKS:
                told = [a and not f.wanders for a, f in zip(alarms, found, strict=True)]
                cells[-1] += f" ({percent(told)})"
            else:
                shares.append(np.mean(alarms))
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)
    print(f"\nMean over stationary cells: {100 * np.mean(shares):.1f} %")


def no_steps(count: int) -> None:
    """Print how often a line or a slow sinusoid gets a step, and a ramp is called one."""
    shapes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "line": lambda t: t / len(t),
        "sinusoid, half a period": lambda t: np.sin(np.pi * t / len(t)),
        "sinusoid, one period": lambda t: np.sin(2 * np.pi * t / len(t)),
        "sinusoid, two periods": lambda t: np.sin(4 * np.pi * t / len(t)),
        "ramp from trial 60": lambda t: np.maximum(t - 60, 0) / (len(t) - 60),
    }
    print("\n| shape | noise | with a step (%) |\n|---|---|---|")
    for name, shape in shapes.items():
        for sd in (0.05, 0.2, 0.5):
            rng = np.random.default_rng(0)
            steps = []
            for _ in range(count):
                y = shape(np.arange(N_TRIALS)) + sd * rng.standard_normal(N_TRIALS)
                steps.append("step" in transitions(y, n_draws=100).table["kind"].tolist())
            print(f"| {name} | {sd} | {percent(steps)} |", flush=True)


def power(count: int) -> None:
    """Print how often a step in the middle is found."""
    print("\n| noise | 0.5 sd | 1 sd | 2 sd |\n|---|---|---|---|")
    for kind in ("white", "AR(.6)", "AR(.8)", "half AR(.9)"):
        cells = []
        for size in (0.5, 1.0, 2.0):
            rng = np.random.default_rng(1)
            steps = planted([(N_TRIALS // 2, 0.0, size)])
            series = [steps + noise(kind, N_TRIALS, rng) for _ in range(count)]
            cells.append(percent([transitions(y, n_draws=20).n_transitions > 0 for y in series]))
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)


@dataclass(frozen=True)
class Case:
    """A planted course, by name."""

    name: str
    parts: tuple[Part, ...]


CASES = (
    Case("step", ((100, 0.0, 1.0),)),
    Case("time constant 5", ((70, 5.0, 1.0),)),
    Case("time constant 15", ((70, 15.0, 1.0),)),
    Case("time constant 50", ((70, 50.0, 1.0),)),
    Case("learning and washout", ((50, 10.0, 1.0), (130, 8.0, -1.0))),
    Case("jump, then decay", ((60, 0.0, 1.0), (61, 25.0, -1.0))),
    Case("three", ((40, 0.0, 1.0), (90, 10.0, -1.0), (150, 0.0, 1.0))),
    Case("ramp", ((40, np.inf, 1.25),)),
)


def coverage(count: int) -> None:
    """Print the number found, and how often 90 % intervals hold the truth, where it is right."""
    print(
        "\n| course | noise | sd | right number | onset held | width | time constant held | "
        "amplitude held |\n|---|---|---|---|---|---|---|---|"
    )
    for kind in ("white", "AR(.6)", "AR(.8)"):
        for sd in (0.1, 0.3):
            for case in CASES:
                _row(case, kind, sd, count)


def _row(case: Case, kind: str, sd: float, count: int) -> None:
    rng = np.random.default_rng(2)
    right, onsets, widths, taus, sizes = [], [], [], [], []
    for _ in range(count):
        moved = int(rng.integers(-JITTER, JITTER + 1))
        parts = [(onset + moved, tau, size) for onset, tau, size in case.parts]
        found = transitions(planted(parts) + sd * noise(kind, N_TRIALS, rng), n_draws=200)
        right.append(found.n_transitions == len(parts))
        if not right[-1]:
            continue
        for (onset, tau, size), row in zip(
            _matched(parts, found), found.table.to_dict("records"), strict=True
        ):
            onsets.append(row["onset_low"] <= onset <= row["onset_high"])
            widths.append(row["onset_high"] - row["onset_low"])
            if 0 < tau < np.inf:
                taus.append(row["time_constant_low"] <= tau <= row["time_constant_high"])
            total = size if np.isfinite(tau) else size * (N_TRIALS - onset) / N_TRIALS
            sizes.append(row["amplitude_low"] <= total <= row["amplitude_high"])
    print(
        f"| {case.name} | {kind} | {sd} | {percent(right)} | {percent(onsets)} | "
        f"{np.mean(widths) if widths else np.nan:.1f} | {percent(taus)} | {percent(sizes)} |",
        flush=True,
    )


def _matched(parts: list[Part], found: Transitions) -> list[Part]:
    """Return what was planted in the order of the table; those that begin together by sign."""
    signs = np.sign(found.table["amplitude"].to_numpy())
    left = sorted(parts)
    ordered = []
    for sign in signs:
        near = next((i for i, part in enumerate(left[:2]) if np.sign(part[2]) == sign), 0)
        ordered.append(left.pop(near if left and abs(left[0][0] - left[near][0]) < 5 else 0))
    return ordered


TABLES = {
    "alarms": (false_alarms, 400),
    "steps": (no_steps, 200),
    "power": (power, 200),
    "coverage": (coverage, 200),
}


def main() -> None:
    """Print the tables that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], default=[])
    parser.add_argument("--series", type=int, help="in each cell")
    options = parser.parse_args()
    for name in options.tables or TABLES:
        table, count = TABLES[name]
        table(options.series or count)


if __name__ == "__main__":
    main()
