"""What is given as an array: refusals of what isn't one, and a unit in which products fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.missing import as_array, is_missing


class NotNumbersError(TypeError, ValueError):
    """Data that isn't numeric: a ``ValueError`` here, a ``TypeError`` in other libraries."""


def refuse_sparse(values: Any, name: str) -> None:
    """Refuse a sparse matrix or array, of SciPy, pydata or any other library.

    `numpy.asarray` would wrap one in a single object, and speak of its shape.

    Raises
    ------
    ValueError
        Saying how to make an array of it.
    """
    if isinstance(values, np.ndarray):
        return
    parts = values if isinstance(values, (list, tuple)) else [values]
    for each in parts:
        if hasattr(each, "nnz") and hasattr(each, "shape"):
            way = next((w for w in ("toarray", "todense") if hasattr(each, w)), "toarray")
            raise ValueError(
                f"{name}: is a sparse matrix ({type(each).__name__}), expected an array; pass "
                f"{_variable(name)}.{way}()"
            )


def _variable(name: str) -> str:
    return name if name.isidentifier() else "X"


def as_numbers(values: Any, name: str, *, expected: str = "numbers") -> np.ndarray:
    """Return an array of real numbers, of whatever dtype; numbers stored as objects as floats.

    Parameters
    ----------
    values : array-like
        Masks are kept.
    name : str
        Of the argument, for error messages.
    expected : str
        What is needed, for error messages.

    Returns
    -------
    ndarray or MaskedArray

    Raises
    ------
    ValueError
        For sparse matrices, for nested sequences of unequal length and for what isn't a number.
    """
    refuse_sparse(values, name)
    try:
        array = as_array(values)
    except ValueError as error:
        raise ValueError(
            f"{name}: expected {expected}, got nested sequences of unequal length; pad the "
            "shorter ones with NaN"
        ) from error
    if array.dtype.kind in "fiub":
        return array
    masked = isinstance(array, np.ma.MaskedArray) and array.dtype.kind in "US"
    if array.dtype.kind == "O" or masked:
        return _of_objects(array, name, expected)
    needed = f"real {expected}" if array.dtype.kind == "c" else expected
    raise NotNumbersError(f"{name}: expected {needed}, got dtype {array.dtype}")


def as_floats(
    values: Any, name: str, dtype: Any = np.float64, *, expected: str = "numbers"
) -> np.ndarray:
    """Return numbers as floats, with NaN where they are missing.

    Parameters
    ----------
    values : array-like of any shape
        Masked entries, NaN, None and NA of pandas are missing.
    name : str
        Of the argument, for error messages.
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
    given = as_numbers(values, name, expected=expected)
    if dtype is None:
        dtype = given.dtype if given.dtype in (np.float32, np.float64) else np.float64
    found = np.asarray(given, dtype=dtype)
    if not isinstance(given, np.ma.MaskedArray):
        return found
    return np.where(np.ma.getmaskarray(given), np.nan, found).astype(dtype)


def with_nan(values: Any, name: str) -> np.ndarray:
    """Return a plain array, as floats with NaN only if something is masked.

    Parameters
    ----------
    values : array-like
    name : str
        Of the argument, for error messages.
    """
    given = as_numbers(values, name)
    return as_floats(given, name, None) if isinstance(given, np.ma.MaskedArray) else given


def whole(values: Any, name: str) -> np.ndarray:
    """Return a plain array, and refuse masked entries: for arrays where nothing can be missing.

    Parameters
    ----------
    values : array-like
    name : str
        Of the argument, for error messages.

    Raises
    ------
    ValueError
        If entries are masked, and for sparse matrices.

    Examples
    --------
    >>> whole(np.ma.masked_array([1, 2], [False, True]), "early")
    Traceback (most recent call last):
    ValueError: early: 1 of 2 entries is masked, but none can be missing here
    """
    refuse_sparse(values, name)
    given = as_array(values)
    if not isinstance(given, np.ma.MaskedArray):
        return given
    n = int(np.ma.getmaskarray(given).sum())
    if n:
        raise ValueError(
            f"{name}: {n} of {given.size} entries {'is' if n == 1 else 'are'} masked, but "
            "none can be missing here"
        )
    return given.data


def _of_objects(array: np.ndarray, name: str, expected: str) -> np.ndarray:
    """Convert numbers that are stored as objects; whatever is missing becomes NaN."""
    gone = is_missing(array)
    plain = np.array(array, dtype=object)
    plain[gone] = np.nan
    for each in plain.flat:
        if isinstance(each, (str, bytes, list, tuple, np.ndarray, complex)):
            raise NotNumbersError(
                f"{name}: expected {expected}, got an object array with {_described(each)}; make "
                "it an array of floats"
            )
    try:
        return plain.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise NotNumbersError(
            f"{name}: expected {expected}, got an object array ({error}); make it an array of "
            "floats"
        ) from None


def _described(value: Any) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        return f"a {type(value).__name__} of length {len(value)}" if np.ndim(value) else "arrays"
    return f"{type(value).__name__} {value!r}"


def exponent_of(*values: np.ndarray) -> int:
    """Return the power of two just above the largest finite value; 0 if all are zero."""
    largest = 0.0
    for each in values:
        known = np.abs(each[np.isfinite(each)])
        largest = max(largest, float(known.max(initial=0)))
    return int(np.frexp(largest)[1]) if largest else 0


def column_exponents(matrix: np.ndarray) -> np.ndarray:
    """Return for each column the power of two just above its largest value, (R,)."""
    return np.frexp(np.abs(matrix).max(axis=0, initial=0))[1]


def scaled(values: Any, exponent: Any) -> Any:
    """Return ``values * 2**exponent``, exactly unless it overflows or becomes subnormal.

    Division by a power of two is exact, so results are those of the same data in any other unit.
    """
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(values, exponent)
