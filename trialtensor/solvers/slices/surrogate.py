"""What data is within some directions of each axis, in place of the data, for any sweeps.

The data minus what lies outside of the directions on all three axes is itself a SliceTCA model,
with many components. Products with it are small ones, and those with loadings inside of the
directions are exactly those of the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Triple,
    along,
    as_rows,
    as_triple,
    onto,
)
from trialtensor.solvers.slices.space import Space, mixed


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Data within the directions of a space.

    Attributes
    ----------
    bases : three (n_axis, m) arrays
        In the precision of the data.
    parts : three (m, n_b, n_c) arrays
        The slices of each basis: those of trials hold all that they can.
    """

    bases: Triple
    parts: Triple

    @classmethod
    def of(cls, space: Space, dtype: np.dtype) -> Surrogate:
        """Take what a space holds of the data.

        Parameters
        ----------
        space : Space
        dtype : numpy.dtype
            Of the data.
        """
        bases = as_triple([basis.astype(dtype, copy=False) for basis in space.bases])
        trial, neuron, time = (as_numpy(each) for each in space.sums)
        neuron = neuron - onto(neuron, 1, 0, bases[0])
        time = time - onto(time, 2, 0, bases[0])
        time -= onto(time, 2, 1, bases[1])
        return cls(bases, (trial, neuron, time))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_trials, n_neurons, n_times)."""
        trial, neuron, time = (len(basis) for basis in self.bases)
        return trial, neuron, time

    @property
    def size(self) -> int:
        """Number of entries of the data."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """Of the data."""
        return self.bases[0].dtype

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Compute weighted sums along ``axis``, (R, n_b, n_c).

        Parameters
        ----------
        axis : {0, 1, 2}
        loadings : (n_axis, R) array
        """
        total = mixed(self.parts[axis], self.bases[axis].T @ loadings)
        for place, other in enumerate(OTHERS[axis]):
            basis = self.bases[other]
            inner = along(self.parts[other], other, axis, loadings)
            # To (R, m, n_third).
            first = OTHERS[other].index(axis) == 0
            inner = inner.transpose(1, 0, 2) if first else inner.transpose(2, 0, 1)
            if place == 0:
                total += np.matmul(basis, inner)
            else:
                total += np.matmul(inner.swapaxes(1, 2), basis.T)
        return total

    def correlate(self, axis: int, slices: np.ndarray) -> np.ndarray:
        """Compute the inner products of all slices along ``axis`` with others, (n_axis, R).

        Parameters
        ----------
        axis : {0, 1, 2}
        slices : (R, n_b, n_c) array
        """
        total = self.bases[axis] @ (as_rows(self.parts[axis]) @ as_rows(slices).T)
        for place, other in enumerate(OTHERS[axis]):
            inner = along(slices, axis, other, self.bases[other])
            # (m, R, n_third) against (m, n_axis, n_third).
            inner = inner.transpose(1, 0, 2) if place == 0 else inner.transpose(2, 0, 1)
            part = self.parts[other]
            part = part if OTHERS[other].index(axis) == 0 else part.swapaxes(1, 2)
            total += np.matmul(part, inner.swapaxes(1, 2)).sum(axis=0)
        return total
