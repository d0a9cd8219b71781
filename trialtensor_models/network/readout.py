"""A readout of a cortex that wasn't trained, by ridge regression."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor_models.network.blueprint import Blueprint
from trialtensor_models.network.dynamics import run_cortex
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.network.wiring import Wiring

_N_TRIALS = 256
# Thalamic pulses: their standard deviation over that of the largest command, and their smoothness
# in seconds.
_PULSE_SIZE = 0.5
_PULSE_WIDTH = 0.1
# Private input of cortical units in practice, which is what keeps the readout small.
_NOISE = 0.1
_SCALES = {"W": 1.2, "W_in": 1.0, "W_th": 0.7}


def random_weights(network: Blueprint, seed: int) -> CorticalWeights:
    """Draw the weights that pretraining starts from, without a readout.

    Parameters
    ----------
    network : Blueprint
        Its sizes and task are used.
    seed : int

    Returns
    -------
    CorticalWeights
        Those from the thalamus in 1 / (m/s); ``W_out`` and ``b`` are 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    N, n_inputs = network.cortex.n_units, network.task.n_inputs
    peak = _peak(network)
    return CorticalWeights(
        W=_SCALES["W"] / np.sqrt(N) * rng.normal(size=(N, N)),
        W_in=_SCALES["W_in"] * rng.normal(size=(N, n_inputs)),
        W_th=_SCALES["W_th"] / peak * rng.normal(size=(N, 2)),
        W_out=np.zeros((2, N)),
        b=np.zeros(N),
    )


def with_readout(network: Blueprint, weights: CorticalWeights) -> CorticalWeights:
    """Fit the readout alone to what pretraining asks of cortex, with a thalamus that adds.

    A readout can't multiply, so the thalamus isn't asked to steer. Ridge regression of
    ``v*(t) + c(t − lag)``, and of its sum over the trial, on the rates in trials of practice,
    with smooth random pulses ``c`` through the thalamus. The penalty is what
    private noise of cortical units would add to the squared error.

    Parameters
    ----------
    network : Blueprint
        Its configuration and task are used; weights that it has are not.
    weights : CorticalWeights
        All but the readout.

    Returns
    -------
    CorticalWeights
        In float32 precision, as a file keeps them.
    """
    inputs, pulses, wanted = _practice(network)
    arriving = _delayed(pulses, network.delay)
    # To a cortex without its cerebellum pulses are two more inputs.
    wiring = _alone(network, weights, np.concatenate([weights.W_in, weights.W_th], axis=1))
    with threadpool_limits(1, user_api="blas"):
        rates = run_cortex(wiring, np.concatenate([inputs, arriving], axis=2))[0]
        W_out = _ridge(rates, wanted, wiring.leak)
    return _in_float32(replace(weights, W_out=W_out))


def _ridge(rates: np.ndarray, wanted: np.ndarray, leak: float) -> np.ndarray:
    """(2, N) readout of rates (B, T, N) that comes close to commands (B, T, 2)."""
    # Where the hand ends counts as the path does: a cortex that can't hold the time course of a
    # reach can still make it end where it should.
    rates = np.concatenate([rates, rates.sum(1, keepdims=True)], axis=1)
    wanted = np.concatenate([wanted, wanted.sum(1, keepdims=True)], axis=1)
    rates, wanted = rates.reshape(-1, rates.shape[-1]), wanted.reshape(-1, 2)
    noise = leak / (2 - leak) * _NOISE**2
    gram = rates.T @ rates + len(rates) * noise * np.eye(rates.shape[1])
    return np.linalg.solve(gram, rates.T @ wanted).T


def _practice(network: Blueprint) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (B, T, n_inputs), pulses and wanted commands (B, T, 2) in m/s."""
    rng = np.random.default_rng(np.random.SeedSequence([0, 5]))
    task = getattr(network.task, "practice", network.task.reference)()
    dt = network.cortex.dt
    draw = task.draw(rng.integers(len(task.labels), size=_N_TRIALS), dt, rng)
    size = _PULSE_SIZE * _peak(network) * rng.random((_N_TRIALS, 1, 1))
    pulses = size * _smooth(rng.normal(size=draw.desired.shape), _PULSE_WIDTH / dt)
    return draw.inputs, pulses, draw.desired + _delayed(pulses, network.lag)


def _alone(network: Blueprint, weights: CorticalWeights, W_in: np.ndarray) -> Wiring:
    """Cortex with these inputs, and nothing behind it."""
    N = network.cortex.n_units
    return Wiring(
        W=weights.W[None],
        W_in=W_in[None],
        b=weights.b[None, None],
        W_th=weights.W_th[None],
        W_out=weights.W_out[None],
        P=np.zeros((1, 1, N)),
        J=np.zeros((1, 1, 1)),
        r_mean=np.zeros((1, 1, N)),
        sigma=np.ones((1, 1, 1)),
        theta=np.zeros((1, 1, 1)),
        leak=network.cortex.dt / network.cortex.tau,
        delay=network.delay,
    )


def _smooth(noise: np.ndarray, width: float) -> np.ndarray:
    """White noise along axis 1, smoothed by a Gaussian and of unit variance."""
    steps = np.arange(noise.shape[1])
    kernel = np.exp(-0.5 * ((steps[:, None] - steps) / width) ** 2)
    return (kernel / np.linalg.norm(kernel, axis=1, keepdims=True)) @ noise


def _delayed(signal: np.ndarray, steps: int) -> np.ndarray:
    late = np.zeros_like(signal)
    late[:, steps:] = signal[:, : signal.shape[1] - steps]
    return late


def _peak(network: Blueprint) -> float:
    return float(np.abs(network.reference_draw().desired).max())


def _in_float32(weights: CorticalWeights) -> CorticalWeights:
    """Round, so that saving changes nothing."""
    parts = {part.name: getattr(weights, part.name) for part in fields(weights)}
    return CorticalWeights(
        **{name: array.astype(np.float32, order="C") for name, array in parts.items()}
    )
