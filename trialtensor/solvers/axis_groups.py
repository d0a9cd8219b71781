"""The axes of a tensor in three groups, so that any number of them can be swept as three.

With its axes in a left and a right group the data is a matrix, and one product with the Khatri-Rao
rows of the right group serves every factor of the left one by small contractions (Phan, Tichavsky
& Cichocki 2013, "Fast alternating LS algorithms for high order CANDECOMP/PARAFAC tensor
factorizations"). Trials stay an axis of their own; the rest of the left group is in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from trialtensor.solvers.contraction import khatri_rao


@dataclass(frozen=True)
class AxisGroups:
    """Trials, the axes in the middle, and the last axes.

    Attributes
    ----------
    shape : tuple of int
        Of the tensor, trials first.
    n_left : int
        Number of axes before the last group, trials included.
    """

    shape: tuple[int, ...]
    n_left: int

    @classmethod
    def balanced(cls, shape: Sequence[int]) -> AxisGroups:
        """Split where both groups are as short as they can be, and with them all that is small.

        Parameters
        ----------
        shape : tuple of int

        Examples
        --------
        >>> AxisGroups.balanced((40, 30, 20, 50)).n_left
        2
        """
        return cls.by_balance(shape)[0]

    @classmethod
    def by_balance(cls, shape: Sequence[int]) -> list[AxisGroups]:
        """Return all splits, that with the shortest groups first.

        Parameters
        ----------
        shape : tuple of int
        """
        shape = tuple(shape)

        def rows(n_left: int) -> int:
            return math.prod(shape[:n_left]) + math.prod(shape[n_left:])

        return [cls(shape, n_left) for n_left in sorted(range(1, len(shape)), key=rows)]

    @property
    def middle(self) -> range:
        """Axes of the second group; none where trials are as many as all others together."""
        return range(1, self.n_left)

    @property
    def last(self) -> range:
        """Axes of the last group."""
        return range(self.n_left, len(self.shape))

    def of(self, mode: int) -> range:
        """Return the axes of a group.

        Parameters
        ----------
        mode : {0, 1, 2}
        """
        return (range(1), self.middle, self.last)[mode]

    def three_way(self, X: np.ndarray) -> np.ndarray:
        """Return the tensor with three axes, a view of it if it is contiguous.

        Parameters
        ----------
        X : array of ``shape``
        """
        return X.reshape(len(X), math.prod(X.shape[1 : self.n_left]), -1)

    def join(self, factors: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return three factors: that of the trials, and the Khatri-Rao products of the others.

        Parameters
        ----------
        factors : (n_axis, R) arrays
            One for each axis.
        """
        return factors[0], self.product(factors, 1), self.product(factors, 2)

    def product(self, factors: Sequence[np.ndarray], mode: int) -> np.ndarray:
        """Return the Khatri-Rao product of the factors of a group; a row of ones for no factor.

        Parameters
        ----------
        factors : (n_axis, R) arrays
            One for each axis of the tensor.
        mode : {0, 1, 2}
        """
        own = [factors[axis] for axis in self.of(mode)]
        return reduce(khatri_rao, own) if own else np.ones_like(factors[0][:1])


def rhs_of_axis(rhs: np.ndarray, factors: Sequence[np.ndarray], place: int) -> np.ndarray:
    """Contract the right-hand side of a group with the factors of all its axes but one.

    Parameters
    ----------
    rhs : (n_rows of the group, R) array
        In the order of the rows of the Khatri-Rao product of ``factors``.
    factors : (n_axis, R) arrays
        Of the axes of the group.
    place : int
        Which of them to keep.

    Returns
    -------
    (n_axis, R) array
    """
    before, after = factors[:place], factors[place + 1 :]
    n_before, rank = math.prod(map(len, before)), rhs.shape[1]
    found = rhs.reshape(n_before, len(factors[place]), -1, rank)
    found = np.einsum("inar,ar->inr", found, reduce(khatri_rao, after)) if after else found[:, :, 0]
    return np.einsum("inr,ir->nr", found, reduce(khatri_rao, before)) if before else found[0]


def grams_of_axis(grams: np.ndarray, factors: Sequence[np.ndarray], place: int) -> np.ndarray:
    """Contract the Gram matrices of a group with the factors of all its axes but one.

    Parameters
    ----------
    grams : (1 or n_rows of the group, R, R) array
        Shared by all rows of the group, or one for each.
    factors, place : as for `rhs_of_axis`

    Returns
    -------
    (1 or n_axis, R, R) array
    """
    if len(factors) == 1:
        return grams
    if len(grams) == 1:
        others = (f for i, f in enumerate(factors) if i != place)
        return reduce(np.multiply, (f.T @ f for f in others), grams)
    rank = grams.shape[-1]
    pairs = [(f[:, :, None] * f[:, None, :]).reshape(len(f), -1) for f in factors]
    return rhs_of_axis(grams.reshape(len(grams), -1), pairs, place).reshape(-1, rank, rank)
