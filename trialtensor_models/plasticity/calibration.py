"""Gains of the learning rules, from noiseless probes of one trial.

The rates of `Plasticity` say what a trial changes in the hand's direction. How large the change of
the weights must be for that depends on the network, so it is measured: learn from one trial, look
at the next, and scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.parameters import check_flag, check_number, check_whole
from trialtensor.data.shown import OneLine
from trialtensor_models.network import AS_IT_IS, CCRNN, Activity, Wiring, run_cortex, run_trial
from trialtensor_models.plants import Perturbation, direction, seen
from trialtensor_models.plasticity.rules import fast_change, gate, shifted, slow_change
from trialtensor_models.tasks import Draw

_ROTATION = 30.0
# A gate can't close on all that a trial uses without closing on everything else too.
_FORGOTTEN = 0.95
# Gains of granule cells are found in so many steps; cells that conditions share aren't pulled apart
# by more than this share of what a trial moves.
_N_STEPS = 3
_LEAST = 1e-2


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Gains(OneLine):
    """Factors of the rules.

    Attributes
    ----------
    fast : (G,) array
        κ of the cerebellar rule, for each granule cell; see `_even`.
    slow, slow_parallel : float
        κ of the cortical rule, for each of its teachers; the second is NaN where errors can't
        teach this cortex.
    gate_fast, gate_slow : float
        Of the gates of forgetting; see `trialtensor_models.plasticity.rules.gate`.
    most_granule, most_cortex : (G,) and (N,) arrays
        Largest activity of each unit in the reference trials.
    """

    fast: np.ndarray
    slow: float
    slow_parallel: float
    gate_fast: float
    gate_slow: float
    most_granule: np.ndarray
    most_cortex: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class _Probe:
    """Every reference condition as a network of its own."""

    wiring: Wiring
    draw: Draw

    def __call__(self, W_PC: np.ndarray | None = None) -> Activity:
        S = len(self.draw.inputs)
        if W_PC is None:
            W_PC = np.zeros((S, 2, self.wiring.J.shape[1]))
        C = np.zeros((S, 2, self.wiring.W.shape[1]))
        return run_trial(self.wiring, self.draw.inputs, W_PC, C, AS_IT_IS)

    def by_fast(self, W_PC: np.ndarray) -> np.ndarray:
        """(S,) directions with what the cerebellum has learned."""
        return self.turned(self(W_PC).command[:, 0])

    def by_slow(self, C: np.ndarray) -> np.ndarray:
        """(S,) directions with what cortex has learned, by itself."""
        return self.turned(run_cortex(self.wiring, self.draw.inputs, C)[1])

    def turned(self, command: np.ndarray) -> np.ndarray:
        """(S,) directions of commands, in degrees against counter-clockwise."""
        return -direction(command, self.draw.desired)


def gains_of(model: CCRNN) -> Gains:
    """Measure the gains of a network, once for all that share its wiring.

    Parameters
    ----------
    model : CCRNN
        Its gains are those of the intact network.

    Returns
    -------
    Gains
    """
    if not isinstance(model, CCRNN):
        raise ValueError(f"model: expected a CCRNN, got {model!r}")
    return _gains_of_intact(model.intact)


@lru_cache(maxsize=32)
def _gains_of_intact(model: CCRNN) -> Gains:
    with threadpool_limits(1, user_api="blas"):
        draw, even = model.reference_draw(), model.cerebellum.even
        return calibrate(model.wiring, draw, model.cortex.dt, model.lag, model.kept, even)


def calibrate(wiring: Wiring, draw: Draw, dt: float, lag: int, kept: float, even: bool) -> Gains:
    """Measure the gains of one network.

    Parameters
    ----------
    wiring : Wiring
        Of one network (``S = 1``).
    draw : Draw
        A trial of each reference condition.
    dt : float
        Step in seconds.
    lag : int
        Steps from the nuclei to the hand.
    kept : float
        Share of a granule cell's eligibility that is left a step later.
    even : bool
        Give each granule cell a gain of its own, so that all conditions learn at one rate.

    Returns
    -------
    Gains
    """
    check_number("dt", dt, above=0)
    check_whole("lag", lag, 0, draw.inputs.shape[1] - 1)
    check_number("kept", kept, least=0, most=1)
    check_flag("even", even)
    probe = _Probe(wiring, draw)
    before = probe()
    command = before.command[:, 0]
    base = probe.turned(command)
    turned = seen(command, draw.desired, Perturbation(rotation=_ROTATION), dt).error
    error = turned - seen(command, draw.desired, Perturbation(), dt).error
    granule, cortex = before.granule[:, 0], before.cortex[:, 0]

    def by_fast(W_PC: np.ndarray) -> float:
        return float((probe.by_fast(W_PC) - base).mean())

    def by_slow(C: np.ndarray) -> float:
        return float((probe.by_slow(C) - base).mean())

    def open_(units: np.ndarray, gain: float) -> np.ndarray:
        most = np.broadcast_to(np.abs(units).max((0, 1)), (len(units), units.shape[2]))
        return gate(units, most, np.full(len(units), gain))

    taught = fast_change(error, granule, lag, kept)
    scale = _scale_for(lambda k: by_fast(k * taught), 0.2 * _ROTATION)
    fast = np.full(granule.shape[2], scale)
    if even:
        fast = _even(lambda W_PC: probe.by_fast(W_PC) - base, taught, fast, 0.2 * _ROTATION)
    W_PC = fast * taught
    moved = by_fast(W_PC)
    after = probe(W_PC)
    arriving, after_cortex = after.arriving[:, 0], after.cortex[:, 0]
    lead = shifted(error, lag - wiring.delay)

    def serial(gates: np.ndarray) -> np.ndarray:
        return slow_change(arriving, after_cortex, wiring.r_mean, gates)

    def kept_fast(gain: float) -> float:
        return by_fast(W_PC * (1 - 0.4 * open_(granule, gain)[:, None])) / moved

    def kept_slow(gain: float) -> float:
        gates = open_(cortex, gain)
        C = serial(gates)
        C = C * _scale_for(lambda k: by_slow(k * C), moved)
        return by_slow(C * (1 - 0.4 * gates[:, None])) / moved

    gate_fast, gate_slow = _gain_for(kept_fast), _gain_for(kept_slow)
    gates = open_(cortex, gate_slow)
    by_nuclei = serial(gates)
    by_error = slow_change(lead, cortex, wiring.r_mean, gates)
    return Gains(
        fast=fast / 0.2,
        slow=_scale_for(lambda k: by_slow(k * by_nuclei), moved),
        slow_parallel=_if_it_can(lambda k: by_slow(k * by_error), moved) / 0.2,
        gate_fast=gate_fast,
        gate_slow=gate_slow,
        most_granule=np.abs(granule).max((0, 1)),
        most_cortex=cortex.max((0, 1)),
    )


def _even(
    moved_by: Callable[[np.ndarray], np.ndarray],
    taught: np.ndarray,
    gains: np.ndarray,
    wanted: float,
) -> np.ndarray:
    """(G,) gains of granule cells with which one trial moves the hand alike in all conditions.

    A cell's part in what a trial changes is about the square of what it is taught. Of all gains
    that would do, those are taken that are nearest to what they were, so they change smoothly with
    the conditions that cells are active in.
    """
    parts = (taught**2).sum(1)
    for _ in range(_N_STEPS):
        moved = moved_by(gains * taught)
        by_cell = parts * gains
        by_cell *= (moved / by_cell.sum(1))[:, None]
        gram = by_cell @ by_cell.T
        gram += _LEAST * np.diag(gram).mean() * np.eye(len(gram))
        gains = gains * np.clip(1 + by_cell.T @ np.linalg.solve(gram, wanted - moved), 0.5, 2)
    return gains


def _scale_for(response: Callable[[float], float], wanted: float) -> float:
    """The scale at which a nearly linear response is what is wanted."""
    scale = 1e-3
    for _ in range(4):
        got = response(scale)
        if not np.isfinite(got) or got <= 0:
            raise ValueError(
                "network: what the rules teach does not move the hand against the perturbation; "
                "pretrain the network so that cortex obeys its thalamic input"
            )
        scale *= np.clip(wanted / got, 0.05, 20)
    return float(scale)


def _if_it_can(response: Callable[[float], float], wanted: float) -> float:
    """`_scale_for`, or NaN: a network whose other teacher works isn't refused for this one."""
    try:
        return _scale_for(response, wanted)
    except ValueError:
        return float("nan")


def _gain_for(kept: Callable[[float], float]) -> float:
    """The gain of the gate at which nearly all of what a trial uses is forgotten at the rate."""
    low, high = 0.0, 8.0
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) > 1 - 0.4 * _FORGOTTEN else (low, middle)
    return (low + high) / 2
