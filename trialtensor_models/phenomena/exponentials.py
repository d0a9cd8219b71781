"""One exponential, or two?"""

from __future__ import annotations

import numpy as np

from trialtensor.tracking import learning_curve


def two_exponential_advantage(y: np.ndarray) -> float:
    """Log odds of two exponentials against one, ``c + a exp(-k / τ)``; positive: two are better.

    The fits are those of `trialtensor.tracking.learning_curve`.

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
    fits = learning_curve(y, models=("exponential", "two-exponential")).fits
    return fits["two-exponential"].log_odds - fits["exponential"].log_odds
