"""Contractions of a trial tensor with factor matrices, by BLAS and without unfolding copies.

All take NumPy arrays, or those of any other library that follows the array API standard.
An alternating sweep needs two such passes over the data (Phan, Tichavsky & Cichocki 2013,
"Fast alternating LS algorithms for high order CANDECOMP/PARAFAC tensor factorizations").
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from trialtensor.solvers.namespaces import contiguous, namespace

_FEW_COLUMNS = 16


def khatri_rao(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the column-wise Kronecker product.

    Parameters
    ----------
    a, b : (n, R), (m, R) arrays

    Returns
    -------
    (n * m, R) array
        Row ``i * m + j`` is ``a[i] * b[j]``.

    Examples
    --------
    >>> khatri_rao(np.array([[1, 2]]), np.array([[3, 4], [5, 6]]))
    array([[ 3,  8],
           [ 5, 12]])
    """
    product = a[:, None, :] * b[None, :, :]
    return namespace(a).reshape(product, (-1, a.shape[1]))


def khatri_rao_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``khatri_rao(a, b).T`` as a contiguous array, the fastest layout for BLAS.

    Parameters
    ----------
    a, b : (n, R), (m, R) arrays
    """
    product = a.T[:, :, None] * b.T[:, None, :]
    return namespace(a).reshape(product, (a.shape[1], -1))


def contract_time(X: Any, time: Any) -> np.ndarray:
    """Compute ``P[r, k, n] = sum_t X[k, n, t] time[t, r]`` in one pass over the data.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    time : (n_times, R) array
    """
    n_trials, n_neurons, n_times = X.shape
    xp = namespace(X)
    flat = xp.reshape(X, (-1, n_times))
    if isinstance(X, np.ndarray) or time.shape[1] > _FEW_COLUMNS:
        rows = time.T if isinstance(time, np.ndarray) else contiguous(time.T)
        return xp.reshape(rows @ flat.T, (-1, n_trials, n_neurons))
    # On devices the other order is faster, but what follows is slower with many columns.
    return xp.permute_dims(xp.reshape(flat @ time, (n_trials, n_neurons, -1)), (2, 0, 1))


def trials_from_partial(partial: np.ndarray, neuron: np.ndarray) -> np.ndarray:
    """Finish the trial MTTKRP from the result of ``contract_time``.

    Parameters
    ----------
    partial : (R, n_trials, n_neurons) array
    neuron : (n_neurons, R) array
    """
    product = namespace(partial).matmul(partial, neuron.T[:, :, None])
    return contiguous(product[:, :, 0].T)


def neurons_from_partial(partial: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Finish the neuron MTTKRP from the result of ``contract_time``.

    Parameters
    ----------
    partial : (R, n_trials, n_neurons) array
    trial : (n_trials, R) array
    """
    product = namespace(partial).matmul(trial.T[:, None, :], partial)
    return contiguous(product[:, 0, :].T)


def times_from_data(X: Any, trial: np.ndarray, neuron: np.ndarray) -> np.ndarray:
    """Compute the time MTTKRP, the second pass over the data.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    trial, neuron : (n_trials, R), (n_neurons, R) arrays
    """
    if isinstance(X, np.ndarray):
        rows = khatri_rao_rows(trial, neuron) @ X.reshape(-1, X.shape[2])
        return contiguous(rows.T)
    # One sum over trials and neurons is so long that it would leave most of a device idle.
    xp = namespace(X)
    partial = xp.permute_dims(xp.matmul(contiguous(neuron.T), X), (1, 0, 2))
    return xp.matmul(trial.T[:, None, :], partial)[:, 0, :].T


def mttkrp(X: np.ndarray, factors: tuple[np.ndarray, ...], mode: int) -> np.ndarray:
    """Compute the matricised tensor times Khatri-Rao product (MTTKRP).

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    factors : tuple of (n_trials, R), (n_neurons, R), (n_times, R) arrays
        The factor of ``mode`` is not used.
    mode : {0, 1, 2}
        The axis to keep: trial, neuron or time.

    Returns
    -------
    (X.shape[mode], R) array

    Examples
    --------
    >>> X = np.arange(8).reshape(2, 2, 2)
    >>> ones = np.ones((2, 1), int)
    >>> mttkrp(X, (ones, ones, ones), 0).ravel()
    array([ 6, 22])
    """
    trial, neuron, time = factors
    if mode == 0:
        return trials_from_partial(contract_time(X, time), neuron)
    if mode == 1:
        return neurons_from_partial(contract_time(X, time), trial)
    return times_from_data(X, trial, neuron)


def reconstruct(factors: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the tensor ``sum_r a_r b_r c_r`` of shape ``(n_trials, n_neurons, n_times)``.

    Parameters
    ----------
    factors : (n_axis, R) arrays
        Three, or more of a tensor with more axes.
    """
    # Half of them on either side, so that neither product is as large as the tensor.
    n_left = max(2, len(factors) // 2)
    product = reduce(khatri_rao, factors[:n_left]) @ reduce(khatri_rao, factors[n_left:]).T
    return namespace(product).reshape(product, tuple(each.shape[0] for each in factors))


def project(X: np.ndarray, axis: int, basis: np.ndarray) -> np.ndarray:
    """Express ``X`` in the coordinates of ``basis`` along ``axis``.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or with more axes
    axis : int
    basis : (X.shape[axis], n_core) array
    """
    xp = namespace(X)
    if len(X.shape) > 3:
        shape = (*X.shape[:axis], basis.shape[1], *X.shape[axis + 1 :])
        found, place = three_around(X, axis)
        return xp.reshape(project(found, place, basis), shape)
    if axis == 2:
        return xp.reshape(xp.reshape(X, (-1, X.shape[2])) @ basis, (*X.shape[:2], -1))
    if axis == 1:
        return xp.matmul(basis.T, X)
    return xp.reshape(basis.T @ xp.reshape(X, (X.shape[0], -1)), (-1, *X.shape[1:]))


def three_around(X: np.ndarray, axis: int) -> tuple[np.ndarray, int]:
    """Return a tensor with three axes, one of which is ``axis``, and where it is among these.

    Parameters
    ----------
    X : array with any number of axes
    axis : int
    """
    xp, n = namespace(X), X.shape[axis]
    before, after = math.prod(X.shape[:axis]), math.prod(X.shape[axis + 1 :])
    if axis == 0:
        return xp.reshape(X, (n, 1, after)), 0
    if after == 1:
        return xp.reshape(X, (before, 1, n)), 2
    return xp.reshape(X, (before, n, after)), 1


def trial_chunks(shape: tuple[int, ...], max_entries: int = 1_000_000) -> list[slice]:
    """Slice the trials into chunks of about ``max_entries`` entries, to keep temporaries small.

    Parameters
    ----------
    shape : (n_trials, n_neurons, n_times), or of more axes
    max_entries : int
    """
    step = max(1, max_entries // max(1, math.prod(shape[1:])))
    return [slice(i, min(i + step, shape[0])) for i in range(0, shape[0], step)]
