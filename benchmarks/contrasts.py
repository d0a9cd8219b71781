"""How often `block_contrasts` is wrong: false differences, and intervals that miss the truth.

Three blocks, of 50, 60 and 50 trials; without any difference, and with learning inside blocks:
three standard deviations of the noise with a time constant of 15 trials, washed out with one of 8.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np

from benchmarks.trial_noise import noise
from trialtensor.tracking import block_contrasts

KINDS = ("white", "AR(.6)", "AR(.8)", "half AR(.9)", "t(3)", "variance x 9", "30 % missing")
N_TRIALS = (50, 60, 50)
LABELS = np.repeat(["baseline", "adaptation", "washout"], N_TRIALS)
LEARNED, WASHED_OUT = 3.0, 0.2  # levels that adaptation and washout approach
PAIRS = [(1, 0), (2, 0), (2, 1)]
COLUMNS = (
    "noise", "course", "p ≤ .05", "mean held", "end held", "p ≤ .05 at ends", "width",
    "width of ends",
)  # fmt: skip


def learning() -> np.ndarray:
    """Return a course that is learned in the second block and washed out in the third."""
    first, second, third = N_TRIALS
    up = LEARNED * (1 - np.exp(-np.arange(1, second + 1) / 15))
    down = WASHED_OUT + (up[-1] - WASHED_OUT) * np.exp(-np.arange(1, third + 1) / 8)
    return np.concatenate([np.zeros(first), up, down])


def outcomes(kind: str, course: np.ndarray, seed: int) -> np.ndarray:
    """Return per pair: differs, mean held, end held, end differs, and both widths, ``(6, 3)``."""
    y = course + noise(kind, len(course), np.random.default_rng(seed))
    known = np.isfinite(y)
    edges = itertools.accumulate(N_TRIALS, initial=0)
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    means = [course[part][known[part]].mean() for part in parts]
    ends = [course[part][known[part]][-1] for part in parts]
    found = block_contrasts(y, LABELS).contrasts
    out = []
    for row, (b, a) in zip(found.itertuples(), PAIRS, strict=True):
        mean, end = means[b] - means[a], ends[b] - ends[a]
        held = row.low <= mean <= row.high, row.end_low <= end <= row.end_high
        widths = row.high - row.low, row.end_high - row.end_low
        out.append([row.p_value <= 0.05, *held, row.end_p_value <= 0.05, *widths])
    return np.array(out, float).T


def cell(kind: str, course: np.ndarray, n_series: int) -> str:
    """Return a row of the table; errors are of the means over series."""
    each = np.array([outcomes(kind, course, seed).mean(axis=1) for seed in range(n_series)])
    mean, error = each.mean(axis=0), each.std(axis=0) / np.sqrt(n_series)
    shares = [f"{100 * m:.0f} ± {100 * e:.0f} %" for m, e in zip(mean[:4], error[:4], strict=True)]
    name = "learning" if course.any() else "none"
    return " | ".join([kind, name, *shares, *(f"{width:.2f}" for width in mean[4:])])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contrasts", description=__doc__)
    parser.add_argument("--series", type=int, default=200, help="of each noise and course")
    parser.add_argument("--noise", nargs="*", default=KINDS)
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for kind in options.noise:
        for course in (np.zeros(sum(N_TRIALS)), learning()):
            print(f"| {cell(kind, course, options.series)} |", flush=True)


if __name__ == "__main__":
    main()
