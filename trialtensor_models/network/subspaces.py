"""Directions in which the network is known to carry something."""

from __future__ import annotations

import numpy as np
from scipy.linalg import null_space, orth

from trialtensor_models.network.dynamics import AS_IT_IS, run_trial
from trialtensor_models.network.wiring import Wiring

_GRANULE_VARIANCE = 0.9


def subspaces(wiring: Wiring, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Find orthonormal bases of directions in cortex and in the granule layer.

    Parameters
    ----------
    wiring : Wiring
        Of one network.
    inputs : (S, T, n_inputs) array
        Of the reference trials.

    Returns
    -------
    dict of arrays, a basis vector in each column
        "thalamic": the plane of the thalamic input to cortex, which also holds everything that
        cortex learns (N, 2). "output": the directions that move the hand (N, 2); "output_null":
        those that don't (N, N - 2). "granule": principal components of granule cells in the naive
        network with 90 % of their variance (G, n).
    """
    granule = naive_granule(wiring, inputs)
    flat = granule.reshape(-1, granule.shape[-1])
    values, vectors = np.linalg.eigh(np.cov(flat.T))
    order = np.argsort(values)[::-1]
    share = np.cumsum(values[order]) / max(values.sum(), 1e-12)
    n = int(np.searchsorted(share, _GRANULE_VARIANCE)) + 1
    return {
        "thalamic": orth(wiring.W_th[0]),
        "output": orth(wiring.W_out[0].T),
        "output_null": null_space(wiring.W_out[0]),
        "granule": vectors[:, order[:n]],
    }


def naive_granule(wiring: Wiring, inputs: np.ndarray) -> np.ndarray:
    """Activity of granule cells before anything is learned.

    Parameters
    ----------
    wiring : Wiring
        Of one network.
    inputs : (S, T, n_inputs) array

    Returns
    -------
    (S, T, G) array
    """
    S = len(inputs)
    unlearned = np.zeros((S, 2, wiring.J.shape[1])), np.zeros((S, 2, wiring.W.shape[1]))
    return run_trial(wiring, inputs, *unlearned, AS_IT_IS).granule[:, 0]
