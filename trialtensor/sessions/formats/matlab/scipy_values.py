"""The variables of a MATLAB file as SciPy gives them, in the form that both formats share."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from trialtensor.opening.memory import refuse_too_large
from trialtensor.sessions.formats.matlab.values import Cells, Numbers, Struct, Text, Unread, Value
from trialtensor.variables.matlab5 import text_of

_DEEPEST = 20


def value_of(given: Any, depth: int = 0) -> Value:
    """Return a value of `scipy.io.loadmat`.

    Parameters
    ----------
    given : object
    depth : int
        Values around it.
    """
    from scipy import sparse
    from scipy.io import matlab

    if depth > _DEEPEST:
        return Unread("is nested too deeply")
    if isinstance(given, matlab.MatlabFunction):
        return Unread("is a MATLAB function, which is never read")
    if isinstance(given, matlab.MatlabOpaque | matlab.MatlabObject):
        return Unread("is a MATLAB object, which is not read")
    if sparse.issparse(given):
        shape = (int(given.shape[0]), int(given.shape[1]))
        return Numbers(shape, np.dtype(float), partial(_full, given))
    rows = text_of(given)
    if rows is not None:
        return Text(tuple(rows))
    if not isinstance(given, np.ndarray):
        return Unread(f"is a {type(given).__name__}, which is not read")
    if given.dtype.names is not None:
        return _struct(given, depth)
    if given.dtype.kind == "O":
        return Cells(_each(given, depth))
    if given.dtype.kind not in "fiub":
        return Unread("holds complex numbers, which are not read", given.shape)
    return Numbers(given.shape, given.dtype, lambda: given)


def _struct(given: np.ndarray, depth: int) -> Struct:
    return Struct(
        given.shape, {name: _each(given[name], depth) for name in given.dtype.names or ()}
    )


def _each(given: np.ndarray, depth: int) -> np.ndarray:
    found = np.empty(given.shape, dtype=object)
    for place, value in np.ndenumerate(given):
        found[place] = value_of(value, depth + 1)
    return found


def _full(given: Any) -> np.ndarray:
    refuse_too_large(8 * given.shape[0] * given.shape[1])
    full: np.ndarray = np.asarray(given.toarray(), dtype=float)
    return full
