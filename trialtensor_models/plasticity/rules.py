"""Learning from a trial: a fast rule in the cerebellum, a slow one in cortex."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# Learning in cortex and forgetting everywhere are gated by the activity of the unit before the
# synapse. Without the gate a trial to one target would erase what was learned for all others, and
# silent units would gather weights that are never used where they are made.


def gate(activity: np.ndarray, most: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Open each unit's synapses by its activity: from 0 where it was silent, to 1.

    Parameters
    ----------
    activity : (S, T, n_units) array
    most : (S, n_units) array
        The largest activity of each unit in the reference trials.
    gain : (S,) array

    Returns
    -------
    (S, n_units) array
        Peak activity of the trial over its maximum, times the gain, at most 1.
    """
    # Without a granule layer the cerebellum learns on signals with a sign.
    peak = np.abs(activity).max(1)
    share = np.divide(peak, most, out=np.zeros_like(peak), where=most > 0)
    return np.clip(gain[:, None] * share, 0, 1)


def fast_change(
    error: np.ndarray,
    granule: np.ndarray,
    lag: int,
    kept: float = 0.0,
    shared: np.ndarray | None = None,
) -> np.ndarray:
    """Correlate errors with the granule cells that were active `lag` steps before, and earlier.

    Divided by the activity of all cells that are credited (normalised least mean squares), so that
    a crowded trial teaches as much as a sparse one.

    Parameters
    ----------
    error : (S, T, 2) array
    granule : (S, T, G) array
    lag : int
    kept : float in [0, 1)
        Share of a synapse's eligibility that is left a step later.
    shared : (S, T, 2) array, optional
        What is correlated with granule cells in place of the error, and divided by the same.

    Returns
    -------
    (S, 2, G) array
    """
    by_step = _credited(error.shape[1], lag, kept)
    per_activity = _per_activity(by_step @ error, granule, granule)
    carried = error if shared is None else shared
    return (by_step @ carried).swapaxes(1, 2) @ granule * per_activity


@lru_cache(maxsize=8)
def _credited(T: int, lag: int, kept: float) -> np.ndarray:
    """(T, T) share of the error at each step (column) that activity at each step (row) gets."""
    ahead = np.arange(T) - np.arange(T)[:, None] - lag
    shares = (1 - kept) * np.power(kept, np.maximum(ahead, 0))
    shares[ahead < 0] = 0
    shares.setflags(write=False)
    return shares


def slow_change(
    teaching: np.ndarray, cortex: np.ndarray, r_mean: np.ndarray, opened: np.ndarray
) -> np.ndarray:
    """Correlate what arrives from the thalamus with cortical activity about its mean.

    Both are at the synapse, so the rule is local; ``ΔW = W_th C`` keeps it in the plane of the
    thalamic input, whatever number of trials it is summed over. Normalised as `fast_change` is.

    Parameters
    ----------
    teaching : (S, T, 2) array
    cortex : (S, T, N) array
    r_mean : (S, 1, N) array
    opened : (S, N) array
        How far the synapses are open, see `gate`.

    Returns
    -------
    (S, 2, N) array
    """
    before = (cortex - r_mean) * opened[:, None]
    return teaching.swapaxes(1, 2) @ before * _per_activity(teaching, before, cortex)


def _per_activity(teaching: np.ndarray, before: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(S, 1, 1) one over the mean of ``before_t · units_t`` while it is taught."""
    weight = (teaching**2).sum(-1)
    met = np.einsum("stj,stj->st", before, units)
    overlap = (weight * met).sum(-1) / np.maximum(weight.sum(-1), 1e-300)
    usable = overlap > 1e-9
    return np.where(usable, 1 / np.where(usable, overlap, 1), 0)[:, None, None]


def shifted(error: np.ndarray, steps: int) -> np.ndarray:
    """Shift errors to the time of the thalamic input that could have prevented them.

    Parameters
    ----------
    error : (S, T, 2) array
    steps : int
        By how many steps they are put earlier.

    Returns
    -------
    (S, T, 2) array
    """
    early = np.zeros_like(error)
    early[:, : error.shape[1] - steps] = error[:, steps:]
    return early


def saturated(error: np.ndarray, limit: float | None) -> np.ndarray:
    """Shrink errors above a limit to it smoothly, and keep their direction.

    Parameters
    ----------
    error : (..., 2) array
    limit : float or None
        None is unlimited.

    Returns
    -------
    (..., 2) array
    """
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
