"""A mean over animals whose own posteriors are far from normal: exact, on a grid."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from trialtensor.tracking.random_effects import RandomEffects

N_MEANS, N_SPREADS = 300, 40
FINEST = 1 / 16  # of a bin: a smaller spread can't be told from none
KEPT = 1e-4  # of the highest density


def binned_effects(
    edges: np.ndarray,
    likelihoods: np.ndarray,
    level: float,
    own: float,
    bounds: tuple[float, float],
) -> tuple[RandomEffects, np.ndarray]:
    """Summarise n animals, each known by the likelihood of every bin of a scale.

    Animals are normal about a mean. All means within the bounds are as likely beforehand. Standard
    deviations are, as long as they are smaller than each animal's own uncertainty, and their
    logarithms beyond, which gives Student's interval if animals are known exactly. What lies below
    the first edge or above the last one can't be told apart.

    Parameters
    ----------
    edges : (n_bins - 1,) array
        Between bins, ascending; the first and last bin have no outer edge.
    likelihoods : (n, n_bins) array
    level : float
        Of the intervals.
    own : float
        Typical standard deviation of one animal's own uncertainty.
    bounds : tuple of float
        Of the mean.

    Returns
    -------
    effects : RandomEffects
        Posterior medians, with intervals between quantiles; no p value.
    another : (n_bins,) array
        Probability of each bin for another animal.
    """
    width = float(np.min(np.diff(edges)))
    low, high = bounds
    own, whole = max(own, width / 12**0.5), high - low
    for _ in range(2):  # the whole scale, then where the mean may be
        means = np.linspace(low, high, N_MEANS)
        finest = max(FINEST * width, (means[1] - means[0]) / 2)
        spreads = np.geomspace(finest, max(whole, 2 * finest), N_SPREADS)
        density = _posterior(edges, likelihoods, means, spreads, own)
        of_mean = density.sum(axis=1)
        kept = np.flatnonzero(of_mean > KEPT * of_mean.max())
        low, high = means[max(kept[0] - 1, 0)], means[min(kept[-1] + 1, N_MEANS - 1)]
    tails = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
    middle, least, most = np.interp(tails, _cumulative(of_mean), means)
    between = np.interp(0.5, _cumulative(density.sum(axis=0)), spreads)
    new_low, new_high = _another(density, means, spreads, tails[1:])
    found = RandomEffects(
        mean=float(middle),
        low=float(least),
        high=float(most),
        between_sd=float(between),
        new_low=new_low,
        new_high=new_high,
        p_value=float("nan"),
    )
    return found, _bins(density, means, spreads, edges)


def _posterior(
    edges: np.ndarray,
    likelihoods: np.ndarray,
    means: np.ndarray,
    spreads: np.ndarray,
    own: float,
) -> np.ndarray:
    """Return the posterior of each mean and standard deviation, ``(n_means, n_spreads)``."""
    scaled = likelihoods / likelihoods.max(axis=1, keepdims=True)
    rises = np.diff(scaled, axis=1).T
    logs = np.empty((len(means), len(spreads)))
    for s, spread in enumerate(spreads):
        # Summed by parts: the share of animals above each edge, by how the likelihood rises there.
        above = ndtr((means[:, None] - edges[None, :]) / spread)
        logs[:, s] = np.log(np.maximum(scaled[:, 0] + above @ rises, 1e-300)).sum(axis=1)
    # The prior, times the spread itself since its grid is logarithmic.
    logs += np.log(spreads / (own + spreads))
    density = np.exp(logs - logs.max())
    return np.asarray(density / density.sum())


def _bins(
    density: np.ndarray, means: np.ndarray, spreads: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Return the probability of each bin for another animal."""
    above = sum(
        of_means @ ndtr((means[:, None] - edges[None, :]) / spread)
        for of_means, spread in zip(density.T, spreads, strict=True)
    )
    return -np.diff(np.concatenate([[1.0], np.asarray(above), [0.0]]))


def _cumulative(masses: np.ndarray) -> np.ndarray:
    """Return the distribution function at the middle of each cell."""
    return np.asarray((np.cumsum(masses) - masses / 2) / masses.sum())


def _another(
    density: np.ndarray, means: np.ndarray, spreads: np.ndarray, tails: np.ndarray
) -> tuple[float, float]:
    """Return quantiles of another animal."""
    reach = 4 * spreads[-1]
    low, high = means[0] - reach, means[-1] + reach
    for _ in range(40):  # bisection of both at once
        middle = (np.full(2, low) + high) / 2
        share = [
            float((density * ndtr((at - means[:, None]) / spreads[None, :])).sum()) for at in middle
        ]
        below = np.array(share) < tails
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return float(low[0]), float(high[1])
