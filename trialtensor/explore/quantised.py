"""Numbers in few bytes: what a page holds of factors and of activity."""

from __future__ import annotations

from typing import Any

import numpy as np

# Levels are counted from one: zero is what isn't known.
_LEVELS = {8: 254, 16: 65534}


def quantised(values: Any, *, bits: int = 16, by_row: bool = False) -> dict[str, Any]:
    """Return numbers as whole levels between their least and largest value.

    Parameters
    ----------
    values : array
        NaN where unknown.
    bits : {8, 16}
        Of a level. With 8 an error is at most 0.2 % of the range, with 16 it can't be seen.
    by_row : bool
        Give each row of a matrix a range of its own.

    Returns
    -------
    dict
        ``levels``, unsigned integers of the shape of `values`, 0 where unknown; ``low`` and
        ``step``: a value is ``low + step * (level - 1)``. One of each, or one for each row.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.explore.quantised import quantised
    >>> quantised(np.array([0.0, 1.0, np.nan]), bits=8)["levels"].tolist()
    [1, 255, 0]
    """
    given = np.asarray(values, dtype=np.float64)
    rows = given if by_row else given.reshape(1, -1)
    known = np.isfinite(rows)
    any_known = known.any(axis=1)
    low = np.where(any_known, np.where(known, rows, np.inf).min(axis=1, initial=np.inf), 0.0)
    high = np.where(any_known, np.where(known, rows, -np.inf).max(axis=1, initial=-np.inf), 0.0)
    levels = _LEVELS[bits]
    step = (high - low) / levels
    safe = np.where(step > 0, step, 1.0)
    filled = np.where(known, rows, low[:, None])
    found = np.where(known, 1 + np.round((filled - low[:, None]) / safe[:, None]), 0)
    dtype = np.uint8 if bits == 8 else np.uint16
    return {
        "levels": found.astype(dtype).reshape(given.shape),
        "low": low.astype(np.float32) if by_row else float(low[0]),
        "step": step.astype(np.float32) if by_row else float(step[0]),
    }


def pooled(values: np.ndarray, n: int, axis: int = -1) -> np.ndarray:
    """Average neighbours along an axis, so that at most `n` entries remain.

    Parameters
    ----------
    values : array
        NaN where unknown: averages are over what is known.
    n : int
        At least 1.
    axis : int
    """
    length = values.shape[axis]
    if length <= n:
        return np.asarray(values, dtype=np.float64)
    starts = bins(length, n)
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts, axis=axis, dtype=np.float64)
    counts = np.add.reduceat(known, starts, axis=axis, dtype=np.int64)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def bins(length: int, n: int) -> np.ndarray:
    """Return where each of `n` bins starts that divide a length as evenly as whole numbers can.

    Parameters
    ----------
    length, n : int
    """
    n = min(length, n)
    return np.arange(n) * length // n
