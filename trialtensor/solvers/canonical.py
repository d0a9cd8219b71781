"""One way to write a CP model down: unit-norm factors, a documented sign, weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialtensor.solvers.result import Factors


def unit_columns(factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns scaled to norm 1, and the norms; a column of zeros stays zero.

    Returns
    -------
    (n, R) array, (R,) array
    """
    norms = np.linalg.norm(factor, axis=0)
    return factor / np.where(norms > 0, norms, 1).astype(factor.dtype), norms


def skewness_sign(factor: np.ndarray) -> np.ndarray:
    """+1 or -1 for each column: the sign that gives it a positive third moment about zero."""
    return np.where(np.sum(factor**3, axis=0) < 0, -1, 1).astype(factor.dtype)


def fix_signs(factors: Factors, nonnegative: Sequence[bool]) -> Factors:
    """Make neuron and time factors positively skewed; the trial factor absorbs the sign.

    Signs of a component come in pairs, and a factor that is constrained to be non-negative has
    none to give: with only two free factors they flip together, by the neuron (else the time)
    factor.

    Parameters
    ----------
    factors : three (n_axis, R) arrays
    nonnegative : three bools

    Returns
    -------
    three (n_axis, R) arrays
    """
    free = [mode for mode in range(3) if not nonnegative[mode]]
    signs = [np.ones(f.shape[1], f.dtype) for f in factors]
    if len(free) == 3:
        signs[1], signs[2] = skewness_sign(factors[1]), skewness_sign(factors[2])
        signs[0] = signs[1] * signs[2]
    elif len(free) == 2:
        leading = 1 if 1 in free else 2
        for mode in free:
            signs[mode] = skewness_sign(factors[leading])
    trial, neuron, time = (f * s for f, s in zip(factors, signs, strict=True))
    return trial, neuron, time
