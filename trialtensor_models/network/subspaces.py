"""Directions in which the network is known to carry something."""

from __future__ import annotations

import numpy as np
from scipy.linalg import null_space, orth

from trialtensor_models.network.ccrnn import CCRNN
from trialtensor_models.network.dynamics import AS_IT_IS, run_trial

_GRANULE_VARIANCE = 0.9


def subspaces(model: CCRNN) -> dict[str, np.ndarray]:
    """Orthonormal bases, one a column.

    Returns
    -------
    dict
        "thalamic": the plane of the thalamic input to cortex, which is also that of everything
        that cortex learns (N, 2). "output": what moves the hand (N, 2); "output_null": what does
        not (N, N - 2). "granule": principal components of granule cells in the naive network
        with 90 % of their variance (G, n).
    """
    wiring = model.wiring
    draw = model.reference_draw()
    S = len(draw.inputs)
    silent = np.zeros((S, 2, model.cerebellum.n_granule)), np.zeros((S, 2, model.cortex.n_units))
    granule = run_trial(wiring, draw.inputs, *silent, AS_IT_IS).granule[:, 0]
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
