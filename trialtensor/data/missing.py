"""Missing values in whatever form they come: masked, NaN, None, or NA of pandas."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """Convert to an array, and keep masks, also those of arrays inside a list.

    Parameters
    ----------
    values : array-like

    Returns
    -------
    ndarray or MaskedArray
    """
    if isinstance(values, np.ma.MaskedArray):
        return values
    if isinstance(values, (list, tuple)) and any(map(_has_mask, values)):
        stacked: np.ndarray = np.ma.stack([as_array(each) for each in values])
        return stacked
    return np.asarray(values)


def _has_mask(value: Any) -> bool:
    # np.asarray of a list drops the masks of arrays in it, at any depth.
    if isinstance(value, (list, tuple)):
        return bool(value) and any(map(_has_mask, value))
    return isinstance(value, np.ma.MaskedArray)


def as_floats(
    values: Any, argument: str, dtype: Any = np.float64, *, expected: str = "numbers"
) -> np.ndarray:
    """Return numbers as floats, with NaN where they are missing.

    Parameters
    ----------
    values : array-like of any shape
        Masked entries, NaN, None and NA of pandas are missing.
    argument : str
        Name for error messages.
    dtype : float type, or None
        None keeps float32 and float64, and turns all else into float64.
    expected : str
        What is needed, for error messages.

    Returns
    -------
    ndarray
        The array itself if nothing has to be done.

    Raises
    ------
    ValueError
        For anything that isn't numbers.

    Examples
    --------
    >>> as_floats(np.ma.masked_array([1, -999, 3], [False, True, False]), "values").tolist()
    [1.0, nan, 3.0]
    """
    try:
        given = as_array(values)
        if given.dtype.kind == "c":
            raise TypeError(f"got dtype {given.dtype}")
        if dtype is None:
            dtype = given.dtype if given.dtype in (np.float32, np.float64) else np.float64
        masked = np.ma.getmaskarray(given) if isinstance(given, np.ma.MaskedArray) else None
        if given.dtype.kind == "O" or (masked is not None and given.dtype.kind in "US"):
            # What is hidden may be no number at all.
            given, masked = _without_na(given), None
        found = np.asarray(given, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument}: expected {expected}: {error}") from None
    return found if masked is None else np.where(masked, np.nan, found).astype(dtype)


def with_nan(values: Any, argument: str) -> np.ndarray:
    """Return a plain array, as floats with NaN only if something is masked.

    Parameters
    ----------
    values : array-like
    argument : str
        Name for error messages.
    """
    given = as_array(values)
    return as_floats(given, argument, None) if isinstance(given, np.ma.MaskedArray) else given


def whole(values: Any, argument: str) -> np.ndarray:
    """Return a plain array, and refuse masked entries: for arrays where nothing can be missing.

    Parameters
    ----------
    values : array-like
    argument : str
        Name for error messages.

    Raises
    ------
    ValueError
        If entries are masked.

    Examples
    --------
    >>> whole(np.ma.masked_array([1, 2], [False, True]), "early")
    Traceback (most recent call last):
    ValueError: early: 1 of 2 entries is masked, but none can be missing here
    """
    given = as_array(values)
    if not isinstance(given, np.ma.MaskedArray):
        return given
    n = int(np.ma.getmaskarray(given).sum())
    if n:
        raise ValueError(
            f"{argument}: {n} of {given.size} entries {'is' if n == 1 else 'are'} masked, but "
            "none can be missing here"
        )
    return given.data


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return where an array of objects holds None, NaN, NaT, NA, or a masked entry.

    Parameters
    ----------
    values : array of objects

    Returns
    -------
    bool array of the same shape
    """
    objects = np.asarray(values)
    found = np.fromiter(map(_is_missing, objects.flat), bool, objects.size)
    return found.reshape(objects.shape) | np.ma.getmaskarray(values)


def _is_missing(value: Any) -> bool:
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, str | bytes):
        return False
    # Whoever has such a value has imported pandas; nobody else should wait for it.
    pandas = sys.modules.get("pandas")
    if pandas is not None and value is pandas.NA:
        return True
    try:
        return bool(value != value)  # NaN and NaT alone differ from themselves
    except (TypeError, ValueError):
        return False


def _without_na(values: np.ndarray) -> np.ndarray:
    """Replace missing objects by NaN."""
    gone = is_missing(values)
    found = np.array(values, dtype=object)
    found[gone] = np.nan
    return found
