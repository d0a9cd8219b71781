"""One exponential, or two?"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import minimize

_TIMES = (1.5, 4.0, 10.0, 25.0, 60.0, 150.0)


def two_exponential_advantage(y: np.ndarray) -> float:
    """BIC of ``c + a exp(-k / τ)`` less that with two exponentials; positive: two are better.

    Parameters
    ----------
    y : (n_trials,) array

    Examples
    --------
    >>> k, noise = np.arange(160), 0.02 * np.random.default_rng(0).standard_normal(160)
    >>> two_exponential_advantage(1 - 0.5 * 0.7**k - 0.5 * 0.98**k + noise) > 10
    True
    >>> two_exponential_advantage(1 - 0.95**k + noise) > 0
    False
    """
    return _bic(y, 1) - _bic(y, 2)


def _bic(y: np.ndarray, n_exponentials: int) -> float:
    starts = itertools.combinations(np.log(_TIMES), n_exponentials)
    tops = np.log(20.0 * len(y))
    best = min(
        minimize(_left, start, (y,), method="L-BFGS-B", bounds=[(-1.0, tops)] * n_exponentials).fun
        for start in starts
    )
    n_parameters = 2 * n_exponentials + 2
    return len(y) * float(np.log(best / len(y))) + n_parameters * float(np.log(len(y)))


def _left(log_times: np.ndarray, y: np.ndarray) -> float:
    """Sum of squares about the best amplitudes for these time constants."""
    trial = np.arange(len(y))[:, None]
    columns = np.column_stack([np.ones(len(y)), np.exp(-trial / np.exp(log_times))])
    amplitudes = np.linalg.lstsq(columns, y, rcond=None)[0]
    return float(np.sum((y - columns @ amplitudes) ** 2))
