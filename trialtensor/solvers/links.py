"""Groups of trials that too few neurons, or time bins, connect.

A component's scale and sign in one group of trials is known relative to another only through what
both groups have seen. With nothing in common any scale fits as well, and nothing can predict what
the neurons of one group do in the trials of the other.
"""

from __future__ import annotations

import numpy as np


def linked_groups(seen: np.ndarray, n_shared: int) -> np.ndarray:
    """Group trials so that trials of different groups have seen fewer than ``n_shared`` in common.

    Trials that have seen the same begin as one group. Groups with at least ``n_shared`` neurons in
    common merge until none has.

    Parameters
    ----------
    seen : (n_trials, n_neurons) bool array
        Whether any entry of the neuron was observed in the trial; or a time bin.
    n_shared : int

    Returns
    -------
    (n_trials,) int array
        The group of each trial, 0 for that of the first trial.

    Examples
    --------
    >>> seen = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 1]], bool)
    >>> linked_groups(seen, 2).tolist()
    [0, 0, 1]
    """
    kinds, group = np.unique(seen, axis=0, return_inverse=True)
    group = group.ravel()
    while True:
        root, merged = _merged(kinds.astype(bool), n_shared)
        group = root[group]
        if len(merged) == len(kinds):
            break
        kinds = merged
    _, first = np.unique(group, return_index=True)
    order = np.argsort(np.argsort(first))
    return np.asarray(order[group])


def _merged(kinds: np.ndarray, n_shared: int) -> tuple[np.ndarray, np.ndarray]:
    """Let groups grow, one after the other, by all that have enough in common with them.

    Never holds a number for each pair of trials.

    Returns
    -------
    (n_kinds,) int array
        The group of each.
    (n_groups, n_neurons) bool array
        What the groups have seen.
    """
    rows, sizes = kinds.astype(np.float32), kinds.sum(axis=1)
    root = np.full(len(kinds), -1)
    groups: list[np.ndarray] = []
    for i in range(len(kinds)):
        if root[i] >= 0:
            continue
        own, grown = kinds[i].copy(), True
        root[i] = len(groups)
        while grown:
            # What has seen fewer than that has no more to share.
            enough = np.minimum(n_shared, np.minimum(sizes, own.sum()))
            linked = (root < 0) & (rows @ own.astype(np.float32) >= enough)
            root[linked] = len(groups)
            own |= kinds[linked].any(axis=0)
            grown = bool(linked.any())
        groups.append(own)
    return root, np.array(groups)


def weakly_linked(seen: np.ndarray, n_components: int) -> bool:
    """Return whether noise could hide how groups of trials relate: they have little in common.

    Parameters
    ----------
    seen : (n_trials, n_neurons) bool array
    n_components : int
    """
    return bool(linked_groups(seen, 3 * n_components).max(initial=0) > 0)
