"""How often means over animals are right: ``python -m benchmarks.group``.

Steps or gradual changes of 3 standard deviations of the noise on average (or none), in white
noise. Amplitudes, onsets and logarithms of time constants differ between animals by given standard
deviations. The mean's 90 % interval should hold the truth in 85 to 95 % (more where all animals
share one trial), and no more than 5 % of groups without a transition should have one.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from trialtensor.tracking import track_group

SIZES = (4, 8)
N_TRIALS, ONSET = 120, 48


class Cell(NamedTuple):
    """Means and between-animal standard deviations; a time constant of 0 for steps."""

    amplitude: float
    amplitude_sd: float = 0.0
    onset_sd: float = 0.0
    time_constant: float = 0.0
    log_time_constant_sd: float = 0.0


CELLS = (
    Cell(0),
    Cell(3),
    Cell(3, onset_sd=1),
    Cell(3, onset_sd=10),
    Cell(3, 1, onset_sd=8),
    Cell(3, 0, 2, 12),
    Cell(3, 0, 2, 12, 0.3),
    Cell(3, 0, 2, 12, 1.0),
)


def animal(cell: Cell, rng: np.random.Generator) -> np.ndarray:
    """Return the series of one animal."""
    since = np.arange(N_TRIALS) - round(ONSET + cell.onset_sd * rng.normal())
    course = (since >= 0).astype(float)
    if cell.time_constant:
        tau = cell.time_constant * np.exp(cell.log_time_constant_sd * rng.normal())
        course = -np.expm1(-np.maximum(since + 1, 0) / tau)
    size = cell.amplitude + cell.amplitude_sd * rng.normal()
    return np.asarray(size * course + rng.normal(size=N_TRIALS))


def once(n_animals: int, cell: Cell, rng: np.random.Generator) -> list[float]:
    """Return whether the intervals of each effect hold the truth, and p <= .05; NaN for neither."""
    group = {f"animal {i}": animal(cell, rng) for i in range(n_animals)}
    rows = track_group(group).table.set_index("effect")
    tau = cell.time_constant
    truths = {
        "amplitude": np.nan if tau else cell.amplitude,  # of what is reached, for gradual ones
        "onset": ONSET if cell.amplitude else np.nan,
        "time constant": tau if tau else np.nan,
    }
    held = []
    for effect, truth in truths.items():
        low, high = rows.loc[effect, "low"], rows.loc[effect, "high"]
        held.append(float(low <= truth <= high) if np.isfinite([truth, low]).all() else np.nan)
    return [*held, float(rows.loc["amplitude", "p_value"] <= 0.05)]


def shown(values: np.ndarray) -> str:
    """Return a share with its Monte-Carlo error."""
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    share = values.mean()
    return f"{share:.0%} ± {np.sqrt(share * (1 - share) / len(values)):.0%}"


def main() -> None:
    """Print a row per number of animals and cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=100)
    n = parser.parse_args().groups
    names = ["animals", "amplitude", "onset sd", "time constant", "amplitude held", "onset held"]
    names += ["time constant held", "p <= .05"]
    print("| " + " | ".join(names) + " |")
    print("|" + " --- |" * len(names))
    for n_animals in SIZES:
        for i, cell in enumerate(CELLS):
            rng = np.random.default_rng([n_animals, i])
            values = np.array([once(n_animals, cell, rng) for _ in range(n)])
            given = [str(n_animals), f"{cell.amplitude:g} ± {cell.amplitude_sd:g}"]
            given += [f"{cell.onset_sd:g}"]
            tau, sd = cell.time_constant, cell.log_time_constant_sd
            given += [f"{tau:g} (log sd {sd:g})" if tau else "step"]
            print("| " + " | ".join([*given, *map(shown, values.T)]) + " |", flush=True)


if __name__ == "__main__":
    main()
