"""One number a trial, or several: checking what was given."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_series(values: Any, argument: str, n_needed: int) -> np.ndarray:
    """Series of numbers as ``(n_trials, n_series)`` floats, with NaN where missing.

    Raises
    ------
    ValueError
        For another number of axes, for values that are infinite or no numbers, and for a series
        with fewer than ``n_needed`` observed trials.
    """
    try:
        series = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument}: expected numbers, a trial each: {error}") from None
    if series.ndim not in (1, 2):
        raise ValueError(
            f"{argument}: expected (n_trials,) or (n_trials, n_series), got shape {series.shape}"
        )
    series = series.reshape(len(series), -1)
    if np.isinf(series).any():
        trial = int(np.flatnonzero(np.isinf(series).any(axis=1))[0])
        raise ValueError(f"{argument}: trial {trial} is infinite, expected numbers or NaN")
    seen = np.isfinite(series).sum(axis=0)
    if not series.shape[1] or seen.min() < n_needed:
        raise ValueError(
            f"{argument}: expected at least {n_needed} trials with a value, got "
            f"{seen.min(initial=len(series))}"
        )
    return series


def check_one_series(values: Any, argument: str, n_needed: int) -> np.ndarray:
    """A single series, ``(n_trials,)``; otherwise as `check_series`."""
    series = check_series(values, argument, n_needed)
    if series.shape[1] != 1:
        raise ValueError(f"{argument}: expected (n_trials,), got shape {np.shape(values)}")
    return series[:, 0]


def check_share(value: float, argument: str) -> float:
    """A number between 0 and 1, neither included."""
    if not 0 < value < 1:
        raise ValueError(f"{argument}: expected a number between 0 and 1, got {value}")
    return float(value)


def check_count(value: int, argument: str, least: int) -> int:
    """A whole number of at least ``least``."""
    if value != int(value) or value < least:
        raise ValueError(f"{argument}: expected a whole number of at least {least}, got {value}")
    return int(value)
