"""Products of a trial tensor with loadings of one axis, or with slices of the other two.

A *slice tensor* of axis ``a`` has shape ``(R, n_b, n_c)``: a matrix over the two other axes, in the
order trial, neuron, time, for each of ``R`` components.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, Protocol

import numpy as np

from trialtensor.solvers.namespaces import namespace

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]
NAMES = ("trial", "neuron", "time")
OTHERS = ((1, 2), (0, 2), (0, 1))
# Entries of a temporary that stays in the cache.
_PANEL = 100_000


class Components(NamedTuple):
    """A SliceTCA model.

    Attributes
    ----------
    loadings : three arrays
        ``(n_trials, R0)``, ``(n_neurons, R1)``, ``(n_times, R2)``.
    slices : three arrays
        ``(R0, n_neurons, n_times)``, ``(R1, n_trials, n_times)``, ``(R2, n_trials, n_neurons)``.
    """

    loadings: Triple
    slices: Triple

    @property
    def ranks(self) -> tuple[int, int, int]:
        """Components of each slicing type."""
        trial, neuron, time = (loading.shape[1] for loading in self.loadings)
        return trial, neuron, time


def checked_components(loadings: Sequence[np.ndarray], slices: Sequence[np.ndarray]) -> Components:
    """Check the shapes of loadings and slices and return them as components.

    Parameters
    ----------
    loadings, slices : three arrays each
        With shapes as in `Components`.

    Raises
    ------
    ValueError
        If the shapes don't fit each other; names the array, its shape and the expected shape.
    """
    for name, arrays in (("loadings", loadings), ("slices", slices)):
        if len(arrays) != 3:
            raise ValueError(
                f"{name}: expected three arrays, for trials, neurons and times, got {len(arrays)}"
            )
    loadings = [np.asarray(loading) for loading in loadings]
    slices = [np.asarray(slice_tensor) for slice_tensor in slices]
    for name, loading in zip(NAMES, loadings, strict=True):
        if loading.ndim != 2:
            raise ValueError(
                f"loadings: expected (n_{name}s, n_components) for {name}s, got {loading.shape}"
            )
    dtype = np.result_type(np.float32, *loadings, *slices)
    given = []
    for axis, slice_tensor in enumerate(slices):
        expected = (loadings[axis].shape[1], *(len(loadings[other]) for other in OTHERS[axis]))
        given.append(slice_tensor.astype(dtype))
        if given[-1].shape != expected:
            raise ValueError(
                f"slices: expected {expected} for the {NAMES[axis]}-slicing components, "
                f"got {given[-1].shape}"
            )
    return Components(as_triple([loading.astype(dtype) for loading in loadings]), as_triple(given))


def as_triple(arrays: list[np.ndarray]) -> Triple:
    """Return three arrays as a tuple of length three, for type checkers.

    Parameters
    ----------
    arrays : list of three arrays
    """
    trial, neuron, time = arrays
    return trial, neuron, time


def as_rows(slices: np.ndarray) -> np.ndarray:
    """Flatten each slice to a row, ``(R, n_b * n_c)``; ``R`` may be 0.

    Parameters
    ----------
    slices : (R, n_b, n_c) array
    """
    return slices.reshape(len(slices), slices.shape[1] * slices.shape[2])


class Products(Protocol):
    """Data that computes its products with loadings and slices itself."""

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Compute weighted sums along ``axis``, as the function of this name.

        Parameters
        ----------
        axis : {0, 1, 2}
        loadings : (n_axis, R) array
        """

    def correlate(self, axis: int, slices: np.ndarray) -> np.ndarray:
        """Compute inner products of slices along ``axis``, as the function of this name.

        Parameters
        ----------
        axis : {0, 1, 2}
        slices : (R, n_b, n_c) array
        """


def contract(X: np.ndarray | Products, axis: int, loadings: np.ndarray) -> np.ndarray:
    """Compute weighted sums along ``axis``, one per column of ``loadings``, in one pass.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or Products such as Passes
    axis : {0, 1, 2}
    loadings : (X.shape[axis], R) array

    Returns
    -------
    (R, n_b, n_c) array

    Examples
    --------
    >>> X = np.arange(8.0).reshape(2, 2, 2)
    >>> contract(X, 0, np.ones((2, 1)))
    array([[[ 4.,  6.],
            [ 8., 10.]]])
    """
    if not isinstance(X, np.ndarray):
        return X.contract(axis, loadings)
    rank = loadings.shape[1]
    if axis == 0:
        return (loadings.T @ as_rows(X)).reshape(rank, *X.shape[1:])
    if axis == 1:
        return np.ascontiguousarray(np.matmul(loadings.T, X).swapaxes(0, 1))
    rows = (X.reshape(-1, X.shape[2]) @ loadings).T
    return np.ascontiguousarray(rows).reshape(rank, *X.shape[:2])


def correlate(X: np.ndarray | Products, axis: int, slices: np.ndarray) -> np.ndarray:
    """Compute the inner products of all data slices along ``axis`` with ``slices``, in one pass.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or Products such as Passes
    axis : {0, 1, 2}
    slices : (R, n_b, n_c) array

    Returns
    -------
    (X.shape[axis], R) array
    """
    if not isinstance(X, np.ndarray):
        return X.correlate(axis, slices)
    if axis == 0:
        return as_rows(X) @ as_rows(slices).T
    by_trial = np.ascontiguousarray(slices.transpose(1, 2, 0))
    if axis == 1:
        return np.matmul(X, by_trial).sum(axis=0)
    return np.matmul(X.swapaxes(1, 2), by_trial).sum(axis=0)


def part(axis: int, loadings: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Return the tensor that the components of one slicing type describe.

    Parameters
    ----------
    axis : {0, 1, 2}
    loadings : (n_axis, R) array
    slices : (R, n_b, n_c) array
    """
    return np.moveaxis(np.tensordot(loadings, slices, axes=(1, 0)), 0, axis)


def reconstruct(components: Components) -> np.ndarray:
    """Return the tensor that a model describes, ``(n_trials, n_neurons, n_times)``.

    Parameters
    ----------
    components : Components
        Of NumPy arrays, or of any library of the array API standard.
    """
    (trial, neuron, time), (by_trial, by_neuron, by_time) = components
    xp = namespace(trial)
    model = xp.tensordot(trial, by_trial, axes=1)
    # One product per trial serves both other types.
    n = trial.shape[0]
    left = xp.concat(
        [xp.broadcast_to(neuron, (n, *neuron.shape)), xp.permute_dims(by_time, (1, 2, 0))], axis=2
    )
    right = xp.concat(
        [xp.permute_dims(by_neuron, (1, 0, 2)), xp.broadcast_to(time.T, (n, *time.T.shape))], axis=1
    )
    if isinstance(model, np.ndarray) and n and model[0].size > _PANEL:
        # New memory for another array of this size would take longer than the product.
        step = max(1, _PANEL // model.shape[2])
        for k, i in product(range(n), range(0, model.shape[1], step)):
            model[k, i : i + step] += left[k, i : i + step] @ right[k]
        return model
    model += xp.matmul(left, right)
    return model


def along(slices: np.ndarray, axis: int, other: int, matrix: np.ndarray) -> np.ndarray:
    """Apply ``matrix.T`` to axis ``other`` of the slices of ``axis``.

    Parameters
    ----------
    slices : (R, n_b, n_c) array
        Slices of ``axis``.
    axis, other : {0, 1, 2}
        ``other`` is one of the two axes of the slices.
    matrix : (n_other, S) array

    Returns
    -------
    (R, S, n_c) or (R, n_b, S) array
    """
    matmul = namespace(slices).matmul
    if OTHERS[axis].index(other) == 0:
        return matmul(matrix.T, slices)
    return matmul(slices, matrix)


def onto(slices: np.ndarray, axis: int, other: int, basis: np.ndarray) -> np.ndarray:
    """Project the slices of ``axis`` orthogonally onto ``basis`` along ``other``.

    Parameters
    ----------
    slices : (R, n_b, n_c) array
        Slices of ``axis``.
    axis, other : {0, 1, 2}
    basis : (n_other, S) array
        With orthonormal columns.
    """
    return along(along(slices, axis, other, basis), axis, other, basis.T)
