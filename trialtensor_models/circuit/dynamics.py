"""Run trials through a circuit: the equations, for arrays of numpy and of torch alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.trials import Trials

# Rates at rest: of Purkinje cells in 10 spikes/s, of nuclei in their own unit, of the olive in
# spikes/s.
SIMPLE, TONIC, COMPLEX = 5.0, 1.0, 1.0
# Golgi cells divide what granule cells send by the activity of the whole layer, nearly entirely.
_INHIBITION = 0.8
# Position of the hand, in units of its peak speed times seconds, that mossy fibres saturate at.
_REACH = 0.5
# An error of position asks for a velocity that would take it back in so many seconds.
_RETURN = 0.25


@dataclass(frozen=True, eq=False, slots=True)
class Setpoints:
    """What cells keep to by themselves, slowly: thresholds and mean drives.

    Attributes
    ----------
    pons : (M,) array
        Thresholds of the pons.
    granule : (G,) array
        Thresholds of granule cells.
    power : (1,) array
        Mean sum of squares over granule cells, which Golgi cells divide by.
    nuclei : (n,) array
        Mean drive of the nuclei by mossy fibres, which their tonic drive makes up for.
    cortex : (N,) array
        Mean rates of cortical units.
    """

    pons: Any
    granule: Any
    power: Any
    nuclei: Any
    cortex: Any


SETPOINTS = tuple(part.name for part in fields(Setpoints))


@dataclass(frozen=True, eq=False, slots=True)
class Activity:
    """What happened in trials; (T, B, units) arrays, of numpy or torch.

    Attributes
    ----------
    cortex, pons, mossy, granule, purkinje, nuclei : arrays
        Rates. "mossy" has those of the pons, of the hand's position, and of reward. Regions that
        there are not, are None.
    drive : array or None
        Of granule cells, before their threshold.
    command, hand : arrays
        Velocity that cortex commands, over the peak of the task, and position of the hand.
    reward : array
        (B,), 0 where there is none.
    """

    cortex: Any
    pons: Any
    mossy: Any
    granule: Any
    purkinje: Any
    nuclei: Any
    drive: Any
    command: Any
    hand: Any
    reward: Any


def turned(vectors: Any, degrees: np.ndarray) -> Any:
    """Turn (T, B, 2) vectors of each trial counter-clockwise by its (B,) degrees."""
    if not np.any(degrees):
        return vectors
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    # (B, 2, 2) matrices that multiply row vectors.
    turn: Any = np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], 1)
    if not isinstance(vectors, np.ndarray):
        turn = vectors.new_tensor(turn)
    return (vectors[..., None, :] @ turn)[..., 0, :]


def run(
    weights: Mapping[str, Any],
    setpoints: Any,
    anatomy: Anatomy,
    trials: Trials,
    *,
    xp: Any = np,
    output: float = 1.0,
    cut: int | None = None,
) -> Activity:
    """Run trials.

    Parameters
    ----------
    weights : mapping of arrays
        See `draw_weights`.
    setpoints : Setpoints
    anatomy : Anatomy
    trials : Trials
        Of arrays of the same kind as the weights.
    xp : module
        numpy or torch.
    output : float
        Scale of what the nuclei send to cortex; 0 is a block.
    cut : int, optional
        Gradients don't go back over every so many steps.

    Returns
    -------
    Activity
    """
    kept: dict[str, list[Any]] = defaultdict(list)
    base = _base(weights, trials)
    recurrent, readout = weights["W"].T, weights["W_out"].T
    thalamic = opponent(anatomy, weights["W_th"], xp) if anatomy.cerebellum else None
    parallel = (weights["w"] - weights["I"]).T if anatomy.cerebellum else None
    # Zeros of the same kind of array.
    x, hand = base[0] * 0, _zeros(trials)
    r, reward = x.clip(min=0), hand[:, 0] * 0
    late = None if anatomy.feedback_delay is None else anatomy.steps(anatomy.feedback_delay)
    nuclear = max(1, anatomy.steps(anatomy.nuclear_delay))
    for t in range(len(base)):
        # Nothing that happened before this step is taught by what comes after it.
        start = t - t % cut if cut else 0
        if t and t == start:
            x, r, hand = x.detach(), r.detach(), hand.detach()
        if trials.reward is not None and t == trials.outcome:
            reward = trials.reward(hand)
        felt = hand * 0
        if late is not None and t > late:
            felt = kept["felt"][t - late - 1]
            felt = felt.detach() if t - late - 1 < start else felt
        sensory = _sensory(felt, reward, xp)
        drive = base[t] + sensory @ weights["W_s"].T
        if anatomy.cerebellum and t >= nuclear and output:
            sent = kept["nuclei"][t - nuclear]
            sent = sent.detach() if t - nuclear < start else sent
            drive = drive + output * (sent @ thalamic)
        x = x + weights["leak"] * (drive + r @ recurrent - x)
        r = x.clip(min=0)
        if anatomy.cerebellum:
            _through_cerebellum(weights, parallel, setpoints, anatomy, r, sensory, kept, xp)
        command = r @ readout
        hand = hand + anatomy.dt * (command + trials.push[:, t])
        for name, value in (("cortex", r), ("command", command), ("hand", hand)):
            kept[name].append(value)
        kept["felt"].append(turned(hand, trials.rotation))
    parts = {
        part.name: xp.stack(kept[part.name]) if part.name in kept else None
        for part in fields(Activity)
    }
    return Activity(**parts | {"reward": reward})


def opponent(anatomy: Anatomy, W_th: Any, xp: Any = np) -> Any:
    """Find what each nucleus does to cortex: inhibition in the thalamus takes away a module's mean.

    Parameters
    ----------
    anatomy : Anatomy
    W_th : (N, n_nuclei) array
    xp : module
        numpy or torch.

    Returns
    -------
    (n_nuclei, N) array
    """
    module = anatomy.module
    same = module[:, None] == module
    centred: Any = np.eye(len(module)) - same / same.sum(1)
    if xp is not np:
        centred = W_th.new_tensor(centred)
    return centred @ W_th.T


def _base(weights: Mapping[str, Any], trials: Trials) -> Any:
    """(T, B, N) drive of cortex that is known before the trial."""
    drive = trials.inputs @ weights["W_in"].T + weights["b"] + trials.noise
    return drive.swapaxes(0, 1)


def _zeros(trials: Trials) -> Any:
    return trials.push[:, 0] * 0


def _sensory(felt: Any, reward: Any, xp: Any) -> Any:
    """(B, 5) mossy fibres of the hand's position on either side of the start, and of reward."""
    place = felt / _REACH
    return xp.concatenate([place.clip(min=0), (-place).clip(min=0), reward[:, None]], axis=1)


def _through_cerebellum(
    weights: Mapping[str, Any],
    parallel: Any,
    setpoints: Any,
    anatomy: Anatomy,
    r: Any,
    sensory: Any,
    kept: dict[str, list[Any]],
    xp: Any,
) -> None:
    """Pons, granule cells, Purkinje cells and nuclei at one step."""
    m = (r @ weights["P"].T - setpoints.pons).clip(min=0)
    mossy = xp.concatenate([m, sensory], axis=1)
    if anatomy.expansion:
        drive = mossy @ weights["J"].T
        # Golgi cells follow mossy fibres too, and take away what all granule cells share.
        drive = drive - drive.mean(-1)[:, None]
        q = (drive - setpoints.granule).clip(min=0)
    else:
        drive = q = mossy
    power = (q * q).sum(-1)[:, None] / setpoints.power
    g = q / (setpoints.power * (1 - _INHIBITION + _INHIBITION * power)) ** 0.5
    s = (SIMPLE + g @ parallel).clip(min=0)
    excited = mossy @ weights["M"].T - setpoints.nuclei
    n = (TONIC + excited - (s - SIMPLE) @ weights["D"].T).clip(min=0)
    parts = (("pons", m), ("mossy", mossy), ("drive", drive), ("granule", g), ("purkinje", s))
    for name, value in (*parts, ("nuclei", n)):
        kept[name].append(value)


def error_of(activity: Activity, trials: Trials, anatomy: Anatomy) -> Any:
    """Find by how much the command is off, as it is seen.

    Parameters
    ----------
    activity : Activity
    trials : Trials
    anatomy : Anatomy

    Returns
    -------
    (T, B, 2) array
        Wanted minus actual velocity of the cursor, and what would take its error of position back
        in a quarter of a second; over the peak speed of the task.
    """
    wanted, push = trials.wanted.swapaxes(0, 1), trials.push.swapaxes(0, 1)
    moved = activity.command + push
    place = wanted.cumsum(0) * anatomy.dt - activity.hand
    return turned(wanted - moved + place / _RETURN, trials.rotation)
