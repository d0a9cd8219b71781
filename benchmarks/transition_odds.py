"""Odds of a transition in noise without one: the table behind the p values of transitions.

For each number of trials, the noise in which odds are highest decides.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import logsumexp

from benchmarks.trial_noise import noise
from trialtensor.tracking.transitions.problem import prepare, solve

KINDS = ("white", "t(3)", "AR(.6)", "AR(.95)", "half AR(.9)", "half AR(.95)")
SIZES = (20, 30, 40, 60, 100, 200, 400, 1000)
LEVELS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def log_odds(y: np.ndarray, n_max: int = 4) -> float:
    """Return the log odds of any transition against none."""
    n = len(y)
    problem = prepare(y.reshape(n, -1), np.ones((1, n)), np.ones(n, bool), None, 5)
    evidence = np.array([each.log_evidence for each in solve(problem, n_max).solutions])
    return float(logsumexp(evidence[1:]) - evidence[0])


def main() -> None:
    """Print the quantiles for each number of trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    options = parser.parse_args()
    for n in SIZES:
        count = max(min(options.series, 300 * options.series // n), 100)
        rng = np.random.default_rng(n)
        table = np.array(
            [
                np.quantile(
                    [log_odds(noise(k, n, rng)) for _ in range(count)], 1 - np.array(LEVELS)
                )
                for k in KINDS
            ]
        )
        worst = table.max(axis=0)
        at = KINDS[int(np.argmax(table[:, LEVELS.index(0.05)]))]
        shown = ", ".join(f"{each:.2f}" for each in worst)
        print(f"    {n}: ({shown}),  # {count} series a kind, highest in {at}", flush=True)


if __name__ == "__main__":
    main()
