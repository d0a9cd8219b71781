"""Relations that are none, and real ones: ``python -m benchmarks.relations [N_PAIRS [PART ...]]``.

Two tables in Markdown: the share of unrelated pairs of series that `relate` calls related at 5 %
(kinds that both wander, step, learn, or grow noisy on their own), and the share of related pairs
that it finds, with their lead. Monte-Carlo errors are standard errors of a share.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from benchmarks.trial_noise import autoregressive
from trialtensor.tracking import relate

N_PAIRS = 200
N_TRIALS = (60, 160, 300)
LEAD = 3  # trials, of the components of related pairs
Draw = Callable[[int, np.random.Generator], np.ndarray]


def _white(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=n)


def _memory(memory: float) -> Draw:
    return lambda n, rng: autoregressive(memory, n, rng)


def _step(n: int, rng: np.random.Generator) -> np.ndarray:
    onset = int(rng.uniform(0.2, 0.8) * n)
    return 2.0 * rng.choice([-1, 1]) * (np.arange(n) >= onset) + rng.normal(size=n)


def _step_in_the_middle(n: int, rng: np.random.Generator) -> np.ndarray:
    return 2.0 * (np.arange(n) >= n // 2) + rng.normal(size=n)


def _sinusoid(n: int, rng: np.random.Generator) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(n) / n * rng.uniform(0.5, 4) + rng.random())
    return 1.5 * np.sin(angle) + rng.normal(size=n)


def _same_period(n: int, rng: np.random.Generator) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(n) / n * 3 + rng.random())
    return 1.5 * np.sin(angle) + rng.normal(size=n)


def _exponential(n: int, rng: np.random.Generator) -> np.ndarray:
    since = np.maximum(np.arange(n) - int(rng.uniform(0, 0.5) * n), 0)
    return 3 * (1 - np.exp(-since / rng.uniform(5, 50))) + rng.normal(size=n)


def _learning(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return learning from the first trial, nearly without noise."""
    return 1 - np.exp(-np.arange(n) / rng.uniform(10, 50)) + 0.05 * rng.normal(size=n)


def _walk(n: int, rng: np.random.Generator) -> np.ndarray:
    walk = np.cumsum(rng.normal(size=n))
    return walk / walk.std()


def _walk_and_white(n: int, rng: np.random.Generator) -> np.ndarray:
    return _walk(n, rng) + rng.normal(size=n)


def _louder(factor: float) -> Draw:
    """Return noise whose standard deviation is larger in the second half."""
    return lambda n, rng: rng.normal(size=n) * np.where(np.arange(n) < n // 2, 1, factor)


def _ever_louder(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=n) * np.geomspace(1, 6, n)


def _loud_in_the_middle(n: int, rng: np.random.Generator) -> np.ndarray:
    place = np.arange(n) / n
    return rng.normal(size=n) * np.where((place > 0.4) & (place < 0.6), 4, 1)


def _louder_and_slow(n: int, rng: np.random.Generator) -> np.ndarray:
    return autoregressive(0.8, n, rng) * np.where(np.arange(n) < n // 2, 1, 2)


def _heavy(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_t(3, size=n)


def _half_missing(n: int, rng: np.random.Generator) -> np.ndarray:
    n = max(n, 100)  # `relate` needs 40 trials with a value
    y = autoregressive(0.6, n, rng)
    y[rng.permutation(n)[: n // 2]] = np.nan
    return y


def _counts(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(np.where(np.arange(n) < n // 2, 2.0, 8.0)).astype(float)


UNRELATED: dict[str, Draw] = {
    "white": _white,
    "AR(.6)": _memory(0.6),
    "AR(.9)": _memory(0.9),
    "AR(.95)": _memory(0.95),
    "t(3)": _heavy,
    "steps": _step,
    "steps at the same trial": _step_in_the_middle,
    "sinusoids": _sinusoid,
    "sinusoids of one period": _same_period,
    "exponentials": _exponential,
    "clean learning": _learning,
    "walks": _walk,
    "walks + white": _walk_and_white,
    "sd × 2 halfway": _louder(2),
    "sd × 3 halfway": _louder(3),
    "sd × 4 halfway": _louder(4),
    "sd grows × 6": _ever_louder,
    "sd × 4 in the middle": _loud_in_the_middle,
    "AR(.8), sd × 2 halfway": _louder_and_slow,
    "Poisson counts 2, then 8": _counts,
    "half missing, AR(.6)": _half_missing,
}


def unrelated(draw: Draw, n: int, n_pairs: int) -> float:
    """Return the share of unrelated pairs of such series with p ≤ .05."""
    return float(np.mean([_pair(draw, n, seed) <= 0.05 for seed in range(n_pairs)]))


def _pair(draw: Draw, n: int, seed: int) -> float:
    rng = np.random.default_rng([seed, n])
    x, y = draw(n, rng), draw(n, rng)
    return relate(x, y, n_null=99, n_bootstrap=20, random_state=seed).p_value


# Shared by both series of a related pair, and added to both by each on its own.
RELATED: dict[str, tuple[Draw, Draw, float]] = {
    "white": (_white, _white, 1.5),
    "AR(.6)": (_memory(0.6), _white, 1.2),
    "AR(.8)": (_memory(0.8), _white, 1.0),
    "AR(.9)": (_memory(0.9), _white, 1.0),
    "white, in AR(.9)": (_white, _memory(0.9), 1.5),
    "white, in steps": (_white, _step, 1.5),
    "white, in exponentials": (_white, _exponential, 1.5),
    "white, in sinusoids": (_white, _sinusoid, 1.5),
    "white, in t(3)": (_white, _heavy, 2.0),
    "sd × 3 halfway": (_louder(3), _louder(3), 1.5),
}


def related(kinds: tuple[Draw, Draw, float], n: int, n_pairs: int) -> list[float]:
    """Return shares found (p ≤ .05), with the right lead, and with it in the interval."""
    pairs = [_related_pair(*kinds, n, seed) for seed in range(n_pairs)]
    return np.mean(pairs, axis=0).tolist()


def _related_pair(shared: Draw, own: Draw, size: float, n: int, seed: int) -> list[bool]:
    rng = np.random.default_rng([seed, n, 1])
    # Weaker in more trials, so that neither all nor none are found.
    size *= (60 / n) ** 0.25 * 0.75
    both = size * shared(n + LEAD, rng)
    x, y = both[LEAD:] + own(n, rng), both[:-LEAD] + own(n, rng)
    got = relate(x, y, n_null=99, n_bootstrap=100, random_state=seed)
    low, high = got.lead_interval
    return [got.p_value <= 0.05, got.lead == LEAD, bool(low <= LEAD <= high)]


def percent(share: float, n: int) -> str:
    """Write a share with its standard error."""
    error = np.sqrt(max(share * (1 - share), 1 / n) / n)
    return f"{100 * share:.1f} ± {100 * error:.1f}"


def main(n_pairs: int = N_PAIRS, parts: tuple[str, ...] = ("unrelated", "related")) -> None:
    if "unrelated" in parts:
        print(f"called related, % of {n_pairs} unrelated pairs, by number of trials\n")
        print(_row("series", *N_TRIALS), _row("---", *["---"] * len(N_TRIALS)), sep="\n")
        for name, draw in UNRELATED.items():
            shares = [unrelated(draw, n, n_pairs) for n in N_TRIALS]
            print(_row(name, *(percent(each, n_pairs) for each in shares)), flush=True)
        print()
    if "related" in parts:
        print(f"found / right lead / lead in its interval, % of {n_pairs} related pairs\n")
        print(_row("shared", *N_TRIALS), _row("---", *["---"] * len(N_TRIALS)), sep="\n")
        for name, kinds in RELATED.items():
            rows = [related(kinds, n, n_pairs) for n in N_TRIALS]
            cells = [" / ".join(f"{100 * share:.0f}" for share in each) for each in rows]
            print(_row(name, *cells), flush=True)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:2]), *([tuple(sys.argv[2:])] if sys.argv[2:] else []))
