"""Checks of series of trials, of labels and of counts."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np


def check_series(values: Any, argument: str, n_needed: int) -> np.ndarray:
    """Return series of numbers as ``(n_trials, n_series)`` floats, with NaN where missing.

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
    """Return a single series, ``(n_trials,)``; otherwise as `check_series`."""
    series = check_series(values, argument, n_needed)
    if series.shape[1] != 1:
        raise ValueError(f"{argument}: expected (n_trials,), got shape {np.shape(values)}")
    return series[:, 0]


def check_count(value: Any, argument: str, least: int) -> int:
    """Return a whole number of at least ``least``."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if not number or not value >= least or value != value // 1:
        raise ValueError(f"{argument}: expected a whole number of at least {least}, got {value}")
    return int(value)


def check_labels(
    labels: Any, n_trials: int, argument: str = "labels"
) -> tuple[list[Any], np.ndarray]:
    """Return block names in order of appearance, and the block of each trial (-1: none)."""
    values = np.asarray(labels)
    if values.shape != (n_trials,):
        raise ValueError(
            f"{argument}: expected a label for each of the {n_trials} trials, got shape "
            f"{values.shape}"
        )
    names: dict[Any, int] = {}
    codes = np.full(n_trials, -1)
    for k, value in enumerate(values.tolist()):
        # NaN alone differs from itself.
        if value is not None and value == value:
            codes[k] = names.setdefault(value, len(names))
    return list(names), codes
