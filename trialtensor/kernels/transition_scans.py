"""How well each onset and time constant of one more transition explains a series.

A transition is ``1 - exp(-(trial - onset + 1) / tau)`` from its onset on: a step for ``tau`` 0; for
``tau`` infinite a ramp, ``(trial - onset + 1) / n``. Its products with other vectors, and its
length once noise is whitened, follow from those of the next later onset, so that all onsets
together cost as much as one.
"""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel
from trialtensor.kernels.slow_noise import orthonormal, whiten, whiten_transposed

NEARLY_ALIKE = 1e-9  # share of a column that must be new


@kernel
def _recursion(tau: float, n: int) -> tuple[float, float, float, float, float]:
    """Return ``c0, c1, d, b, u0``: a shape is ``c0 + c1 u``, and ``u`` becomes ``d u + b``."""
    if tau == 0.0:
        return 1.0, 0.0, 1.0, 0.0, 0.0
    if tau == np.inf:
        return 0.0, 1.0, 1.0, 1.0 / n, 1.0 / n
    decay = np.exp(-1 / tau)
    return 1.0, -1.0, decay, 0.0, decay


@kernel
def transition_shape(onset: int, tau: float, n: int) -> np.ndarray:
    """Return a transition of unit size, ``(n,)``."""
    c0, c1, d, b, u = _recursion(tau, n)
    shape = np.zeros(n)
    for t in range(onset, n):
        shape[t] = c0 + c1 * u
        u = d * u + b
    return shape


@kernel
def transition_energies(gains: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Return squared lengths of whitened transitions, ``(n_taus, n_onsets)``.

    What a filter still has to come is a quadratic form of its prediction and of the state of the
    shape, followed backwards from the last trial.
    """
    n = gains.shape[1]
    out = np.empty((len(taus), n))
    for j in range(len(taus)):
        c0, c1, d, b, u0 = _recursion(taus[j], n)
        mm, mu, m1, uu, u1, one = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for t in range(n - 1, -1, -1):
            f, w = gains[0, t], gains[2, t] ** 2
            a, g = gains[1, t] * c1, gains[1, t] * c0
            one += w * c0 * c0 + mm * g * g + 2 * (mu * g + u1) * b + 2 * m1 * g + uu * b * b
            u1 = w * c0 * c1 + mm * a * g + mu * (a * b + g * d) + m1 * a + (uu * b + u1) * d
            uu = w * c1 * c1 + mm * a * a + 2 * mu * a * d + uu * d * d
            m1 = -w * c0 + f * (mm * g + mu * b + m1)
            mu = -w * c1 + f * (mm * a + mu * d)
            mm = w + f * f * mm
            out[j, t] = uu * u0 * u0 + 2 * u1 * u0 + one
    return out


@kernel
def gains_of_one_more(
    back: np.ndarray, taus: np.ndarray, energies: np.ndarray, out: np.ndarray
) -> None:
    """Write the squared correlation of each transition with what the others leave.

    ``back[0]`` is the residual and the others are the basis, all times the transposed filter.
    ``out (n_taus, n)`` is -1 where a transition adds nothing to the basis.
    """
    m, n = back.shape
    total, faded = np.zeros(m), np.zeros(m)
    for j in range(len(taus)):
        tau = taus[j]
        decay = np.exp(-1 / tau) if 0.0 < tau < np.inf else 0.0
        total[:] = 0.0
        faded[:] = 0.0
        for t in range(n - 1, -1, -1):
            energy, product = energies[j, t], 0.0
            for i in range(m):
                v = back[i, t]
                total[i] += v
                if tau == 0.0:
                    inner = total[i]
                elif tau == np.inf:
                    faded[i] += total[i]
                    inner = faded[i] / n
                else:
                    faded[i] = v + decay * faded[i]
                    inner = total[i] - decay * faded[i]
                if i == 0:
                    product = inner
                else:
                    energy -= inner * inner
            enough = energy > NEARLY_ALIKE * energies[j, t] and energies[j, t] > 0.0
            out[j, t] = product * product / energy if enough else -1.0


@kernel
def fit_columns(
    gains: np.ndarray, y: np.ndarray, base: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, float, float, int]:
    """Fit whitened columns, beyond a base, to a whitened series.

    Parameters
    ----------
    gains : (3, n) array
        As from `noise_filter`.
    y : (n,) array
        Whitened.
    base : (p0, n) array
        Whitened.
    columns : (p, n) array
        Not yet whitened.

    Returns
    -------
    back : (1 + p0 + p, n) array
        Residual and basis, times the transposed filter.
    left : float
        Sum of squares that base and columns leave.
    log_volume : float
        Logarithm of the determinant of the base's Gram matrix.
    n_columns : int
        Those that add something.
    """
    p0, p, n = base.shape[0], columns.shape[0], base.shape[1]
    rows = np.empty((1 + p0 + p, n))
    rows[1 : 1 + p0] = base
    rows[1 + p0 :] = whiten(gains, columns)
    basis, lengths = orthonormal(rows[1:], np.sqrt(NEARLY_ALIKE))
    rest = y.copy()
    log_volume, n_columns = 0.0, 0
    for i in range(p0 + p):
        rest -= np.dot(basis[i], rest) * basis[i]
        if i >= p0:
            n_columns += lengths[i] > 0
        elif lengths[i] > 0:
            log_volume += 2 * np.log(lengths[i])
    rows[0] = rest
    rows[1:] = basis
    return whiten_transposed(gains, rows), np.dot(rest, rest), log_volume, n_columns


@kernel
def score_kinds(
    gains: np.ndarray,
    offsets: np.ndarray,
    y: np.ndarray,
    base: np.ndarray,
    columns: np.ndarray,
    n: int,
    cost: float,
    least: float,
) -> np.ndarray:
    """Return the log evidence of given columns under each kind of noise, ``(n_kinds,)``.

    Parameters
    ----------
    gains : (n_kinds, 3, n_trials) array
    offsets : (n_kinds,) array
        Prior and determinant of each kind.
    y : (n_kinds, n_trials) array
    base : (n_kinds, p0, n_trials) array
        Both whitened.
    columns : (p, n_trials) array
    n : int
        Observed trials, less the columns of the base.
    cost : float
        What each column must gain, ``log(1 + g) / 2``.
    least : float
        Sum of squares that is no noise any more.
    """
    out = np.empty(len(gains))
    for k in range(len(gains)):
        _, left, volume, p = fit_columns(gains[k], y[k], base[k], columns)
        out[k] = offsets[k] - 0.5 * volume - cost * p - 0.5 * n * np.log(left + least)
    return out


@kernel
def scan_kinds(
    which: np.ndarray,
    gains: np.ndarray,
    offsets: np.ndarray,
    y: np.ndarray,
    base: np.ndarray,
    columns: np.ndarray,
    taus: np.ndarray,
    energies: np.ndarray,
    n: int,
    cost: float,
    least: float,
    out: np.ndarray,
) -> None:
    """Write the log evidence of one more transition, over kinds of noise: ``out (n_taus, n)``.

    Parameters as of `score_kinds`; ``which`` are the kinds to add up, and ``energies (n_kinds,
    n_taus, n_trials)`` as from `transition_energies`. ``-inf`` where a transition adds nothing.
    """
    out[:] = -np.inf
    found = np.empty_like(out)
    for k in which:
        back, left, volume, p = fit_columns(gains[k], y[k], base[k], columns)
        gains_of_one_more(back, taus, energies[k], found)
        offset = offsets[k] - 0.5 * volume - cost * (p + 1)
        for j in range(out.shape[0]):
            for t in range(out.shape[1]):
                if found[j, t] < 0:
                    continue
                value = offset - 0.5 * n * np.log(max(left - found[j, t], 0.0) + least)
                if value > out[j, t]:
                    value, out[j, t] = out[j, t], value
                if value > out[j, t] - 30:
                    out[j, t] += np.log1p(np.exp(value - out[j, t]))
