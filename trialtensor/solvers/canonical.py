"""The canonical form of a CP model: unit-norm factors, fixed signs, weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialtensor.solvers.result import Factors

# A component this much smaller than the largest is zero.
_TRACE = 1e-30


def unit_columns(factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale columns to norm 1 and return them with their norms; a column of zeros stays zero.

    Parameters
    ----------
    factor : (n, R) array

    Returns
    -------
    (n, R) array, (R,) array
    """
    norms = np.linalg.norm(factor, axis=0)
    return factor / np.where(norms > 0, norms, 1).astype(factor.dtype), norms


def skewness_sign(factor: np.ndarray) -> np.ndarray:
    """Return for each column the sign (+1 or -1) that makes its third moment positive.

    Parameters
    ----------
    factor : (n, R) array
    """
    # Powers of arrays take ten times as long.
    third = np.einsum("ir,ir,ir->r", factor, factor, factor)
    return np.where(third < 0, -1, 1).astype(factor.dtype)


def fix_signs(factors: Factors, nonnegative: Sequence[bool]) -> Factors:
    """Make factors positively skewed, all but that of trials, which absorbs the sign.

    Signs of a component flip in pairs, and a non-negative factor can't flip. If the trial factor
    is non-negative, the last free factor absorbs the sign of the others.

    Parameters
    ----------
    factors : (n_axis, R) arrays
        Trials first.
    nonnegative : bools, by axis

    Returns
    -------
    (n_axis, R) arrays
    """
    free = [mode for mode in range(len(factors)) if not nonnegative[mode]]
    signs = [np.ones(f.shape[1], f.dtype) for f in factors]
    if free:
        absorbs = 0 if free[0] == 0 else free[-1]
        for mode in free:
            if mode != absorbs:
                signs[mode] = skewness_sign(factors[mode])
                signs[absorbs] = signs[absorbs] * signs[mode]
    return tuple(f * s for f, s in zip(factors, signs, strict=True))


def without_traces(factors: Factors) -> Factors:
    """Set to zero what sweeps with a ridge have shrunk to 1e-60, so that nothing divides by it.

    Parameters
    ----------
    factors : (n_axis, R) arrays

    Returns
    -------
    (n_axis, R) arrays
        The same if nothing is as small as that.
    """
    gone = are_traces(component_sizes(factors))
    if not gone.any():
        return factors
    return tuple(np.where(gone, factor.dtype.type(0), factor) for factor in factors)


def component_sizes(factors: Sequence[np.ndarray]) -> np.ndarray:
    """Return the norm of each component, in double precision.

    Parameters
    ----------
    factors : (n_axis, R) arrays
    """
    norms = [np.linalg.norm(factor.astype(np.float64), axis=0) for factor in factors]
    return np.asarray(np.prod(norms, axis=0))


def are_traces(sizes: np.ndarray) -> np.ndarray:
    """Tell which components are so small that no digit of the data can show them.

    Parameters
    ----------
    sizes : array
        From :func:`component_sizes`; of several tensors, those of all of them.
    """
    return sizes <= _TRACE * sizes.max()
