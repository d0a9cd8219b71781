"""Odds of a transition in noise without one: the table behind the p values of transitions.

For each number of trials, the noise in which odds are highest decides. From 300 trials on that may
be a random walk with white noise, of which twice as many may be reported as of noise that returns
to its level. In shorter series such a walk looks like a step of one standard deviation in white
noise: odds that are rarer in walks would hide such steps.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import logsumexp

from benchmarks.trial_noise import noise
from trialtensor.tracking.transitions.problem import prepare, solve

KINDS = ("white", "t(3)", "AR(.6)", "AR(.95)", "half AR(.9)", "half AR(.95)")
WALK, FROM = "walk and white", 300  # trials
SIZES = (20, 30, 40, 60, 100, 200, 300, 400, 1000)
LEVELS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def log_odds(y: np.ndarray, n_max: int = 4) -> float:
    """Return the log odds of any transition against none."""
    n = len(y)
    problem = prepare(y.reshape(n, -1), np.ones((1, n)), np.ones(n, bool), None, 5)
    evidence = np.array([each.log_evidence for each in solve(problem, n_max).solutions])
    return float(logsumexp(evidence[1:]) - evidence[0])


def quantiles(kind: str, n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the log odds that are exceeded in shares ``LEVELS`` of series of a kind."""
    shares = np.minimum((1 + (kind == WALK)) * np.array(LEVELS), 0.99)
    return np.quantile([log_odds(noise(kind, n, rng)) for _ in range(count)], 1 - shares)


def main() -> None:
    """Print the quantiles for each number of trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--trials", type=int, nargs="*", default=SIZES)
    options = parser.parse_args()
    for n in options.trials:
        count = max(min(options.series, 300 * options.series // n), 100)
        rng = np.random.default_rng(n)
        kinds = (*KINDS, WALK) if n >= FROM else KINDS
        table = np.array([quantiles(kind, n, count, rng) for kind in kinds])
        worst = table.max(axis=0)
        at = kinds[int(np.argmax(table[:, LEVELS.index(0.05)]))]
        shown = ", ".join(f"{each:.2f}" for each in worst)
        print(f"    {n}: ({shown}),  # {count} series a kind, highest in {at}", flush=True)


if __name__ == "__main__":
    main()
