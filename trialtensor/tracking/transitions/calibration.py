"""How often noise alone looks as much like a transition, by simulation.

Odds are compared with those in series of noise of the same length: for each length, in the kind of
noise, of white, heavy-tailed, slow and half slow, in which they are highest. The simulation is
``benchmarks/transition_odds.py``.
"""

from __future__ import annotations

import numpy as np

LEVELS = np.array([0.5, 0.2, 0.1, 0.05, 0.02, 0.01])
# Log odds that noise exceeds in so many series, by their number of trials.
QUANTILES = {
    20: (1.22, 2.87, 3.96, 5.37, 6.69, 7.37),
    30: (-0.04, 2.10, 3.48, 4.61, 6.32, 7.12),
    40: (-0.12, 1.27, 2.00, 2.97, 4.27, 5.72),
    60: (-0.06, 1.31, 2.01, 2.75, 3.50, 3.84),
    100: (-0.48, 0.96, 1.58, 2.28, 3.20, 4.04),
    200: (-1.50, -0.60, 0.10, 0.70, 1.60, 2.30),
    400: (-1.90, -1.30, -0.80, -0.20, 0.60, 1.10),
    1000: (-2.20, -1.70, -1.30, -0.60, 0.00, 0.50),
}
SIZES = np.array(sorted(QUANTILES))
TABLE = np.array([QUANTILES[n] for n in SIZES])
# Odds of 1 / p or more come up in at most p of series without transitions (Markov's inequality), so
# beyond the table p values fall at least as fast as the odds rise.
BEYOND = -1.0


def p_value_of(log_odds: float, n_trials: int) -> float:
    """Return the share of series of noise with at least these odds of a transition.

    Parameters
    ----------
    log_odds : float
    n_trials : int
        With a value.

    Examples
    --------
    >>> p_value_of(-3.0, 100) > 0.5, round(p_value_of(2.28, 100), 3), p_value_of(9.0, 100) < 0.001
    (True, 0.05, True)
    """
    at = np.log(np.clip(n_trials, SIZES[0], SIZES[-1]))
    quantiles = np.array([np.interp(at, np.log(SIZES), column) for column in TABLE.T])
    logs = np.log(LEVELS)
    if log_odds >= quantiles[-1]:
        return float(np.exp(logs[-1] + BEYOND * (log_odds - quantiles[-1])))
    if log_odds <= quantiles[0]:
        slope = (logs[1] - logs[0]) / (quantiles[1] - quantiles[0])
        return float(min(np.exp(logs[0] + slope * (log_odds - quantiles[0])), 1.0))
    return float(np.exp(np.interp(log_odds, quantiles, logs)))
