"""What `pattern_change` says of planted changes.

``python -m benchmarks.pattern_cells [N [NAME ...]]``: N data sets a cell (200); ways to courses.

Nine cells (nothing, a gain, a rotation, new activity, pairs, all three, drift) on square roots of
Poisson counts, with time courses that are known or come from a fit.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import scipy.optimize

from benchmarks.tracking import Table, markdown
from trialtensor import TCA
from trialtensor.tracking import PatternChange, pattern_change

CELLS = (
    "none", "gain", "rotation", "new", "gain + rotation", "gain + new", "rotation + new",
    "gain + rotation + new", "drift",
)  # fmt: skip
COURSES = ("known", "early TCA", "model of all", "one too many")
N_NEURONS, N_TIMES, N_TRIALS = 50, 25, 80
TIME = np.arange(N_TIMES)
KNOWN = np.exp(-0.5 * ((TIME[:, None] - [5, 11, 17]) / 3) ** 2)


def planted(cell: str, seed: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Plant changes halfway: counts' square roots, which trials are late, right verdicts.

    The gain and the rotation may be of the same component or of two. Half of the neurons of a
    component that rotates exchange their loadings. Drift is a random walk of every neuron's log
    rate with standard deviation .3 at the end.
    """
    rng = np.random.default_rng([seed, 15])
    late = np.arange(N_TRIALS) >= N_TRIALS // 2
    neurons = rng.gamma(0.5, 2.0, size=(N_NEURONS, 3))
    strengths = np.exp(0.2 * rng.normal(size=(N_TRIALS, 3)))
    turned, verdicts = neurons.copy(), [set(), set(), set()]
    grown, rotating = rng.integers(3, size=2)
    if "gain" in cell:
        strengths[late, grown] *= rng.choice([0.6, 1.6])
        verdicts[grown].add("gain change")
    if "rotation" in cell:
        some = rng.permutation(N_NEURONS)[: N_NEURONS // 2]
        turned[some, rotating] = rng.permutation(turned[some, rotating])
        verdicts[rotating].add("rotation")
    rate = 0.5 + np.where(
        late[:, None, None],
        np.einsum("kr,nr,tr->knt", strengths, turned, KNOWN),
        np.einsum("kr,nr,tr->knt", strengths, neurons, KNOWN),
    )
    if "new" in cell:
        course = np.exp(-0.5 * ((TIME - rng.uniform(22, 24)) / 1.5) ** 2)
        rate += late[:, None, None] * np.outer(rng.gamma(0.5, 2.0, size=N_NEURONS), course)
    if "drift" in cell:
        walk = np.cumsum(rng.normal(size=(N_TRIALS, N_NEURONS)), axis=0) / np.sqrt(N_TRIALS)
        rate *= np.exp(0.3 * (walk - walk.mean(axis=0)))[:, :, None]
    right = [" and ".join(sorted(each)) or "no change" for each in verdicts]
    return np.sqrt(rng.poisson(rate)), late, right


def judge(found: PatternChange, right: list[str], new: bool) -> tuple[bool, bool]:
    """Return whether all that was planted is named, and whether anything else is claimed.

    A component is the one whose time course is most alike.
    """
    used = np.asarray(found.courses) / np.linalg.norm(np.asarray(found.courses), axis=0)
    alike = np.abs((KNOWN / np.linalg.norm(KNOWN, axis=0)).T @ used)
    rows = scipy.optimize.linear_sum_assignment(-alike)[1]
    verdicts = found.components["verdict"].tolist()
    named = [verdicts[row] == each for row, each in zip(rows, right, strict=True)]
    planted_rows = {row for row, each in zip(rows, right, strict=True) if each != "no change"}
    others = [v for r, v in enumerate(verdicts) if r not in planted_rows]
    is_new = found.new_p <= found.alpha
    false = any(v not in ("no change", "not seen") for v in others) or (is_new and not new)
    changed = [each for each, what in zip(named, right, strict=True) if what != "no change"]
    all_named = all(changed) and is_new >= new
    return all_named and (bool(changed) or new or not false), false


def courses_for(name: str, X: np.ndarray, seed: int) -> np.ndarray | int | TCA:
    """Return the ``components`` of one way to get time courses."""
    if name == "known":
        return KNOWN
    if name == "early TCA":
        return 3
    rank = 3 if name == "model of all" else 4
    return TCA(rank, nonnegative=True, n_init=3, random_state=seed).fit(X)


def cells(n_sets: int = 200, names: tuple[str, ...] = COURSES) -> Table:
    """Measure right and false verdicts of planted changes."""
    rows: Table = []
    for name in names:
        for cell in CELLS:
            answers = []
            for seed in range(n_sets):
                X, late, right = planted(cell, seed)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    components = courses_for(name, X, seed)
                    found = pattern_change(X, ~late, late, components=components, random_state=seed)
                answers.append(judge(found, right, "new" in cell))
            right_share, false_share = np.mean(answers, axis=0)
            rows.append(
                {
                    "planted": cell,
                    "time courses": name,
                    "right (%)": _percent(right_share, n_sets),
                    "any other (%)": _percent(false_share, n_sets),
                }
            )
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _percent(share: float, n: int) -> str:
    """Return a share with its Monte-Carlo error (Agresti-Coull)."""
    middle = (share * n + 2) / (n + 4)
    return f"{100 * share:.0f} ± {100 * np.sqrt(middle * (1 - middle) / (n + 4)):.1f}"


if __name__ == "__main__":
    given = sys.argv[1:]
    count = int(given[0]) if given else 200
    print(markdown(cells(count, tuple(given[1:]) or COURSES)))
