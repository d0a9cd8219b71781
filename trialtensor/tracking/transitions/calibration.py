"""How often noise alone looks as much like a transition, by simulation.

Odds are compared with those in series of noise of the same length: for each length, in the kind of
noise, of white, heavy-tailed, slow and half slow, in which they are highest. From 300 trials on
they are compared with those in a random walk with white noise, too, of which twice as many may be
reported. A shorter one can't be told from a step of one standard deviation, which should be found.
The simulation is ``benchmarks/transition_odds.py``.
"""

from __future__ import annotations

import numpy as np

LEVELS = np.array([0.5, 0.2, 0.1, 0.05, 0.02, 0.01])
# Log odds that noise exceeds in so many series, by their number of trials; averaged where they
# would rise with it, but for where walks come in.
QUANTILES = {
    20: (1.19, 2.99, 3.93, 4.89, 5.75, 5.95),
    30: (0.06, 1.69, 2.99, 4.19, 5.30, 6.14),
    40: (-0.11, 1.30, 2.08, 2.68, 3.96, 4.85),
    60: (-0.14, 1.08, 1.87, 2.70, 3.39, 5.03),
    100: (-0.62, 0.62, 1.25, 2.08, 3.05, 3.69),
    200: (-1.46, -0.44, 0.31, 1.17, 2.62, 4.88),
    300: (-1.90, -0.03, 1.07, 2.03, 3.23, 4.05),
    400: (-2.10, -0.58, 0.64, 1.43, 3.23, 4.05),
    1000: (-2.77, -1.26, 0.08, 1.43, 2.93, 3.73),
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
    >>> p_value_of(-3.0, 100) > 0.5, round(p_value_of(2.08, 100), 3), p_value_of(9.0, 100) < 0.001
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
