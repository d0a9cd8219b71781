"""Differences between blocks of trials: baseline, adaptation, washout."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.signal
import scipy.special
import scipy.stats

from trialtensor.data.arrays import as_floats
from trialtensor.data.per_entry import own_index
from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_share
from trialtensor.tracking.memory import KINDS, Blocks, TrialNoise, trial_noise
from trialtensor.tracking.series import check_labels, check_one_series, in_own_unit

if TYPE_CHECKING:
    import pandas

MIN_TRIALS = 5  # of a block
ROUNDING = 1e-14  # of series of unit size
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False, repr=False)
class BlockContrasts(OneLine):
    """Means of blocks and their differences.

    Attributes
    ----------
    blocks : pandas.DataFrame
        One row per block, in order of their first trials: ``block``, ``n_trials``, ``mean``,
        ``low``, ``high``.
    contrasts : pandas.DataFrame
        One row per pair: ``block``, ``minus``, ``difference``, ``low``, ``high``, ``p_value``
        and ``p_adjusted`` (Holm's, for all pairs).
    level : float
        Of the intervals.
    n_effective : float
        Effective number of independent trials.
    """

    blocks: pandas.DataFrame
    contrasts: pandas.DataFrame
    level: float
    n_effective: float


def block_contrasts(values: Any, labels: Any, *, level: float = 0.9) -> BlockContrasts:
    """Compare the means of blocks of trials.

    Successive trials aren't independent draws: the variance of every difference is that of its
    weights on the trials under noise that may be slow, estimated from the variation within blocks.
    Any change within a block counts as noise. Labels that alternate, such as directions, are
    compared in the same way.

    Parameters
    ----------
    values : (n_trials,) array
        NaN is missing.
    labels : (n_trials,) array
        The block of each trial; None, NaN or empty text for no block.
    level : float
        Of the intervals.

    Returns
    -------
    BlockContrasts

    Raises
    ------
    ValueError
        For fewer than two blocks, a block with fewer than 5 trials with a value, or fewer than 20
        trials in all.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(["baseline", "adaptation"], 40)
    >>> values = np.repeat([0.0, 1.0], 40) + 0.5 * rng.normal(size=80)
    >>> found = block_contrasts(values, labels).contrasts
    >>> found[["block", "minus"]].values.tolist(), bool(found["p_value"][0] < 0.001)
    ([['adaptation', 'baseline']], True)
    """
    import pandas

    y = check_one_series(values, "values", 20)
    check_share("level", level)
    names, codes = check_labels(labels, len(y), along=own_index(values, "trial", "values"))
    codes = np.where(np.isfinite(y), codes, -1)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    if len(names) < 2:
        raise ValueError(f"labels: expected at least 2 blocks to compare, got {len(names)}")
    if counts.min() < MIN_TRIALS:
        few = names[int(np.argmin(counts))]
        raise ValueError(
            f"labels: expected at least {MIN_TRIALS} trials with a value in each block, got "
            f"{counts.min()} in {few!r}"
        )
    weights = np.array([(codes == b) / counts[b] for b in range(len(names))])
    y, unit = in_own_unit(y)
    means = weights @ np.nan_to_num(y)
    noise = trial_noise(y, Blocks(tuple(codes.tolist())))
    n_effective = float(counts.sum() / noise.inflation)
    degrees = max(n_effective - len(names), 1.0)
    quantile = scipy.stats.t.ppf((1 + level) / 2, degrees)
    blocks = []
    for name, n, mean, weight in zip(names, counts, means, weights, strict=True):
        half = quantile * np.sqrt(_variance(weight, noise))
        ends = unit.levels(np.array([mean, mean - half, mean + half]))
        blocks.append((name, int(n), *ends.tolist()))
    contrasts = []
    for a, b in itertools.combinations(range(len(names)), 2):
        error = np.sqrt(_variance(weights[b] - weights[a], noise))
        difference = means[b] - means[a]
        half = quantile * error
        ends = unit.sizes(np.array([difference, difference - half, difference + half]))
        p = _p_value(difference, error, degrees, (counts[a], counts[b]))
        contrasts.append((names[b], names[a], *ends.tolist(), p))
    table = pandas.DataFrame(
        contrasts, columns=["block", "minus", "difference", "low", "high", "p_value"]
    )
    table["p_adjusted"] = holm(table["p_value"].to_numpy())
    return BlockContrasts(
        pandas.DataFrame(blocks, columns=["block", "n_trials", "mean", "low", "high"]),
        table,
        level,
        n_effective,
    )


def _p_value(difference: float, error: float, degrees: float, counts: tuple[int, int]) -> float:
    """Return the p value of a difference; 1 for constants, and never 0.

    Blocks that differ and don't vary leave nothing to estimate noise from. Then it is the share of
    orders of their trials that set them as far apart.
    """
    if abs(difference) <= ROUNDING:
        return 1.0
    if error > 0:
        return float(max(2 * scipy.stats.t.sf(abs(difference) / error, degrees), TINY))
    ways = 2.0 if counts[0] == counts[1] else 1.0
    return float(max(ways / scipy.special.comb(sum(counts), min(counts)), TINY))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p values for their number (Holm 1979); NaN stays and doesn't count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    p = as_floats(p_values, "p_values")
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted


def _variance(weight: np.ndarray, noise: TrialNoise) -> float:
    """Return the variance of a weighted sum of trials."""
    overlap = scipy.signal.correlate(weight, weight)[len(weight) - 1 :]
    lags = np.arange(1, len(weight))
    total = 0.0
    for share_of_kind, variance, (memory, share) in zip(
        noise.weights, noise.variances, KINDS, strict=True
    ):
        correlated = 2 * share * np.sum(memory**lags * overlap[1:])
        total += share_of_kind * variance * (overlap[0] + correlated)
    return max(float(total), 0.0)
