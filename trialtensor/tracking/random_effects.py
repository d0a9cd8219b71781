"""A mean over animals and how much they differ: random effects, for few animals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import t as student


@dataclass(frozen=True)
class RandomEffects:
    """Mean over animals, NaN where there are too few to say.

    Attributes
    ----------
    mean, low, high : float
        With the interval of the mean.
    between_sd : float
        Between animals, beyond the uncertainty of each.
    new_low, new_high : float
        Interval for another animal.
    p_value : float
        Of a mean of zero.
    """

    mean: float
    low: float
    high: float
    between_sd: float
    new_low: float
    new_high: float
    p_value: float


def random_effects(estimates: np.ndarray, variances: np.ndarray, level: float) -> RandomEffects:
    """Summarise estimates of n animals.

    The between-animal variance is by REML; the interval of the mean has Knapp and Hartung's
    variance and n - 1 degrees of freedom, that for another animal n - 2 (Higgins et al. 2009).

    Parameters
    ----------
    estimates, variances : (n,) arrays
        Of each animal. The variance may be 0.
    level : float
        Of the intervals.

    Returns
    -------
    RandomEffects
    """
    nan, n = float("nan"), len(estimates)
    if n < 2:
        return RandomEffects(float(estimates[0]) if n else nan, nan, nan, nan, nan, nan, nan)
    unit = float(np.sqrt(np.var(estimates, ddof=1) + np.mean(variances)))
    if unit == 0:  # the same in all, without doubt
        value = float(estimates[0])
        return RandomEffects(value, value, value, 0.0, value, value, float(value == 0))
    y = estimates / unit
    # A variance of exactly 0 would take all weight.
    v = np.maximum(variances / unit**2, 1e-6)
    between = _reml(y, v)
    weights = 1 / (v + between)
    mean = float(weights @ y / weights.sum())
    error = float(np.sqrt(weights @ (y - mean) ** 2 / (n - 1) / weights.sum()))
    half = error * student.ppf((1 + level) / 2, n - 1)
    new = nan
    if n > 2:
        new = float(np.hypot(np.sqrt(between), error) * student.ppf((1 + level) / 2, n - 2))
    p_value = float(2 * student.sf(abs(mean) / error, n - 1)) if error else float(mean == 0)
    return RandomEffects(
        mean=mean * unit,
        low=(mean - half) * unit,
        high=(mean + half) * unit,
        between_sd=float(np.sqrt(between)) * unit,
        new_low=(mean - new) * unit,
        new_high=(mean + new) * unit,
        p_value=p_value,
    )


def _reml(y: np.ndarray, v: np.ndarray) -> float:
    """Return the between-animal variance with the highest restricted likelihood, 0 included."""

    def loss(between: float) -> float:
        weights = 1 / (v + between)
        mean = weights @ y / weights.sum()
        fit = weights @ (y - mean) ** 2 - np.log(weights).sum() + np.log(weights.sum())
        return float(fit)

    # Several minima are possible: the best of a grid, refined between its neighbours.
    grid = np.concatenate([[0.0], np.geomspace(1e-8, 1e2, 60)])
    i = int(np.argmin([loss(each) for each in grid]))
    bounds = (grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return float(found.x) if found.fun < loss(grid[i]) else float(grid[i])
