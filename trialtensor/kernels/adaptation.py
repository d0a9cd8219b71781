"""Least squares for recursions of adaptation, with their exact derivatives."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel
from trialtensor.kernels.drift_filter import whiten_columns

# Parameters, in this order everywhere: A_f, B_f, A_s, B_s, scale, offset.
N_RATES, N_PARAMETERS = 4, 6


@kernel
def sensitivities(rates: np.ndarray, schedule: np.ndarray, serial: bool) -> np.ndarray:
    """Run a fast and a slow state from 0, with their derivatives by the four rates.

    Parameters
    ----------
    rates : (4,) array
        A_f, B_f, A_s, B_s. A single state has A_s = B_s = 0.
    schedule : (n_trials,) array
        The perturbation; NaN is an error clamp.
    serial : bool
        Whether the slow state learns from the fast one.

    Returns
    -------
    (n_trials, 5) array
        The sum of both states, then its derivatives.
    """
    A_f, B_f, A_s, B_s = rates
    result = np.empty((len(schedule), N_RATES + 1))
    # Of the fast and the slow state: value, then derivatives.
    fast, slow = np.zeros(N_RATES + 1), np.zeros(N_RATES + 1)
    error, taught = np.zeros(N_RATES + 1), np.zeros(N_RATES + 1)
    for trial in range(len(schedule)):
        clamped = np.isnan(schedule[trial])
        for k in range(N_RATES + 1):
            result[trial, k] = fast[k] + slow[k]
            error[k] = 0.0 if clamped else -result[trial, k]
        if not clamped:
            error[0] += schedule[trial]
        x_f, x_s = fast[0], slow[0]
        for k in range(N_RATES + 1):
            taught[k] = fast[k] if serial else error[k]
            fast[k] = A_f * fast[k] + B_f * error[k]
            slow[k] = A_s * slow[k] + B_s * taught[k]
        fast[1] += x_f
        fast[2] += error[0]
        slow[3] += x_s
        slow[4] += taught[0]
    return result


@kernel
def _expand(z: np.ndarray, held: np.ndarray, ordered: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates and their derivatives by ``z``, which fills a box.

    In order are A_f ≤ A_s and B_s ≤ B_f: the smaller one of a pair is a share of the larger, or
    the larger one a share of what is left above the smaller, where that is held.
    """
    rates, slope = z.copy(), np.eye(N_RATES)
    for i in range(N_RATES):
        if held[i]:
            slope[i, i] = 0.0
    if not ordered:
        return rates, slope
    for low, high in ((0, 2), (3, 1)):
        if held[low] and not held[high]:
            rates[high] = z[low] + (1 - z[low]) * z[high]
            slope[high, high] = 1 - z[low]
        elif not held[low]:
            rates[low] = z[low] * z[high]
            slope[low, low] = z[high]
            if not held[high]:
                slope[low, high] = z[low]
    return rates, slope


@kernel
def _project(columns: np.ndarray, along: int) -> None:
    """Take the part along one column off all that come before it."""
    size = 0.0
    for trial in range(columns.shape[0]):
        size += columns[trial, along] ** 2
    if size == 0:
        return
    for j in range(along):
        product = 0.0
        for trial in range(columns.shape[0]):
            product += columns[trial, j] * columns[trial, along]
        for trial in range(columns.shape[0]):
            columns[trial, j] -= product / size * columns[trial, along]


@kernel
def _inner(columns: np.ndarray, i: int, j: int) -> float:
    total = 0.0
    for trial in range(columns.shape[0]):
        total += columns[trial, i] * columns[trial, j]
    return total


@kernel
def _residual_columns(
    rates: np.ndarray,
    affine: np.ndarray,
    held: np.ndarray,
    schedule: np.ndarray,
    series: np.ndarray,
    serial: bool,
    root: np.ndarray,
    gain: np.ndarray,
    step: np.ndarray,
) -> tuple[np.ndarray, float, float]:
    """Return what is left of the series, and minus its derivatives by the rates, (n_trials, 5).

    Scale and offset are those that leave least (variable projection, Golub & Pereyra 1973, with
    Kaufman's derivatives). So the ridge that a scale makes with the rates doesn't slow down steps.
    """
    run = sensitivities(rates, schedule, serial)
    n = len(schedule)
    # Left over, its four derivatives, the output, and ones.
    columns = np.empty((n, N_RATES + 3))
    for trial in range(n):
        columns[trial, 0] = series[trial] - (affine[1] if held[5] else 0.0)
        for k in range(N_RATES):
            columns[trial, 1 + k] = run[trial, 1 + k]
        columns[trial, 5] = run[trial, 0]
        columns[trial, 6] = 1.0
    whiten_columns(columns, root, gain, step)
    size, ones = _inner(columns, 5, 5), _inner(columns, 6, 6)
    start, tilt = _inner(columns, 0, 6), _inner(columns, 5, 6)
    if not held[5]:
        _project(columns, 6)
    scale, left = affine[0], _inner(columns, 5, 5)
    if held[4]:
        for trial in range(n):
            columns[trial, 0] -= scale * columns[trial, 5]
    else:
        # An output that is nothing but an offset has no scale.
        scale = _inner(columns, 0, 5) / left if left > 1e-20 * size else 0.0
        _project(columns[:, :6], 5)
    for trial in range(n):
        for k in range(N_RATES):
            columns[trial, 1 + k] *= scale
    offset = affine[1] if held[5] else (start - scale * tilt) / ones
    return columns, scale, offset


@kernel
def _normal_equations(
    columns: np.ndarray, slope: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the sum of squares, half its gradient by ``z``, and the Gauss-Newton matrix."""
    gram, downhill = np.empty((N_RATES, N_RATES)), np.empty(N_RATES)
    for k in range(N_RATES):
        downhill[k] = -_inner(columns, 0, 1 + k)
        for m in range(k + 1):
            gram[k, m] = gram[m, k] = _inner(columns, 1 + k, 1 + m)
    turned = np.ascontiguousarray(slope.T)
    return _inner(columns, 0, 0), turned @ downhill, turned @ gram @ slope


@kernel
def _damped_step(
    z: np.ndarray, held: np.ndarray, gradient: np.ndarray, matrix: np.ndarray, damping: float
) -> np.ndarray:
    """Return where a damped Gauss-Newton step leads within the box.

    Rates that are at a bound, and pushed against it, stay there; those that would leave the box
    stop at its side, and the others are solved for again.
    """
    change, free = np.zeros(N_RATES), ~held[:N_RATES]
    largest = 1e-300
    for i in range(N_RATES):
        largest = max(largest, matrix[i, i])
        pushed = (z[i] <= 0 and gradient[i] >= 0) or (z[i] >= 1 and gradient[i] <= 0)
        free[i] = free[i] and not pushed
    for _ in range(N_RATES):
        system, right = np.eye(N_RATES), np.zeros(N_RATES)
        for i in range(N_RATES):
            if not free[i]:
                continue
            right[i] = -gradient[i]
            for j in range(N_RATES):
                if free[j]:
                    system[i, j] = matrix[i, j]
                else:
                    right[i] -= matrix[i, j] * change[j]
            # A rate without any effect has no curvature of its own.
            system[i, i] += damping * max(matrix[i, i], 1e-10 * largest) + 1e-14 * largest
        found = np.linalg.solve(system, right)
        inside = True
        for i in range(N_RATES):
            if free[i]:
                change[i] = min(max(found[i], -z[i]), 1 - z[i])
                if change[i] != found[i]:
                    free[i] = False
                    inside = False
        if inside:
            break
    return z + change


@kernel
def fit_recursion(
    start: np.ndarray,
    held: np.ndarray,
    ordered: bool,
    schedule: np.ndarray,
    series: np.ndarray,
    serial: bool,
    root: np.ndarray,
    gain: np.ndarray,
    step: np.ndarray,
    max_iter: int,
    tol: float,
) -> tuple[np.ndarray, float]:
    """Find the local minimum next to a start, by Levenberg-Marquardt steps within bounds.

    Parameters
    ----------
    start : (6,) array
        A_f, B_f, A_s, B_s, mapped to a box if ``ordered`` (see `_expand`); scale and offset, used
        only where held.
    held : (6,) array of bool
        Parameters that stay as they are.
    ordered : bool
        Whether A_f ≤ A_s and B_s ≤ B_f.
    schedule, series : (n_trials,) arrays
        The series is anything finite where ``root`` is 0.
    serial, root, gain, step
        As for `sensitivities` and `trialtensor.kernels.drift_filter.whiten_columns`.
    max_iter : int
    tol : float
        Stop after two steps that take less than this share off the loss.

    Returns
    -------
    parameters : (6,) array
    loss : float
        Sum of squared innovations.
    """
    z, affine = start[:N_RATES].copy(), start[N_RATES:]
    found, loss, damping, small = start.copy(), np.inf, 1e-3, 0
    gradient, matrix = np.zeros(N_RATES), np.zeros((N_RATES, N_RATES))
    moved = z
    for _ in range(max_iter):
        rates, slope = _expand(moved, held, ordered)
        columns, scale, offset = _residual_columns(
            rates, affine, held, schedule, series, serial, root, gain, step
        )
        new, new_gradient, new_matrix = _normal_equations(columns, slope)
        if new < loss:
            small = small + 1 if loss - new < tol * loss else 0
            z, loss, gradient, matrix = moved, new, new_gradient, new_matrix
            damping = max(damping * 0.2, 1e-12)
            found[:N_RATES], found[4], found[5] = rates, scale, offset
        else:
            damping *= 5.0
        if small == 2 or damping > 1e8:
            break
        expected = -1.0
        # Cut short at the bounds, a step may lead uphill: that is no minimum, but a step too long.
        while expected < 0 and damping <= 1e8:
            moved = _damped_step(z, held, gradient, matrix, damping)
            change = moved - z
            expected = -2 * (gradient @ change) - change @ matrix @ change
            if expected < 0:
                damping *= 5.0
        if expected <= 1e-3 * tol * loss:
            break
    return found, loss
