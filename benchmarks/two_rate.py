"""Coverage of the intervals of `two_rate_fit`: ``python -m benchmarks.two_rate``.

Each row counts how often 95 % intervals contain the planted values, in 100 data sets. Where
subjects differ, the reference is the fit to the mean of a very large group, because the mean of
their curves isn't the curve of their mean.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.special import expit, logit

from trialtensor.tracking import two_rate_fit
from trialtensor.tracking.rate_models import two_states

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


def main(n_sets: int = 100) -> None:
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
    main(*(int(argument) for argument in sys.argv[1:]))
