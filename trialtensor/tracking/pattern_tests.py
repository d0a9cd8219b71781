"""Tests of one component's patterns: is it there, has it turned, by how much has it grown?"""

from __future__ import annotations

import numpy as np

from trialtensor.tracking.pattern_drift import Drift
from trialtensor.tracking.pattern_new import (
    ROUNDING,
    Explained,
    apart_from,
    gains_of,
    overlap,
)
from trialtensor.tracking.pattern_runs import (
    Runs,
    deviations,
    difference,
    run_weights,
    squared_length,
)

LEAST_ANGLE = 10.0  # degrees by which a rotation has to exceed noise and drift
LEAST_GAIN = 0.05  # log of a gain, likewise
LEAK = 0.1  # of a change of activity that may appear in other components


def presence(patterns: np.ndarray, rng: np.random.Generator, n_null: int) -> float:
    """Return the p value of no common pattern ``(n_runs, n_neurons)``, by random signs of runs."""
    products = patterns @ patterns.T
    np.fill_diagonal(products, 0)
    signs = rng.choice([-1.0, 1.0], size=(n_null, len(products)))
    null = np.einsum("bi,ij,bj->b", signs, products, signs)
    # All turned, or none, is what was observed.
    reached = np.sum(null >= products.sum() * (1 - 1e-9))
    return float((1 + reached) / (1 + n_null))


def leak(runs: Runs, r: int) -> float:
    """Return the share of a component's length that may come from what other activity does.

    Time courses aren't exact, and neurons that saturate don't add up: a tenth of any other change
    may be taken for one of this component, the more the less its course differs from others.
    """
    change = runs.late - runs.early
    weights = runs.weights[:, r]
    length = np.sqrt(squared_length(runs.patterns[~runs.is_late, :, r]))
    others = change - np.outer(change @ weights, runs.courses[:, r])
    return float(LEAK * np.linalg.norm(others, 2) * np.linalg.norm(weights) / length)


def cleaned(runs: Runs, r: int, explained: Explained) -> np.ndarray:
    """Return one component's pattern in every run, less new activity."""
    patterns = np.array(runs.patterns[:, :, r])
    if explained.neurons.shape[1]:
        early, late = runs.early_patterns[:, r], runs.late_patterns[:, r]
        found = overlap(early, late, explained.neurons, robust=r in explained.free)
        patterns[runs.is_late] -= explained.neurons @ found[1:]
    return patterns


def rotation(
    patterns: np.ndarray,
    is_late: np.ndarray,
    drift: Drift,
    leaked: float,
    n_null: int,
    rng: np.random.Generator,
) -> float:
    """Return the p value of a direction that changed by 10 degrees or less.

    The null is that angle (or ``leaked``, if more), the noise of runs, and the drift of neurons.
    """
    lengths = [np.sqrt(squared_length(patterns[group])) for group in (~is_late, is_late)]
    units = patterns / np.where(is_late, lengths[1], lengths[0])[:, None]
    middle = units[is_late].mean(axis=0) + units[~is_late].mean(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-200)
    # What differs along the common direction is length.
    units = units - np.outer(units @ middle, middle)
    turned = difference(units, is_late)
    observed = float(np.linalg.norm(turned))
    least = max(2 * np.sin(np.deg2rad(LEAST_ANGLE) / 2), leaked)
    allowed = turned * min(1.0, least / max(observed, 1e-200))
    wandered = drift.draws(n_null, len(middle), rng) * middle
    wandered -= np.outer(wandered @ middle, middle)
    noise = run_weights(is_late, n_null, rng) @ deviations(units, is_late)
    null = np.linalg.norm(allowed + wandered + noise, axis=1)
    # Units of length 1: below rounding nothing is turned.
    return float((1 + np.sum(null >= observed * (1 - 1e-9) - ROUNDING)) / (1 + n_null))


def length_ratios(patterns: np.ndarray, is_late: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log late over early length and the cosine between both, with standard errors.

    A jackknife over runs.
    """
    variance = np.zeros(2)
    for group in (~is_late, is_late):
        runs = np.flatnonzero(group)
        each = np.array([_ratios(np.delete(patterns, i, 0), np.delete(is_late, i)) for i in runs])
        n = len(each)
        variance += (n - 1) / n * np.sum((each - each.mean(axis=0)) ** 2, axis=0)
    return _ratios(patterns, is_late), np.sqrt(np.maximum(variance, 1e-24))


def _ratios(patterns: np.ndarray, is_late: np.ndarray) -> np.ndarray:
    early, late = patterns[~is_late], patterns[is_late]
    squared = squared_length(early), squared_length(late)
    cosine = np.mean(early @ late.T) / (np.sqrt(squared[0]) * np.sqrt(squared[1]))
    return np.array([0.5 * np.log(squared[1] / squared[0]), cosine])


def common_gains(runs: Runs, explained: Explained) -> dict[int, tuple[float, float]]:
    """Return the log gain of each component that keeps its neurons, with its standard error.

    All gains of a run come from one regression on the early patterns with their time courses,
    less new neurons and the courses of components that rotate. Components with similar courses
    differ by their neurons, so that is more precise than lengths of patterns.
    """
    kept = [r for r in range(runs.courses.shape[1]) if r not in explained.free]
    if not kept:
        return {}
    apart = apart_from(runs.courses[:, list(explained.free)])
    others = np.eye(runs.means.shape[1]) - explained.neurons @ explained.neurons.T
    courses = apart @ runs.courses[:, kept]
    early, late = (runs.means[group] - runs.unexplained for group in (~runs.is_late, runs.is_late))
    patterns = runs.patterns[~runs.is_late][:, :, kept]
    before, after = [], []
    for i in range(len(early)):
        # No run is compared with itself.
        pattern = others @ np.delete(patterns, i, 0).mean(axis=0)
        before.append(gains_of(early[i : i + 1], pattern, courses)[0])
        after.append(gains_of(late, pattern, courses))
    return {
        r: _log_ratio(first, second)
        for r, first, second in zip(kept, np.transpose(before), np.mean(after, 0).T, strict=True)
    }


def _log_ratio(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    means = before.mean(), after.mean()
    if min(means) <= 0:
        return float("nan"), float("nan")
    variances = [x.var(ddof=1) / len(x) / x.mean() ** 2 for x in (before, after)]
    return float(np.log(means[1] / means[0])), float(np.sqrt(max(sum(variances), 1e-24)))
