"""Kernel compilation: lazy, and cached on disk where possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

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
    try:
        compiled: Any = numba.njit(cache=True)(function)
    except RuntimeError:
        compiled = numba.njit(function)
    return cast(Callable[P, T], compiled)
