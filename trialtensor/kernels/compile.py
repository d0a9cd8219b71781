"""How every kernel is compiled: lazily, and cached on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
T = TypeVar("T")


def kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile ``function`` at its first call; keep the machine code if any folder takes it.

    Numba refuses to decorate at all when neither the package's folder nor the user's cache
    can be written, as in a read-only installation without a home. Such a user waits for the
    compiler in every process, but can work.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)
