"""Which synapses of a circuit exist, which sign they have, and what they are at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trialtensor_models.circuit.anatomy import N_REWARD, N_SENSORY, Anatomy

Weights = dict[str, np.ndarray]

# What can learn, by where it is. Granule cells keep their few inputs, and thresholds keep cells to
# their coding level.
CORTEX = ("W", "W_in", "W_s", "b", "W_out")
CEREBELLUM = ("P", "w", "M", "D", "W_th")
TRAINED = (*CORTEX, *CEREBELLUM)
# Spectral radius of the recurrent weights before training.
_RADIUS = 1.0
# Inhibition over excitation of a cortical unit, in the sum of its weights, under Dale's law: where
# they were equal, some of these networks answered many times too strongly at first.
_INHIBITION = 2.0
# Weight of a parallel fibre on a Purkinje cell before learning. Interneurons of the molecular layer
# inhibit by as much, so that learning can raise and lower simple spikes.
_PARALLEL = 0.5
# Share of granule cells that reach a Purkinje cell.
_CONVERGENCE = 0.7
# How much of its simple spikes' change a nucleus has to show for a command of peak speed.
_SWING = 0.35
_MOSSY_TO_NUCLEI = 0.02
_N_MOSSY_TO_NUCLEI = 5


# Where a pathway that isn't full has its synapses: where this array isn't 0, and stays so.
_EXISTS = {**{name: name for name in ("W", "W_out", "P", "M", "D")}, "w": "I"}


@dataclass(frozen=True, eq=False, slots=True)
class Constraint:
    """Which synapses of a pathway exist, and their signs.

    Attributes
    ----------
    mask : (post, pre) bool array
        Synapses that exist; all others are 0.
    sign : (post, pre) int array
        1 where a synapse can't be below 0, -1 where it can't be above, 0 where it is free.
    """

    mask: np.ndarray
    sign: np.ndarray

    def hold(self, weights: np.ndarray) -> np.ndarray:
        """Put weights back to the nearest that are allowed.

        Parameters
        ----------
        weights : (post, pre) array

        Returns
        -------
        (post, pre) array
        """
        weights = np.where(self.sign > 0, np.maximum(weights, 0), weights)
        weights = np.where(self.sign < 0, np.minimum(weights, 0), weights)
        return np.where(self.mask, weights, 0).astype(weights.dtype, copy=False)


def constraints_of(weights: Mapping[str, np.ndarray], anatomy: Anatomy) -> dict[str, Constraint]:
    """Find which synapses exist in a circuit that was drawn, and their signs.

    Parameters
    ----------
    weights : mapping of arrays
        Of `draw_weights`.
    anatomy : Anatomy

    Returns
    -------
    dict of Constraint
        For each pathway of `TRAINED` that the circuit has, but for ``b``.
    """
    found = {}
    for name in TRAINED:
        if name not in weights or name == "b":
            continue
        sign = np.zeros(weights[name].shape, dtype=np.int8)
        if name == "W" and anatomy.excitatory is not None:
            sign[:, : anatomy.n_excitatory], sign[:, anatomy.n_excitatory :] = 1, -1
        if name in CEREBELLUM:
            sign[:] = 1
        exists = _EXISTS.get(name)
        mask = np.ones(sign.shape, dtype=bool) if exists is None else weights[exists] != 0
        found[name] = Constraint(mask, sign)
    return found


def draw_weights(anatomy: Anatomy, n_inputs: int, seed: int) -> Weights:
    """Draw the weights of a circuit that hasn't learned anything.

    Parameters
    ----------
    anatomy : Anatomy
    n_inputs : int
        Of the task.
    seed : int

    Returns
    -------
    dict of arrays
        Of cortex: "W" (N, N), "W_in" (N, n_inputs), "W_s" (N, 5) from feedback of the hand and
        from reward, "b" (N,), "W_out" (2, N), and "leak" (N,), the step over the
        time constant. With a cerebellum: "P" (M, N) to the pons, "J"
        (G, mossy) to granule cells, "w" (K, G) of parallel fibres and "I" (K, G) of the inhibition
        that goes with them, "M" (n, mossy) and "D" (n, K) from mossy fibres and Purkinje cells to
        the nuclei, "W_th" (N, n) from the nuclei through the thalamus.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 11]))
    N = anatomy.n_cortex
    weights = {
        "leak": anatomy.dt / np.exp(rng.uniform(*np.log(anatomy.tau), N)),
        "W": _recurrent(anatomy, rng),
        "W_in": rng.normal(size=(N, n_inputs)) * 0.7,
        "W_s": rng.normal(size=(N, N_SENSORY + N_REWARD)) * 0.3,
        "b": np.full(N, 0.1),
        "W_out": rng.normal(size=(2, N)) * anatomy.is_motor * 0.7 / np.sqrt(N),
    }
    if anatomy.feedback_delay is None:
        weights["W_s"][:, :N_SENSORY] = 0
    if not anatomy.cerebellum:
        return weights
    weights |= {
        "P": _sparse(rng, anatomy.n_pons, N, anatomy.n_excitatory, 1 - anatomy.sparsity),
        "J": _granular(anatomy, rng),
        "M": _MOSSY_TO_NUCLEI * _fan_in(rng, anatomy.n_nuclei, anatomy.n_mossy),
        "D": _convergent(anatomy, rng),
        "W_th": _thalamic(anatomy, weights["W_out"], rng),
    }
    K = anatomy.n_nuclei * anatomy.n_purkinje
    weights["I"] = np.where(rng.random((K, anatomy.n_granule)) < _CONVERGENCE, _PARALLEL, 0.0)
    weights["w"] = weights["I"].copy()
    return weights


def n_trained(anatomy: Anatomy, n_inputs: int = 0) -> int:
    """Count the weights that back-propagation trains.

    Parameters
    ----------
    anatomy : Anatomy
    n_inputs : int
        Of the task.

    Returns
    -------
    int
    """
    N, n = anatomy.n_cortex, anatomy.n_nuclei
    n_sensory = N_REWARD + N_SENSORY * (anatomy.feedback_delay is not None)
    n_motor = int(anatomy.is_motor.sum())
    recurrent = N * (N - 1) - n_motor * (N - n_motor)
    count = recurrent + N * (n_inputs + n_sensory + 1) + 2 * n_motor
    if anatomy.cerebellum:
        K = n * anatomy.n_purkinje
        to_pons = max(1, round((1 - anatomy.sparsity) * anatomy.n_excitatory)) * anatomy.n_pons
        to_nuclei = n * min(_N_MOSSY_TO_NUCLEI, anatomy.n_mossy) + K
        count += to_pons + K * anatomy.n_granule + to_nuclei + N * n
    return count


def _recurrent(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Recurrent weights of a given spectral radius, in which inhibition outweighs excitation."""
    N, n = anatomy.n_cortex, anatomy.n_excitatory
    W = rng.normal(size=(N, N)) if anatomy.excitatory is None else rng.gamma(2.0, size=(N, N))
    np.fill_diagonal(W, 0)
    # Association units don't hear motor units.
    W[np.ix_(~anatomy.is_motor, anatomy.is_motor)] = 0
    if anatomy.excitatory is not None:
        excitation, inhibition = W[:, :n].sum(1, keepdims=True), W[:, n:].sum(1, keepdims=True)
        W[:, n:] *= -_INHIBITION * excitation / np.maximum(inhibition, 1e-12)
    return W * _RADIUS / max(float(np.abs(np.linalg.eigvals(W)).max()), 1e-12)


def _sparse(
    rng: np.random.Generator, post: int, pre: int, allowed: int, share: float
) -> np.ndarray:
    """Each cell listens to this share of the first `allowed` cells, with weights above 0."""
    fan_in = max(1, round(share * allowed))
    places = rng.permuted(np.tile(np.arange(allowed), (post, 1)), axis=1)[:, :fan_in]
    weights = np.zeros((post, pre))
    values = (0.5 + rng.random((post, fan_in))) / np.sqrt(fan_in)
    np.put_along_axis(weights, places, values, axis=1)
    return weights


def _fan_in(rng: np.random.Generator, post: int, pre: int) -> np.ndarray:
    return _sparse(rng, post, pre, pre, min(_N_MOSSY_TO_NUCLEI, pre) / pre)


def _granular(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    if not anatomy.expansion:
        return np.eye(anatomy.n_mossy)
    share = anatomy.n_inputs / anatomy.n_mossy
    return _sparse(rng, anatomy.n_granule, anatomy.n_mossy, anatomy.n_mossy, share)


def _convergent(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Each nucleus averages its own Purkinje cells, not all alike."""
    n, each = anatomy.n_nuclei, anatomy.n_purkinje
    shares = 0.5 + rng.random((n, each))
    shares /= shares.sum(1, keepdims=True)
    return (np.eye(n)[:, :, None] * shares).reshape(n, n * each)


def _thalamic(anatomy: Anatomy, W_out: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nuclei excite the cortical units that move the hand their way, as closed loops would."""
    along = W_out.T @ anatomy.directions.T
    motor = anatomy.module == "motor"
    W_th = np.maximum(along, 0)
    if motor.any():
        # As if half of the units were active.
        effect = 0.5 * W_out @ W_th[:, motor] @ anatomy.directions[motor]
        W_th /= _SWING * np.mean(np.diag(effect))
    others = rng.random(W_th.shape) * 0.1
    return np.where(motor, W_th, others)
