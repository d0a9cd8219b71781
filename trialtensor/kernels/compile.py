"""Kernel compilation: lazy, and cached on disk where possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

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
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)
