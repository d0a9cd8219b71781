"""Kinds of noise that a series may have: white, slow, both, or a random walk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RHOS = (0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995)
SHARES = (0.1, 0.3, 0.6, 1.0)  # of the variance that is slow
STEPS = (0.001, 0.01, 0.1, 1.0)  # variance of a walk's step, in units of the white noise
WHITE_PRIOR = 0.25
# Of unit variance: a filter without any white noise has nothing to divide by.
LEAST_WHITE = 1e-9


@dataclass(frozen=True)
class NoiseKinds:
    """A grid of kinds, one entry each.

    Attributes
    ----------
    rho, share : (n_kinds,) arrays
        Autocorrelation of the slow part, and its share of the variance; 1 and NaN for walks.
    new, white, start : (n_kinds,) arrays
        Variances as `noise_filter` takes them.
    log_prior : (n_kinds,) array
    """

    rho: np.ndarray
    share: np.ndarray
    new: np.ndarray
    white: np.ndarray
    start: np.ndarray
    log_prior: np.ndarray

    @property
    def walks(self) -> np.ndarray:
        """Whether a kind never returns to its level."""
        return np.isnan(self.share)

    def autocorrelation(self, n: int) -> np.ndarray:
        """Return the correlation of successive trials, of ``n``."""
        return np.where(self.walks, 1.0, np.nan_to_num(self.share) * self.rho)

    def inflation(self, n: int) -> np.ndarray:
        """Return how many of ``n`` trials carry the information of one independent trial."""
        share = np.nan_to_num(self.share)
        returning = np.where(self.walks, 0.0, self.rho)
        slow = share * (1 + returning) / (1 - returning) + 1 - share
        return np.where(self.walks, float(n), np.minimum(slow, n))

    def wandering(self, n: int) -> np.ndarray:
        """Return the variance of the slow part over ``n`` trials."""
        return np.where(self.walks, self.new * n, self.start)


def noise_kinds() -> NoiseKinds:
    """Return the kinds; white noise, the first, has a quarter of the prior.

    Examples
    --------
    >>> kinds = noise_kinds()
    >>> len(kinds.rho), int(kinds.walks.sum()), float(np.exp(kinds.log_prior).sum().round(6))
    (34, 5, 1.0)
    """
    slow = [(rho, share) for rho in RHOS for share in SHARES]
    rho, share = np.array([(0.0, 0.0), *slow]).T
    new, white = share * (1 - rho**2), 1 - share + LEAST_WHITE
    # A walk starts at the level, and its variance grows with the trials.
    steps = np.array([*STEPS, 1.0])
    whites = np.array([*np.ones(len(STEPS)), LEAST_WHITE])
    n_walks = len(steps)
    n_slow = len(slow) + n_walks
    return NoiseKinds(
        np.append(rho, np.ones(n_walks)),
        np.append(share, np.full(n_walks, np.nan)),
        np.append(new, steps),
        np.append(white, whites),
        np.append(share, np.zeros(n_walks)),
        np.log([WHITE_PRIOR, *np.full(n_slow, (1 - WHITE_PRIOR) / n_slow)]),
    )
