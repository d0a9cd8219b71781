"""Whether a fit fits into memory, said before it starts rather than by the system in its midst."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from trialtensor.data.elsewhere import kind_of, refuse_closed, source_of
from trialtensor.data.notices import warn
from trialtensor.opening.memory import free_memory
from trialtensor.solvers.namespaces import as_numpy, is_device_array

# Kind -> memory beyond the data, in multiples of the data as floating-point numbers: of complete
# data, and with missing entries. From ``python -m benchmarks memory``, the least of all options
# and dtypes. Kinds that aren't listed are not judged; dynamics need at most 2.5 times the data, but
# how much less depends on the numbers of neurons, of time bins and of complete ones.
BEYOND_DATA = {
    "TCA": (0.1, 1.6),
    "SliceTCA": (0.1, 1.6),
    "Parafac2": (1.0, 1.6),
    "CoupledTCA": (1.0, 1.6),
}
# A fit that needs less than this isn't judged: looking would take as long as the fit.
_SMALL = 10_000_000
# Share of the free memory above which a fit is close to the limit.
_CLOSE = 0.9
# Share of what a fit usually needs that it needs for certain.
_CERTAIN = 0.7


class MemoryWarning(UserWarning):
    """A fit needs nearly all of the free memory, or more than is free without swapping."""


def check_memory(kind: type, X: Any, mask: Any, *, loaded: bool = False) -> None:
    """Refuse a fit that can't fit into memory, and warn of one that nearly can't.

    Parameters
    ----------
    kind : type
        Class of the model.
    X, mask : as for ``fit``
    loaded : bool
        Whether data that is elsewhere will be loaded, also for kinds that read it in passes.

    Raises
    ------
    MemoryError
        If it needs more than all memory and swap space that is free or could be freed, by a wide
        margin. Where the system doesn't say how much that is, nothing is refused.
    """
    refuse_closed(X)
    beyond = next(
        (BEYOND_DATA[c.__name__] for c in kind.__mro__ if c.__name__ in BEYOND_DATA), None
    )
    arrays, free = _arrays(X), free_memory()
    if beyond is None or free is None:
        return
    if getattr(kind, "reads_in_passes", False) and kind_of(X) is not None and not loaded:
        return
    if not arrays and kind_of(X) == "disk":
        arrays = [source_of(X)]
    size = sum(_as_floats(array) for array in arrays)
    # Whole numbers, and arrays in another order, are copied.
    copied = sum(_as_floats(array) for array in arrays if not _is_used_as_it_is(array))
    if copied + size * max(beyond) <= max(_CLOSE * free[0], _SMALL):
        return
    # Elsewhere, looking for missing entries would read all of it.
    missing = mask is not None or (kind_of(X) is None and any(map(_has_nan, arrays)))
    needed = copied + size * beyond[missing]
    if needed <= _CLOSE * free[0]:
        return
    text = _text(kind, arrays, needed, free[0])
    if copied + _CERTAIN * size * beyond[missing] > sum(free):
        raise MemoryError(text)
    warn(f"{text} The fit may be slow, or be ended by the system.", MemoryWarning)


def _arrays(X: Any) -> list[Any]:
    """List the arrays in the data; what isn't an array yet is not judged."""
    if is_device_array(X):
        # On the processor, this makes no copy.
        return [as_numpy(X)] if kind_of(X) is None else []
    if hasattr(X, "dtype") and hasattr(X, "size"):
        return [X]
    if isinstance(X, Mapping):
        X = list(X.values())
    if isinstance(X, (list, tuple)):
        return [each for each in X if hasattr(each, "dtype") and hasattr(each, "size")]
    return []


def _as_floats(array: Any) -> int:
    """Return the bytes of an array as floating-point numbers."""
    return math.prod(array.shape) * _itemsize(array.dtype)


def _itemsize(dtype: Any) -> int:
    return 4 if np.dtype(dtype).kind == "f" and np.dtype(dtype).itemsize <= 4 else 8


def _has_nan(array: Any) -> bool:
    # The sum of a labelled array leaves NaN out.
    return bool(array.dtype.kind == "f" and np.isnan(np.sum(_values(array))))


def _values(array: Any) -> Any:
    return array.data if hasattr(array, "coords") else array


def _is_used_as_it_is(array: Any) -> bool:
    values = _values(array)
    in_order = bool(getattr(getattr(values, "flags", None), "c_contiguous", False))
    return array.dtype in (np.float32, np.float64) and in_order


def _text(kind: type, arrays: list[Any], needed: float, free: int) -> str:
    shapes = [" x ".join(map(str, array.shape)) for array in arrays[:2]]
    shapes += ["others"] if len(arrays) > 2 else []
    ways = ["fewer neurons or wider bins"]
    if any(_itemsize(array.dtype) == 8 for array in arrays):
        ways.insert(0, "X as float32, which takes half as much")
    if "partial_fit" in vars(kind):
        ways.append("partial_fit, which takes the trials in batches")
    return (
        f"X: the fit of a {kind.__name__} to {' and '.join(shapes)} values needs about "
        f"{_size(needed)} of memory besides the data, and {_size(free)} are free. Use "
        f"{', or '.join(ways)}."
    )


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
