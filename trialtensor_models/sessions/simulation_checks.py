"""Checks of what `simulate` is given, before the first trial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np

from trialtensor.data.parameters import SEEDS, check_choice, check_number, check_whole
from trialtensor_models.network import CCRNN
from trialtensor_models.plants import Movement, Plant, check_is_plant
from trialtensor_models.sessions.blocks import Row
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.tasks import (
    Task,
    check_draw,
    check_is_task,
    condition_of,
    has_choices,
    target_radius_of,
)

RECORDS = ("all", "activity", "behaviour")


def seeds_of(seed: Any) -> list[int]:
    """Return the seeds, of one or of several.

    Raises
    ------
    ValueError
        For what isn't a whole number of at least 0.
    """
    several = isinstance(seed, Iterable) and not isinstance(seed, str | bytes)
    seeds = [check_whole("seed", each, 0, SEEDS) for each in (seed if several else [seed])]
    if not seeds:
        raise ValueError("seed: expected at least one, got none")
    return seeds


def check_recording(record: Any, bin_width: Any, n_granule: Any, dt: float, n_steps: int) -> None:
    """Refuse bins that aren't whole steps or longer than a trial, and records that aren't made."""
    check_choice("record", record, RECORDS)
    check_number("bin_width", bin_width, above=0)
    per_bin = round(bin_width / dt)
    if per_bin < 1 or abs(per_bin * dt - bin_width) > 1e-6 * dt:
        raise ValueError(
            f"bin_width: expected a multiple of the network's steps of {dt:g} s, got {bin_width!r}"
        )
    if per_bin > n_steps:
        raise ValueError(f"bin_width: a trial has {n_steps * dt:g} s, got {bin_width!r}")
    if n_granule is not None:
        check_whole("n_granule", n_granule, 0)


def steps_after(outcome: Any, dt: float) -> int:
    """Count the steps that are recorded after a movement."""
    seconds = check_number("outcome", outcome, least=0)
    n_after = round(seconds / dt)
    if seconds and not n_after:
        raise ValueError(f"outcome: {seconds:g} s is less than half a step of {dt:g} s")
    return n_after


def models_of(model: Any, n_seeds: int) -> list[CCRNN]:
    """Return a network for each seed.

    Raises
    ------
    ValueError
        For what isn't a network, and for networks that aren't one for each seed.
    """
    several = isinstance(model, Iterable) and not isinstance(model, str | bytes)
    models = list(model) if several else [model] * n_seeds
    for each in models:
        if not isinstance(each, CCRNN):
            raise ValueError(f"model: expected a CCRNN such as CCRNN.pretrained(), got {each!r}")
    if len(models) != n_seeds:
        raise ValueError(
            f"model: expected one, or one for each of {n_seeds} seeds, got {len(models)}"
        )
    return models


def check_trials(model: CCRNN, task: Task) -> int:
    """Refuse a task whose trials don't have the shapes that it promises.

    Parameters
    ----------
    model : CCRNN
    task : task

    Returns
    -------
    int
        Steps in a trial.

    Raises
    ------
    ValueError
        Naming the part that is wrong.
    """
    dt = model.cortex.dt
    draw = task.draw(np.array([0]), dt, np.random.default_rng(0))
    check_draw(draw, task, 1)
    n_steps = draw.inputs.shape[1]
    if n_steps <= model.lag:
        raise ValueError(
            f"task: a trial of {task.name} has {n_steps * dt:g} s, expected more than "
            f"response_lag = {model.lag * dt:g} s"
        )
    return n_steps


def check_networks(models: Sequence[CCRNN], task: Task) -> None:
    """Refuse what is no task, and networks that don't fit it or each other."""
    check_is_task(task)
    for each in models:
        if each.task.n_inputs != task.n_inputs:
            raise ValueError(
                f"task: {task.name} has {task.n_inputs} inputs, the network is trained on "
                f"{each.task.name} with {each.task.n_inputs}"
            )
        if _sizes(each) != _sizes(models[0]):
            raise ValueError("model: networks that are simulated together need the same sizes")
        rewarded = has_choices(task) or target_radius_of(task) is not None
        if each.plasticity.teacher == "rpe" and not rewarded:
            raise ValueError(
                "teacher: a reward prediction error needs a task with choices, or with targets of "
                f"some target_radius, not {task.name}"
            )


def check_given(model: Any, task: Any, schedule: Any, plant: Any, record: Any) -> None:
    """Refuse parts of a simulation that can't be used, or don't fit each other.

    Parameters
    ----------
    model, task, schedule, plant, record
        As of `simulate`.

    Raises
    ------
    ValueError
        Naming the part.
    """
    check_networks(models_of(model, 1), task)
    check_schedule(schedule, task)
    if plant is not None:
        check_is_plant(plant)
    check_choice("record", record, RECORDS)


def check_moved(movement: Any, shape: tuple[int, ...], plant: Plant, where: str) -> None:
    """Refuse a movement that isn't one, or doesn't fit its command.

    Parameters
    ----------
    movement : Movement
    shape : tuple of int
        Of the command.
    plant : plant
    where : str
        The trial.

    Raises
    ------
    ValueError
        Naming the plant and the trial.
    """
    name = type(plant).__name__
    if not isinstance(movement, Movement):
        raise ValueError(f"plant: {name}.move should return a Movement, got {movement!r}")
    for part in ("hand", "cursor", "error"):
        array = np.asarray(getattr(movement, part))
        # A sum of numbers, one of which isn't finite, isn't either.
        if array.shape != shape or not isfinite(array.sum()):
            raise ValueError(
                f"plant: {part} of {name} should be finite, and of the command's shape {shape}, on "
                f"{where}"
            )


def _sizes(model: CCRNN) -> tuple[Any, ...]:
    part = model.cerebellum
    cerebellum = (part.n_granule, part.expansion, part.n_purkinje)
    return (model.cortex.n_units, model.cortex.dt, model.pathways, *cerebellum)


def check_schedule(schedule: Schedule, task: Task) -> None:
    """Refuse schedules without trials, or with blocks that the task doesn't have."""
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule: expected a Schedule, got {schedule!r}")
    if not schedule.blocks:
        raise ValueError(
            "schedule: it has no trials; add some, such as Schedule().baseline(20).rotate(30, 160)"
        )
    _check_kinds(schedule, task)
    n_conditions = len(task.labels)
    for block in schedule.blocks:
        if block.targets is not None and not all(0 <= t < n_conditions for t in block.targets):
            raise ValueError(
                f"targets: expected conditions from 0 to {n_conditions - 1}, got {block.targets}"
            )


def _check_kinds(schedule: Schedule, task: Task) -> None:
    for kind in ("reverse", "rotate", "curl"):
        for_choices = kind == "reverse"
        if kind in schedule.uses and for_choices != has_choices(task):
            other = "choices" if for_choices else "reaches"
            raise ValueError(f"schedule: {kind} is for tasks with {other}, not {task.name}")


def with_conditions(schedule: Schedule, task: Task) -> Schedule:
    """Find the conditions of a schedule that gives labels of the task.

    Parameters
    ----------
    schedule : Schedule
    task : task

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        If the task has no such label or condition, or label and condition disagree.
    """
    if not any(block.rows for block in schedule.blocks):
        return schedule
    return Schedule(
        tuple(
            replace(block, rows=tuple(_with_condition(row, task) for row in block.rows))
            for block in schedule.blocks
        )
    )


def _with_condition(row: Row, task: Task) -> Row:
    n_conditions = len(task.labels)
    if row.condition is not None and row.condition >= n_conditions:
        raise ValueError(
            f"condition: expected one from 0 to {n_conditions - 1} of {task.name}, "
            f"got {row.condition}"
        )
    if row.target is None:
        return row
    condition = condition_of(task, row.target)
    if row.condition not in (None, condition):
        raise ValueError(
            f"condition: {row.target!r} is condition {condition} of {task.name}, the table has "
            f"{row.condition}"
        )
    return replace(row, condition=condition)
