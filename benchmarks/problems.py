"""The data used for all timings: 400 x 200 x 100, eight collinear components.

The noise is as strong as the signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trialtensor.data import make_tca

SHAPE = (400, 200, 100)
RANK = 8
COLLINEARITY = 0.9
OBSERVED = 0.44

Factors = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Problem:
    """A tensor to decompose.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
        NaN where missing.
    mask : bool array or None
        True where observed.
    nonnegative : bool
    """

    X: np.ndarray
    mask: np.ndarray | None = None
    nonnegative: bool = False

    @cached_property
    def filled(self) -> np.ndarray:
        """The data with zeros where missing, as peers expect it."""
        return self.X if self.mask is None else np.nan_to_num(self.X)

    @cached_property
    def weights(self) -> np.ndarray | None:
        """The mask as numbers: tensortools is faster with these than with bools."""
        return None if self.mask is None else self.mask.astype(float)

    def loss(self, factors: Factors) -> float:
        """Compute the sum of squared errors over the observed entries, a few trials at a time.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        """
        trial, neuron, time = factors
        total = 0.0
        for first in range(0, len(trial), 20):
            part = slice(first, first + 20)
            pairs = (trial[part, None, :] * neuron).reshape(-1, time.shape[1])
            error = self.filled[part].reshape(-1, len(time)) - pairs @ time.T
            if self.mask is not None:
                error *= self.mask[part].reshape(error.shape)
            total += float(np.vdot(error, error))
        return total


def collinear(shape: tuple[int, int, int] = SHAPE, rank: int = RANK) -> Problem:
    """Make complete data with factors of any sign."""
    data = make_tca(*shape, rank, collinearity=COLLINEARITY, snr=1.0, random_state=0)
    return Problem(data.X)


def counts(shape: tuple[int, int, int] = SHAPE, rank: int = RANK) -> Problem:
    """Make spike counts from non-negative rates, with Poisson noise as strong as the signal."""
    data = make_tca(
        *shape, rank, nonnegative=True, collinearity=COLLINEARITY, snr=np.inf, random_state=0
    )
    # The power of Poisson noise is the sum of the rates.
    rates = data.signal * (data.signal.sum() / np.sum(data.signal**2))
    return Problem(np.random.default_rng(1).poisson(rates).astype(float), nonnegative=True)


def tracked(shape: tuple[int, int, int] = SHAPE, rank: int = RANK) -> Problem:
    """Make data of cells that are seen in only some of ten sessions."""
    data = make_tca(
        *shape,
        rank,
        collinearity=COLLINEARITY,
        snr=1.0,
        missing="tracked",
        missing_fraction=1 - OBSERVED,
        random_state=0,
    )
    return Problem(data.X, data.mask)
