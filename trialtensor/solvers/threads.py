"""Limits on BLAS threads by the size of the work."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache

# Imported to load their BLAS libraries before the controller looks for them.
import numpy as np  # noqa: F401
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController

# Smaller products take less time than waking and joining threads, which on a busy machine costs
# far more than the work itself.
_WORTH_THREADS = 4_000_000


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def blas_threads_for(n_entries: int) -> AbstractContextManager[object]:
    """Run BLAS on one thread inside the context, unless the data is large.

    Parameters
    ----------
    n_entries : int
        Number of entries of the largest array involved.

    Returns
    -------
    context manager
    """
    limit = 1 if n_entries < _WORTH_THREADS else None
    return _controller().limit(limits=limit, user_api="blas")


def one_blas_thread() -> AbstractContextManager[object]:
    """Run BLAS on one thread inside the context, for work that runs in several threads already."""
    return _controller().limit(limits=1, user_api="blas")
