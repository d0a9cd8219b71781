"""Whitening by a Kalman filter of two states: columns of trials to their innovations."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel


@kernel
def filter_gains(
    seen: np.ndarray, step: np.ndarray, drive: np.ndarray, start: np.ndarray, white: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Run the variances of a Kalman filter, which don't depend on what is observed.

    Observed is the first of two states plus white noise.

    Parameters
    ----------
    seen : (n_trials,) array of bool
    step, drive, start : (2, 2) arrays
        What states become in a trial, the covariance of what is new, and that of the first trial.
    white : float
        Variance of the white noise.

    Returns
    -------
    root : (n_trials,) array
        One over the standard deviation of each innovation; 0 where not seen.
    gain : (n_trials, 2) array
    log_determinant : float
        Of the covariance of all that is seen.
    """
    n = len(seen)
    root, gain = np.zeros(n), np.zeros((n, 2))
    p, q, r = start[0, 0], start[0, 1], start[1, 1]
    a, b, c, d = step[0, 0], step[0, 1], step[1, 0], step[1, 1]
    log_determinant = 0.0
    for trial in range(n):
        if seen[trial]:
            variance = p + white
            root[trial] = 1 / np.sqrt(variance)
            log_determinant += np.log(variance)
            k, m = p / variance, q / variance
            gain[trial, 0], gain[trial, 1] = k, m
            p, q, r = p - k * p, q - k * q, r - m * q
        p, q, r = (
            a * a * p + 2 * a * b * q + b * b * r + drive[0, 0],
            a * c * p + (a * d + b * c) * q + b * d * r + drive[0, 1],
            c * c * p + 2 * c * d * q + d * d * r + drive[1, 1],
        )
    return root, gain, log_determinant


@kernel
def whiten_columns(
    columns: np.ndarray, root: np.ndarray, gain: np.ndarray, step: np.ndarray
) -> None:
    """Replace each column by its innovations under a Kalman filter, in place.

    Parameters
    ----------
    columns : (n_trials, n_columns) array
    root : (n_trials,) array
        One over the standard deviation of each innovation: 0 where missing.
    gain : (n_trials, 2) array
        Of the two states of slow noise; 0 for white noise.
    step : (2, 2) array
        What the states become in a trial.
    """
    for j in range(columns.shape[1]):
        m_0, m_1 = 0.0, 0.0
        for trial in range(columns.shape[0]):
            new = columns[trial, j] - m_0 if root[trial] > 0 else 0.0
            columns[trial, j] = new * root[trial]
            u_0, u_1 = m_0 + gain[trial, 0] * new, m_1 + gain[trial, 1] * new
            m_0 = step[0, 0] * u_0 + step[0, 1] * u_1
            m_1 = step[1, 0] * u_0 + step[1, 1] * u_1
