"""Rules that use what is at the synapse: taught by climbing fibres, and by the thalamus."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.dynamics import (
    COMPLEX,
    TONIC,
    Activity,
    Setpoints,
    opponent,
)
from trialtensor_models.circuit.olive import late
from trialtensor_models.circuit.trials import Trials

# Steps from a granule cell to the hand, beyond the delay of the nuclei: cortex takes its time.
_CORTICAL_LAG = 0.04
# For how many seconds more, in the mean, a parallel fibre stays eligible, by what climbing fibres
# tell of: errors are credited to what happened just before, rewards to all that led to them.
_ELIGIBILITY = {"motor": 0.06, "sensory": 0.0, "reward": 0.5}


def parallel_fibre_change(
    activity: Activity, complex_spikes: np.ndarray, anatomy: Anatomy, *, rewarded: bool = False
) -> np.ndarray:
    """Find the change at parallel fibre synapses: depression where a climbing fibre fires.

    A synapse that was active some time before more complex spikes than at rest is depressed, and
    before fewer it is potentiated: ``Δw = −Σ_t (o(t) − o_rest) z(t)``, with ``z`` the trace of
    its granule cell's activity, delayed by what it takes to move the hand and to see it. Golgi
    cells keep the layer's activity (the normaliser of least mean squares) constant, so the rule
    needs nothing that isn't at the synapse.

    Parameters
    ----------
    activity : Activity
    complex_spikes : (T, B, n_nuclei) array
    anatomy : Anatomy
    rewarded : bool
        True if climbing fibres of motor modules carry errors of reward.

    Returns
    -------
    (n_purkinje, G) array
        Mean over trials, for a rate of 1.
    """
    T, B, G = activity.granule.shape
    change = np.empty((anatomy.n_nuclei, G))
    for name in anatomy.signals:
        own = anatomy.module == name
        lag, kept = trace_of(anatomy, "reward" if rewarded and name == "motor" else name)
        told = complex_spikes[..., own] - COMPLEX
        credited = _credits(T, lag, kept) @ told.reshape(T, -1)
        credited = credited.reshape(T * B, -1)
        change[own] = -credited.T @ activity.granule.reshape(T * B, G)
    return np.repeat(change / B, anatomy.n_purkinje, axis=0)


def trace_of(anatomy: Anatomy, signal: str) -> tuple[int, float]:
    """Find the delay and the persistence of eligibility for a kind of signal.

    Parameters
    ----------
    anatomy : Anatomy
    signal : {"motor", "sensory", "reward"}

    Returns
    -------
    lag : int
        Steps.
    kept : float
        Share of eligibility that is left a step later.
    """
    waits = {
        "motor": anatomy.error_delay + anatomy.nuclear_delay + _CORTICAL_LAG,
        "sensory": (anatomy.feedback_delay or 0) + anatomy.dt,
        "reward": 0.0,
    }
    steps = _ELIGIBILITY[signal] / anatomy.dt
    return anatomy.steps(waits[signal]), steps / (1 + steps)


@lru_cache(maxsize=32)
def _credits(T: int, lag: int, kept: float) -> np.ndarray:
    """(T, T) share of a signal at each step (column) that activity at each step (row) gets."""
    ahead = np.arange(T) - np.arange(T)[:, None] - lag
    shares = (1 - kept) * np.power(kept, np.maximum(ahead, 0))
    shares[ahead < 0] = 0
    shares.setflags(write=False)
    return shares


def cortical_change(
    activity: Activity,
    trials: Trials,
    weights: Mapping[str, np.ndarray],
    setpoints: Setpoints,
    anatomy: Anatomy,
) -> dict[str, np.ndarray]:
    """Find the change of the motor units of cortex that the thalamus teaches.

    ``ΔW_ij = Σ_t L_i(t) (r_j(t) − r̄_j) / q_i``, with ``L`` what arrives from the thalamus, ``r̄``
    the slow mean of the unit before the synapse, and ``q_i`` the mean power of all that the cell
    listens to while it is taught: what the nuclei add now, cortex learns to do by itself. The
    cell's threshold makes up for what the change does in the mean, and learns the mean of ``L``.

    Parameters
    ----------
    activity : Activity
    trials : Trials
    weights : mapping of arrays
    setpoints : Setpoints
    anatomy : Anatomy

    Returns
    -------
    dict of arrays
        Of "W", "W_in" and "b": means over trials for a rate of 1.
    """
    sent = late(activity.nuclei - TONIC, max(1, anatomy.steps(anatomy.nuclear_delay)))
    taught = anatomy.module == "motor"
    L = sent[..., taught] @ opponent(anatomy, weights["W_th"])[taught]
    L = L * anatomy.is_motor
    # What a cell received at a step changed its rate from this step on.
    mean = setpoints.cortex * ~anatomy.is_motor
    before = late(activity.cortex * ~anatomy.is_motor, 1)
    before[1:] -= mean
    inputs = trials.inputs.swapaxes(0, 1)
    T, B, N = L.shape
    power = 1 + (before**2).sum(-1) + (inputs**2).sum(-1)
    met = np.einsum("tb,tbi->i", power, L**2) / np.maximum((L**2).sum((0, 1)), 1e-12)
    flat = L.reshape(T * B, N).T / (B * np.maximum(met, 1e-9))[:, None]
    change = {"W": flat @ before.reshape(T * B, N), "W_in": flat @ inputs.reshape(T * B, -1)}
    return change | {"b": flat.sum(1) - change["W"] @ mean}
