"""Gains, rotations and new activity, told apart together."""

from __future__ import annotations

import numpy as np
import scipy.stats

from trialtensor.tracking.pattern_drift import Drift, neuron_drift
from trialtensor.tracking.pattern_new import Explained, explain, new_patterns
from trialtensor.tracking.pattern_runs import Runs, squared_length
from trialtensor.tracking.pattern_tests import (
    LEAST_GAIN,
    cleaned,
    common_gains,
    leak,
    length_ratios,
    presence,
    rotation,
)


def explained_changes(
    runs: Runs, alpha: float, level: float, n_null: int, rng: np.random.Generator
) -> tuple[list[dict[str, float]], float, Explained, Drift]:
    """Compare early and late patterns of all components, and look for new activity.

    Returns
    -------
    rows : list of dict
        Of each component: p values of presence; gain, angle, their intervals and p values if it is
        there early and late, else ``share``, the smaller squared length over the larger.
    new_p : float
    explained : Explained
        New activity, beside components of which some rotate.
    drift : Drift
    """
    rows = [_presence(pattern, runs.is_late, n_null, rng) for pattern in runs.patterns.T]
    there = [max(row.values()) <= alpha for row in rows]
    drift = neuron_drift(runs, there)
    # As strict as with all tests: what is set aside by mistake may be half of a rotation.
    limit = max(alpha / (2 * len(rows) + 1), 1 / (1 + n_null))
    new_p, neurons = new_patterns(runs, drift, limit, alpha, n_null, rng)
    turned, explained = _rotations(runs, drift, there, neurons, limit, n_null, rng)
    gains = common_gains(runs, explained)
    for r, row in enumerate(rows):
        if there[r]:
            pattern = cleaned(runs, r, explained)
            row |= _sizes(pattern, runs, drift, gains.get(r), leak(runs, r), level)
            row["rotation_p"] = turned[r]
        else:
            early, late = (squared_length(runs.patterns[group, :, r])
                           for group in (~runs.is_late, runs.is_late))  # fmt: skip
            row["share"] = min(early, late) / max(early, late)
    return rows, new_p, explained, drift


def _presence(
    pattern: np.ndarray, is_late: np.ndarray, n_null: int, rng: np.random.Generator
) -> dict[str, float]:
    """Test whether a pattern ``(n_neurons, n_runs)`` is there early and late."""
    return {
        "early_p": presence(pattern.T[~is_late], rng, n_null),
        "late_p": presence(pattern.T[is_late], rng, n_null),
    }


def _rotations(
    runs: Runs,
    drift: Drift,
    there: list[bool],
    new: np.ndarray,
    limit: float,
    n_null: int,
    rng: np.random.Generator,
) -> tuple[dict[int, float], Explained]:
    """Return the p value of every component's rotation, and late activity explained with these.

    What rotates and what is new overlap, so components are set free to rotate one after the other:
    of those that turn, the one that leaves least unexplained.
    """

    def p_value(r: int, explained: Explained) -> float:
        pattern = cleaned(runs, r, explained)
        return rotation(pattern, runs.is_late, drift, leak(runs, r), n_null, rng)

    free = tuple(r for r, is_there in enumerate(there) if not is_there)
    absent, found = free, {}
    while True:
        tried = {r: explain(runs, (*free, r), new) for r in range(len(there)) if r not in free}
        found = {r: p_value(r, each) for r, each in tried.items()}
        turning = [r for r, p in found.items() if p <= limit]
        if not turning:
            break
        free = (*free, min(turning, key=lambda r: tried[r].left))
    explained = explain(runs, free, new)
    return found | {r: p_value(r, explained) for r in free if r not in absent}, explained


def _sizes(
    pattern: np.ndarray,
    runs: Runs,
    drift: Drift,
    common: tuple[float, float] | None,
    leaked: float,
    level: float,
) -> dict[str, float]:
    """Return the gain and angle of one component, each with its interval, and the gain's test."""
    (ratio, cosine), spread = length_ratios(pattern, runs.is_late)
    log_gain, error = (ratio, spread[0]) if common is None or np.isnan(common[0]) else common
    middle = pattern.mean(axis=0) / max(float(np.linalg.norm(pattern.mean(axis=0))), 1e-200)
    error = np.hypot(error, drift.sd * np.sqrt(np.sum(middle**4)))
    t = scipy.stats.t(len(pattern) - 2)
    quantile = t.ppf((1 + level) / 2)
    half, half_cosine = quantile * error, quantile * spread[1]
    cosines = np.clip([cosine, cosine + half_cosine, cosine - half_cosine], -1, 1)
    angle, angle_low, angle_high = np.rad2deg(np.arccos(cosines))
    least = LEAST_GAIN + leaked / 2
    p = t.sf((abs(log_gain) - least) / error) + t.sf((abs(log_gain) + least) / error)
    return {
        "gain": float(np.exp(log_gain)),
        "gain_low": float(np.exp(log_gain - half)),
        "gain_high": float(np.exp(log_gain + half)),
        "gain_p": float(np.clip(p, np.finfo(float).tiny, 1)),
        "angle_deg": float(angle),
        "angle_low": float(angle_low),
        "angle_high": float(angle_high),
    }
