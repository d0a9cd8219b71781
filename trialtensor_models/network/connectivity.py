"""Random connections of pons and granule layer, with thresholds set on reference trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trialtensor_models.network.blueprint import Blueprint
from trialtensor_models.network.dynamics import run_cortex
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.network.wiring import Wiring


def wire(blueprint: Blueprint) -> Wiring:
    """Draw pons and granule layer, and set thresholds on the activity of the reference trials.

    Parameters
    ----------
    blueprint : Blueprint

    Returns
    -------
    Wiring
        Of one network, without its lesions; see `silence`.

    Raises
    ------
    ValueError
        If there are no cortical weights.
    """
    if blueprint.weights is None:
        raise ValueError("weights: the network has none; use CCRNN.pretrained() or pretrain()")
    wiring = _drawn(blueprint, blueprint.weights)
    cortex, _ = run_cortex(wiring, blueprint.reference_draw().inputs)
    r_mean = cortex.mean((0, 1))
    pons = (cortex - r_mean) @ wiring.P[0].T
    sigma = max(float(pons.std()), 1e-12)
    drive = (pons @ wiring.J[0].T / sigma).reshape(-1, len(wiring.J[0]))
    theta = wiring.theta[0, 0]
    if blueprint.cerebellum.expansion:
        theta = np.quantile(drive, 1 - blueprint.cerebellum.coding_level, axis=0)
    power = float((np.maximum(drive - theta, wiring.floor) ** 2).sum(-1).mean())
    # Golgi cells are of the granule layer: where there is none, neither are they.
    inhibition = blueprint.cerebellum.inhibition * blueprint.cerebellum.expansion
    return replace(
        wiring,
        r_mean=r_mean[None, None],
        sigma=np.full((1, 1, 1), sigma),
        theta=theta[None, None],
        golgi=np.array([[[1 - inhibition, inhibition / max(power, 1e-12)]]]),
    )


def _drawn(blueprint: Blueprint, weights: CorticalWeights) -> Wiring:
    """Random connections, with thresholds yet to be set."""
    rng = np.random.default_rng(np.random.SeedSequence([blueprint.seed, 1]))
    cerebellum = blueprint.cerebellum
    N, M, G = blueprint.cortex.n_units, blueprint.pathways.n_pons, cerebellum.n_granule
    P = rng.normal(size=(M, N)) / np.sqrt(N)
    J = np.zeros((G, M))
    inputs = rng.permuted(np.tile(np.arange(M), (G, 1)), axis=1)[:, : cerebellum.n_inputs]
    np.put_along_axis(J, inputs, 1 / np.sqrt(cerebellum.n_inputs), axis=1)
    if not cerebellum.expansion:
        J = np.eye(M)
    return Wiring(
        W=weights.W[None],
        W_in=weights.W_in[None],
        b=weights.b[None, None],
        W_th=weights.W_th[None],
        W_out=weights.W_out[None],
        P=P[None],
        J=J[None],
        r_mean=np.zeros((1, 1, N)),
        sigma=np.ones((1, 1, 1)),
        theta=np.zeros((1, 1, G)),
        leak=blueprint.cortex.dt / blueprint.cortex.tau,
        delay=blueprint.delay,
        floor=0.0 if cerebellum.expansion else -np.inf,
    )
