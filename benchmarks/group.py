"""How often means over animals are right: ``python -m benchmarks.group``.

Steps of 3 standard deviations of the noise on average (or none), in white noise, differing
between animals by a given standard deviation. The mean's 90 % interval should hold the truth in
85 to 95 %, and no more than 5 % of groups without a step should have one.
"""

from __future__ import annotations

import argparse

import numpy as np

from trialtensor.tracking import track_group

SIZES = (4, 6, 10)
CELLS = ((0.0, 0.0), (3.0, 0.0), (3.0, 1.0))  # mean and between-animal sd of the amplitude
N_TRIALS = 100
ONSET, ONSET_SD = 50, 8


def once(n_animals: int, mean: float, sd: float, rng: np.random.Generator) -> tuple[bool, ...]:
    """Return whether the intervals of amplitude and onset hold the truth, and p <= .05."""
    trials = np.arange(N_TRIALS)
    group = {}
    for i in range(n_animals):
        onset = round(ONSET + ONSET_SD * rng.normal())
        size = mean + sd * rng.normal()
        group[f"animal {i}"] = size * (trials >= onset) + rng.normal(size=N_TRIALS)
    rows = track_group(group).table.set_index("effect")
    amplitude, when = rows.loc["amplitude"], rows.loc["onset"]
    return (
        bool(amplitude["low"] <= mean <= amplitude["high"]),
        bool(when["low"] <= ONSET <= when["high"]),
        bool(amplitude["p_value"] <= 0.05),
    )


def main() -> None:
    """Print a row per number of animals and cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=200)
    n = parser.parse_args().groups
    print("| animals | mean | between sd | amplitude held | onset held | p <= .05 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n_animals in SIZES:
        for mean, sd in CELLS:
            rng = np.random.default_rng([n_animals, int(10 * mean), int(10 * sd)])
            share = np.mean([once(n_animals, mean, sd, rng) for _ in range(n)], axis=0)
            errors = np.sqrt(share * (1 - share) / n)
            cells = [f"{s:.1%} ± {e:.1%}" for s, e in zip(share, errors, strict=True)]
            if mean == 0:
                cells[1] = ""
            print(f"| {n_animals} | {mean} | {sd} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
