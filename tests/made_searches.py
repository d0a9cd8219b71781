"""Searches whose outcome was made up, so that their figures and sentences can be checked."""

import math

import pandas

from trialtensor import TCA, SliceTCA
from trialtensor.selection import CrossValidatedSearch, TimeBlocks
from trialtensor.selection.search import Job


def made_search(errors, *, rule="one-se", splits=None, stop_reason="converged", n_init=2):
    """A fitted search from the errors of every candidate on every split."""
    candidates = list(errors)
    n_splits = len(next(iter(errors.values())))
    triples = isinstance(candidates[0], tuple)
    estimator = SliceTCA(candidates[0], n_init=n_init) if triples else TCA(1, n_init=n_init)
    splits = TimeBlocks(n_splits=n_splits) if splits is None else splits
    search = CrossValidatedSearch(
        estimator, candidates, splits=splits, rule=rule, refit=False, random_state=3
    )
    rows = {
        Job(i, split, 0): {
            "error": error,
            "explained": 1 - error,
            "stop_reason": stop_reason,
            "n_parameters": _n_parameters(each),
        }
        for i, each in enumerate(candidates)
        for split, error in enumerate(errors[each])
    }
    search._store(candidates, rows)
    return search


def _n_parameters(n_components, shape=(20, 15, 30)):
    if not isinstance(n_components, tuple):
        return n_components * sum(shape)
    size = math.prod(shape)
    return sum(rank * (n + size // n) for rank, n in zip(n_components, shape, strict=True))


def made_profile(stability, core_consistency=50.0):
    """What restarts would say, from the stability of every candidate."""
    return pandas.DataFrame(
        [
            {
                "n_components": each,
                "explained": 0.5,
                "stability": value,
                "match": (1 + value) / 2,
                "chance": 0.5,
                # Models of slices have none.
                "core_consistency": float("nan") if isinstance(each, tuple) else core_consistency,
                "stop_reason": "converged",
            }
            for each, value in stability.items()
        ]
    )


# The lowest error is at 4; 3 is within one standard error of it.
TYPICAL = {1: (0.8, 0.7, 0.75), 2: (0.5, 0.45, 0.48), 3: (0.3, 0.26, 0.28), 4: (0.29, 0.265, 0.27),
           5: (0.33, 0.31, 0.31)}  # fmt: skip
NOISE = {1: (1.02, 1.03), 2: (1.05, 1.06)}
TRIPLES = {(1, 0, 0): (0.9, 0.92), (0, 1, 0): (0.8, 0.83), (1, 1, 0): (0.5, 0.55),
           (1, 0, 1): (0.7, 0.74)}  # fmt: skip
