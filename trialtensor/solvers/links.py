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
    kinds = kinds.astype(bool)
    while len(kinds) > 1:
        common = kinds.astype(np.float32) @ kinds.T.astype(np.float32)
        # A group that has seen fewer than that has no more to share.
        most = np.minimum(kinds.sum(axis=1)[:, None], kinds.sum(axis=1))
        linked = common >= np.minimum(n_shared, most)
        root = _components(linked)
        n_groups = int(root.max()) + 1
        if n_groups == len(kinds):
            break
        group = root[group]
        merged = np.zeros((n_groups, kinds.shape[1]), bool)
        np.logical_or.at(merged, root, kinds)
        kinds = merged
    _, first = np.unique(group, return_index=True)
    order = np.argsort(np.argsort(first))
    return np.asarray(order[group])


def weakly_linked(seen: np.ndarray, n_components: int) -> bool:
    """Return whether noise could hide how groups of trials relate: they have little in common.

    Parameters
    ----------
    seen : (n_trials, n_neurons) bool array
    n_components : int
    """
    return bool(linked_groups(seen, 3 * n_components).max(initial=0) > 0)


def _components(linked: np.ndarray) -> np.ndarray:
    """Return the connected component of each node."""
    from scipy.sparse.csgraph import connected_components

    return np.asarray(connected_components(linked, directed=False)[1])
