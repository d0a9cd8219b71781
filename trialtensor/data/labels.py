"""Labels in one form, whatever they came as: text, bytes, numbers, objects, pandas, masked."""

from __future__ import annotations

import datetime
import numbers
from typing import Any

import numpy as np

from trialtensor.data.missing import as_array, is_missing

# What NumPy and pandas write where NaN, NaT or NA is converted to text.
NO_LABEL = ("nan", "NaN", "<NA>", "NaT")
# Larger whole numbers aren't exact as floats, which have a place for missing ones.
EXACT = 2**53


def plain_labels(labels: Any) -> np.ndarray:
    """Return labels as text, numbers, dates or booleans, with one way to have none.

    Unlabelled are None, NaN, NaT, NA of pandas, masked entries, empty text (also bytes), and the
    text that NumPy and pandas write for NaN ("nan", "<NA>").

    Parameters
    ----------
    labels : array-like of any shape
        Bytes are decoded. Objects become text unless they are all numbers, booleans or dates.

    Returns
    -------
    ndarray
        Numbers and dates have NaN and NaT where unlabelled, whole numbers become floats there; text
        and booleans become objects with None there. Without any, dtypes are plain.

    Examples
    --------
    >>> plain_labels([b"left", "", None, "right"]).tolist()
    ['left', None, None, 'right']
    >>> plain_labels(np.ma.masked_array([1, 2], [True, False])).tolist()
    [nan, 2.0]
    """
    given = _as_given(labels)
    if given.dtype.kind in "fmMc" or (
        given.dtype.kind in "iub" and not isinstance(given, np.ma.MaskedArray)
    ):
        return _with_gaps(given)
    if given.dtype.kind == "U" and not isinstance(given, np.ma.MaskedArray):
        gone = _says_nothing(given)
        return _text(given, gone) if gone.any() else given
    return _of_objects(given)


def unlabelled(labels: np.ndarray) -> np.ndarray:
    """Return where labels in their plain form are missing.

    Parameters
    ----------
    labels : array from `plain_labels`

    Returns
    -------
    bool array of the same shape

    Examples
    --------
    >>> unlabelled(plain_labels(["left", ""])).tolist()
    [False, True]
    """
    kind = labels.dtype.kind
    if kind in "mM":
        return np.asarray(np.isnat(labels))
    if kind in "fc":
        return np.asarray(np.isnan(labels))
    if kind == "O":
        return is_missing(labels)
    return np.zeros(labels.shape, bool)


def as_names(labels: np.ndarray) -> list[Any]:
    """Return labels in their plain form as Python values: dates as text, the rest as it is.

    Parameters
    ----------
    labels : array from `plain_labels`

    Examples
    --------
    >>> as_names(plain_labels(np.array(["2020-01-02", "NaT"], "datetime64[ns]")))
    ['2020-01-02', None]
    """
    if labels.dtype.kind not in "mM":
        return list(labels.tolist())
    gone = np.isnat(labels)
    if labels.dtype.kind == "m":
        text = labels.astype(str)
    else:
        text = np.datetime_as_string(labels, unit="auto" if not gone.all() else None)
    return [None if none else str(each) for each, none in zip(text, gone, strict=True)]


def complete_labels(labels: Any, argument: str, needed: str) -> np.ndarray:
    """Return labels in their plain form, and refuse any that is missing.

    Parameters
    ----------
    labels : array-like
    argument : str
        Name for error messages.
    needed : str
        What every entry needs, such as "trial needs a block".

    Raises
    ------
    ValueError
        Naming the first that is missing.
    """
    found = plain_labels(labels)
    gone = np.flatnonzero(unlabelled(found))
    if len(gone):
        raise ValueError(
            f"{argument}: some labels are NaN, None or empty, {len(gone)} of {found.size}, the "
            f"first in place {gone[0]}; every {needed}"
        )
    return found


def labels_alike(first: Any, second: Any) -> np.ndarray:
    """Compare labels one by one; two that are missing are alike.

    Parameters
    ----------
    first, second : array-like of the same shape

    Returns
    -------
    bool array
    """
    a, b = plain_labels(first), plain_labels(second)
    if (a.dtype.kind in "UO") != (b.dtype.kind in "UO"):
        a, b = a.astype(object), b.astype(object)
    same = np.asarray(a == b, dtype=bool)
    return same | (unlabelled(a) & unlabelled(b))


def _as_given(labels: Any) -> np.ndarray:
    # Lists stay objects: NumPy would make the text "nan" of a NaN among words.
    if isinstance(labels, (list, tuple)):
        labels = np.array(labels, dtype=object)
    return as_array(labels)


def _with_gaps(values: np.ndarray) -> np.ndarray:
    """Fill what is masked in numbers that have a value for it."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    gap = np.array("NaT", values.dtype) if values.dtype.kind in "mM" else np.nan
    filled: np.ndarray = np.where(np.ma.getmaskarray(values), gap, values.data)
    return filled


def _of_objects(given: np.ndarray) -> np.ndarray:
    """Find what objects, bytes or masked entries are."""
    values = np.asarray(given).astype(object)
    hidden = np.zeros(given.shape, bool)
    if isinstance(given, np.ma.MaskedArray) and given.dtype.names is None:
        hidden = np.ma.getmaskarray(given)
    for place in zip(*np.nonzero(~hidden), strict=True):
        values[place] = _decoded(values[place])
    gone = hidden | is_missing(values)
    gone[~gone] = _says_nothing(values[~gone])
    known = values[~gone].tolist()
    if all(isinstance(each, bool | np.bool_) for each in known):
        values[gone] = None
        return values if gone.any() or not known else values.astype(bool)
    if all(map(_is_number, known)):
        if (converted := _numbers(values, gone)) is not None:
            return converted
    elif all(map(_is_date, known)) or all(map(_is_duration, known)):
        return _dates(values, gone)
    return _text(values, gone)


def _decoded(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _says_nothing(values: np.ndarray) -> np.ndarray:
    found = [isinstance(v, str) and (v in NO_LABEL or not v.strip(" \0")) for v in values.flat]
    return np.array(found, bool).reshape(values.shape)


def _numbers(values: np.ndarray, gone: np.ndarray) -> np.ndarray | None:
    """Return whole numbers or floats; None for whole numbers that wouldn't be exact."""
    known = values[~gone]
    integral = all(isinstance(each, numbers.Integral) for each in known)
    if integral and not gone.any():
        try:
            return values.astype(np.int64)
        except OverflowError:
            return None
    if integral and any(abs(int(each)) > EXACT for each in known):
        return None
    found = np.full(values.shape, np.nan)
    found[~gone] = known.astype(np.float64)
    return found


def _is_number(value: Any) -> bool:
    # NumPy counts its durations among the integers.
    return isinstance(value, numbers.Real) and not isinstance(value, np.timedelta64)


def _is_date(value: Any) -> bool:
    if isinstance(value, np.datetime64):
        return True
    return isinstance(value, datetime.date) and getattr(value, "tzinfo", None) is None


def _is_duration(value: Any) -> bool:
    return isinstance(value, np.timedelta64 | datetime.timedelta)


def _dates(values: np.ndarray, gone: np.ndarray) -> np.ndarray:
    known = []
    for each in values[~gone]:
        # Those of pandas know nanoseconds, which the conversion of NumPy would cut off.
        own = getattr(each, "to_datetime64", None) or getattr(each, "to_timedelta64", None)
        plain = np.timedelta64 if _is_duration(each) else np.datetime64
        known.append(plain(each) if own is None else own())
    dates = np.array(known)
    found = np.full(values.shape, "NaT", dates.dtype)
    found[~gone] = dates
    return found


def _text(values: np.ndarray, gone: np.ndarray) -> np.ndarray:
    found = np.full(values.shape, None, object)
    found[~gone] = [str(each) for each in values[~gone]]
    return found if gone.any() or not found.size else found.astype(str)
