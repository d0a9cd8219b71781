"""What is given as an array: refusals of what isn't one, and a unit in which products fit."""

from __future__ import annotations

from typing import Any

import numpy as np


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


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Return an array of real numbers, of whatever dtype; numbers stored as objects as floats.

    Raises
    ------
    ValueError
        For sparse matrices, for nested sequences of unequal length and for what isn't a number.
    """
    refuse_sparse(values, name)
    try:
        array = np.asanyarray(values) if isinstance(values, np.ma.MaskedArray) else (
            np.asarray(values)
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(
            f"{name}: expected an array of numbers, got nested sequences of unequal length; pad "
            "the shorter ones with NaN"
        ) from error
    if array.dtype.kind in "fiub":
        return array
    if array.dtype.kind == "O":
        return _of_objects(array, name)
    needed = "real numbers" if array.dtype.kind == "c" else "numbers"
    raise NotNumbersError(f"{name}: expected {needed}, got dtype {array.dtype}")


def as_floats(values: Any, name: str) -> np.ndarray:
    """Return an array of float64, otherwise as `as_numbers`; NaN where a masked array is masked."""
    array = as_numbers(values, name)
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    return np.asarray(array, dtype=np.float64)


def _of_objects(array: np.ndarray, name: str) -> np.ndarray:
    """Convert numbers that are stored as objects; None is missing."""
    flat = array.ravel().tolist()
    for each in flat:
        if isinstance(each, (str, bytes, list, tuple, np.ndarray, complex)):
            raise NotNumbersError(
                f"{name}: expected numbers, got an object array with {_described(each)}; make it "
                "an array of floats"
            )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise NotNumbersError(
            f"{name}: expected numbers, got an object array ({error}); make it an array of floats"
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
