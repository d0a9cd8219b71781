"""Matching of components between models."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from trialtensor.data.arrays import column_exponents, scaled
from trialtensor.solvers.result import Factors


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute the cosines between the columns of two matrices; 0 for a column of zeros.

    Parameters
    ----------
    first, second : (n, R), (n, S) arrays

    Returns
    -------
    (R, S) array
    """
    # Columns in units of their own: squares of any others might not fit.
    first, second = (scaled(each, -column_exponents(each)) for each in (first, second))
    norms = np.linalg.norm(first, axis=0)[:, None] * np.linalg.norm(second, axis=0)
    products = first.T @ second
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)


def match_components(reference: Factors, other: Factors) -> tuple[np.ndarray, float]:
    """Pair the components of two models so that their mean congruence is largest.

    The congruence of two components is the product over axes of the absolute cosine of their
    factors (Tucker's congruence; the factor match score of Acar, Dunlavy & Kolda 2011 without
    its penalty on weights).

    Parameters
    ----------
    reference, other : (n_axis, R) arrays, as many each

    Returns
    -------
    order : (R,) int array
        Component ``order[r]`` of ``other`` matches component ``r`` of ``reference``.
    score : float
        Factor match score between 0 and 1. Not corrected for chance: unrelated non-negative
        models score well above 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> factors = tuple(rng.standard_normal((n, 2)) for n in (5, 6, 7))
    >>> flipped = tuple(-f[:, ::-1] for f in factors)
    >>> order, score = match_components(factors, flipped)
    >>> order.tolist(), round(score, 6)
    ([1, 0], 1.0)
    """
    congruence = np.ones((reference[0].shape[1], other[0].shape[1]))
    for ours, theirs in zip(reference, other, strict=True):
        congruence = congruence * np.abs(cosines(ours, theirs))
    rows, columns = linear_sum_assignment(congruence, maximize=True)
    return columns, float(congruence[rows, columns].mean())


def align_to(reference: Factors, other: Factors) -> tuple[Factors, float]:
    """Reorder and sign-flip ``other`` to match ``reference``; also return the match score.

    Signs are flipped in pairs, so the factors still describe the same model.

    Parameters
    ----------
    reference, other : (n_axis, R) arrays, as many each
    """
    order, score = match_components(reference, other)
    trial, *others = (f[:, order] for f in other)
    flips = [_signs(own, theirs) for own, theirs in zip(reference[1:], others, strict=True)]
    for flip in flips:
        trial = trial * flip
    return (trial, *(f * flip for f, flip in zip(others, flips, strict=True))), score


def _signs(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where(np.sum(reference * other, axis=0) < 0, -1, 1).astype(other.dtype)
