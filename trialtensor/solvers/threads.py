"""How many BLAS threads a piece of work is worth."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache

# Imported so that their BLAS libraries are loaded before the controller looks for them.
import numpy as np  # noqa: F401
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController

# Products with fewer entries than this take less time than waking and joining threads, which
# on a busy machine costs far more than the work itself.
_WORTH_THREADS = 4_000_000


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def blas_threads_for(n_entries: int) -> AbstractContextManager[object]:
    """Run BLAS on one thread inside the context, unless the data is large.

    Parameters
    ----------
    n_entries : int
        Entries of the largest array that is worked on.

    Returns
    -------
    context manager
    """
    limit = 1 if n_entries < _WORTH_THREADS else None
    return _controller().limit(limits=limit, user_api="blas")
