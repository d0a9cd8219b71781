"""Some directions of each axis, and the data contracted with them.

Contractions are linear, so whatever lies within the directions needs no pass over the data. Arrays
of the size of slices stay where the passes leave them; all others are small NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.namespaces import as_numpy, in_double, like, namespace
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.slices.contraction import OTHERS, Triple, along, as_triple, onto
from trialtensor.solvers.slices.inside import Inside
from trialtensor.solvers.unfolding import new_directions

# Entries of a temporary in double precision: in memory, and elsewhere.
_PIECE, _LARGE_PIECE = 2_000_000, 50_000_000


@dataclass(frozen=True, eq=False)
class Space:
    """Directions of each axis and their products with the data.

    Attributes
    ----------
    bases : three (n_axis, m) arrays
        With orthonormal columns, in float64.
    sums : three (m, n_b, n_c) arrays
        The data contracted with each basis, in the library of the passes.
    grams : three (m, m) arrays
        Gram matrices of the data along each axis, in coordinates of the bases.
    images : three (n_axis, m) arrays
        The whole Gram matrix times the basis; for trials, times ``trials``.
    trials : (n_trials, q) array
        Orthonormal. The image of trials takes two passes, so it's known of earlier directions only.
    """

    bases: Triple
    sums: tuple[Any, Any, Any]
    grams: Triple
    images: Triple
    trials: np.ndarray

    @classmethod
    def empty(cls, X: Passes) -> Space:
        """Return the space without any direction.

        Parameters
        ----------
        X : Passes
        """
        none = [np.zeros((n, 0)) for n in X.shape]
        sums = [np.zeros((0, *(X.shape[b] for b in OTHERS[axis])), X.dtype) for axis in range(3)]
        grams = as_triple([np.zeros((0, 0))] * 3)
        return cls(as_triple(none), as_triple(sums), grams, as_triple(none), none[0])

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Number of directions of each axis."""
        trial, neuron, time = (basis.shape[1] for basis in self.bases)
        return trial, neuron, time

    def extended(self, X: Passes, directions: Sequence[np.ndarray], trials: np.ndarray) -> Space:
        """Return the space with more directions, in one pass over the data.

        Parameters
        ----------
        X : Passes
        directions : three (n_axis, p) arrays
            In float64.
        trials : (m, q) array
            Orthonormal coordinates of the trial directions whose image is to be known.
        """
        new = self.outside(directions)
        found = X.reach(new, as_numpy(mixed(self.sums[0], trials)))
        images = as_triple([as_numpy(each).astype(np.float64) for each in found[1:]])
        return self.joined(new, found.sums, images, self.bases[0] @ trials)

    def outside(self, directions: Sequence[np.ndarray]) -> Triple:
        """Return orthonormal directions outside of those of the space.

        Parameters
        ----------
        directions : three (n_axis, p) arrays
        """
        pairs = zip(directions, self.bases, strict=True)
        return as_triple([new_directions(each, basis) for each, basis in pairs])

    def joined(
        self, new: Triple, found: tuple[Any, Any, Any], images: Triple, trials: np.ndarray
    ) -> Space:
        """Return the space with what a pass found of more directions.

        Parameters
        ----------
        new : three (n_axis, p) arrays
            From `outside`.
        found : three (p, n_b, n_c) arrays
            The data contracted with them.
        images : three (n_axis, p) arrays
            The Gram matrices times them; for trials, times ``trials``.
        trials : (n_trials, q) array
        """
        bases, sums, grams = [], [], []
        for axis, more in enumerate(found):
            old, basis = self.sums[axis], self.bases[axis]
            grams.append(_extended_gram(self.grams[axis], old, more))
            sums.append(namespace(more).concat([old, more]) if basis.shape[1] else more)
            bases.append(np.concatenate([basis, new[axis]], axis=1))
        neuron, time = (
            np.concatenate([self.images[axis], images[axis]], axis=1) for axis in (1, 2)
        )
        known = images[0], neuron, time
        return Space(as_triple(bases), as_triple(sums), as_triple(grams), known, trials)

    def image(self, axis: int, coords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return loadings and the Gram matrix times them; of trials, what is known of them.

        Parameters
        ----------
        axis : int
        coords : (m, R) array
        """
        if axis == 0:
            coords = self.trials.T @ (self.bases[0] @ coords)
            return self.trials @ coords, self.images[0] @ coords
        return self.bases[axis] @ coords, self.images[axis] @ coords

    def turned(self, turns: Sequence[np.ndarray]) -> Space:
        """Return the space that some combinations of the directions span.

        Parameters
        ----------
        turns : three (m, m_new) arrays
            With orthonormal columns.
        """
        bases = [basis @ turn for basis, turn in zip(self.bases, turns, strict=True)]
        grams = [turn.T @ gram @ turn for gram, turn in zip(self.grams, turns, strict=True)]
        sums = [mixed(each, turn) for each, turn in zip(self.sums, turns, strict=True)]
        images = [self.images[0], *(self.images[axis] @ turns[axis] for axis in (1, 2))]
        turned = as_triple(bases), as_triple(sums), as_triple(grams), as_triple(images)
        return Space(*turned, self.trials)

    def inside(self, norm2: float, dtype: np.dtype) -> Inside:
        """Return the search within these directions.

        Parameters
        ----------
        norm2 : float
            Sum of squares of the data.
        dtype : numpy.dtype
            Of the data.
        """
        pairs, core = self.on_pairs()
        return Inside.of(norm2, self.grams, pairs, core, dtype)

    def on_pairs(self) -> tuple[dict[tuple[int, int], np.ndarray], np.ndarray]:
        """Return the data on the directions of two axes, and of all three.

        Returns
        -------
        dict from (0, 1), (0, 2), (1, 2) to an (m_first, m_second, n_third) array
        (m_trial, m_neuron, m_time) array
            In float64.
        """
        trial, neuron, _ = self.sums
        bases = [like(trial, basis) for basis in self.bases]
        on_two = as_numpy(along(trial, 0, 1, bases[1])).astype(np.float64)
        pairs = {
            (0, 1): on_two,
            (0, 2): as_numpy(along(trial, 0, 2, bases[2])).swapaxes(1, 2),
            (1, 2): as_numpy(along(neuron, 1, 2, bases[2])).swapaxes(1, 2),
        }
        return pairs, on_two @ self.bases[2]

    def contracted(self, loadings: Triple) -> tuple[Any, Any, Any]:
        """Return the data contracted with loadings in coordinates of the bases.

        Parameters
        ----------
        loadings : three (m, R) arrays
        """
        return as_triple([mixed(each, own) for each, own in zip(self.sums, loadings, strict=True)])


def mixed(sums: Any, weights: np.ndarray) -> Any:
    """Combine slices: (R, n_b, n_c) from (m, n_b, n_c).

    Parameters
    ----------
    sums : (m, n_b, n_c) array
    weights : (m, R) array
    """
    xp = namespace(sums)
    m, n_b, n_c = sums.shape
    found = like(sums, weights).T @ xp.reshape(sums, (m, n_b * n_c))
    return xp.reshape(found, (weights.shape[1], n_b, n_c))


def taken(sums: tuple[Any, Any, Any], loadings: Triple, axis: int, rows: np.ndarray) -> np.ndarray:
    """Multiply rows by the Gram matrix along an axis of what the other two types explain.

    Parameters
    ----------
    sums : three (R, n_b, n_c) arrays
        The data contracted with the loadings of each axis.
    loadings : three (n_axis, R) arrays
        With orthonormal columns.
    axis : int
    rows : (n_axis, p) array

    Returns
    -------
    (n_axis, p) array
        In float64.
    """
    b, c = OTHERS[axis]
    # What `b` takes, and what `c` takes of the rest.
    inner = sums[c]
    if loadings[b].shape[1] and inner.shape[0]:
        inner = inner - onto(inner, c, b, like(inner, loadings[b]))
    return square_times(sums[b], b, axis, rows) + square_times(inner, c, axis, rows)


def square_times(slices: Any, own: int, axis: int, rows: np.ndarray) -> np.ndarray:
    """Multiply rows by the Gram matrix along ``axis`` of the slices of another axis.

    Parameters
    ----------
    slices : (R, n_b, n_c) array
    own, axis : int
        The axis whose slices these are, and one of those that they have.
    rows : (n_axis, p) array
    """
    if not slices.shape[0]:
        return np.zeros_like(rows)
    xp = namespace(slices)
    turned = slices if OTHERS[own].index(axis) == 0 else xp.permute_dims(slices, (0, 2, 1))
    inner = xp.matmul(xp.permute_dims(turned, (0, 2, 1)), like(slices, rows))
    return as_numpy(xp.sum(xp.matmul(turned, inner), axis=0)).astype(np.float64)


def _extended_gram(gram: np.ndarray, old: Any, new: Any) -> np.ndarray:
    """Add the inner products of new slices with old ones and each other."""
    m, p = len(gram), new.shape[0]
    if not p:
        return gram
    found = inner_products(new, new)
    across = inner_products(old, new) if m else np.zeros((0, p))
    return np.block([[gram, across], [across.T, (found + found.T) / 2]])


def inner_products(first: Any, second: Any) -> np.ndarray:
    """Return the inner products of slices in double precision, (m, p).

    Parameters
    ----------
    first, second : (m, n_b, n_c), (p, n_b, n_c) arrays
    """
    xp = namespace(first)
    (m, n_b, n_c), p = first.shape, second.shape[0]
    total: Any = 0.0
    most = _PIECE if isinstance(first, np.ndarray) else _LARGE_PIECE
    step = max(1, most // max(1, (m + p) * n_c))
    for i in range(0, n_b, step):
        end = min(i + step, n_b)
        n = (end - i) * n_c
        a, b = first[:, i:end, :], second[:, i:end, :]
        total = total + in_double(xp.reshape(a, (m, n))) @ in_double(xp.reshape(b, (p, n))).T
    return as_numpy(total)
