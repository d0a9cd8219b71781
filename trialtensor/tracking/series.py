"""Checks of series of trials and of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats, exponent_of, scaled
from trialtensor.data.labels import as_names, plain_labels, unlabelled
from trialtensor.data.per_entry import one_each, trials_first

LARGEST = 1e152  # so that variances fit
NO_NOISE = 1e-3  # of the range of a series
SORTED = (
    "never turns from one trial to the next: either it has no noise, or its trials are sorted by "
    "its own values, and then changes are those of the order and say nothing about time"
)
ROUNDINGS = 32  # a series within so many is constant


def check_series(values: Any, argument: str, n_needed: int) -> np.ndarray:
    """Return series of numbers as ``(n_trials, n_series)`` floats, with NaN where missing.

    A series that varies by rounding only is returned as constant.

    Raises
    ------
    ValueError
        For another number of axes, for values that are infinite or no numbers, in units in which
        variances don't fit, and for a series with fewer than ``n_needed`` observed trials.
    """
    series = as_floats(trials_first(values), argument, expected="numbers, a trial each")
    if series.ndim not in (1, 2):
        raise ValueError(
            f"{argument}: expected (n_trials,) or (n_trials, n_series), got shape {series.shape}"
        )
    series = series.reshape(len(series), series.shape[1] if series.ndim == 2 else 1)
    if np.isinf(series).any():
        trial = int(np.flatnonzero(np.isinf(series).any(axis=1))[0])
        raise ValueError(f"{argument}: trial {trial} is infinite, expected numbers or NaN")
    seen = np.isfinite(series).sum(axis=0)
    if not series.shape[1] or seen.min() < n_needed:
        raise ValueError(
            f"{argument}: expected at least {n_needed} trials with a value, got "
            f"{seen.min(initial=len(series))}"
        )
    check_unit(series, argument)
    return _settled(series, _precision(values))


def looks_sorted(series: np.ndarray, noise_sd: np.ndarray) -> bool:
    """Return whether some series never turns, although it has noise.

    Parameters
    ----------
    series : (n_trials, n_series) array
        NaN where missing.
    noise_sd : (n_series,) array
        Of trials about a course of few parameters.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=(50, 1))
    >>> looks_sorted(y, y.std(axis=0)), looks_sorted(np.sort(y, axis=0), y.std(axis=0))
    (False, True)
    """
    for y, sd in zip(series.T, noise_sd, strict=True):
        known = y[np.isfinite(y)]
        steps = np.diff(known)
        one_way = (steps >= 0).all() or (steps <= 0).all()
        if one_way and sd > NO_NOISE * np.ptp(known):
            return True
    return False


def check_unit(values: np.ndarray, argument: str) -> None:
    """Refuse units in which a variance is too large or too small for a float.

    Raises
    ------
    ValueError
        Saying so.
    """
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max(initial=0))
    if largest and not 1 / LARGEST < largest < LARGEST:
        raise ValueError(
            f"{argument}: values of up to {largest:.0e} have squares that float64 can't hold; use "
            "other units"
        )


def _precision(values: Any) -> float:
    dtype = getattr(values, "dtype", None)
    kind = dtype if isinstance(dtype, np.dtype) and dtype.kind == "f" else np.dtype(np.float64)
    return float(np.finfo(kind).eps)


def _settled(series: np.ndarray, precision: float) -> np.ndarray:
    """Return the series, with those constant that vary by no more than their rounding."""
    low, high = np.nanmin(series, axis=0), np.nanmax(series, axis=0)
    largest = np.maximum(np.abs(low), np.abs(high))
    constant = high - low <= ROUNDINGS * precision * largest
    if not constant.any():
        return series
    return np.where(constant & np.isfinite(series), np.nanmedian(series, axis=0), series)


@dataclass(frozen=True, slots=True)
class Unit:
    """The zero and the power of two that a series is measured by."""

    middle: float
    exponent: int

    def levels(self, values: Any) -> Any:
        """Return values of the series in the unit that it was given in."""
        return scaled(values, self.exponent) + self.middle

    def sizes(self, values: Any) -> Any:
        """Return differences and deviations in that unit."""
        return scaled(values, self.exponent)

    def squares(self, values: Any) -> Any:
        """Return variances in the square of that unit."""
        return scaled(values, 2 * self.exponent)


def in_own_unit(y: np.ndarray) -> tuple[np.ndarray, Unit]:
    """Return a series about its median, with a largest value near 1.

    Constants are then exactly 0, squares fit, and results are the same in any unit, because the
    unit is a power of two.
    """
    middle = float(np.nanmedian(y))
    exponent = exponent_of(y - middle)
    return scaled(y - middle, -exponent), Unit(middle, exponent)


def check_one_series(values: Any, argument: str, n_needed: int) -> np.ndarray:
    """Return a single series, ``(n_trials,)``; otherwise as `check_series`."""
    series = check_series(values, argument, n_needed)
    if series.shape[1] != 1:
        raise ValueError(f"{argument}: expected (n_trials,), got shape {np.shape(values)}")
    return series[:, 0]


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
