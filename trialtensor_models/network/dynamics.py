"""One trial of cortex, pons, granule layer and nuclei, for many networks and versions at once.

Arrays are (n_networks, n_versions, ...): networks differ in weights and seed; versions are the
same trial as it is, without the cerebellum, without what cortex has learned, without noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.arrays import whole
from trialtensor.data.shown import OneLine
from trialtensor_models.network.wiring import Wiring


class UnstableDynamicsError(FloatingPointError):
    """Activity grew without bound; the text says where and on which trial."""


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Versions(OneLine):
    """Parts that take part in each version of a trial; (n_versions,) arrays of 0 and 1."""

    cerebellum: np.ndarray
    cortex: np.ndarray
    noise: np.ndarray


#: The whole network, without noise.
AS_IT_IS = Versions(cerebellum=np.ones(1), cortex=np.ones(1), noise=np.zeros(1))


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Activity(OneLine):
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
        Of `S` networks, or of one for all `S` trials.
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
    inputs, W_PC, C = whole(inputs, "inputs"), whole(W_PC, "W_PC"), whole(C, "C")
    noise = None if noise is None else whole(noise, "noise")
    S, T = inputs.shape[:2]
    V = len(versions.cortex)
    N, G, M = wiring.W.shape[1], wiring.J.shape[1], wiring.P.shape[1]
    to_pons, to_nuclei = wiring.P.swapaxes(1, 2), W_PC.swapaxes(1, 2)
    to_granule = wiring.J.swapaxes(1, 2) / wiring.sigma
    scale = np.broadcast_to(whole(output, "output"), (S,))[:, None, None, None]
    scale = scale * versions.cerebellum[:, None]
    drive = _drive(wiring, inputs)
    if noise is not None:
        drive = drive + noise[:, :, None] * versions.noise[:, None]
    cortex = np.empty((S, T, V, N))
    pons = np.empty((S, T, V, M))
    granule = np.empty((S, T, V, G))
    nuclei = np.empty((S, T, V, 2))
    arriving = np.zeros((S, T, V, 2))
    step = _Cortex(wiring, C, versions.cortex, (S, V, N))
    # What leaves the nuclei is back after the delay, no sooner: so long cortex goes on by itself,
    # and the cerebellum follows for all of these steps at once.
    for start in range(0, T, wiring.delay):
        stop = min(start + wiring.delay, T)
        now = slice(start, stop)
        if start:
            arriving[:, now] = nuclei[:, start - wiring.delay : stop - wiring.delay]
        for t in range(start, stop):
            step(drive[:, t], cortex[:, t], arriving[:, t])
        pons[:, now] = _times(cortex[:, now] - wiring.r_mean[:, None], to_pons)
        g = _times(pons[:, now], to_granule)
        g -= wiring.theta[:, None]
        np.maximum(g, wiring.floor, out=granule[:, now])
        np.multiply(_times(granule[:, now], to_nuclei), scale, out=nuclei[:, now])
    command = _times(cortex, wiring.W_out.swapaxes(1, 2))
    parts = (cortex, pons, granule, nuclei, arriving, command)
    return Activity(*(np.swapaxes(part, 1, 2) for part in parts))


def run_cortex(
    wiring: Wiring, inputs: np.ndarray, C: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Run one trial without noise of a cortex to which the cerebellum sends nothing.

    Parameters
    ----------
    wiring : Wiring
    inputs : (S, T, n_inputs) array
    C : (S, 2, N) array, optional
        What cortex has learned; nothing unless given.

    Returns
    -------
    cortex : (S, T, N) array
    command : (S, T, 2) array
    """
    inputs, C = whole(inputs, "inputs"), None if C is None else whole(C, "C")
    S, T = inputs.shape[:2]
    N = wiring.W.shape[1]
    drive = _drive(wiring, inputs)
    cortex = np.empty((S, T, 1, N))
    step = _Cortex(wiring, np.zeros((S, 2, N)) if C is None else C, np.ones(1), (S, 1, N))
    for t in range(T):
        step(drive[:, t], cortex[:, t])
    return cortex[:, :, 0], _times(cortex, wiring.W_out.swapaxes(1, 2))[:, :, 0]


class _Cortex:
    """State of cortex; called once a step."""

    def __init__(
        self, wiring: Wiring, C: np.ndarray, has_learned: np.ndarray, shape: tuple[int, int, int]
    ) -> None:
        self.leak = wiring.leak
        self.recurrent, self.learned = wiring.W.swapaxes(1, 2), C.swapaxes(1, 2)
        self.from_thalamus = wiring.W_th.swapaxes(1, 2)
        self.has_learned = has_learned[:, None]
        self.h, self.r = np.zeros(shape), np.zeros(shape)

    def __call__(
        self, drive: np.ndarray, out: np.ndarray, arriving: np.ndarray | None = None
    ) -> None:
        x = _times(self.r, self.recurrent)
        x += drive
        thalamic = _times(self.r, self.learned)
        thalamic *= self.has_learned
        if arriving is not None:
            thalamic += arriving
        x += _times(thalamic, self.from_thalamus)
        x -= self.h
        x *= self.leak
        self.h += x
        self.r = np.maximum(self.h, 0, out=out)


def _drive(wiring: Wiring, inputs: np.ndarray) -> np.ndarray:
    """(S, T, 1, N) input of cortical units from outside."""
    return (inputs @ wiring.W_in.swapaxes(1, 2) + wiring.b)[:, :, None]


def _times(activity: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Activity (S, ..., m) times the (m, n) matrix of each network, or the one that they share.

    One product a network, so that a network side by side with others gets the bits it gets alone.
    """
    flat = activity.reshape(len(matrices), -1, activity.shape[-1])
    return (flat @ matrices).reshape(*activity.shape[:-1], matrices.shape[-1])
