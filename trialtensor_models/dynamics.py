"""One trial of cortex, pons, granule layer and nuclei, for many networks and versions at once.

Arrays are (n_networks, n_versions, ...): networks differ in weights and seed; versions are the
same trial as it is, without the cerebellum, without what cortex has learned, without noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class UnstableDynamicsError(FloatingPointError):
    """Activity grew without bound; the text says where and on which trial."""


@dataclass(frozen=True, eq=False, slots=True)
class Wiring:
    """Weights and constants of `S` networks of one size, stacked.

    Attributes
    ----------
    W : (S, N, N), W_in : (S, N, n_inputs), b : (S, 1, N), W_th : (S, N, 2), W_out : (S, 2, N)
        Cortex.
    P : (S, M, N), J : (S, G, M)
        Cortex to pons; pons to granule cells.
    r_mean : (S, 1, N), sigma : (S, 1, 1), theta : (S, 1, G)
        Mean activity of cortex, scale of the pons and thresholds of granule cells.
    leak : float
        ``dt / tau``.
    delay : int
        Steps from the nuclei to cortex.
    """

    W: np.ndarray
    W_in: np.ndarray
    b: np.ndarray
    W_th: np.ndarray
    W_out: np.ndarray
    P: np.ndarray
    J: np.ndarray
    r_mean: np.ndarray
    sigma: np.ndarray
    theta: np.ndarray
    leak: float
    delay: int


@dataclass(frozen=True, eq=False, slots=True)
class Versions:
    """Which parts are in each version of a trial; (n_versions,) arrays of 0 and 1."""

    cerebellum: np.ndarray
    cortex: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Activity:
    """Activity by step: (S, n_versions, T, units of the region)."""

    cortex: np.ndarray
    pons: np.ndarray
    granule: np.ndarray
    nuclei: np.ndarray
    arriving: np.ndarray
    command: np.ndarray


def run_trial(
    wiring: Wiring,
    inputs: np.ndarray,
    W_PC: np.ndarray,
    C: np.ndarray,
    versions: Versions,
    noise: np.ndarray | None = None,
    output: np.ndarray | float = 1.0,
) -> Activity:
    """Run one trial.

    Parameters
    ----------
    wiring : Wiring
    inputs : (S, T, n_inputs) array
    W_PC : (S, 2, G) array
        Granule cells to nuclei.
    C : (S, 2, N) array
        What cortex has learned: ``ΔW = W_th C``.
    versions : Versions
    noise : (S, T, N) array, optional
        Private input of cortical units, shared by the versions with noise.
    output : float or (S,) array
        Scale of the nuclei's output.

    Returns
    -------
    Activity
        Cortical activity at a step is what the inputs of this step have led to; ``arriving`` is
        what reaches cortex from the nuclei in this step.
    """
    S, T = inputs.shape[:2]
    V = len(versions.cortex)
    N, G, M = wiring.W.shape[1], wiring.J.shape[1], wiring.P.shape[1]
    recurrent, to_pons = wiring.W.swapaxes(1, 2), wiring.P.swapaxes(1, 2)
    to_granule, to_nuclei = wiring.J.swapaxes(1, 2) / wiring.sigma, W_PC.swapaxes(1, 2)
    from_thalamus, learned = wiring.W_th.swapaxes(1, 2), C.swapaxes(1, 2)
    drive = inputs @ wiring.W_in.swapaxes(1, 2) + wiring.b
    scale = np.broadcast_to(np.asarray(output, dtype=float), (S,))[:, None, None]
    scale = scale * versions.cerebellum[None, :, None]
    has_learned = versions.cortex[None, :, None]
    noisy = versions.noise[None, :, None]
    cortex = np.empty((T, S, V, N))
    pons = np.empty((T, S, V, M))
    granule = np.empty((T, S, V, G))
    nuclei = np.empty((T, S, V, 2))
    arriving = np.zeros((T, S, V, 2))
    h = np.zeros((S, V, N))
    r = np.zeros((S, V, N))
    for t in range(T):
        if t >= wiring.delay:
            arriving[t] = nuclei[t - wiring.delay]
        x = r @ recurrent
        x += drive[:, t, None]
        x += (arriving[t] + (r @ learned) * has_learned) @ from_thalamus
        if noise is not None:
            x += noise[:, t, None] * noisy
        x -= h
        x *= wiring.leak
        h += x
        r = np.maximum(h, 0, out=cortex[t])
        m = np.matmul(r - wiring.r_mean, to_pons, out=pons[t])
        g = np.matmul(m, to_granule, out=granule[t])
        g -= wiring.theta
        np.maximum(g, 0, out=g)
        np.multiply(g @ to_nuclei, scale, out=nuclei[t])
    cortex, pons, granule, nuclei, arriving = (
        np.moveaxis(part, 0, 2) for part in (cortex, pons, granule, nuclei, arriving)
    )
    command = cortex @ wiring.W_out.swapaxes(1, 2)[:, None]
    return Activity(cortex, pons, granule, nuclei, arriving, command)
