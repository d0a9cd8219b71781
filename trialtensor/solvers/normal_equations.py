"""Gram matrices of the row problems of a CP model, for complete data or a 2-D missing pattern."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import mul

import numpy as np

from trialtensor.solvers.passes.seen import Seen


def full_gram(factors: tuple[np.ndarray, ...] | list[np.ndarray], mode: int) -> np.ndarray:
    """Return the Gram matrix that all rows of factor ``mode`` share when nothing is missing.

    Parameters
    ----------
    factors : (n_axis, R) arrays
    mode : int

    Returns
    -------
    (1, R, R) array
    """
    return reduce(mul, (f.T @ f for i, f in enumerate(factors) if i != mode))[None]


@dataclass(frozen=True)
class Pattern:
    """A missing pattern that is constant along one axis.

    Attributes
    ----------
    observed : (n_first, n_second) float array
        1 where observed, over the two axes other than ``free_axis``, in axis order.
    free_axis : {0, 1, 2}
        The axis along which the pattern is constant: 2 for cells tracked on some trials only,
        1 for trials of different length.
    """

    observed: np.ndarray
    free_axis: int

    @property
    def axes(self) -> tuple[int, int]:
        """The two axes along which the pattern varies."""
        first, second = (i for i in range(3) if i != self.free_axis)
        return first, second

    def as_mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the pattern as a read-only 3-D mask, a view that takes no memory.

        Parameters
        ----------
        shape : (n_trials, n_neurons, n_times)
        """
        flat = np.expand_dims(self.observed.astype(bool), self.free_axis)
        return np.broadcast_to(flat, shape)

    def gram(self, factors: tuple[np.ndarray, ...] | list[np.ndarray], mode: int) -> np.ndarray:
        """Compute the exact Gram matrices of factor ``mode``: (n_rows, R, R) or, shared, (1, R, R).

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        mode : {0, 1, 2}
        """
        first, second = self.axes
        rank = factors[0].shape[1]
        if mode == self.free_axis:
            seen = self._outer_sum(self.observed, factors[second])
            gram = np.einsum("ir,is,irs->rs", factors[first], factors[first], seen)
            return gram[None]
        other, observed = (second, self.observed) if mode == first else (first, self.observed.T)
        free = factors[self.free_axis]
        return self._outer_sum(observed, factors[other]) * (free.T @ free).reshape(1, rank, rank)

    @staticmethod
    def _outer_sum(observed: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Compute ``S[i] = sum_j observed[i, j] f_j f_j'`` for all rows with one product."""
        rank = factor.shape[1]
        outer = (factor[:, :, None] * factor[:, None, :]).reshape(-1, rank * rank)
        return (observed @ outer).reshape(-1, rank, rank)


def find_pattern(observed: np.ndarray | Seen) -> Pattern | None:
    """Find the 2-D pattern behind a 3-D mask; return None if the mask varies along all three axes.

    Parameters
    ----------
    observed : (n_trials, n_neurons, n_times) bool array or Seen

    Returns
    -------
    Pattern or None
        Trial x neuron is tried first, then trial x time, then neuron x time.
    """
    if isinstance(observed, Seen):
        constant = observed.constant_along()
        return None if constant is None else Pattern(constant[0].astype(float), constant[1])
    for axis in (2, 1, 0):
        first = observed.take([0], axis=axis)
        if np.array_equal(np.broadcast_to(first, observed.shape), observed):
            return Pattern(first.squeeze(axis).astype(float), axis)
    return None


def quadratic(grams: np.ndarray, factor: np.ndarray) -> float:
    """Compute ``sum_i f_i' H_i f_i``, the squared norm of the model over the observed entries.

    Parameters
    ----------
    grams : (1 or n, R, R) array
    factor : (n, R) array
    """
    factor = factor.astype(np.float64, copy=False)
    if grams.shape[0] == 1:
        return float(np.sum(grams[0].astype(np.float64, copy=False) * (factor.T @ factor)))
    return float(np.einsum("ir,irs,is->", factor, grams.astype(np.float64, copy=False), factor))
