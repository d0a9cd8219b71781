"""One trial of cortex, pons, granule layer and nuclei, for many networks and versions at once.

Arrays are (n_networks, n_versions, ...): networks differ in weights and seed; versions are the
same trial as it is, without the cerebellum, without what cortex has learned, without noise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from trialtensor.data.arrays import whole
from trialtensor.data.shown import OneLine
from trialtensor_models.network.wiring import Wiring


class UnstableDynamicsError(FloatingPointError):
    """Activity grew without bound; the text says where and on which trial."""


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Versions(OneLine):
    """Parts that take part in each version of a trial; (n_versions,) arrays of 0 and 1.

    Pons and cerebellum of the last `unfollowed` versions aren't computed, and read 0: their nuclei
    are silent, and only their cortex is asked for.
    """

    cerebellum: np.ndarray
    cortex: np.ndarray
    noise: np.ndarray
    unfollowed: int = 0


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

    def until(self, step: int) -> Activity:
        """Activity before a step."""
        parts = (getattr(self, part.name) for part in fields(self))
        return Activity(*(part[:, :, :step] for part in parts))


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
    inputs = _inputs(wiring, inputs)
    N, G, M = wiring.W.shape[1], wiring.J.shape[1], wiring.P.shape[1]
    S, T = inputs.shape[:2]
    W_PC, C = _shaped(W_PC, (S, 2, G), "W_PC"), _shaped(C, (S, 2, N), "C")
    noise = None if noise is None else _shaped(noise, (S, T, N), "noise")
    V = len(versions.cortex)
    followed = V - versions.unfollowed
    to_pons, to_nuclei = wiring.P.swapaxes(1, 2), W_PC.swapaxes(1, 2)
    # The threshold is one more input, of -1: a pass less over all granule cells.
    to_granule = np.concatenate([wiring.J.swapaxes(1, 2) / wiring.sigma, wiring.theta], 1)
    scale = _scales(output, S)[:, None, None, None]
    scale = scale * versions.cerebellum[:followed, None]
    drive = _drive(wiring, inputs)
    if noise is not None:
        drive = drive + noise[:, :, None] * versions.noise[:, None]
    cortex = np.empty((S, T, V, N))
    pons = np.zeros((S, T, V, M + 1))
    pons[..., M] = -1
    granule = np.zeros((S, T, V, G))
    nuclei = np.zeros((S, T, V, 2))
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
        m = _times(cortex[:, now, :followed] - wiring.r_mean[:, None], to_pons)
        pons[:, now, :followed, :M] = m
        g = _times(pons[:, now, :followed], to_granule)
        np.maximum(g, wiring.floor, out=g)
        g *= _inhibited(wiring, g)
        granule[:, now, :followed] = g
        np.multiply(_times(g, to_nuclei), scale, out=nuclei[:, now, :followed])
    command = _times(cortex, wiring.W_out.swapaxes(1, 2))
    parts = (cortex, pons[..., :M], granule, nuclei, arriving, command)
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
    inputs = _inputs(wiring, inputs)
    N = wiring.W.shape[1]
    S, T = inputs.shape[:2]
    C = None if C is None else _shaped(C, (S, 2, N), "C")
    drive = _drive(wiring, inputs)
    cortex = np.empty((S, T, 1, N))
    step = _Cortex(wiring, np.zeros((S, 2, N)) if C is None else C, np.ones(1), (S, 1, N))
    for t in range(T):
        step(drive[:, t], cortex[:, t])
    return cortex[:, :, 0], _times(cortex, wiring.W_out.swapaxes(1, 2))[:, :, 0]


def _inputs(wiring: Wiring, inputs: np.ndarray) -> np.ndarray:
    if not isinstance(wiring, Wiring):
        raise ValueError(f"wiring: expected a Wiring, got {type(wiring).__name__}")
    inputs = whole(inputs, "inputs")
    n_inputs = wiring.W_in.shape[2]
    if inputs.ndim != 3 or inputs.shape[2] != n_inputs:
        raise ValueError(f"inputs: expected (S, T, {n_inputs}), got shape {inputs.shape}")
    if len(wiring.W) not in (1, len(inputs)):
        raise ValueError(f"inputs: expected trials of {len(wiring.W)} networks, got {len(inputs)}")
    return inputs


def _shaped(values: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = whole(values, name)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def _scales(output: np.ndarray | float, S: int) -> np.ndarray:
    scale = whole(output, "output")
    if scale.shape not in ((), (1,), (S,)) or scale.dtype.kind not in "fiub":
        got = f"an array of shape {scale.shape}" if scale.ndim else repr(output)
        raise ValueError(f"output: expected a number, or {S} of them, got {got}")
    return np.broadcast_to(scale, (S,))


class _Cortex:
    """State of cortex; called once a step. All is done in place: a step is short."""

    def __init__(
        self, wiring: Wiring, C: np.ndarray, has_learned: np.ndarray, shape: tuple[int, int, int]
    ) -> None:
        n, (S, V, N) = len(wiring.W), shape
        self.leak = wiring.leak
        self.recurrent, self.learned = wiring.W.swapaxes(1, 2), C.swapaxes(1, 2)
        self.from_thalamus = wiring.W_th.swapaxes(1, 2)
        self.has_learned = has_learned[:, None]
        self.h, self.r, self.x, self.fed = np.zeros((4, S, V, N))
        self.thalamic = np.zeros((S, V, 2))
        # Views for products with matrices that several networks share.
        self.r_, self.x_, self.fed_, self.thalamic_ = (
            each.reshape(n, -1, each.shape[-1])
            for each in (self.r, self.x, self.fed, self.thalamic)
        )

    def __call__(
        self, drive: np.ndarray, out: np.ndarray, arriving: np.ndarray | None = None
    ) -> None:
        x, thalamic = self.x, self.thalamic
        np.matmul(self.r_, self.recurrent, out=self.x_)
        x += drive
        np.matmul(self.r, self.learned, out=thalamic)
        thalamic *= self.has_learned
        if arriving is not None:
            thalamic += arriving
        np.matmul(self.thalamic_, self.from_thalamus, out=self.fed_)
        x += self.fed
        x -= self.h
        x *= self.leak
        self.h += x
        np.maximum(self.h, 0, out=self.r)
        out[...] = self.r


def _inhibited(wiring: Wiring, granule: np.ndarray) -> np.ndarray:
    """What granule cells are multiplied by: Golgi cells divide by the activity of all of them."""
    power = np.einsum("...g,...g->...", granule, granule)
    spared, slope = wiring.golgi[..., 0], wiring.golgi[..., 1]
    return (1 / np.sqrt(spared[:, None] + slope[:, None] * power))[..., None]


def _drive(wiring: Wiring, inputs: np.ndarray) -> np.ndarray:
    """(S, T, 1, N) input of cortical units from outside."""
    return (inputs @ wiring.W_in.swapaxes(1, 2) + wiring.b)[:, :, None]


def _times(activity: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Activity (S, ..., m) times the (m, n) matrix of each network, or the one that they share.

    One product a network, so that a network side by side with others gets the bits it gets alone.
    """
    flat = activity.reshape(len(matrices), -1, activity.shape[-1])
    return (flat @ matrices).reshape(*activity.shape[:-1], matrices.shape[-1])
