"""Filters that whiten series whose noise may be slow, and their transposes."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def noise_filter(
    rho: float, new: float, white: float, start: float, spread: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the gains of a scalar Kalman filter for slow noise with white noise on top.

    The slow part is ``x[t + 1] = rho x[t] + sqrt(new) e[t]``; a trial is ``x[t]`` plus white noise.

    Parameters
    ----------
    rho, new, white, start : float
        Autocorrelation, variance that is new each trial, variance of the white part, and variance
        of the slow part at the first trial.
    spread : (n,) array
        Standard deviation of the noise of each trial, in units of the variances above; 0 for
        trials without a value.

    Returns
    -------
    gains : (3, n) array
        How the prediction carries over, how much of a value enters it, and the inverse standard
        deviation of the innovation (0 where missing).
    log_determinant : float
        Of the covariance of the observed trials.
    """
    gains = np.zeros((3, len(spread)))
    uncertain, log_determinant, scale = -1.0, 0.0, 1.0
    for t in range(len(spread)):
        gains[0, t] = rho
        if spread[t] > 0:
            scale = spread[t] ** 2
            if uncertain < 0:
                uncertain = start * scale
            total = uncertain + white * scale
            share = uncertain / total
            log_determinant += np.log(total)
            gains[0, t] = rho * (1 - share)
            gains[1, t] = rho * share
            gains[2, t] = 1 / np.sqrt(total)
            uncertain *= white * scale / total
        if uncertain >= 0:
            uncertain = rho * rho * uncertain + new * scale
    return gains, log_determinant


@kernel
def whiten(gains: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the standardised innovations of each row of ``rows (m, n)``."""
    out = np.empty_like(rows)
    for i in range(rows.shape[0]):
        predicted = 0.0
        for t in range(rows.shape[1]):
            out[i, t] = gains[2, t] * (rows[i, t] - predicted)
            predicted = gains[0, t] * predicted + gains[1, t] * rows[i, t]
    return out


@kernel
def whiten_transposed(gains: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the transpose of `whiten`, times each row of ``rows (m, n)``."""
    out = np.empty_like(rows)
    for i in range(rows.shape[0]):
        carried = 0.0
        for t in range(rows.shape[1] - 1, -1, -1):
            out[i, t] = gains[2, t] * rows[i, t] + gains[1, t] * carried
            carried = gains[0, t] * carried - gains[2, t] * rows[i, t]
    return out


@kernel
def precisions(gains: np.ndarray) -> np.ndarray:
    """Return the inverse variance of each trial given all others, ``(n,)``; 0 where missing."""
    out = np.zeros(gains.shape[1])
    ahead = 0.0
    for t in range(gains.shape[1] - 1, -1, -1):
        out[t] = gains[2, t] ** 2 + gains[1, t] ** 2 * ahead
        ahead = gains[2, t] ** 2 + gains[0, t] ** 2 * ahead
    return out


@kernel
def orthonormal(rows: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return an orthonormal basis of rows, one after the other, and what each added to it.

    A row that adds less than ``least`` of its length to those before it becomes zero, and is said
    to add 0.
    """
    basis, lengths = rows.copy(), np.zeros(rows.shape[0])
    for i in range(rows.shape[0]):
        whole = np.sqrt(np.dot(rows[i], rows[i]))
        for _ in range(2):
            for j in range(i):
                basis[i] -= np.dot(basis[j], basis[i]) * basis[j]
        length = np.sqrt(np.dot(basis[i], basis[i]))
        if length > least * whole:
            lengths[i] = length
            basis[i] /= length
        else:
            basis[i] = 0.0
    return basis, lengths
