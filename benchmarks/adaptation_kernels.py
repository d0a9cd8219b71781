"""NumPy forms of the kernels for recursions of adaptation, and the cases used to time them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.optimize import least_squares

from trialtensor.kernels.adaptation import N_RATES, fit_recursion, sensitivities
from trialtensor.kernels.drift_filter import filter_gains, whiten_columns

Case = tuple[str, Callable[[], np.ndarray], Callable[[], np.ndarray]]
SCHEDULE = np.r_[np.zeros(20), np.ones(160), -np.ones(20), np.full(100, np.nan)]
RATES = np.array([0.6, 0.2, 0.98, 0.05])
START = np.array([0.5, 0.3, 0.95, 0.1, 1.0, 0.0])
# An autoregressive process with white noise, of unit variance.
MEMORY, WHITE = 0.8, 0.5
STEP = np.diag([MEMORY, 0.0])
AT_FIRST = np.diag([1 - WHITE, 0.0])
DRIVE = AT_FIRST - STEP @ AT_FIRST @ STEP.T


def cases() -> Iterator[Case]:
    """Return for each case its name, the kernel call and the NumPy equivalent."""
    rng = np.random.default_rng(0)
    seen = rng.random(len(SCHEDULE)) > 0.1
    given = (seen, STEP, DRIVE, AT_FIRST, WHITE)
    yield (
        "filter_gains, 300 trials",
        lambda: _joined(filter_gains(*given)),
        lambda: _joined(gains_numpy(*given)),
    )
    root, gain, _ = filter_gains(*given)
    columns = rng.normal(size=(len(SCHEDULE), 7))
    yield (
        "whiten_columns, 7 columns",
        lambda: _whitened(columns, root, gain),
        lambda: whiten_numpy(columns, root, gain),
    )
    for form, serial in (("parallel", False), ("serial", True)):
        yield (
            f"sensitivities, {form} states",
            lambda s=serial: sensitivities(RATES, SCHEDULE, s),
            lambda s=serial: sensitivities_numpy(RATES, SCHEDULE, serial=s),
        )
    y = 0.3 + sensitivities(RATES, SCHEDULE, False)[:, 0] + 0.1 * rng.normal(size=len(SCHEDULE))
    # The scale is known: with it, solvers that step along its ridge end in different places.
    held = np.array([False, False, False, False, True, False])
    yield (
        "fit_recursion, least loss of two states",
        lambda: np.array([fit_recursion(
            START, held, False, SCHEDULE, y, False, root, gain, STEP, 200, 1e-12
        )[1]]),
        lambda: np.array([least_loss_scipy(y, root, gain)]),
    )  # fmt: skip


def _joined(found: tuple[np.ndarray, np.ndarray, float]) -> np.ndarray:
    return np.concatenate([found[0], found[1].ravel(), [found[2]]])


def _whitened(columns: np.ndarray, root: np.ndarray, gain: np.ndarray) -> np.ndarray:
    columns = columns.copy()
    whiten_columns(columns, root, gain, STEP)
    return columns


def gains_numpy(
    seen: np.ndarray, step: np.ndarray, drive: np.ndarray, start: np.ndarray, white: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Run the Kalman filter with matrices of its two states."""
    root, gain, log_determinant = np.zeros(len(seen)), np.zeros((len(seen), 2)), 0.0
    covariance = start
    for trial in np.arange(len(seen)):
        if seen[trial]:
            variance = covariance[0, 0] + white
            root[trial], gain[trial] = variance**-0.5, covariance[0] / variance
            log_determinant += np.log(variance)
            covariance = covariance - np.outer(gain[trial], covariance[0])
        covariance = step @ covariance @ step.T + drive
    return root, gain, log_determinant


def whiten_numpy(columns: np.ndarray, root: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Return innovations, trial after trial for all columns at once."""
    out, expected = np.empty_like(columns), np.zeros((2, columns.shape[1]))
    for trial, row in enumerate(columns):
        new = (row - expected[0]) * (root[trial] > 0)
        out[trial] = new * root[trial]
        expected = STEP @ (expected + np.outer(gain[trial], new))
    return out


def sensitivities_numpy(rates: np.ndarray, schedule: np.ndarray, *, serial: bool) -> np.ndarray:
    """Run both states and their derivatives as rows of a matrix."""
    A, B = rates[[0, 2]], rates[[1, 3]]
    states, out = np.zeros((2, N_RATES + 1)), np.empty((len(schedule), N_RATES + 1))
    for trial, perturbation in enumerate(schedule):
        out[trial] = states.sum(axis=0)
        error = np.zeros(N_RATES + 1) if np.isnan(perturbation) else -out[trial]
        error[0] += np.nan_to_num(perturbation)
        taught = np.stack([error, states[0] if serial else error])
        new = A[:, None] * states + B[:, None] * taught
        new[[0, 1], [1, 3]] += states[:, 0]
        new[[0, 1], [2, 4]] += taught[:, 0]
        states = new
    return out


def least_loss_scipy(y: np.ndarray, root: np.ndarray, gain: np.ndarray) -> float:
    """Return the least sum of squared innovations over four rates and an offset."""

    def columns(free: np.ndarray) -> np.ndarray:
        run = sensitivities_numpy(free[:4], SCHEDULE, serial=False)
        left = y - run[:, 0] - free[4]
        return whiten_numpy(np.column_stack([left, -run[:, 1:], -np.ones(len(y))]), root, gain)

    found = least_squares(
        lambda free: columns(free)[:, 0],
        START[[0, 1, 2, 3, 5]],
        lambda free: columns(free)[:, 1:],
        bounds=([0, 0, 0, 0, -np.inf], [1, 1, 1, 1, np.inf]),
        xtol=1e-10,
        ftol=1e-12,
        gtol=1e-12,
    )
    return float(2 * found.cost)
