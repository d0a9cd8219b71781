"""Neurons that drop out, appear or drift, each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats

from trialtensor.data import check_trial_tensor
from trialtensor.data.arrays import exponent_of, scaled
from trialtensor.models.parameters import check_share
from trialtensor.tracking.contrasts import holm

if TYPE_CHECKING:
    import pandas

N_BLOCKS = 10
N_FINE = 20  # blocks, for neurons that fall silent or appear at some trial
MIN_TRIALS = 20
PASSES = 3
COLUMNS = [
    *("neuron", "label", "kind", "trial", "before", "after"),
    *("size", "p_value", "p_adjusted"),
]
SILENT = 0.25  # of what it does at other times
DROPS_OUT, APPEARS, DRIFTS = "drops out", "appears", "drifts"
MOST_COURSES = 8
_SPREAD = 0.3  # of neurons' own gains, for their weights alone


def unstable_neurons(
    X: Any, *, mask: Any = None, alpha: float = 0.05, least: float = 0.1
) -> pandas.DataFrame:
    """List neurons whose activity changes by itself, unlike that of the other neurons.

    What each neuron would do on a trial is told from what the others do, along a few time courses
    that all share. So learning, arousal and whatever else neurons do together isn't instability.
    What is left is a gain of its own on every trial.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    mask : bool array of the same shape, optional
        False where missing.
    alpha : float
        Significance level, for all neurons together (Holm).
    least : float
        Change to report, in shares of a neuron's activity: standard deviation over the session,
        without that due to noise.

    Returns
    -------
    pandas.DataFrame
        One row per unstable neuron: ``neuron`` (its place), ``label``, ``kind`` ("drops out" or
        "appears" if it is almost silent on one side of a trial, else "drifts"), ``trial`` (the
        first after its largest change), ``before`` and ``after`` (mean activity relative to
        what the others tell), ``size`` (see ``least``), ``p_value`` and ``p_adjusted``.

    Raises
    ------
    ValueError
        For fewer than 20 trials, and parameters out of range.

    Notes
    -----
    Means of ten blocks of trials are compared with the differences between halves of blocks, so
    that noise may be correlated over a few trials.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rates = np.multiply.outer(np.ones(100), rng.gamma(2.0, size=(12, 10)))
    >>> rates[60:, 3] *= 0.02
    >>> unstable_neurons(np.sqrt(rng.poisson(rates)))[["neuron", "kind", "trial"]].to_numpy()
    array([[3, 'drops out', 60]], dtype=object)
    """
    check_share("alpha", alpha)
    if not np.isfinite(least) or least < 0:
        raise ValueError(f"least: expected a share of a neuron's activity, got {least!r}")
    checked = check_trial_tensor(X, mask=mask, many=True)
    values = np.asarray(checked.values, np.float64)
    if len(values) < MIN_TRIALS:
        raise ValueError(f"X: expected at least {MIN_TRIALS} trials, got {len(values)}")
    values = scaled(values, -exponent_of(values))
    seen = np.ones(values.shape, bool) if checked.observed is None else checked.observed
    # A neuron's activity at all times, and of all frequencies, is one profile.
    values, seen = (each.reshape(*each.shape[:2], -1) for each in (values, seen))
    values = np.where(seen, values, 0)
    telling = np.ones(values.shape[1], bool)
    for _ in range(PASSES):
        changes = _changes(own_courses(values, seen, telling))
        sudden = changes["p_adjusted"] <= alpha
        sudden &= changes["kind"] != DRIFTS
        if not (telling & sudden).any() or sudden.all():
            break
        # Those that fall silent say nothing of the others.
        telling &= ~sudden
    known = checked.coords.get("neuron")
    changes["label"] = changes["neuron"] if known is None else known[1]
    listed = (changes["p_adjusted"] <= alpha) & (changes["size"] >= least)
    return changes.loc[listed, COLUMNS].reset_index(drop=True)


def _changes(gains: np.ndarray) -> pandas.DataFrame:
    """Describe the largest change of every neuron's own gain, and test its slow variation."""
    import pandas

    found = [_largest_change(course) for course in gains.T]
    table = pandas.DataFrame(found, columns=["trial", "before", "after"])
    table["neuron"] = np.arange(len(table))
    table["kind"] = [_kind(before, after) for _, before, after in found]
    p_values, table["size"] = _slow_variation(gains, N_BLOCKS)
    # A sudden loss within a block makes its halves differ too; and is too large for slow noise.
    fine, _ = _slow_variation(gains, N_FINE)
    table["p_value"] = np.where(table["kind"] == DRIFTS, p_values, fine)
    adjusted = np.ones(len(table))
    known = np.isfinite(table["p_value"].to_numpy())
    adjusted[known] = holm(table["p_value"].to_numpy()[known])
    table["p_adjusted"] = adjusted
    return table


def own_courses(
    values: np.ndarray, seen: np.ndarray, telling: np.ndarray | None = None
) -> np.ndarray:
    """Return each neuron's activity relative to what the other neurons tell, (trials, neurons).

    Parameters
    ----------
    values : (n_trials, n_neurons, n_times) array
        Zero where missing.
    seen : bool array of the same shape
    telling : (n_neurons,) bool array, optional
        Which neurons tell of others; by default all.

    Returns
    -------
    (n_trials, n_neurons) array
        1 on average; NaN where nothing was recorded.
    """
    counts = seen.sum(axis=0)
    profiles = values.sum(axis=0) / np.maximum(counts, 1)
    rest = np.where(seen, values - profiles, 0)
    freedom = np.maximum(counts.sum(axis=1) - values.shape[2], 1)
    noise = (rest**2).sum(axis=(0, 2)) / freedom
    # A share of all neurons' noise: that of one is uncertain, and zero if it is silent.
    noise = 0.8 * noise + 0.2 * noise.mean() + 1e-12 * np.mean(profiles**2) + np.finfo(float).tiny
    courses = _shared_courses(profiles, noise, len(values))
    strength = profiles @ courses  # (n, q)
    power = np.maximum((strength**2).sum(axis=1), 1e-12 * (profiles**2).sum(axis=1).max())
    # Deviations along the shared courses; bins that are missing count as the neuron's mean.
    moved = rest @ courses
    # A neuron's own gain is noise here, so that strong neurons don't decide alone.
    weights = 1 / (noise + _SPREAD**2 * power)
    weights = weights if telling is None else np.where(telling, weights, 0)
    own = moved - _told_by_others(strength, moved, weights)
    relative = 1 + np.einsum("knq,nq->kn", own, strength) / np.where(power > 0, power, 1)
    recorded = seen.any(axis=2) & (power > 2 * noise / len(values))
    return np.where(recorded, relative, np.nan)


def _shared_courses(profiles: np.ndarray, noise: np.ndarray, n_trials: int) -> np.ndarray:
    """Return orthonormal time courses ``(T, q)`` of which mean activity consists."""
    scaled_profiles = profiles / np.sqrt(noise / n_trials)[:, None]
    # All neurons alike, or the courses would be those of the strongest.
    lengths = np.sqrt((scaled_profiles**2).sum(axis=1, keepdims=True))
    edge = np.sqrt(profiles.shape[0]) + np.sqrt(profiles.shape[1])
    clear = lengths[:, 0] > 2 * np.sqrt(profiles.shape[1])
    if not clear.any():
        return np.ones((profiles.shape[1], 1)) / np.sqrt(profiles.shape[1])
    alike = scaled_profiles[clear] / lengths[clear] * np.median(lengths[clear])
    _, sizes, courses = np.linalg.svd(alike, full_matrices=False)
    n_courses = min(int(np.sum(sizes > edge)), MOST_COURSES, len(profiles) // 5)
    return np.asarray(courses[: max(n_courses, 1)].T)


def _told_by_others(strength: np.ndarray, moved: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what all neurons but one tell of its deviations, (n_trials, n_neurons, q).

    Whatever components neurons have, if these change then the deviations of neurons are the same
    linear map of their strengths. It is fitted to each trial, and leaving out a neuron only takes
    its leverage.
    """
    weighted = weights[:, None] * strength
    products = weighted.T @ strength
    # Directions that nothing but this neuron tells of are told to stay as they are.
    ridge = max(1e-3 * float(np.trace(products)) / len(products), np.finfo(float).tiny)
    inverse = np.linalg.inv(products + ridge * np.eye(len(products)))
    maps = inverse @ (weighted.T @ moved)  # (k, q, q)
    leverage = np.einsum("nq,qp,np->n", weighted, inverse, strength)[:, None]
    return np.asarray((strength @ maps - leverage * moved) / (1 - leverage))


def _slow_variation(gains: np.ndarray, n_blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return p values of variation between blocks, and its standard deviation, by neuron."""
    halves = np.array(
        [
            [_mean(part) for part in np.array_split(block, 2)]
            for block in np.array_split(gains, min(n_blocks, len(gains) // 4))
        ]
    )  # (blocks, 2, neurons)
    complete = np.isfinite(halves).all(axis=1)
    counts = complete.sum(axis=0)
    means = np.where(complete, halves.mean(axis=1), np.nan)
    within = np.where(complete, (halves[:, 0] - halves[:, 1]) ** 2 / 4, 0).sum(axis=0)
    within = within / np.maximum(counts, 1)
    centred = np.where(complete, means - _mean(means), 0)
    between = (centred**2).sum(axis=0) / np.maximum(counts - 1, 1)
    usable = (counts >= 4) & (between > 1e-24)
    ratio = between / np.where(within > 0, within, 1e-300)
    p_values = scipy.stats.f.sf(ratio, np.maximum(counts - 1, 1), np.maximum(counts, 1))
    sizes = np.sqrt(np.maximum(between - within, 0))
    return np.where(usable, p_values, np.nan), np.where(usable, sizes, 0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return means over trials without missing ones; NaN without any."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def _largest_change(course: np.ndarray) -> tuple[int, float, float]:
    """Return the trial that splits a course best, and its means before and from there."""
    trials = np.flatnonzero(np.isfinite(course))
    known = course[trials]
    if len(known) < MIN_TRIALS:
        return 0, np.nan, np.nan
    first = np.arange(2, len(known) - 1)
    sums = np.cumsum(known)
    before, after = sums[first - 1] / first, (sums[-1] - sums[first - 1]) / (len(known) - first)
    explained = first * (len(known) - first) * (before - after) ** 2
    best = int(np.argmax(explained))
    return int(trials[first[best]]), float(before[best]), float(after[best])


def _kind(before: float, after: float) -> str:
    if abs(after) <= SILENT * abs(before):
        return DROPS_OUT
    return APPEARS if abs(before) <= SILENT * abs(after) else DRIFTS
