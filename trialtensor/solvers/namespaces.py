"""NumPy, and other array libraries that follow the array API standard."""

from __future__ import annotations

from typing import Any

import numpy as np


def namespace(*arrays: Any) -> Any:
    """Return the module whose functions take these arrays: NumPy, or one of the standard.

    Parameters
    ----------
    *arrays : arrays of one library
    """
    if all(isinstance(each, np.ndarray) for each in arrays):
        # NumPy 2 follows the standard itself; asking would take longer than a small product.
        return np
    import array_api_compat

    return array_api_compat.array_namespace(*arrays)


def contiguous(array: Any) -> Any:
    """Return an array in C order, where its library lets one choose.

    Parameters
    ----------
    array : array
    """
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) else array


def like(array: Any, small: np.ndarray) -> Any:
    """Return a NumPy array in the namespace, on the device and in the precision of another array.

    Booleans and integers keep their type.

    Parameters
    ----------
    array : array of floating-point numbers
    small : NumPy array
    """
    if isinstance(array, np.ndarray):
        return small.astype(array.dtype, copy=False) if small.dtype.kind == "f" else small
    import array_api_compat

    xp = namespace(array)
    device = array_api_compat.device(array)
    dtype = array.dtype if small.dtype.kind == "f" else None
    return xp.asarray(np.ascontiguousarray(small), dtype=dtype, device=device)


def as_numpy(array: Any) -> np.ndarray:
    """Return an array as a NumPy array, from whatever device it is on.

    Parameters
    ----------
    array : array
    """
    if isinstance(array, (np.ndarray, np.generic)):
        return np.asarray(array)
    if hasattr(array, "detach"):
        return np.asarray(array.detach().cpu().numpy())
    if hasattr(array, "get"):  # CuPy refuses to be converted without being asked by name
        return np.asarray(array.get())
    return np.asarray(array)


def in_double(array: Any) -> Any:
    """Return an array in double precision.

    Parameters
    ----------
    array : array
    """
    xp = namespace(array)
    return xp.astype(array, xp.float64, copy=False)
