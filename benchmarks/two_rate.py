"""Fits of adaptation: ``python -m benchmarks.two_rate [N_SETS [TABLE ...]]``.

``coverage``: each row counts how often 95 % intervals contain the planted values, in 100 data
sets. Where
subjects differ, the reference is the fit to the mean of a very large group, because the mean of
their curves isn't the curve of their mean. ``drifts``: drifts that have nothing to do with the
perturbation and are called learners, and learners that are found. ``times``: processor time of a
fit with its intervals.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.special import expit, logit

from benchmarks.trial_noise import autoregressive
from trialtensor.tracking import two_rate_fit
from trialtensor.tracking.rate_choice import criteria
from trialtensor.tracking.rate_models import one_state, two_states

PLANTED = {"A_f": 0.7, "B_f": 0.25, "A_s": 0.99, "B_s": 0.05}
SCHEDULE = np.r_[np.zeros(20), np.ones(100), -np.ones(12), np.full(40, np.nan)]
SPREAD = 0.3  # of subjects, on the logit of each parameter
N_SUBJECTS = 17


def draw(n: int, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the noise-free adaptation of n subjects, (n, n_trials)."""
    parameters = {
        name: expit(logit(value) + spread * rng.standard_normal(n))
        for name, value in PLANTED.items()
    }
    return two_states(parameters, SCHEDULE, "parallel").sum(axis=0).T


def coverage(n_subjects: int, spread: float, noise: float, n_sets: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    truth = PLANTED
    if spread:
        truth = two_rate_fit(draw(20_000, spread, rng).mean(axis=0), SCHEDULE).parameters
    held = {name: 0 for name in truth}
    for _ in range(n_sets):
        y = draw(n_subjects, spread, rng)
        found = two_rate_fit(y + noise * rng.standard_normal(y.shape), SCHEDULE)
        for name, (low, high) in found.intervals.items():
            held[name] += low <= truth[name] <= high
    return {name: count / n_sets for name, count in held.items()}


Draw = Callable[[int, np.random.Generator], np.ndarray]


def _walk(n: int, rng: np.random.Generator) -> np.ndarray:
    walk = np.cumsum(rng.normal(size=n))
    return walk / walk.std()


def _sinusoid(n: int, rng: np.random.Generator) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(n) / n * rng.uniform(0.5, 3) + rng.random())
    return np.sin(angle) + rng.choice([0.1, 0.5]) * rng.normal(size=n)


DRIFTS: dict[str, Draw] = {
    "white": lambda n, rng: rng.normal(size=n),
    "AR(.95)": lambda n, rng: autoregressive(0.95, n, rng),
    "AR(.95) + white": lambda n, rng: autoregressive(0.95, n, rng) + rng.normal(size=n),
    "walk": _walk,
    "walk + white": lambda n, rng: _walk(n, rng) + rng.normal(size=n),
    "sinusoid": _sinusoid,
    "line": lambda n, rng: 2 * np.arange(n) / n + 0.3 * rng.normal(size=n),
}
SCHEDULES = {
    "reversal and clamp": SCHEDULE,
    "washout": np.repeat([0.0, 1.0, 0.0], [40, 80, 40]),
    "no washout": np.repeat([0.0, 1.0], [40, 120]),
}


def drifts(n_sets: int) -> None:
    print(f"\nchosen in {n_sets} series a row: none / one rate / two rates, %")
    for title, schedule in SCHEDULES.items():
        learners: dict[str, Draw] = {}
        two = two_states(PLANTED, schedule, "parallel").sum(axis=0)
        one = one_state({"A": 0.98, "B": 0.1}, schedule)[0]
        for sd in (0.05, 0.1, 0.2):
            learners[f"two rates, noise {sd}"] = _noisy(two, sd)
            learners[f"one rate, noise {sd}"] = _noisy(one, sd)
        for name, draw in (DRIFTS | learners).items():
            chosen = {"none": 0, "one rate": 0, "two rates": 0}
            for seed in range(n_sets):
                found = criteria(draw(len(schedule), np.random.default_rng(seed)), schedule)
                chosen[min(found, key=lambda each: found[each])] += 1
            shares = " / ".join(f"{100 * count / n_sets:.0f}" for count in chosen.values())
            print(title.ljust(20), name.ljust(24), shares, flush=True)


def _noisy(learner: np.ndarray, sd: float) -> Draw:
    return lambda n, rng: learner + sd * rng.normal(size=n)


def times(n_sets: int) -> None:
    y = two_states(PLANTED, SCHEDULE, "parallel").sum(axis=0)
    for options in ({}, {"scale": True, "offset": True}):
        seconds = []
        for seed in range(min(n_sets, 10)):
            noisy = y + 0.1 * np.random.default_rng(seed).normal(size=len(y))
            two_rate_fit(noisy, SCHEDULE, **options) if not seed else None  # compiles
            start = time.process_time()
            two_rate_fit(noisy, SCHEDULE, **options)
            seconds.append(time.process_time() - start)
        print(f"two_rate_fit {options}: {np.median(seconds):.3f} s")


def main(n_sets: int = 100, tables: tuple[str, ...] = ("coverage", "drifts", "times")) -> None:
    for name in tables:
        {"coverage": coverages, "drifts": drifts, "times": times}[name](n_sets)


def coverages(n_sets: int) -> None:
    print(f"coverage of 95 % intervals, {n_sets} data sets a row")
    print("observed".ljust(34), *(name.rjust(6) for name in PLANTED))
    rows = [
        ("one series, noise .03", (1, 0.0, 0.03)),
        ("one series, noise .1", (1, 0.0, 0.1)),
        (f"{N_SUBJECTS} subjects alike, noise .2", (N_SUBJECTS, 0.0, 0.2)),
        (f"{N_SUBJECTS} subjects that differ, noise .2", (N_SUBJECTS, SPREAD, 0.2)),
    ]
    for title, row in rows:
        shares = coverage(*row, n_sets)
        print(title.ljust(34), *(f"{share:6.2f}" for share in shares.values()), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *([tuple(sys.argv[2:])] if sys.argv[2:] else []))
