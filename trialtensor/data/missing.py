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
