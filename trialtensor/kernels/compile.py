"""Kernel compilation: lazy, cached on disk where possible, and left out without numba."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar, cast

if find_spec("numba") is None:
    # A small installation, or a Python that numba doesn't support yet.
    warnings.warn(
        "numba isn't installed, so trialtensor's kernels run as plain Python: results are the "
        "same, but non-negative fits take about 5 times and track about 40 times as long",
        stacklevel=2,
    )
    numba: Any = None
else:
    import numba

P = ParamSpec("P")
T = TypeVar("T")


def kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile ``function`` at its first call and cache the machine code if a folder is writable.

    Numba raises at decoration when neither the package folder nor the user's cache is writable,
    as in a read-only installation without a home directory. The kernel is then compiled in
    every process.

    Parameters
    ----------
    function : callable
    """
    if numba is None:
        return function
    try:
        compiled: Any = numba.njit(cache=True)(function)
    except RuntimeError:
        compiled = numba.njit(function)
    return cast(Callable[P, T], compiled)
