"""The block of each trial, by labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.labels import as_names, complete_labels
from trialtensor.data.per_entry import one_each
from trialtensor.data.validation import CheckedTensor


def labels_of_trials(blocks: Any, checked: CheckedTensor, n_trials: int) -> np.ndarray:
    """Return the block of each trial: those given, or a trial coordinate of that name.

    Raises
    ------
    ValueError
        If there is no such coordinate, and as `as_labels`.
    """
    if blocks is None:
        return np.arange(n_trials)
    if isinstance(blocks, str):
        axis, values = checked.coords.get(blocks, (None, None))
        if axis != "trial":
            known = [name for name, (where, _) in checked.coords.items() if where == "trial"]
            raise ValueError(
                f"blocks: X has no trial coordinate {blocks!r}; it has {known}. Give one label a "
                "trial, or the name of such a coordinate"
            )
        blocks = values
    axis, along = checked.coords.get("trial", (None, None))
    return as_labels(blocks, n_trials, along if axis == "trial" else None)


def as_labels(labels: Any, n: int, along: Any = None) -> np.ndarray:
    """Return the block of each of n trials; ``along`` is the trial coordinate of the data.

    Raises
    ------
    ValueError
        For another number of labels, and for missing or infinite ones.
    """
    expected = f"one label for each of {n} trials"
    given = one_each(labels, n, "blocks", along=along, expected=expected)
    found = complete_labels(given, "blocks", "trial needs a block")
    if found.dtype.kind == "f" and np.isinf(found).any():
        raise ValueError("blocks: some labels are infinite; every trial needs a block")
    # Names of dates, because NumPy makes plain numbers of them.
    return np.asarray(as_names(found)) if found.dtype.kind in "mM" else found
