"""Checks of series of trials, of labels and of counts."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from trialtensor.data.labels import as_names, plain_labels, unlabelled
from trialtensor.data.missing import as_floats
from trialtensor.data.per_entry import one_each, trials_first


def check_series(values: Any, argument: str, n_needed: int) -> np.ndarray:
    """Return series of numbers as ``(n_trials, n_series)`` floats, with NaN where missing.

    Raises
    ------
    ValueError
        For another number of axes, for values that are infinite or no numbers, and for a series
        with fewer than ``n_needed`` observed trials.
    """
    series = as_floats(trials_first(values), argument, expected="numbers, a trial each")
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
    labels: Any, n_trials: int, argument: str = "labels", along: Any = None
) -> tuple[list[Any], np.ndarray]:
    """Return block names in order of appearance, and the block of each trial (-1: none).

    ``along`` is the trial coordinate of the data, for labels that have one of their own.
    """
    expected = f"a label for each of the {n_trials} trials"
    given = one_each(labels, n_trials, argument, along=along, expected=expected)
    values = plain_labels(given)
    names: dict[Any, int] = {}
    codes = np.full(n_trials, -1)
    known = as_names(values)
    for k in np.flatnonzero(~unlabelled(values)).tolist():
        codes[k] = names.setdefault(known[k], len(names))
    return list(names), codes
