"""Whether a network does the task that it is given, and whether its rates let it settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.notices import warn
from trialtensor_models.network import CCRNN, Plasticity, run_cortex
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.tasks import Draw, Task

# Of the distance, on average; the networks of the package are below .1.
_MISSED = 0.15
_MOST_CONDITIONS = 32
# Errors that change sign from trial to trial and shrink by less than this are seen in behaviour;
# directions learn up to 1.4 times as fast as the mean, and below it none of them diverges.
_ALTERNATES = 0.5
_OVERSHOOT = 0.1


def check_trained(models: Sequence[CCRNN], task: Task) -> None:
    """Refuse a task that a network isn't trained on; warn of other timing, and of missed targets.

    Parameters
    ----------
    models : sequence of CCRNN
    task : task

    Raises
    ------
    ValueError
        Naming the task that a network is trained on, if it is another.
    """
    for model in dict.fromkeys(each.intact for each in models):
        if model.task.name != task.name:
            raise ValueError(
                f"task: the network is trained on {model.task.name}, not on {task.name}; use one "
                "that is, or dataclasses.replace(model, task=task) if the inputs of both mean the "
                "same"
            )
        missed = naive_miss(model, task)
        size = f"{100 * missed:.0f} % of" if missed < 10 else "many times"
        shown = f"naive trials end {size} the distance off"
        others = untrained(model.task, task, model.cortex.dt)
        if others:
            warn(
                f"task: the network isn't trained on {task.name} with {', '.join(others)}: "
                f"{shown}; pretrain() it on this task"
            )
        elif missed > _MISSED:
            warn(f"model: the network doesn't do {task.name}: {shown}; pretrain() it further")


@lru_cache(maxsize=64)
def naive_miss(model: CCRNN, task: Task) -> float:
    """Measure how far off naive, noiseless trials end.

    Parameters
    ----------
    model : CCRNN
    task : task
        Its reference trials are run.

    Returns
    -------
    float
        Mean distance from where the command should end, over the distance that it should cover;
        0 if activity grows without bound, which `simulate` says by itself.
    """
    draw = _reference_draw(task, model.cortex.dt)
    with threadpool_limits(1, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
        command = run_cortex(model.wiring, draw.inputs)[1]
    off = np.linalg.norm((command - draw.desired).sum(1), axis=1)
    covered = np.linalg.norm(draw.desired.sum(1), axis=1)
    known = (covered > 0) & np.isfinite(off)
    return float((off[known] / covered[known]).mean()) if known.any() else 0.0


@lru_cache(maxsize=64)
def untrained(trained: Task, task: Task, dt: float) -> tuple[str, ...]:
    """List what makes trials of a task differ from those that a network is trained on.

    Parameters
    ----------
    trained, task : tasks
    dt : float
        Step in seconds.

    Returns
    -------
    tuple of str
        Such as "hold=0.4 (trained: 0.2)"; empty if the reference trials are the same.
    """
    own: Any = trained.reference()
    other: Any = task.reference()
    if own == other or _same_trials(own, other, dt):
        return ()
    changed: dict[str, Any] = {}
    if type(own) is type(other) and is_dataclass(own):
        changed = {
            each.name: getattr(other, each.name)
            for each in fields(own)
            if each.init and getattr(own, each.name) != getattr(other, each.name)
        }
    matter = [name for name in changed if not _same_trials(own, _with(own, name, other), dt)]
    return tuple(
        f"{name}={changed[name]!r} (trained: {getattr(own, name)!r})" for name in matter
    ) or ("such trials",)


def _with(own: Any, name: str, other: Any) -> Any:
    try:
        return replace(own, **{name: getattr(other, name)})
    except ValueError:
        return other


def _reference_draw(task: Task, dt: float) -> Draw:
    task = task.reference()
    n = len(task.labels)
    some = np.unique(np.linspace(0, n - 1, min(n, _MOST_CONDITIONS)).astype(int))
    return task.draw(some, dt, np.random.default_rng(0))


def _same_trials(one: Task, other: Task, dt: float) -> bool:
    a, b = _reference_draw(one, dt), _reference_draw(other, dt)
    return np.array_equal(a.inputs, b.inputs) and np.array_equal(a.desired, b.desired)


def check_settles(models: Sequence[CCRNN], schedule: Schedule) -> None:
    """Warn of rates with which errors alternate, ring or grow instead of settling.

    Parameters
    ----------
    models : sequence of CCRNN
    schedule : Schedule
        It may scale the cerebellum's output.
    """
    scales = {row.cerebellum for block in schedule.blocks for row in block.rows}
    scales |= {block.cerebellum for block in schedule.blocks if not block.rows}
    for rates, output in dict.fromkeys((m.plasticity, m.cerebellum.output) for m in models):
        said = unsettled(rates, output * max(scales))
        if said:
            warn(said)


def unsettled(rates: Plasticity, output: float) -> str:
    """Say whether a two-state model of these rates settles.

    Parameters
    ----------
    rates : Plasticity
    output : float
        Scale of the cerebellum's output.

    Returns
    -------
    str
        Empty if it does, and for reward prediction errors, which don't grow with what is missed.
    """
    if rates.teacher == "rpe":
        return ""
    fast = [rates.A_f - rates.B_f * output, -rates.B_f]
    slow = [rates.slow_rate * output, rates.A_s]
    if rates.teacher == "parallel":
        slow = [-rates.slow_rate * output, rates.A_s - rates.slow_rate]
    modes = np.linalg.eigvals(np.array([fast, slow]))
    given = f"A_f={rates.A_f:g}, B_f={rates.B_f:g}, A_s={rates.A_s:g}, B_s={rates.slow_rate:g}"
    given += f" and the cerebellum's output times {output:g}" if output != 1 else ""
    if np.abs(modes).max() > 1 + 1e-9:
        return f"plasticity: with {given} errors don't settle but grow; lower B_f or B_s"
    if modes.real.min() < -_ALTERNATES:
        return (
            f"plasticity: with {given} adaptation overshoots, and oscillates from trial to trial; "
            f"B_f below {(rates.A_f + _ALTERNATES) / max(output, 1e-12):.2g} doesn't"
        )
    if not abs(modes[0].imag) > 0:
        return ""
    decay, turn = -np.log(np.abs(modes[0])), abs(np.angle(modes[0]))
    if np.exp(-np.pi * decay / turn) > _OVERSHOOT:
        return (
            f"plasticity: with {given} the two memories overshoot and ring, over "
            f"{2 * np.pi / turn:.0f} trials; lower B_s"
        )
    return ""
