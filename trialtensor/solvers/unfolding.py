"""Unfoldings of a tensor along one axis: products with them, Gram matrices, singular vectors.

An unfolding has a row for each position on its axis and a column for each pair of positions on
the other two. Its left singular vectors follow from the Gram matrix of whichever side is shorter,
so a long axis costs no more than the others allow. Where both sides are long they are found in a
block Krylov space (Musco & Musco 2015, "Randomized block Krylov methods for stronger and faster
approximate singular value decomposition").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
from scipy.linalg import lapack

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.passes import Passes

# Up to this length of the shorter side, all its eigenvectors cost less than a Krylov space.
_LONG_SIDE = 1000
# Vectors in a block beyond those asked for, and the number of blocks: on pure noise, the hardest
# case, they capture all but half a percent of what the leading vectors do.
_OVERSAMPLING = 10
_KRYLOV_STEPS = 8
# Room for blocked steps in LAPACK, in rows of the matrix.
_LAPACK_BLOCK = 70
# Entries of a copy made on the way.
_CHUNK = 1_000_000
# Entries of a tensor with more than three axes up to which an unfolding is a copy.
_COPIED = 4_000_000


@dataclass(frozen=True, eq=False)
class Unfolding:
    """A tensor unfolded along one axis, without a copy.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array or Passes
    axis : {0, 1, 2}
    """

    X: Any
    axis: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        n = self.X.shape[self.axis]
        return n, self.X.size // n

    def times(self, columns: np.ndarray) -> np.ndarray:
        """Multiply by a matrix from the right: ``(n, m)``.

        Parameters
        ----------
        columns : (n_columns, m) array
            Rows in the order of the remaining two axes.
        """
        if isinstance(self.X, Passes):
            others = [n for axis, n in enumerate(self.X.shape) if axis != self.axis]
            return self.X.correlate(self.axis, columns.T.reshape(-1, *others))
        if self.axis == 0:
            return self.X.reshape(len(self.X), -1) @ columns
        if self.axis == 2:
            return self.X.reshape(-1, self.X.shape[2]).T @ columns
        found = np.zeros((self.X.shape[1], columns.shape[1]), columns.dtype)
        each = columns.reshape(len(self.X), self.X.shape[2], -1)
        for part in trial_chunks((len(self.X), 1, found.size), _CHUNK):
            found += np.matmul(self.X[part], each[part]).sum(axis=0)
        return found

    def transposed_times(self, rows: np.ndarray) -> np.ndarray:
        """Multiply the transposed unfolding by a matrix from the right: ``(n_columns, m)``.

        Parameters
        ----------
        rows : (n, m) array
        """
        if isinstance(self.X, Passes):
            return self.X.contract(self.axis, rows).reshape(rows.shape[1], -1).T
        if self.axis == 0:
            return self.X.reshape(len(self.X), -1).T @ rows
        if self.axis == 2:
            return self.X.reshape(-1, self.X.shape[2]) @ rows
        return np.matmul(self.X.transpose(0, 2, 1), rows).reshape(-1, rows.shape[1])

    def gram_times(self, rows: np.ndarray) -> np.ndarray:
        """Multiply the Gram matrix of the rows, which is never formed, by ``(n, m)``.

        Parameters
        ----------
        rows : (n, m) array
        """
        if isinstance(self.X, Passes):
            return self.X.gram_times(self.axis, rows)
        return self.times(self.transposed_times(rows))

    def gram(self) -> np.ndarray:
        """Return the Gram matrix of the rows, ``(n, n)`` in float64."""
        if isinstance(self.X, Passes):
            return self.X.gram(self.axis)
        if self.axis == 2:
            flat = self.X.reshape(-1, self.X.shape[2])
            return (flat.T @ flat).astype(np.float64, copy=False)
        if self.axis == 0:
            flat = self.X.reshape(len(self.X), -1)
            return (flat @ flat.T).astype(np.float64, copy=False)
        gram = np.zeros((self.X.shape[1], self.X.shape[1]))
        for trial in self.X:
            gram += trial @ trial.T
        return gram

    def rows(self, part: slice) -> np.ndarray:
        """Return some rows, ``(n_some, n_columns)``, as a view or a copy.

        Parameters
        ----------
        part : slice
        """
        if self.axis == 0:
            return self.X[part].reshape(-1, self.shape[1])
        if self.axis == 2:
            return self.X.reshape(-1, self.X.shape[2])[:, part].T
        return self.X[:, part].transpose(1, 0, 2).reshape(-1, self.shape[1])


def unfold(X: np.ndarray | Passes, axis: int) -> Unfolding:
    """Return the unfolding of a tensor with any number of axes; a copy only of a small one.

    Parameters
    ----------
    X : array with three axes or more, or Passes
    axis : int
    """
    if isinstance(X, Passes) or X.ndim == 3:
        return Unfolding(X, axis)
    if axis in (0, X.ndim - 1):
        place = 0 if axis == 0 else 2
        return Unfolding(X.reshape(X.shape[0], -1, X.shape[-1]), place)
    if X.size <= _COPIED:
        # Products with thousands of small matrices would take longer than the copy.
        return Unfolding(np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1, 1), 0)
    return Unfolding(X.reshape(-1, X.shape[axis], math.prod(X.shape[axis + 1 :])), 1)


def axis_gram(X: np.ndarray, axis: int) -> np.ndarray:
    """Return the Gram matrix of the unfolding along ``axis``, without copying the data.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    axis : {0, 1, 2}
    """
    return Unfolding(X, axis).gram()


def leading_vectors(unfoldings: Sequence[Unfolding], n_vectors: int) -> np.ndarray:
    """Return the leading left singular vectors of unfoldings side by side.

    Parameters
    ----------
    unfoldings : sequence of Unfolding
        With as many rows each.
    n_vectors : int

    Returns
    -------
    (n, min(n, n_vectors)) array
        Orthonormal columns, largest singular value first, the largest entry of each positive.
        Beyond the rank of the data they are arbitrary.
    """
    n, n_columns = unfoldings[0].shape[0], sum(each.shape[1] for each in unfoldings)
    n_vectors, dtype = min(n, n_vectors), unfoldings[0].X.dtype
    # Elsewhere than in memory, blocks that are trials of their own don't meet.
    by_columns = not any(isinstance(each.X, Passes) for each in unfoldings)
    if n <= min(_LONG_SIDE, n_columns):
        gram = sum(each.gram() for each in unfoldings)
        return leading_eigenvectors(np.asarray(gram), n_vectors).astype(dtype, copy=False)
    elif n_columns <= _LONG_SIDE and by_columns:
        found = _from_columns(unfoldings, n_vectors)
    else:
        found = _from_krylov_space(unfoldings, n_vectors)
    return _signed(found).astype(dtype, copy=False)


def leading_eigenvectors(gram: np.ndarray, n_vectors: int) -> np.ndarray:
    """Return the leading eigenvectors of a Gram matrix, the largest entry of each positive.

    Parameters
    ----------
    gram : (n, n) array
    n_vectors : int

    Returns
    -------
    (n, min(n, n_vectors)) array
    """
    return _signed(leading_eigenpairs(gram, n_vectors)[1])


def leading_eigenpairs(gram: np.ndarray, n_vectors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues of a symmetric matrix and their vectors, of any sign.

    Parameters
    ----------
    gram : (n, n) array
    n_vectors : int

    Returns
    -------
    (min(n, n_vectors),) array, (n, min(n, n_vectors)) array
        In float64, largest eigenvalue first.
    """
    n = len(gram)
    n_vectors = min(n, n_vectors)
    if n_vectors == 0:
        return np.empty(0), np.empty((n, 0))
    # Called directly: for the short axes of a small problem, scipy's checks take longer.
    values, vectors, n_found, _, failed = lapack.dsyevr(
        gram, range="I", il=n - n_vectors + 1, iu=n, lwork=_LAPACK_BLOCK * n
    )
    if failed or n_found < n_vectors:
        values, vectors = scipy.linalg.eigh(gram, check_finite=False)
        values, vectors = values[-n_vectors:], vectors[:, -n_vectors:]
    return values[:n_vectors][::-1], np.ascontiguousarray(vectors[:, :n_vectors][:, ::-1])


def _signed(vectors: np.ndarray) -> np.ndarray:
    # LAPACK's signs depend on rounding; fix them so that every process gets the same.
    largest = np.abs(vectors).argmax(axis=0)
    return np.ascontiguousarray(vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])]))


def _from_columns(unfoldings: Sequence[Unfolding], n_vectors: int) -> np.ndarray:
    """Map the right singular vectors, from the Gram matrix of the columns, to the left ones."""
    gram = np.zeros((1, 1))
    n, n_columns = unfoldings[0].shape[0], sum(each.shape[1] for each in unfoldings)
    for part in trial_chunks((n, n_columns, 1), _CHUNK):
        rows = [each.rows(part) for each in unfoldings]
        some = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)
        gram = gram + some.T @ some
    _, right = leading_eigenpairs(gram, n_vectors)
    return _orthonormal(_times(unfoldings, right), n_vectors)


def _from_krylov_space(unfoldings: Sequence[Unfolding], n_vectors: int) -> np.ndarray:
    """Start the space from the image of a random block."""
    n = unfoldings[0].shape[0]
    drawn = np.random.default_rng(0).standard_normal((n, min(n, n_vectors + _OVERSAMPLING)))
    times = partial(_gram_times, unfoldings)
    return krylov_eigenpairs(times, times(drawn), n_vectors, _KRYLOV_STEPS)[1]


def krylov_eigenpairs(
    times: Callable[[np.ndarray], np.ndarray], block: np.ndarray, n_vectors: int, n_blocks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find leading eigenvectors in the space of a block and its images by a Gram matrix.

    Parameters
    ----------
    times : callable
        Multiplies the Gram matrix by an (n, m) array.
    block : (n, m) array
        Float64, or blocks would lose their orthogonality.
    n_vectors, n_blocks : int

    Returns
    -------
    (n_vectors or fewer,) array, (n, n_vectors) array
        Eigenvalues in the space, largest first, and orthonormal vectors, arbitrary ones after
        those of the space.
    """
    n = len(block)
    basis, images = np.empty((n, 0)), np.empty((n, 0))
    for _ in range(n_blocks):
        block = new_directions(block, basis)
        if not block.size:
            break
        basis = np.concatenate([basis, block], axis=1)
        block = times(block).astype(np.float64, copy=False)
        images = np.concatenate([images, block], axis=1)
    small = basis.T @ images
    values, vectors = leading_eigenpairs((small + small.T) / 2, n_vectors)
    return values, _orthonormal(basis @ vectors, n_vectors)


def _times(unfoldings: Sequence[Unfolding], columns: np.ndarray) -> np.ndarray:
    columns = columns.astype(unfoldings[0].X.dtype, copy=False)
    ends = np.cumsum([each.shape[1] for each in unfoldings])[:-1]
    parts = zip(unfoldings, np.split(columns, ends), strict=True)
    return np.asarray(sum(each.times(part).astype(np.float64) for each, part in parts))


def _gram_times(unfoldings: Sequence[Unfolding], rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(unfoldings[0].X.dtype, copy=False)
    products = (each.gram_times(rows) for each in unfoldings)
    return np.asarray(sum(product.astype(np.float64) for product in products))


def new_directions(block: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return orthonormal directions of ``block`` outside ``basis``; there may be few or none.

    Parameters
    ----------
    block, basis : (n, m), (n, p) arrays
        In float64; the columns of ``basis`` are orthonormal.
    """
    size = np.linalg.norm(block, axis=0)
    block = block[:, size > 0] / size[size > 0]
    # Two rounds of orthogonalisation are enough.
    for _ in range(2):
        block = block - basis @ (basis.T @ block)
    left, values, _ = scipy.linalg.svd(block, full_matrices=False, check_finite=False)
    left = left[:, values > 1e-10]
    return left - basis @ (basis.T @ left)


def _orthonormal(vectors: np.ndarray, n_vectors: int) -> np.ndarray:
    """Make columns orthonormal in order, with arbitrary ones after those that span the data."""
    missing = n_vectors - vectors.shape[1]
    if missing > 0:
        fill = np.random.default_rng(0).standard_normal((len(vectors), missing))
        vectors = np.concatenate([vectors, fill], axis=1)
    return np.linalg.qr(vectors)[0]
