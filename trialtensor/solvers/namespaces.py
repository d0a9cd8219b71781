"""NumPy, and other array libraries that follow the array API standard."""

from __future__ import annotations

import sys
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
    return _compat().array_namespace(*arrays)


def contiguous(array: Any) -> Any:
    """Return an array in C order, where its library lets one choose.

    Parameters
    ----------
    array : array
    """
    if isinstance(array, np.ndarray):
        return np.ascontiguousarray(array)
    return array.contiguous() if hasattr(array, "contiguous") else array


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
    xp = namespace(array)
    device = _compat().device(array)
    dtype = array.dtype if small.dtype.kind == "f" else None
    return xp.asarray(_plain(small), dtype=dtype, device=device)


def as_given(given: Any, result: Any) -> Any:
    """Return a result in the namespace and on the device of the data that it was made of.

    Parameters
    ----------
    given : anything
        As a caller passed it. Only an array of the array API standard gets back its like; the
        result of anything else is a NumPy array.
    result : NumPy array, or anything else, which is returned as it is
        Keeps its type.

    Examples
    --------
    >>> import array_api_strict
    >>> type(as_given(array_api_strict.ones((2, 3, 4)), np.ones(2))).__module__
    'array_api_strict._array_object'
    >>> type(as_given([[[1, 2]]], np.ones(2))).__name__
    'ndarray'
    """
    if not is_device_array(given) or not isinstance(result, np.ndarray):
        return result
    return namespace(given).asarray(_plain(result), device=_compat().device(given))


def _plain(array: np.ndarray) -> np.ndarray:
    """Return an array as torch takes it.

    It warns of arrays that can't be written to, and refuses negative strides, which contiguous
    arrays may have along axes of length 1.
    """
    array = np.require(array, requirements=("C", "W"))
    return array if min(array.strides, default=0) >= 0 else array.copy()


def is_device_array(array: Any) -> bool:
    """Tell whether something is an array of another library than NumPy that follows the standard.

    Nothing is imported to find out. Lazy arrays (dask) and labelled ones (xarray) aren't meant.

    Parameters
    ----------
    array : anything
    """
    if isinstance(array, (np.ndarray, np.generic)) or hasattr(array, "dims"):
        return False
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        return True
    library = type(array).__module__.split(".")[0]
    return library == "cupy" or (library != "dask" and hasattr(array, "__array_namespace__"))


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


def _compat() -> Any:
    try:
        import array_api_compat
    except ImportError as error:
        raise ImportError(
            "arrays of other libraries than NumPy need array-api-compat: "
            "pip install trialtensor[gpu]"
        ) from error
    return array_api_compat
