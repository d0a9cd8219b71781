"""Train a cortex to do its task and to obey its thalamus, by back-propagation through time.

The only file that imports torch, and only when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from trialtensor.data.parameters import SEEDS, check_choice, check_number, check_whole
from trialtensor_models.network.blueprint import Blueprint
from trialtensor_models.network.weights import CorticalWeights

# Standard deviation of thalamic pulses is drawn up to this share of the peak command; they are as
# smooth as a Gaussian of this many seconds. Where the thalamus steers, a steady part is added: a
# rotation of 30 degrees takes half of the peak, of 60 degrees nearly all of it.
_PULSE_SIZE = 0.5
_PULSE_WIDTH = 0.1
_STEADY_SIZE = 0.7
# A miss while nothing should move is summed up by the hand, and no later step takes it back.
_REST_WEIGHT = 5.0
_NOISE = 0.1
_WEIGHT_DECAY = 1e-4


Thalamus = Literal["steers", "adds"]


@dataclass(frozen=True, eq=False, slots=True)
class _Batch:
    """(T, B, ...) inputs, wanted command, pulses and weights of the steps in the loss."""

    inputs: Any
    wanted: Any
    pulses: Any
    weight: Any


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Options:
    n_iterations: int
    batch_size: int
    learning_rate: float
    rate_penalty: float
    thalamus: Thalamus
    report: Callable[[int, float], None] | None


def pretrain(
    network: Blueprint,
    *,
    seed: int = 0,
    n_iterations: int = 1200,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    rate_penalty: float = 1e-2,
    thalamus: Thalamus = "steers",
    report: Callable[[int, float], None] | None = None,
) -> CorticalWeights:
    """Train the cortex of a network.

    The loss asks for the command ``v(t) = v*(t) + s(t) c(t − lag)``, with ``v*`` of the task and
    random pulses ``c`` through the thalamus, and for low rates. ``s`` is the speed ``|v*|`` over
    its peak: what comes from the thalamus steers a movement, and moves nothing before and after it.
    Steps without movement count fivefold. Adam, one thread; the caller's global random state and
    number of threads are left as they are.

    Parameters
    ----------
    network : Blueprint
        Its configuration and task are used; weights that it has are not.
    seed : int
        Of the first weights, conditions, pulses and noise.
    n_iterations, batch_size : int
    learning_rate : float
        Its largest value; it rises at first and falls to the end.
    rate_penalty : float
        Weight of the mean squared rate; larger makes units more selective.
    thalamus : {"steers", "adds"}
        "adds" asks for ``v*(t) + c(t − lag)`` at all times, with all steps alike.
    report : callable, optional
        Called with the iteration and its loss (of the command, in squares of its peak).

    Returns
    -------
    CorticalWeights

    Raises
    ------
    ImportError
        If torch isn't installed (the extra ``models``).
    ValueError
        If a number is out of range.
    """
    if not isinstance(network, Blueprint):
        raise ValueError(f"network: expected a CCRNN, got {network!r}")
    if not (report is None or callable(report)):
        raise ValueError(f"report: expected a function, got {report!r}")
    check_whole("seed", seed, 0, SEEDS)
    check_whole("n_iterations", n_iterations, 1), check_whole("batch_size", batch_size, 1)
    check_number("learning_rate", learning_rate, above=0)
    check_number("rate_penalty", rate_penalty, least=0)
    check_choice("thalamus", thalamus, get_args(Thalamus))
    try:
        import torch
    except ImportError as error:
        raise ImportError("pretraining needs torch: pip install 'trialtensor[models]'") from error
    options = _Options(
        n_iterations=n_iterations,
        batch_size=batch_size,
        learning_rate=learning_rate,
        rate_penalty=rate_penalty,
        thalamus=thalamus,
        report=report,
    )
    with _one_thread(torch):
        return _train(torch, network, seed, options)


def _train(torch: Any, network: Blueprint, seed: int, options: _Options) -> CorticalWeights:
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    parameters = _first_weights(torch, network, rng)
    optimiser = torch.optim.Adam(list(parameters.values()), lr=options.learning_rate)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=options.learning_rate,
        total_steps=options.n_iterations + 1,
        pct_start=0.1,
    )
    peak = _peak(network)
    for iteration in range(options.n_iterations):
        batch = _draw(torch, network, options, peak, rng)
        miss, rate = _forward(torch, network, parameters, batch, generator)
        size = sum((parameters[name] ** 2).sum() for name in ("W", "W_in", "W_out"))
        loss = miss + options.rate_penalty * rate + _WEIGHT_DECAY * size / network.cortex.n_units
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        optimiser.step()
        pace.step()
        if options.report is not None:
            options.report(iteration, float(miss.detach()))
    found = {name: value.detach().numpy().astype(np.float32) for name, value in parameters.items()}
    # Trained in units of the peak command, used in m/s. A checkpoint is float32, so what comes
    # out of training is too: saving changes nothing.
    found["W_out"] = (found["W_out"] * peak).astype(np.float32)
    found["W_th"] = (found["W_th"] / peak).astype(np.float32)
    return CorticalWeights(**found)


def _first_weights(torch: Any, network: Blueprint, rng: np.random.Generator) -> dict[str, Any]:
    N, n_inputs = network.cortex.n_units, network.task.n_inputs
    scales = {
        "W": ((N, N), 1.2 / np.sqrt(N)),
        "W_in": ((N, n_inputs), 1.0),
        "W_th": ((N, 2), 0.7),
        "W_out": ((2, N), 0.5 / np.sqrt(N)),
        "b": ((N,), 0.0),
    }
    return {
        name: torch.tensor(scale * rng.normal(size=shape), dtype=torch.float32).requires_grad_()
        for name, (shape, scale) in scales.items()
    }


def _forward(
    torch: Any, network: Blueprint, weights: dict[str, Any], batch: _Batch, generator: Any
) -> tuple[Any, Any]:
    """Mean squared miss of the command, and mean squared rate."""
    T, B = batch.inputs.shape[:2]
    leak = network.cortex.dt / network.cortex.tau
    drive = batch.inputs @ weights["W_in"].T + weights["b"]
    drive = drive + _NOISE * torch.randn(T, B, network.cortex.n_units, generator=generator)
    arriving = _delayed(torch, batch.pulses, network.delay) @ weights["W_th"].T
    drive = drive + arriving
    h = torch.zeros(B, network.cortex.n_units)
    r = torch.zeros(B, network.cortex.n_units)
    rates = []
    recurrent = weights["W"].T
    for t in range(T):
        h = h + leak * (torch.addmm(drive[t], r, recurrent) - h)
        r = torch.relu(h)
        rates.append(r)
    activity = torch.stack(rates)
    miss = (activity @ weights["W_out"].T - batch.wanted) ** 2
    miss = (batch.weight * miss).sum(-1).mean()
    return miss, (activity**2).mean()


def _draw(
    torch: Any, network: Blueprint, options: _Options, peak: float, rng: np.random.Generator
) -> _Batch:
    """Trials of random conditions with random pulses; (T, B, ...) in units of the peak command."""
    task = getattr(network.task, "practice", network.task.reference)()
    dt, n = network.cortex.dt, options.batch_size
    draw = task.draw(rng.integers(len(task.labels), size=n), dt, rng)
    steers = options.thalamus == "steers"
    pulses = _pulses(n, draw.inputs.shape[1], dt, steers, rng)
    speed = np.linalg.norm(draw.desired, axis=-1, keepdims=True)
    effect, weight = np.zeros_like(pulses), np.ones_like(speed)
    effect[:, network.lag :] = pulses[:, : pulses.shape[1] - network.lag]
    if steers:
        effect *= speed / speed.max()
        weight[speed == 0] = _REST_WEIGHT
    inputs, movement, effect, pulses, weight = (
        torch.tensor(part.swapaxes(0, 1).copy(), dtype=torch.float32)
        for part in (draw.inputs, draw.desired / peak, effect, pulses, weight)
    )
    return _Batch(inputs, movement + effect, pulses, weight)


def _pulses(n: int, T: int, dt: float, steers: bool, rng: np.random.Generator) -> np.ndarray:
    """(n, T, 2) thalamic input of random trials."""
    size = _PULSE_SIZE * rng.random((n, 1, 1))
    # A fifth of the trials have no pulses: the task alone must be right too.
    given = rng.random((n, 1, 1)) < 0.8
    pulses = size * given * _smooth(rng.normal(size=(n, T, 2)), _PULSE_WIDTH / dt)
    if steers:
        steady = _STEADY_SIZE * rng.random((n, 1, 1)) * given
        pulses = pulses + steady * rng.normal(size=(n, 1, 2))
    return pulses


def _smooth(noise: np.ndarray, width: float) -> np.ndarray:
    """White noise along axis 1, smoothed by a Gaussian and of unit variance."""
    steps = np.arange(noise.shape[1])
    kernel = np.exp(-0.5 * ((steps[:, None] - steps) / width) ** 2)
    kernel /= np.linalg.norm(kernel, axis=1, keepdims=True)
    return kernel @ noise


def _delayed(torch: Any, signal: Any, steps: int) -> Any:
    if steps == 0:
        return signal
    return torch.cat([torch.zeros_like(signal[:steps]), signal[:-steps]])


def _peak(network: Blueprint) -> float:
    return float(np.abs(network.reference_draw().desired).max())


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """One thread: more are many times slower for matrices of this size."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
