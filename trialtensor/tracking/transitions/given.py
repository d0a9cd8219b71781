"""What a caller knows of onsets and time constants beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import is_whole


def check_onsets(onsets: Any, n_trials: int) -> np.ndarray:
    """Return which trials may be an onset, ``(n_trials,)`` bools.

    Raises
    ------
    ValueError
        For anything but trials of the series, counted from 0.
    """
    if onsets is None:
        return np.ones(n_trials, bool)
    given = np.atleast_1d(np.asarray(onsets, dtype=object)).ravel()
    known = [each for each in given.tolist() if is_whole(each) and 0 <= each < n_trials]
    if not len(given) or len(known) < len(given):
        raise ValueError(
            f"onsets: expected trials from 0 to {n_trials - 1}, got {given.tolist() or 'none'}"
        )
    allowed = np.zeros(n_trials, bool)
    allowed[[int(each) for each in known]] = True
    return allowed


def check_time_constants(time_constants: Any) -> np.ndarray | None:
    """Return the time constants that are possible, ascending, or None for all.

    Raises
    ------
    ValueError
        For negative ones, and for no numbers.
    """
    if time_constants is None:
        return None
    given = np.atleast_1d(as_floats(time_constants, "time_constants")).ravel()
    if not len(given) or np.isnan(given).any() or (given < 0).any():
        raise ValueError(
            "time_constants: expected trials from 0 (a step) to infinite (a ramp), got "
            f"{given.tolist() or 'none'}"
        )
    return np.unique(given)
