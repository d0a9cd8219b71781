"""Mixtures of Student's t distributions: what is known once noise has been averaged over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special

HALVINGS = 40
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Several quantities, each a mixture of the same number of t distributions.

    Attributes
    ----------
    weights : (n_parts,) array
        They add up to 1.
    middles, widths : (n_quantities, n_parts) arrays
        A width of 0 is a quantity that is known exactly.
    degrees : (n_parts,) array
        Of freedom.
    """

    weights: np.ndarray
    middles: np.ndarray
    widths: np.ndarray
    degrees: np.ndarray

    def of(self, which: slice) -> Mixtures:
        """Return some of the quantities."""
        return Mixtures(self.weights, self.middles[which], self.widths[which], self.degrees)

    def summary(self, level: float) -> np.ndarray:
        """Return mean and interval of each quantity, ``(n_quantities, 3)``."""
        ends = [self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)]
        return np.stack([self.mean(), *ends], axis=1)

    def mean(self) -> np.ndarray:
        """Return the mean of each quantity, ``(n_quantities,)``."""
        return self.middles @ self.weights

    def below(self, values: np.ndarray) -> np.ndarray:
        """Return the probability that each quantity is below its value, ``(n_quantities,)``."""
        distances = (values[:, None] - self.middles) / np.maximum(self.widths, TINY)
        return np.asarray(scipy.special.stdtr(self.degrees, distances) @ self.weights)

    def quantile(self, probability: float) -> np.ndarray:
        """Return a quantile of each quantity, ``(n_quantities,)``.

        It lies between those of the parts.
        """
        each = self.middles + self.widths * scipy.special.stdtrit(self.degrees, probability)
        low, high = each.min(axis=1), each.max(axis=1)
        for _ in range(HALVINGS):
            middle = low + (high - low) / 2
            less = self.below(middle) < probability
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        return low + (high - low) / 2

    def p_values(self) -> np.ndarray:
        """Return twice the smaller of the probabilities on either side of 0, and never 0."""
        zero = np.zeros(len(self.middles))
        turned = Mixtures(self.weights, -self.middles, self.widths, self.degrees)
        return np.clip(2 * np.minimum(self.below(zero), turned.below(zero)), TINY, 1.0)
