"""What is learned from a trial: a fast rule in the cerebellum, a slow one in cortex."""

from __future__ import annotations

import numpy as np

# How a weight is kept: 1 where the unit before it was silent, less the more active it was. Without
# this gate a trial to one target would erase what was learned for all others.


def retained(activity: np.ndarray, most: np.ndarray, gain: np.ndarray, A: float) -> np.ndarray:
    """Share of its weights that each unit keeps, ``1 - (1 - A) a`` with ``a`` its gated activity.

    Parameters
    ----------
    activity : (S, T, n_units) array
    most : (S, n_units) array
        The largest activity of each unit in the reference trials.
    gain : (S,) array
        Gain of the gate, so that what a trial uses is kept by the share `A`.
    A : float

    Returns
    -------
    (S, n_units) array
    """
    peak = activity.max(1)
    share = np.divide(peak, most, out=np.zeros_like(peak), where=most > 0)
    return 1 - (1 - A) * np.clip(gain[:, None] * share, 0, 1)


def fast_change(error: np.ndarray, granule: np.ndarray, lag: int) -> np.ndarray:
    """Correlate errors with the granule cells that were active `lag` steps before.

    Parameters
    ----------
    error : (S, T, 2) array
    granule : (S, T, G) array
    lag : int

    Returns
    -------
    (S, 2, G) array
    """
    return error[:, lag:].swapaxes(1, 2) @ granule[:, : granule.shape[1] - lag]


def slow_change(teaching: np.ndarray, cortex: np.ndarray, r_mean: np.ndarray) -> np.ndarray:
    """Correlate what arrives from the thalamus with cortical activity about its mean.

    Both are at the synapse, so the rule is local; ``ΔW = W_th C`` keeps it in the plane of the
    thalamic input, whatever number of trials it is summed over.

    Parameters
    ----------
    teaching : (S, T, 2) array
    cortex : (S, T, N) array
    r_mean : (S, 1, N) array

    Returns
    -------
    (S, 2, N) array
    """
    return teaching.swapaxes(1, 2) @ (cortex - r_mean)


def shifted(error: np.ndarray, steps: int) -> np.ndarray:
    """Errors at the time of the thalamic input that could have prevented them."""
    early = np.zeros_like(error)
    early[:, : error.shape[1] - steps] = error[:, steps:]
    return early


def saturated(error: np.ndarray, limit: float | None) -> np.ndarray:
    """Errors in (..., 2), those above `limit` shrunk to it smoothly; their direction is kept."""
    if limit is None:
        return error
    size = np.linalg.norm(error, axis=-1, keepdims=True)
    scale = np.divide(limit * np.tanh(size / limit), size, out=np.ones_like(size), where=size > 0)
    return error * scale


def oja(P: np.ndarray, cortex: np.ndarray, rate: float) -> np.ndarray:
    """Pontine weights after a trial of Oja's subspace rule (Oja 1989).

    Parameters
    ----------
    P : (S, M, N) array
    cortex : (S, T, N) array
        About its mean.
    rate : float

    Returns
    -------
    (S, M, N) array
        Turned towards the leading subspace of cortical activity, at the scale they had.
    """
    scale = np.sqrt((P**2).mean((1, 2), keepdims=True) * P.shape[2])
    unit = P / scale
    pons = cortex @ unit.swapaxes(1, 2)
    power = np.maximum((cortex**2).sum((1, 2), keepdims=True), 1e-12)
    along = pons.swapaxes(1, 2) @ cortex
    within = (pons.swapaxes(1, 2) @ pons) @ unit
    return scale * (unit + rate * (along - within) / power)
