"""The arrays of a model as sweeps update them, and those of some trials."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# u, v, w, A, B, C: the loadings of trials, neurons, times, then the slices.
Blocks = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
# The index of a block, its Gram matrices, and the right-hand side of the residual.
Equations = tuple[int, np.ndarray, np.ndarray]
# A pass of one type: new blocks, the squares of trials, and equations of what trials share.
OnePass = Callable[..., tuple[Blocks, np.ndarray, Equations | None]]


def of_trials(blocks: Blocks, part: slice) -> Blocks:
    """Return the blocks of some trials.

    Parameters
    ----------
    blocks : Blocks
    part : slice
        The trials.
    """
    u, v, w, A, B, C = blocks
    return u[part], v, w, A, B[:, part], C[:, part]
