"""Rows that are known in several arrays at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trialtensor.data.arrays import as_floats


def known_rows(**arrays: ArrayLike) -> list[np.ndarray]:
    """Return arrays without the trials, or neurons, that are missing in any of them.

    Parameters
    ----------
    **arrays : arrays whose first axis is the same
        By their names in error messages. NaN and masked entries are missing.

    Returns
    -------
    list of float arrays

    Raises
    ------
    ValueError
        For arrays of different lengths, and where nothing is known.

    Examples
    --------
    >>> known_rows(first=[1.0, np.nan, 3.0], second=np.ma.masked_array([1, 2, 3], [0, 0, 1]))
    [array([1.]), array([1.])]
    """
    found = {name: np.atleast_1d(as_floats(each, name)) for name, each in arrays.items()}
    lengths = {name: len(each) for name, each in found.items()}
    if len(set(lengths.values())) > 1:
        first, *others = lengths
        name = next(each for each in others if lengths[each] != lengths[first])
        raise ValueError(
            f"{name}: expected a row for each of the {lengths[first]} of {first}, got "
            f"{lengths[name]}"
        )
    known = np.all(
        [~np.isnan(each.reshape(len(each), -1)).any(axis=1) for each in found.values()], axis=0
    )
    if not known.any():
        raise ValueError(f"{', '.join(found)}: no row is known in all of them")
    return [each[known] for each in found.values()]
