"""Shared components that were split between datasets, and so look private.

With more components than the datasets share, one component can take a shared activity in one
dataset and a second one the same activity in another: each has all of its share in one dataset,
and their trial factors resemble each other. Shares alone can't tell that from private activity.
What can is how much of *all* activity in the other datasets goes along with the component.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialtensor.models.fitted import Fitted

# A component with this share in one dataset would be read as private to it.
_PRIVATE = 0.9
# Unless this much of what goes along with it is elsewhere.
_ELSEWHERE = 0.2
# Of the explained variance: smaller components are hardly more than noise.
_SMALL = 0.01
# Variation of a shared factor, relative to its size, below which it is constant.
_CONSTANT = 1e-6


def subspace_shares(
    shared: np.ndarray,
    neurons: Sequence[np.ndarray],
    own: Sequence[np.ndarray],
    energy_scale: np.ndarray,
) -> np.ndarray:
    """Return the share of each dataset in all activity that goes along with a component.

    That is the sum of squares of the model of a dataset, projected onto the shared factor of the
    component without its mean, which all components have in common.

    Parameters
    ----------
    shared : (n_shared, R) array
    neurons, own : sequences of (n_rows, R) arrays, one per dataset
        Columns of norm 1.
    energy_scale : (n_datasets, R) array
        Scale of each component in each dataset, relative to the size of the dataset.

    Returns
    -------
    (n_datasets, R) array
        Columns sum to 1.
    """
    shared = shared.astype(np.float64)
    varying = shared - shared.mean(axis=0)
    size = np.linalg.norm(varying, axis=0)
    constant = size <= _CONSTANT * np.linalg.norm(shared, axis=0)
    directions = np.where(constant, shared, varying)
    size = np.linalg.norm(directions, axis=0)
    along = (directions / np.where(size > 0, size, 1)).T @ shared
    found = []
    for neuron, other, scale in zip(neurons, own, energy_scale, strict=True):
        patterns = (neuron.T @ neuron) * (other.T @ other) * np.outer(scale, scale)
        found.append(np.einsum("rs,st,rt->r", along, patterns.astype(np.float64), along))
    energy = np.maximum(found, 0)
    total = energy.sum(axis=0)
    return np.asarray(energy / np.where(total > 0, total, 1))


def about_splits(fitted: Fitted) -> str:
    """Say which components look private, but may be parts of a shared one; empty if none do.

    Parameters
    ----------
    fitted : Fitted
    """
    if "subspace_shares" not in fitted.arrays:
        return ""
    shares, along = fitted["shares"], fitted["subspace_shares"]
    home = shares.argmax(axis=0)
    columns = np.arange(shares.shape[1])
    found = [
        r
        for r in columns[(fitted["private_to"] < 0) & (shares[home, columns] > _PRIVATE)]
        if along[home[r], r] < 1 - _ELSEWHERE
        and fitted.components[r].explained_variance_alone > _SMALL
    ]
    if not found:
        return ""
    named = ", ".join(
        f"{fitted.components[r].label} ({fitted.datasets[home[r]]}: {shares[home[r], r]:.0%} of "
        f"the component, {along[home[r], r]:.0%} of what goes along with it)"
        for r in found
    )
    return (
        f"components that look private may be parts of a shared one, split because there are too "
        f"many: {named}; compare fits of fewer components before calling them private"
    )
