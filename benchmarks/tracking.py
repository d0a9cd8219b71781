"""Learning curves and long series: ``python -m benchmarks.tracking [--series N] [TABLE ...]``.

Transitions, relations and changes of patterns are in `benchmarks.transitions`, `relations` and
`pattern_cells`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.timing import clock
from benchmarks.trial_noise import noise
from trialtensor.kernels.change_points import penalised_changes
from trialtensor.tracking import learning_curve

Table = list[dict[str, object]]
N_TRIALS = 200


def time_constants(n_series: int = 50) -> Table:
    """Fit one exponential of height 1 over 200 trials."""
    rows = []
    for kind in ("white", "AR(.6)"):
        for tau in (3, 10, 40):
            for sd in (0.05, 0.1, 0.2):
                case = {"noise": kind, "time constant": tau, "noise sd / height": sd}
                rows.append(case | _time_constant(kind, tau, sd, n_series))
    return rows


def _time_constant(kind: str, tau: int, sd: float, n_series: int) -> dict[str, object]:
    errors, covered, chosen = [], [], []
    for seed in range(n_series):
        rng = np.random.default_rng([tau, seed])
        y = 1 - np.exp(-np.arange(N_TRIALS) / tau) + sd * noise(kind, N_TRIALS, rng)
        curve = learning_curve(y)
        fit = curve.fits["exponential"]
        low, high = fit.time_constant_intervals[0]
        errors.append(abs(fit.time_constants[0] / tau - 1))
        covered.append(low <= tau <= high)
        chosen.append(curve.best.model == "exponential")
    return {
        "median error": np.median(errors),
        "within 15 %": np.mean(np.array(errors) <= 0.15),
        "coverage of 90 %": _share(covered),
        "one exponential chosen": _share(chosen),
    }


def change_point_times(n_series: int = 20) -> Table:
    """Time the exact dynamic programming on series of 10,000 trials, 20 by default."""
    rng = np.random.default_rng(0)
    n = 10_000
    penalised_changes(rng.normal(size=50), 1.0, 5)
    steps, drift = (np.arange(n) // 2000) % 2, np.sin(np.arange(n) / 1500)
    rows = []
    for name, signal in (("none", 0.0 * steps), ("four steps", steps), ("slow drift", drift)):
        series = signal + rng.normal(size=(n_series, n))
        counts, seconds, _ = clock(
            lambda s=series: [len(penalised_changes(y, 2 * np.log(n), 5)) for y in s]
        )
        rows.append({"changes": name, "seconds": seconds, "found": np.mean(counts)})
    return rows


TABLES: dict[str, Callable[..., Table]] = {
    "time_constants": time_constants,
    "change_point_times": change_point_times,
}


def markdown(rows: Table) -> str:
    """Format rows as a Markdown table."""
    cells = [list(rows[0]), ["---"] * len(rows[0])]
    cells += [[_text(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)


def _share(values: list[bool]) -> str:
    share = float(np.mean(values))
    return f"{share:.2f} ± {np.sqrt(share * (1 - share) / len(values)):.2f}"


def main() -> None:
    """Print the requested tables, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracking", description=__doc__)
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], default=[])
    parser.add_argument("--series", type=int, help="in each row")
    options = parser.parse_args()
    given = {} if options.series is None else {"n_series": options.series}
    for name in options.tables or TABLES:
        print(f"\n{name}: {(TABLES[name].__doc__ or '').strip()}\n", flush=True)
        print(markdown(TABLES[name](**given)), flush=True)


if __name__ == "__main__":
    main()
